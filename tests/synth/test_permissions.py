"""All IAM permissions of each stack on one page: principal, actions, resources and conditions.

The pages are written by hand, and no command updates them: a diff there is a security review.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.shipped import FUNCTIONS
from tests.synth.template import Block, Template, referred

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
"""Statements without a resource, each with the reason."""
ANYTHING = {("endpoints_storagegateway_policy", "ServeAppliance")}
"""Documents and sids that allow all actions of a service, as AWS does not document the appliance's."""
WITHOUT_SOURCE = {
    "bus_may_log": "AWS shows it without a condition; it is narrowed by the log groups' names",
    "PublishEvents": "EventBridge supports no condition in a topic's policy",
    "client_role_trust": "EC2 names no source when an instance takes up its role",
    **{
        f"{function}_role_trust": "AWS does not document that Lambda sends one"
        for function in FUNCTIONS
    },
}
"""Documents and statements that trust a service without a condition, each with the reason."""


@pytest.fixture(params=STACKS_WITH_POLICIES)
def stack(request: pytest.FixtureRequest, dev_stacks: Mapping[str, Template]) -> Template:
    """Return each stack in turn."""
    return dev_stacks[str(request.param)]


@pytest.mark.parametrize("name", STACKS_WITH_POLICIES)
def test_the_permissions_are_exactly_these(name: str, dev_stacks: Mapping[str, Template]) -> None:
    """The page has every statement of every policy."""
    page = (PAGES / f"{name}.txt").read_text(encoding="utf-8")
    assert "".join(f"{line}\n" for line in surface(dev_stacks[name])) == page


def test_every_stack_with_a_policy_has_a_page(dev_stacks: Mapping[str, Template]) -> None:
    """A new stack must be added to the list above, so that the tests here check it."""
    assert {name for name, each in dev_stacks.items() if each.policies()} == set(
        STACKS_WITH_POLICIES
    )


def test_every_statement_has_a_sid_of_its_own(stack: Template) -> None:
    """With the same sid, two statements of a document would be mistaken for each other."""
    for name, statements in stack.policies().items():
        sids = [statement.get("sid") for statement in statements]
        assert all(sids), f"A statement of {name} has no sid"
        assert len(set(sids)) == len(sids), f"{name}: {sids}"


def test_a_statement_names_its_resources_if_possible(stack: Template) -> None:
    """The exceptions are listed above."""
    for name, statement in every_statement(stack):
        on_anything = "*" in statement.get("resources", [])
        assert on_anything is (statement["sid"] in ON_ANYTHING), (name, statement["sid"])


def test_a_wildcard_action_stands_only_in_a_deny_statement(stack: Template) -> None:
    """``s3:*`` is right in a denial, and ``storagegateway:*`` for an appliance without a principal."""
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


def test_no_statement_allows_everything_but_a_list(stack: Template) -> None:
    """``not_actions`` and its like allow everything that they do not list."""
    for name, statement in every_statement(stack):
        assert not {key for key in statement if key.startswith("not_")}, name


def test_a_service_may_act_only_for_the_vaults_resources(stack: Template) -> None:
    """Otherwise a confused deputy could act for other accounts."""
    for name, statement in every_statement(stack):
        principals = statement.get("principals", [])
        excused = {name, statement["sid"]} & WITHOUT_SOURCE.keys()
        if not excused and any(each["type"] == "Service" for each in principals):
            (source,) = (
                each for each in statement["condition"] if each["variable"] == "aws:SourceArn"
            )
            assert source["test"] == "ArnEquals", name
            ours = [re.sub(ANY_OF_THE_ACCOUNT, "", value) for value in source["values"]]
            assert "*" not in "".join(ours), name


def test_the_log_policy_is_narrowed_by_the_names_of_the_log_groups(dev: Template) -> None:
    """It cannot be narrowed by a condition."""
    (statement,) = dev.policies()["bus_may_log"]
    for resource in statement["resources"]:
        group = dev.resource(referred(resource.removesuffix(":*")))
        assert group["name"].startswith("/aws/events/vault-dev-")


def test_each_function_has_a_role_of_its_own(dev: Template) -> None:
    """A function must not have the permissions of another."""
    roles = {
        name: referred(function["role"])
        for name, function in dev.resources("aws_lambda_function").items()
    }
    machine = dev.resource("aws_sfn_state_machine.reconciliation")
    roles["reconciliation"] = referred(machine["role_arn"])
    assert roles == {name: f"aws_iam_role.{name}_role" for name in roles}


def test_each_role_has_one_inline_policy_and_nothing_else(stack: Template) -> None:
    """A managed policy, or a second inline policy, would not appear on the page above."""
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


def test_every_policy_is_a_document(stack: Template) -> None:
    """The page above shows documents only; it would not show a policy in JSON text."""
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


def test_each_role_trusts_its_own_service(stack: Template) -> None:
    """With another role's trust policy, the wrong service could assume the role."""
    for name, role in stack.resources("aws_iam_role").items():
        trust = referred(role["assume_role_policy"])
        assert trust == f"aws_iam_policy_document.{name}_trust"


def every_statement(template: Template) -> Iterator[tuple[str, Block]]:
    """Yield each statement with the name of its document."""
    for name, statements in template.policies().items():
        yield from ((name, statement) for statement in statements)


def surface(template: Template) -> Iterator[str]:
    """Yield the lines of the page, with documents in the order of their names."""
    for name, statements in sorted(template.policies().items()):
        yield name
        for statement in statements:
            yield from reported(statement)


def reported(statement: Block) -> Iterator[str]:
    """Yield a statement's lines: sid and actions, principals, resources, conditions."""
    may = {"Allow": "may", "Deny": "may not"}[statement.get("effect", "Allow")]
    yield f"  {statement['sid']}: {may} {' '.join(statement['actions'])}"
    for principal in statement.get("principals", []):
        yield from (f"    by {each}" for each in principal["identifiers"])
    yield from (f"    on {resource}" for resource in statement.get("resources", []))
    for condition in statement.get("condition", []):
        yield f"    if {condition['test']} {condition['variable']}"
        yield from (f"    {value}" for value in condition["values"])
