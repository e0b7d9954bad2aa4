"""``sgvault dead-letters``: letters of three forms return to their targets, and none is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.unit import operator_account
from tests.unit.operator_account import ARN, PARAMETER, URL, Account
from tests.unit.refusals import client_error
from tests.unit.samples import object_upload
from tests.unit.sgvault import sgvault

UNCLASSIFIED = PARAMETER["uploadDeadLetterQueueUrl"]
UNRECORDED = PARAMETER["recordDeadLetterQueueUrl"]
UNDELIVERED = PARAMETER["undeliveredQueueUrl"]
ON_FAILURE = {
    "version": "1.0",
    "timestamp": "2026-11-14T18:16:05.568Z",
    "requestContext": {
        "requestId": "e4b46cbf",
        "functionArn": ARN.format("lambda", "function:vault-dev-reconcile-notify:$LATEST"),
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    },
    "requestPayload": {"detail-type": "Step Functions Execution Status Change"},
    "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
    "responsePayload": {"errorMessage": "Rate exceeded", "errorType": "ThrottlingException"},
}
"""https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html"""
MALFORMED = ON_FAILURE | {
    "responsePayload": {"errorMessage": "no field 'state'", "errorType": "MalformedEventError"}
}


def envelope(target: str) -> dict[str, str]:
    """Return the attributes of an EventBridge target's dead letter."""
    return {
        "TARGET_ARN": target,
        "RULE_ARN": PARAMETER["uploadRuleArn"],
        "ERROR_CODE": "NO_PERMISSIONS",
        "ERROR_MESSAGE": "Not authorized",
        "RETRY_ATTEMPTS": "0",
    }


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr("operations.dead_letters.time.sleep", lambda _: None)
    with operator_account.installed() as account:
        yield account


@pytest.mark.parametrize(
    ("source", "target"),
    [(UNCLASSIFIED, "uploadQueueUrl"), (UNRECORDED, "recordQueueUrl")],
)
def test_a_dead_letter_of_a_queue_returns_to_the_queue(
    account: Account, source: str, target: str
) -> None:
    account.put(source, "an event", {"Reason": "no field 'detail'"})
    (listed,) = sgvault("dead-letters", "list", "--json").json
    assert (listed["shape"], listed["reason"]) == ("sqs-record", "no field 'detail'")
    assert sgvault("dead-letters", "show", listed["messageId"], "--json").json["body"] == "an event"
    assert sgvault("dead-letters", "redrive", "--yes").status == 0
    assert account.bodies(PARAMETER[target]) == ["an event"]
    assert account.queues[source] == {}


@pytest.mark.parametrize(
    ("target", "operation", "expected"),
    [
        (
            ARN.format("sqs", "vault-dev-uploads"),
            "SendMessage",
            {"QueueUrl": f"{URL}vault-dev-uploads", "MessageBody": "{}"},
        ),
        (
            ARN.format("lambda", "function:vault-dev-reconcile-notify"),
            "Invoke",
            {"InvocationType": "Event", "Payload": b"{}"},
        ),
        (ARN.format("states", "stateMachine:a"), "StartExecution", {"input": "{}"}),
        (ARN.format("sns", "outcomes"), "Publish", {"Message": "{}"}),
        (
            ARN.format("logs", "log-group:/aws/events/vault-dev:*"),
            "PutLogEvents",
            {"logGroupName": "/aws/events/vault-dev"},
        ),
    ],
)
def test_an_undelivered_event_is_sent_to_its_target_only(
    account: Account, target: str, operation: str, expected: Mapping[str, Any]
) -> None:
    account.put(UNDELIVERED, "{}", envelope(target))
    ran = sgvault("dead-letters", "redrive", "--yes", "--json")
    assert ran.status == 0
    assert account.queues[UNDELIVERED] == {}
    (sent,) = account.named(operation)
    assert expected.items() <= sent.items()


