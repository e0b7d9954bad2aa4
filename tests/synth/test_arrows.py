"""Who reaches whom: each arrow of the system is allowed, and nothing else is.

Derived from the synthesised stack and from what the handlers call, and decided as IAM does;
the emulator enforces little of it. Then every slip in a policy is shown to be seen.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.synth.arrows import Arrow, arrows_of, picture
from tests.synth.handler_calls import Call, recorded_calls
from tests.synth.handler_code import methods_called
from tests.synth.iam_evaluation import Policies, Request, not_evaluated, policies_of
from tests.synth.mutations import mutations
from tests.synth.spelled import Spelled, spelled
from tests.synth.template import Template
from tests.synth.universe import Universe, universe_of

ARROWS = """\
rule bus_data_uploaded
  -> log group bus_data_uploaded_logs: logs:CreateLogStream logs:PutLogEvents
  -> queue records: sqs:SendMessage
  -> queue undelivered: sqs:SendMessage
rule bus_manifest_overdue
  -> log group bus_manifest_overdue_logs: logs:CreateLogStream logs:PutLogEvents
  -> topic notices: sns:Publish
  -> queue undelivered: sqs:SendMessage
rule bus_manifest_uploaded
  -> log group bus_manifest_uploaded_logs: logs:CreateLogStream logs:PutLogEvents
  -> role bus_manifest_uploaded_role: sts:AssumeRole
  -> state machine reconciliation: states:StartExecution
  -> queue records: sqs:SendMessage
  -> queue undelivered: sqs:SendMessage
rule bus_reconciliation_failed
  -> log group bus_reconciliation_failed_logs: logs:CreateLogStream logs:PutLogEvents
  -> topic notices: sns:Publish
  -> queue undelivered: sqs:SendMessage
rule bus_reconciliation_successful
  -> log group bus_reconciliation_successful_logs: logs:CreateLogStream logs:PutLogEvents
  -> topic notices: sns:Publish
  -> queue undelivered: sqs:SendMessage
rule bus_reconciliation_timeout
  -> log group bus_reconciliation_timeout_logs: logs:CreateLogStream logs:PutLogEvents
  -> topic notices: sns:Publish
  -> queue undelivered: sqs:SendMessage
rule reconciliation_ended
  -> function reconcile_notify: lambda:InvokeFunction
  -> queue undelivered: sqs:SendMessage
rule sweep_schedule
  -> function sweep_sets: lambda:InvokeFunction
  -> queue undelivered: sqs:SendMessage
rule uploads_object_uploaded
  -> queue undelivered: sqs:SendMessage
  -> queue uploads: sqs:SendMessage
alarm bus_data_uploaded_lost
  -> topic notices: sns:Publish
alarm bus_manifest_overdue_lost
  -> topic notices: sns:Publish
alarm bus_manifest_uploaded_lost
  -> topic notices: sns:Publish
alarm bus_reconciliation_failed_lost
  -> topic notices: sns:Publish
alarm bus_reconciliation_successful_lost
  -> topic notices: sns:Publish
alarm bus_reconciliation_timeout_lost
  -> topic notices: sns:Publish
alarm reconciliation_aborted
  -> topic notices: sns:Publish
alarm reconciliation_ended_lost
  -> topic notices: sns:Publish
alarm reconciliation_failed
  -> topic notices: sns:Publish
alarm reconciliation_outcomes_failed
  -> topic notices: sns:Publish
alarm reconciliation_outcomes_long
  -> topic notices: sns:Publish
alarm reconciliation_outcomes_timed_out
  -> topic notices: sns:Publish
alarm reconciliation_timed_out
  -> topic notices: sns:Publish
alarm records_oldest_message
  -> topic notices: sns:Publish
alarm records_oldest_put_back
  -> topic notices: sns:Publish
alarm sweep_schedule_lost
  -> topic notices: sns:Publish
alarm sweep_silent
  -> topic notices: sns:Publish
alarm unclassified_not_empty
  -> topic notices: sns:Publish
alarm undelivered_not_empty
  -> topic notices: sns:Publish
alarm unrecorded_not_empty
  -> topic notices: sns:Publish
