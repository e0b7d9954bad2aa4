"""local.emulator: disturbed deliveries and planted faults for chaos, and the closed gaps that it needs."""

from __future__ import annotations

import json
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator.chaos_endpoint import repeated
from local.emulator.disturbances import Disturbances
from local.emulator.events_gap import mend_targets
from local.emulator.planted_faults import PlantedFault
from local.emulator.sqs_gaps import mend_races

RULE = {"Name": "vault-demo-uploads"}
OBSERVER = {"Name": "vault-watch-1"}
EVENT = {"DetailType": "x", "Detail": "{}"}


class Emulator(SimpleNamespace):
    """The disturbed parts of the emulator's EventBridge and SQS."""

    def __init__(self, settings: dict[str, Any], *, queue: str = "uploads") -> None:
        super().__init__()
        self.delivered: list[Any] = []
        self.put: list[Any] = []
        self.queue: dict[str, Any] = {
            "attributes": {"QueueArn": f"arn:aws:sqs:eu-west-1:1:{queue}"},
            "messages": [{"id": n, "receive_count": 0} for n in range(50)],
        }
        self._invoke_target: Any = self.invoke
        self._put_events = lambda request, allow_aws_source: self.put.append(
            (request["Entries"], allow_aws_source)
        )
        self._collect_msgs = self.collect
        self.hidden: list[int] = []
        self._HANDLERS = {"ChangeMessageVisibilityBatch": self.hide}
        self.disturbances = Disturbances(seed=1)
        self.disturbances.change(settings)
        self.disturbances.disturb_targets(self)
        self.disturbances.disturb_queues(self)

    def invoke(self, target: Any, event: Any, rule: Any, view: Any) -> None:
        self.delivered.append(target)

    def collect(self, queue: Any, number: int, hidden_seconds: float) -> list[dict[str, Any]]:
        received: list[dict[str, Any]] = queue["messages"][:number]
        for message in received:
            message["receive_count"] += 1
            message["visible_at"] = time.time() + hidden_seconds
        return received

    def hide(self, request: dict[str, Any], url: str) -> None:
        self.hidden += [entry["VisibilityTimeout"] for entry in request["Entries"]]

    def deliver(self, times: int, rule: dict[str, str] = RULE) -> None:
        for number in range(times):
            self._invoke_target(number, EVENT, rule)

    def received(self) -> list[int]:
        return [message["id"] for message in self._collect_msgs(self.queue, 50, 720)]


def test_nothing_is_disturbed_before_somebody_asks_for_it() -> None:
    emulator = Emulator({})
    emulator.deliver(100)
    assert emulator.delivered == list(range(100))
    assert emulator.received() == list(range(50))
    hidden = {round(each["visible_at"] - time.time()) for each in emulator.queue["messages"]}
    assert hidden == {720}
    assert not emulator.disturbances.counts


def test_events_come_twice_and_late() -> None:
    emulator = Emulator({"twice": 0.3, "late": 0.3, "lateSeconds": 0.2})
    emulator.deliver(100)
    assert len(emulator.delivered) < 100 + emulator.disturbances.counts["event twice"]
    deadline = time.monotonic() + 10
    while emulator.disturbances.waiting and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(emulator.delivered) == set(range(100))
    assert len(emulator.delivered) == 100 + emulator.disturbances.counts["event twice"]
    assert emulator.delivered != sorted(emulator.delivered)


def test_messages_come_twice_in_another_order_and_are_hidden_for_less() -> None:
    emulator = Emulator({"twice": 0.3, "hiddenScale": 1 / 60})
    received = emulator.received()
    assert sorted(received) == list(range(50))
    assert received != list(range(50))
    soon = [each for each in emulator.queue["messages"] if each["visible_at"] < time.time() + 5]
    assert len(soon) == emulator.disturbances.counts["message twice"] > 0
    assert max(each["visible_at"] for each in emulator.queue["messages"]) < time.time() + 13
    emulator._HANDLERS["ChangeMessageVisibilityBatch"](
        {"Entries": [{"VisibilityTimeout": 3600}]}, ""
    )
    assert emulator.hidden == [60]