def test_a_failed_invocation_is_repeated_with_its_payload(account: Account) -> None:
    """It is invoked by name, so that the deployed version receives it."""
    account.put(UNDELIVERED, json.dumps(ON_FAILURE))
    (listed,) = sgvault("dead-letters", "list", "--json").json
    assert listed["reason"] == "ThrottlingException: Rate exceeded"
    assert sgvault("dead-letters", "redrive", "--yes").status == 0
    (invoked,) = account.named("Invoke")
    assert invoked["FunctionName"] == ARN.format("lambda", "function:vault-dev-reconcile-notify")
    assert json.loads(invoked["Payload"]) == ON_FAILURE["requestPayload"]
    assert account.queues[UNDELIVERED] == {}


@pytest.mark.parametrize(
    ("attributes", "answers"),
    [
        ({}, {}),
        (envelope(ARN.format("kinesis", "stream/a")), {}),
        (envelope(ARN.format("sns", "outcomes")), {"Publish": "AuthorizationError"}),
    ],
)
def test_a_letter_without_a_target_or_refused_stays_visible(
    account: Account, attributes: dict[str, str], answers: dict[str, str]
) -> None:
    def refused(code: str) -> Any:
        def answer(*_: Any) -> Any:
            raise client_error(code, 403, "No")

        return answer

    account.answers |= {name: refused(code) for name, code in answers.items()}
    account.put(UNDELIVERED, "not ours", attributes)
    ran = sgvault("dead-letters", "redrive", "--yes")
    assert ran.status == 1
    assert "0 moved, 1 stay." in ran.out
    assert account.bodies(UNDELIVERED) == ["not ours"]


def test_a_letter_that_fails_again_is_not_redriven_in_the_same_run(account: Account) -> None:
    """Otherwise a message that always fails would be moved for ever."""
    account.put(UNCLASSIFIED, "always fails")

    def fail_again(account: Account, parameters: Mapping[str, Any]) -> Any:
        account.put(UNCLASSIFIED, parameters["MessageBody"], sent_ms=10**15)
        return {"MessageId": "sent"}

    account.answers["SendMessage"] = fail_again
    assert sgvault("dead-letters", "redrive", "--yes").status == 0
    assert len(account.named("SendMessage")) == 1
    assert account.bodies(UNCLASSIFIED) == ["always fails"]


def test_a_dry_run_and_a_listing_change_nothing(account: Account) -> None:
    for number in range(25):
        account.put(UNCLASSIFIED, f"event {number}", {"Reason": f"reason {number % 2}"})
    assert len(sgvault("dead-letters", "list", "--json").json) == 25
    ran = sgvault("dead-letters", "redrive", "--dry-run", "--reason", "reason 1")
    assert "Redrive would move 12; messages without a target stay." in ran.out
    assert len(account.bodies(UNCLASSIFIED)) == 25
    assert not account.named("SendMessage")
    assert not account.named("DeleteMessage")


@pytest.mark.parametrize(
    ("command", "event", "warned"),
    [
        (["redrive"], {}, True),
        (["redrive"], object_upload(), False),
        (["set-aside", "--why", "unreadable"], {}, False),
    ],
)
def test_a_redrive_warns_about_messages_that_come_back(
    account: Account, command: list[str], event: dict[str, Any], warned: bool
) -> None:
    account.put(UNCLASSIFIED, json.dumps(event), {"Reason": "some reason"})
    ran = sgvault("dead-letters", *command, "--dry-run", "--env", "dev")
    assert (
        "A redrive brings 1 message back that cannot be read; the first is message-0" in ran.err
    ) == warned
    assert ("'sgvault backfill SET --env dev'" in ran.err) == warned


@pytest.mark.parametrize("letter", [ON_FAILURE, MALFORMED], ids=["readable", "unreadable"])
def test_a_failed_invocation_comes_back_if_its_event_is_malformed(
    account: Account, letter: dict[str, Any]
) -> None:
    account.put(UNDELIVERED, json.dumps(letter))
    ran = sgvault("dead-letters", "redrive", "--dry-run")
    assert ("that cannot be read" in ran.err) == (letter is MALFORMED)