alarm uploads_object_uploaded_lost
  -> topic notices: sns:Publish
alarm uploads_oldest_message
  -> topic notices: sns:Publish
alarm uploads_oldest_put_back
  -> topic notices: sns:Publish
function classify_upload
  -> bus bus: events:PutEvents
  -> log group classify_upload_logs: logs:CreateLogStream logs:PutLogEvents
  -> role classify_upload_role: sts:AssumeRole
  -> bucket file_upload: s3:ListBucket
  -> queue unclassified: sqs:SendMessage
  -> queue uploads: sqs:ChangeMessageVisibility
  -> queue uploads: sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes
  -> X-Ray's traces: xray:PutTraceSegments xray:PutTelemetryRecords
function reconcile_check
  -> log group reconcile_check_logs: logs:CreateLogStream logs:PutLogEvents
  -> table outcomes: dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem
  -> table sets: dynamodb:UpdateItem
  -> table upload_events: dynamodb:GetItem dynamodb:Query
  -> role reconcile_check_role: sts:AssumeRole
  -> bucket file_upload: s3:GetObject s3:GetObjectVersion s3:ListBucket
  -> bucket reports: s3:AbortMultipartUpload s3:GetObject s3:GetObjectVersion s3:PutObject
  -> X-Ray's traces: xray:PutTraceSegments xray:PutTelemetryRecords
function reconcile_iterator
  -> log group reconcile_iterator_logs: logs:CreateLogStream logs:PutLogEvents
  -> role reconcile_iterator_role: sts:AssumeRole
  -> X-Ray's traces: xray:PutTraceSegments xray:PutTelemetryRecords
function reconcile_notify
  -> bus bus: events:PutEvents
  -> log group reconcile_notify_logs: logs:CreateLogStream logs:PutLogEvents
  -> table outcomes: dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem
  -> table sets: dynamodb:UpdateItem
  -> table upload_events: dynamodb:Query
  -> role reconcile_notify_role: sts:AssumeRole
  -> bucket file_upload: s3:GetObjectVersion s3:ListBucket
  -> bucket reports: s3:GetObjectVersion s3:PutObject
  -> state machine reconciliation: states:DescribeExecution
  -> queue undelivered: sqs:SendMessage
  -> X-Ray's traces: xray:PutTraceSegments xray:PutTelemetryRecords
function record_upload
  -> log group record_upload_logs: logs:CreateLogStream logs:PutLogEvents
  -> table sets: dynamodb:UpdateItem
  -> table upload_events: dynamodb:BatchGetItem dynamodb:PutItem
  -> role record_upload_role: sts:AssumeRole
  -> queue records: sqs:ChangeMessageVisibility
  -> queue records: sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes
  -> queue unrecorded: sqs:SendMessage
  -> X-Ray's traces: xray:PutTraceSegments xray:PutTelemetryRecords
function sweep_sets
  -> bus bus: events:PutEvents
  -> log group sweep_sets_logs: logs:CreateLogStream logs:PutLogEvents
  -> table sets: dynamodb:BatchGetItem dynamodb:GetItem dynamodb:Query dynamodb:UpdateItem
  -> role sweep_sets_role: sts:AssumeRole
  -> function reconcile_notify: lambda:InvokeFunction
  -> bucket file_upload: s3:ListBucket
  -> state machine reconciliation: states:DescribeExecution states:StartExecution
  -> queue undelivered: sqs:SendMessage
  -> X-Ray's traces: xray:PutTraceSegments xray:PutTelemetryRecords
state machine reconciliation
  -> log group reconciliation_logs: logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy logs:UpdateLogDelivery
  -> role reconciliation_role: sts:AssumeRole
  -> function reconcile_check: lambda:InvokeFunction
  -> function reconcile_iterator: lambda:InvokeFunction
  -> function reconcile_notify: lambda:InvokeFunction
  -> X-Ray's traces: xray:PutTraceSegments xray:PutTelemetryRecords xray:GetSamplingRules xray:GetSamplingTargets
queue records
  -> queue unrecorded: sqs:(redrive)
queue uploads
  -> queue unclassified: sqs:(redrive)
