"""The whole IAM surface on a page for each stack: who may do what, to what, and if what.

A page is written by hand, and no command updates it: a diff there is a security review.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import shipped
from tests.synth.template import Block, Template, referred

FUNCTIONS = [path.stem for path in (shipped.ROOT / "handlers").glob("[!_]*.py")]
ANY_OF_THE_ACCOUNT = r"(:ACCOUNT:|(?<=:ACCOUNT:)gateway/)\*$"
"""Log deliveries have no other source; a gateway has no ARN before its activation."""
PAGES = Path(__file__).parent / "permissions"
STACKS_WITH_POLICIES = (
    "StateBackendStack",
    "EventProcessingStack",
    "DataVaultingStack",
)
ON_ANYTHING = {
    "WriteTraces": "X-Ray has no resource to name",
    "HoldSessions": "a channel is none",
    "TakeCommands": "a message is none",
    "ActivateGateway": "the gateway is not there yet: its tags are named instead",
    "FindGateway": "a list is none",
    "DeliverLogs": "the delivery of logs is none, nor is the account's log policy",
    "LogGatewayHealth": "Storage Gateway sets logging up in the caller's name",
    "ServeAppliance": "the gateway's own calls are nowhere described; whoever signs is refused",
    "UseFromOwnAccount": "an endpoint's policy narrows actions and accounts; roles narrow the rest",
}
"""Statements that name no resource, and why each cannot."""
ANYTHING = {("endpoints_storagegateway_policy", "ServeAppliance")}
"""Documents and sids that allow all of a service, since AWS names no actions of an appliance."""
WITHOUT_SOURCE = {
    "bus_may_log": "AWS shows it without a condition; it is narrowed by the log groups' names",
    "client_role_trust": "EC2 names no source when an instance takes up its role",
    **{
        f"{function}_role_trust": "AWS does not document that Lambda sends one"
        for function in FUNCTIONS
    },
}
"""Documents in which a service is trusted without a condition, and why."""


@pytest.fixture(params=STACKS_WITH_POLICIES)
def stack(request: pytest.FixtureRequest, dev_stacks: Mapping[str, Template]) -> Template:
    """Each stack in turn."""
    return dev_stacks[str(request.param)]


@pytest.mark.parametrize("name", STACKS_WITH_POLICIES)
def test_nobody_may_do_more_or_less_than_this(
    name: str, dev_stacks: Mapping[str, Template]
) -> None:
    """Every statement of every policy."""
    page = (PAGES / f"{name}.txt").read_text(encoding="utf-8")
    assert "".join(f"{line}\n" for line in surface(dev_stacks[name])) == page


def test_every_stack_with_a_policy_has_a_page(dev_stacks: Mapping[str, Template]) -> None:
    """A new stack is added to the list above, and so to what the tests here look at."""
    assert {name for name, each in dev_stacks.items() if each.policies()} == set(
        STACKS_WITH_POLICIES
    )


def test_every_statement_says_why(stack: Template) -> None:
    """No statement of a document shares its sid: one would be read for the other."""
    for name, statements in stack.policies().items():
        sids = [statement.get("sid") for statement in statements]
        assert all(sids), f"A statement of {name} has no sid"
        assert len(set(sids)) == len(sids), f"{name}: {sids}"


def test_a_statement_names_its_resources_if_it_can(stack: Template) -> None:
    """Those that cannot are listed above."""
    for name, statement in every_statement(stack):
        on_anything = "*" in statement.get("resources", [])
        assert on_anything is (statement["sid"] in ON_ANYTHING), (name, statement["sid"])


def test_a_wildcard_action_is_only_ever_refused(stack: Template) -> None:
    """``s3:*`` is a right word where it is forbidden, and to an appliance without a principal."""
    for name, statement in every_statement(stack):
        if (name, statement["sid"]) in ANYTHING:
            (condition,) = statement["condition"]
            assert condition == {
                "test": "Null",
                "variable": "aws:PrincipalArn",
                "values": ["true"],
            }
        elif any("*" in action for action in statement["actions"]):
            assert statement.get("effect") == "Deny", (name, statement["sid"])


def test_what_is_not_named_is_not_allowed(stack: Template) -> None:
    """``not_actions`` and its like allow everything that is not named."""
    for name, statement in every_statement(stack):
        assert not {key for key in statement if key.startswith("not_")}, name


def test_a_service_acts_for_our_own_resources_alone(stack: Template) -> None:
    """A confused deputy could act for others."""
    for name, statement in every_statement(stack):
        principals = statement.get("principals", [])
        if name not in WITHOUT_SOURCE and any(each["type"] == "Service" for each in principals):
            (source,) = (
                each for each in statement["condition"] if each["variable"] == "aws:SourceArn"
            )
            assert source["test"] == "ArnEquals", name
            ours = [re.sub(ANY_OF_THE_ACCOUNT, "", value) for value in source["values"]]
            assert "*" not in "".join(ours), name


def test_the_log_policy_is_narrowed_by_the_names_of_our_log_groups(dev: Template) -> None:
    """It cannot be narrowed by a condition."""
    (statement,) = dev.policies()["bus_may_log"]
    for resource in statement["resources"]:
        group = dev.resource(referred(resource.removesuffix(":*")))
        assert group["name"].startswith("/aws/events/vault-dev-")


def test_each_function_has_a_role_of_its_own(dev: Template) -> None:
    """What one function may do must not be what another one needs."""
    roles = {
        name: referred(function["role"])
        for name, function in dev.resources("aws_lambda_function").items()
    }
    machine = dev.resource("aws_sfn_state_machine.reconciliation")
    roles["reconciliation"] = referred(machine["role_arn"])
    assert roles == {name: f"aws_iam_role.{name}_role" for name in roles}


def test_each_role_has_one_inline_policy_and_nothing_else(stack: Template) -> None:
    """A managed policy, or a second one attached elsewhere, would not stand on the page above."""
    roles = stack.resources("aws_iam_role")
    written = {
        referred(policy["role"]): referred(policy["policy"])
        for policy in stack.resources("aws_iam_role_policy").values()
    }
    assert written == {
        f"aws_iam_role.{name}": f"aws_iam_policy_document.{name}_permissions" for name in roles
    }
    assert {name: set(role) for name, role in roles.items()} == {
        name: {"assume_role_policy", "name"} for name in roles
    }
    iam = {type_ for type_ in stack.written["resource"] if type_.startswith("aws_iam_")}
    assert iam <= {"aws_iam_role", "aws_iam_role_policy", "aws_iam_instance_profile"}


def test_no_policy_is_written_but_as_a_document(stack: Template) -> None:
    """The page above shows documents; a policy in JSON text would escape it."""
    for type_, attribute in {
        "aws_iam_role": "assume_role_policy",
        "aws_iam_role_policy": "policy",
        "aws_s3_bucket_policy": "policy",
        "aws_sqs_queue": "policy",
        "aws_cloudwatch_log_resource_policy": "policy_document",
        "aws_vpc_endpoint": "policy",
    }.items():
        for resource in stack.resources(type_).values():
            if attribute in resource:
                assert referred(resource[attribute]).startswith("aws_iam_policy_document.")


def test_a_role_is_trusted_to_what_it_is_made_for(stack: Template) -> None:
    """The trust policy of one role on another one would lock the function out, or in."""
    for name, role in stack.resources("aws_iam_role").items():
        trust = referred(role["assume_role_policy"])
        assert trust == f"aws_iam_policy_document.{name}_trust"


def every_statement(template: Template) -> Iterator[tuple[str, Block]]:
    """Yield each statement with the name of its document."""
    for name, statements in template.policies().items():
        yield from ((name, statement) for statement in statements)


def surface(template: Template) -> Iterator[str]:
    """Yield the lines of the page, documents in the order of their names."""
    for name, statements in sorted(template.policies().items()):
        yield name
        for statement in statements:
            yield from reported(statement)


def reported(statement: Block) -> Iterator[str]:
    """Yield a statement's lines: sid and actions, by whom, on which resources, if what holds."""
    may = {"Allow": "may", "Deny": "may not"}[statement.get("effect", "Allow")]
    yield f"  {statement['sid']}: {may} {' '.join(statement['actions'])}"
    for principal in statement.get("principals", []):
        yield from (f"    by {each}" for each in principal["identifiers"])
    yield from (f"    on {resource}" for resource in statement.get("resources", []))
    for condition in statement.get("condition", []):
        yield f"    if {condition['test']} {condition['variable']}"
        yield from (f"    {value}" for value in condition["values"])
