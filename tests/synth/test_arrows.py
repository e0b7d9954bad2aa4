"""Each arrow of the system is allowed, and nothing else is.

Arrows are derived from the synthesised stack and the handlers' calls, and are decided by IAM's
rules; the emulator enforces few of these. The last tests show that every error in a policy is
detected.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.shipped import FUNCTIONS
from tests.synth.arrows import Arrow, arrows_of, of_gateway_alarms, picture
from tests.synth.handler_calls import Call, recorded_calls
from tests.synth.handler_code import methods_called
from tests.synth.iam_evaluation import Policies, Request, not_evaluated, policies_of
from tests.synth.iam_requests import Universe, universe_of
from tests.synth.mutations import mutations
from tests.synth.spelled import Spelled, spelled
from tests.synth.template import Template
from tools.diagrams.proven import PAGE, Connection, connections

NOT_CALLED = {
    "record_upload": {
        "get_item",  # it only writes rows of uploads; this is for the register
        "query",
    },
    "reconcile_check": {
        "batch_get_item",  # only the writer and the sweep call it
        "put_object",  # only Notify writes reports
    },
    "reconcile_notify": {
        "batch_get_item",
        "upload_fileobj",  # only the check sorts it
    },
}
"""Methods in shared code that a function never calls."""
QUEUES_OWN = {
    f"{document}, {sid}: arn:aws:{queue} is {wider}"
    for document, sid, queue in (
        ("notices_may_publish", "PublishAlarms", "sns:REGION:ACCOUNT:vault-dev-notices"),
        ("notices_may_publish", "PublishEvents", "sns:REGION:ACCOUNT:vault-dev-notices"),
        ("undelivered_may_send", "KeepWhatFailed", "sqs:REGION:ACCOUNT:vault-dev-undelivered"),
        ("uploads_may_send", "BufferEvents", "sqs:REGION:ACCOUNT:vault-dev-uploads"),
        ("records_may_send", "BufferEvents", "sqs:REGION:ACCOUNT:vault-dev-records"),
    )
    for wider in ("*", f"arn:aws:{queue}*")
}
"""Changes that are no errors: the policy of a queue or a topic applies only to itself."""


@dataclass(frozen=True, slots=True)
class System:
    """A stack, its contents, and all requests that could be made."""

    stack: Spelled
    calls: list[Call]
    arrows: list[Arrow]
    policies: Policies
    universe: Universe

    def beyond(self) -> frozenset[Request]:
        """Return the allowed requests that no arrow needs."""
        return self.universe.allowed_by(self.policies) - self.universe.spread(self.arrows)

    def refused(self) -> list[Request]:
        """Return the requests that an arrow needs and that are not allowed."""
        needed = self.universe.spread(self.arrows)
        return sorted(request for request in needed if not self.policies.allow(request))


def system_of(stacks: Mapping[str, Template]) -> System:
    """Derive the values that the tests use."""
    stack = spelled(stacks["EventProcessingStack"])
    calls = recorded_calls(stack)
    alarms = stacks["FileShareStack"].resources("aws_cloudwatch_metric_alarm")
    topic = f"arn:aws:sns:REGION:ACCOUNT:{stack.of('aws_sns_topic')['notices']['name']}"
    arrows = sorted([*arrows_of(stack, calls), *of_gateway_alarms(alarms, topic)], key=str)
    return System(stack, calls, arrows, policies_of(stack), universe_of(stack, arrows))


@pytest.fixture(scope="module")
def system(dev_stacks: Mapping[str, Template]) -> System:
    """Return the stack of the default environment."""
    return system_of(dev_stacks)


def test_these_are_all_the_arrows(system: System) -> None:
    """The page is written by hand: a diff there is a new connection in the system."""
    assert "".join(f"{line}\n" for line in picture(system.arrows)) == PAGE.read_text(
        encoding="utf-8"
    )


def test_the_diagrams_read_the_arrows_from_the_page(system: System) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert list(connections(page)) == [
        Connection(each.source, each.target, tuple(each.actions)) for each in system.arrows
    ]


def test_every_policy_of_the_stack_is_evaluated(system: System) -> None:
    """A policy that is attached in an unknown way would be ignored."""
    assert not_evaluated(system.stack) == set()


def test_each_arrow_is_allowed(system: System) -> None:
    """The identity policy, resource policy or permission that AWS evaluates for the arrow allows it."""
    assert system.refused() == []


def test_no_other_request_is_allowed(system: System) -> None:
    """Checked for every role, and every service with any source, on every resource that an arrow leads to."""
    assert sorted(system.beyond()) == []


def test_another_environment_is_as_tight(prod_stacks: Mapping[str, Template]) -> None:
    """Only names and settings differ."""
    system = system_of(prod_stacks)
    assert "".join(f"{line}\n" for line in picture(system.arrows)) == PAGE.read_text(
        encoding="utf-8"
    )
    assert system.refused() == sorted(system.beyond()) == []


def test_every_error_in_a_policy_is_detected(system: System) -> None:
    """So every statement, action, resource, principal and condition is needed.

    A part is left out, widened, reversed, replaced by another's, or attached to nothing.
    """
    slips = dict(mutations(system.stack))
    unseen = {
        slip
        for slip, wrong in slips.items()
        if not system.universe.distinguishes(system.policies, policies_of(wrong))
    }
    assert unseen == QUEUES_OWN
    assert len(slips) > 400


@pytest.mark.parametrize(
    ("where", "right", "wrong"),
    [
        ("event_target", "ACCOUNT:vault-dev-records", "uploads"),
        ("event_target", "ACCOUNT:vault-dev-undelivered", "uploads-dead-letters"),
        ("event_target", "role/vault-dev-events-manifest-uploaded-start", "record-upload"),
        ("lambda_event_source_mapping", "ACCOUNT:vault-dev-uploads", "undelivered"),
        ("lambda_event_source_mapping", "ACCOUNT:vault-dev-records", "uploads"),
        ("lambda_function", "role/vault-dev-record-upload", "reconcile-notify"),
        ("lambda_function_event_invoke_config", "ACCOUNT:vault-dev-undelivered", "uploads"),
        ("sfn_state_machine", "function:vault-dev-reconcile-check", "record-upload"),
        ("sfn_state_machine", "role/vault-dev-reconciliation", "reconcile-check"),
        ("sqs_queue", "ACCOUNT:vault-dev-uploads-dead-letters", "undelivered"),
    ],
)
def test_an_arrow_to_another_resource_is_refused(
    system: System, where: str, right: str, wrong: str
) -> None:
    """A target, a queue, a function or a role is replaced by another one."""
    (type_,) = {"aws_cloudwatch_" + where, "aws_" + where} & set(system.stack.resources)
    other = f"{right.partition('vault-dev-')[0]}vault-dev-{wrong}"
    text, times = re.subn(rf"{right}(?![\w-])", other, json.dumps(system.stack.of(type_)))
    assert times
    stack = replace(system.stack, resources={**system.stack.resources, type_: json.loads(text)})
    assert replace(system, arrows=arrows_of(stack, system.calls)).refused()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_call_in_a_functions_code_is_recorded(system: System, root: Path, name: str) -> None:
    """A call that is not recorded would be a missing arrow."""
    seen = {call.method for call in system.calls if call.function == name}
    assert seen == methods_called(root / "handlers", name) - NOT_CALLED.get(name, set())