def test_an_observer_sees_what_is_announced_as_it_is() -> None:
    emulator = Emulator({"twice": 1.0, "late": 1.0, "lateSeconds": 60}, queue="vault-watch-1")
    emulator.deliver(10, OBSERVER)
    assert emulator.delivered == list(range(10))
    assert emulator.received() == list(range(50))


def upload(key: str) -> dict[str, str]:
    return {
        "DetailType": "Storage Gateway Object Upload Event",
        "Detail": json.dumps({"object-key": key}),
    }


OUTCOME = {
    "DetailType": "File Upload Reconciliation Timeout",
    "Detail": json.dumps({"outcome-id": "12", "found": 5, "missing": 1}),
}


def test_a_planted_loss_is_of_one_data_file_however_often_it_is_announced() -> None:
    plant = PlantedFault("loss")
    lost = [plant.loses(upload(key)) for key in ("s.manifest", "a", "b", "a")]
    assert lost == [False, True, False, True]
    assert not PlantedFault("").loses(upload("a"))


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("", ["12 5 1", "12 5 1"]),
        ("loss", ["12 5 1", "12 5 1"]),
        ("double", ["12 5 1", "21 5 1", "12 5 1"]),
        ("wrong", ["12 4 2", "12 5 1"]),
    ],
)
def test_one_outcome_is_planted_twice_or_with_other_counts(kind: str, details: list[str]) -> None:
    plant = PlantedFault(kind)
    planted = [plant.entries([EVENT, OUTCOME]), plant.entries([OUTCOME])]
    found = [json.loads(each["Detail"]) for entries in planted for each in entries if each != EVENT]
    assert [f"{each['outcome-id']} {each['found']} {each['missing']}" for each in found] == details


@pytest.mark.parametrize(
    ("headers", "path", "operation"),
    [
        ({"amz-sdk-request": "attempt=1", "x-amz-target": "AWSEvents.PutEvents"}, "/", ""),
        ({"x-amz-target": "AWSEvents.PutEvents"}, "/", ""),
        (
            {"amz-sdk-request": "attempt=2; max=3", "x-amz-target": "DynamoDB_20120810.PutItem"},
            "/",
            "DynamoDB PutItem",
        ),
        ({"amz-sdk-request": "attempt=3; max=3"}, "/bucket/key", "S3 GET"),
        ({"amz-sdk-request": "attempt=2"}, "/2015-03-31/functions/f/invocations", "Lambda GET"),
    ],
)
def test_a_request_that_an_sdk_repeats_is_counted_by_operation(
    headers: dict[str, str], path: str, operation: str
) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert repeated({"headers": encoded, "path": path, "method": "GET"}) == operation


def test_a_rule_invokes_a_function_as_lambda_retries_it() -> None:
    invoked: list[Any] = []
    functions = SimpleNamespace(
        _get_func_record_for_ref=lambda arn: ({"f": arn}, {"c": 1}, arn) if arn else (None,) * 3,
        _execution_record_for_config=lambda function, config: function,
        invoke_async_with_retry=lambda function, event: invoked.append((function, event)),
    )
    events = SimpleNamespace()
    mend_targets(events, functions)
    events._dispatch_to_lambda("arn", '{"a": 1}')
    events._dispatch_to_lambda("", "{}")
    assert invoked == [({"f": "arn"}, {"a": 1})]


def test_no_message_arrives_while_others_are_deleted() -> None:
    lock = threading.Lock()
    held: list[bool] = []

    async def receive() -> None: ...

    queues = SimpleNamespace(
        _queues_lock=lock,
        _HANDLERS={"SendMessage": lambda *_: held.append(lock.locked()), "ReceiveMessage": receive},
    )
    events = SimpleNamespace(_dispatch_to_sqs=lambda *_: held.append(lock.locked()))
    mend_races(queues, events)
    queues._HANDLERS["SendMessage"]({}, "")
    events._dispatch_to_sqs("spec", "payload", {})
    assert held == [True, True]
    assert queues._HANDLERS["ReceiveMessage"] is receive