def test_nothing_to_move_and_an_unknown_message_are_named(account: Account) -> None:
    assert sgvault("dead-letters", "redrive", "--yes").out == "No dead letters.\n"
    account.put(UNCLASSIFIED, "an event")
    ran = sgvault("dead-letters", "redrive", "nobody", "message-0", "--yes")
    assert ran.status == 1
    assert "No dead-letter queue has the message nobody" in ran.err
    assert account.bodies(UNCLASSIFIED) == ["an event"]


def test_without_a_terminal_nothing_is_moved(account: Account) -> None:
    account.put(UNCLASSIFIED, "an event")
    ran = sgvault("dead-letters", "redrive")
    assert ran.status == 1
    assert "--yes" in ran.err
    assert account.bodies(UNCLASSIFIED) == ["an event"]


def test_only_the_given_messages_are_moved(account: Account) -> None:
    first, *_ = [account.put(UNCLASSIFIED, f"event {number}") for number in range(3)]
    assert sgvault("dead-letters", "redrive", first, "--yes").status == 0
    assert account.bodies(PARAMETER["uploadQueueUrl"]) == ["event 0"]
    assert account.bodies(UNCLASSIFIED) == ["event 1", "event 2"]


def test_a_letter_that_arrives_after_the_listing_is_not_moved(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A letter that SQS moved keeps its sending time, so only its id shows that it is new."""
    account.put(UNCLASSIFIED, "test data")

    def agree(_: str) -> bool:
        account.put(UNCLASSIFIED, "an upload")
        return True

    monkeypatch.setattr("operations.dead_letters.agree", agree)
    assert sgvault("dead-letters", "set-aside", "--why", "test data").status == 0
    assert account.bodies(UNCLASSIFIED) == ["an upload"]


def test_ctrl_c_between_sending_and_deleting_loses_nothing(account: Account) -> None:
    account.put(UNCLASSIFIED, "an event")

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    account.answers["DeleteMessage"] = interrupted
    ran = sgvault("dead-letters", "redrive", "--yes")
    assert ran.status == 130
    assert account.bodies(UNCLASSIFIED) == ["an event"]


def test_a_letter_is_in_s3_with_its_reason_before_it_is_deleted_from_the_queue(
    account: Account,
) -> None:
    id_ = account.put(UNCLASSIFIED, "nonsense", {"Reason": "no JSON"})
    ran = sgvault("dead-letters", "set-aside", "--why", "Sent by a test", "--yes", "--json")
    (put,) = account.named("PutObject")
    kept = json.loads(put["Body"])
    assert (kept["body"], kept["reason"]) == ("nonsense", "no JSON")
    assert kept["setAside"]["reason"] == "Sent by a test"
    assert kept["setAside"]["by"].endswith("/anna")
    assert ran.json["moved"][0]["to"] == f"s3://reports/set-aside/uploads/{id_}.json"
    names = [name for name, _ in account.calls]
    assert names.index("PutObject") < names.index("DeleteMessage")


def test_a_letter_that_s3_refuses_stays_in_its_queue(account: Account) -> None:
    def refused(*_: Any) -> Any:
        raise client_error("AccessDenied", 403)

    account.answers["PutObject"] = refused
    account.put(UNCLASSIFIED, "nonsense")
    ran = sgvault("dead-letters", "set-aside", "--why", "Sent by a test", "--yes")
    assert ran.status == 1
    assert account.bodies(UNCLASSIFIED) == ["nonsense"]


def test_one_letter_is_shown_in_full_without_control_characters(account: Account) -> None:
    id_ = account.put(UNCLASSIFIED, "\x1b]0;owned\x07", {"Reason": "no JSON"})
    ran = sgvault("dead-letters", "show", id_)
    assert ran.status == 0
    assert r'"\u001b]0;owned\u0007"' in ran.out
    assert sgvault("dead-letters", "show", "nobody").status == 1


def test_an_unknown_queue_is_reported_with_the_known_ones(account: Account) -> None:
    ran = sgvault("dead-letters", "list", "--queue", "upload")
    assert ran.status == 1
    assert "choose one of uploads, records, undelivered" in ran.err
