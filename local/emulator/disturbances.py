"""Disturb deliveries inside the endpoint: twice, late, out of order. Only ``make chaos`` uses it.

AWS allows this: SQS and EventBridge deliver at least once, in any order. Disturbances start when
:class:`Disturbances` gets its settings. Subscriptions of ``local.outcomes`` are never disturbed.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from local.emulator.planted_faults import PlantedFault

OBSERVER = "vault-watch-"
"""The prefix of the names of rules and queues of ``local.outcomes``."""
SECOND_DELIVERY_SECONDS = (0.5, 3.0)

Message = dict[str, Any]


class Disturbances:
    """The shares of disturbed deliveries, and the counts of disturbances."""

    def __init__(self, seed: int) -> None:
        self.twice = 0.0
        """The share of deliveries that are repeated."""
        self.late = 0.0
        """The share of events that reach a target late."""
        self.late_seconds = 0.0
        self.hidden_scale = 1.0
        """The factor for the time that SQS hides a message; 1 is the real time."""
        self.planted = PlantedFault("")
        self.counts: Counter[str] = Counter()
        self.waiting = 0
        """The number of late events that are not delivered yet."""
        self._random = Random(seed)
        self._lock = threading.Lock()

    def change(self, settings: Mapping[str, Any]) -> None:
        """Change the given settings only."""
        self.twice = settings.get("twice", self.twice)
        self.late = settings.get("late", self.late)
        self.late_seconds = settings.get("lateSeconds", self.late_seconds)
        self.hidden_scale = settings.get("hiddenScale", self.hidden_scale)
        if "plant" in settings:
            self.planted = PlantedFault(settings["plant"])

    def disturb_targets(self, events: Any) -> None:
        """Disturb the deliveries from rules of the emulator's module *events* to their targets."""
        invoke, put_events = events._invoke_target, events._put_events

        def invoke_disturbed(target: Any, event: Any, rule: Any, view: Any = None) -> None:
            if rule.get("Name", "").startswith(OBSERVER):
                invoke(target, event, rule, view)
                return
            if self.planted.loses(event):
                self.counts["event lost (planted)"] += 1
                return
            for _ in range(self._times("event twice")):
                if self._random.random() < self.late:
                    self._later(invoke, target, event, rule, view)
                else:
                    invoke(target, event, rule, view)

        def put_any_events(request: Any, allow_aws_source: bool = False) -> Any:
            """Also accept events of AWS services by API: the gateway of ``tools.chaos`` sends them."""
            entries = self.planted.entries(request.get("Entries", []))
            return put_events({**request, "Entries": entries}, allow_aws_source=True)

        events._invoke_target = invoke_disturbed
        events._put_events = put_any_events

    def disturb_queues(self, queues: Any) -> None:
        """Disturb the deliveries from the emulator's module *queues* to consumers."""
        collect = queues._collect_msgs
        hide = queues._HANDLERS["ChangeMessageVisibilityBatch"]

        def collect_disturbed(queue: Any, number: int, hidden_seconds: float) -> list[Message]:
            name = queue["attributes"]["QueueArn"].rpartition(":")[2]
            if name.startswith(OBSERVER):
                return list(collect(queue, number, hidden_seconds))
            if self.twice:
                self._random.shuffle(queue["messages"])
            received: list[Message] = collect(queue, number, hidden_seconds * self.hidden_scale)
            for message in received:
                if message["receive_count"] > 1:
                    self.counts[f"received again from {name}"] += 1
                if self._times("message twice") > 1:
                    message["visible_at"] = time.time() + self._random.uniform(
                        *SECOND_DELIVERY_SECONDS
                    )
            return received

        def hide_for_less(request: dict[str, Any], url: str) -> Any:
            entries = [
                {**entry, "VisibilityTimeout": int(entry["VisibilityTimeout"] * self.hidden_scale)}
                for entry in request["Entries"]
            ]
            return hide({**request, "Entries": entries}, url)

        queues._collect_msgs = collect_disturbed
        queues._HANDLERS["ChangeMessageVisibilityBatch"] = hide_for_less

    def _times(self, name: str) -> int:
        if self._random.random() >= self.twice:
            return 1
        self.counts[name] += 1
        return 2

    def _later(self, invoke: Callable[..., None], *arguments: Any) -> None:
        context = contextvars.copy_context()

        def deliver() -> None:
            try:
                context.run(invoke, *arguments)
            finally:
                with self._lock:
                    self.waiting -= 1

        with self._lock:
            self.waiting += 1
        self.counts["event late"] += 1
        timer = threading.Timer(self._random.uniform(0, self.late_seconds), deliver)
        timer.daemon = True
        timer.start()