"""

NOT_CALLED = {
    "record_upload": {
        "get_item",  # of the register, it writes rows alone
        "query",
    },
    "reconcile_check": {
        "batch_get_item",  # only the writer, and the sweep of the register
        "put_object",  # only Notify reports
    },
    "reconcile_notify": {
        "batch_get_item",
        "head_object",  # the check has found out the manifest's version
        "upload_fileobj",  # and has sorted it
    },
}
"""Methods in code that a function shares with others, and never comes to."""
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
"""No slips: however much a queue's or a topic's policy names, it is about that one."""


@dataclass(frozen=True, slots=True)
class System:
    """A stack, what is in it, and who could ask for what."""

    stack: Spelled
    calls: list[Call]
    arrows: list[Arrow]
    policies: Policies
    universe: Universe

    def beyond(self) -> frozenset[Request]:
        """Return what is allowed though no arrow needs it."""
        return self.universe.allowed_by(self.policies) - self.universe.spread(self.arrows)

    def refused(self) -> list[Request]:
        """Return what an arrow needs and is not allowed."""
        needed = self.universe.spread(self.arrows)
        return sorted(request for request in needed if not self.policies.allow(request))


def system_of(template: Template) -> System:
    """Derive all that the tests look at."""
    stack = spelled(template)
    calls = recorded_calls(stack)
    arrows = arrows_of(stack, calls)
    return System(stack, calls, arrows, policies_of(stack), universe_of(stack, arrows))


@pytest.fixture(scope="module")
def system(dev: Template) -> System:
    """The stack as it is deployed where no environment is chosen."""
    return system_of(dev)


def test_these_are_all_the_arrows(system: System) -> None:
    """The picture of the system: a diff here is a new way through it."""
    assert "".join(f"{line}\n" for line in picture(system.arrows)) == ARROWS


def test_every_policy_of_the_stack_is_evaluated(system: System) -> None:
    """One attached in a way that the evaluation does not know would go unseen."""
    assert not_evaluated(system.stack) == set()


def test_each_arrow_is_allowed(system: System) -> None:
    """By identity policy, resource policy or permission, as AWS decides on that delivery."""
    assert system.refused() == []


def test_nobody_else_is_allowed_anything(system: System) -> None:
    """Every role, every service in anybody's name, on every resource to which an arrow leads."""
    assert sorted(system.beyond()) == []


def test_another_environment_is_as_tight(prod: Template) -> None:
    """Names differ, and whatever hangs on settings."""
    system = system_of(prod)
    assert "".join(f"{line}\n" for line in picture(system.arrows)) == ARROWS
    assert system.refused() == sorted(system.beyond()) == []


def test_every_slip_in_a_policy_is_seen(system: System) -> None:
    """So no statement, action, resource, principal or condition is there in vain.

    Forgotten, widened, turned round, of another one, or attached to nothing.
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
def test_an_arrow_that_leads_elsewhere_is_refused(
    system: System, where: str, right: str, wrong: str
) -> None:
    """Where a target, a queue, a function or a role is taken for another one."""
    (type_,) = {"aws_cloudwatch_" + where, "aws_" + where} & set(system.stack.resources)
    other = f"{right.partition('vault-dev-')[0]}vault-dev-{wrong}"
    text, times = re.subn(rf"{right}(?![\w-])", other, json.dumps(system.stack.of(type_)))
    assert times
    stack = replace(system.stack, resources={**system.stack.resources, type_: json.loads(text)})
    assert replace(system, arrows=arrows_of(stack, system.calls)).refused()


@pytest.mark.parametrize(
    "name",
    ["classify_upload", "record_upload", "reconcile_check", "reconcile_notify", "sweep_sets"],
)
def test_a_function_was_seen_calling_all_that_its_code_can_call(
    system: System, root: Path, name: str
) -> None:
    """What is recorded is all that a function does, or an arrow would be missing."""
    seen = {call.method for call in system.calls if call.function == name}
    assert seen == methods_called(root / "handlers", name) - NOT_CALLED.get(name, set())


def test_the_iterator_calls_nobody(system: System, root: Path) -> None:
    """It counts."""
    assert methods_called(root / "handlers", "reconcile_iterator") == set()
    assert "reconcile_iterator" not in {call.function for call in system.calls}
