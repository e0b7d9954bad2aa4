"""The dashboard of the event processing, from arriving uploads to outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cdktf import TerraformStack
from constructs import Construct

from stacks.constructs.alarm import Metric
from stacks.constructs.arns import Arns
from stacks.constructs.dashboard import Graph, LogTable, Widget, dashboard
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.function import Function
from stacks.constructs.function_queue import FunctionQueue
from stacks.constructs.reconciliation import Reconciliation
from stacks.constructs.vault_bus import VaultBus

Counted = Mapping[str, Mapping[str, Sequence[str]]]
"""Metric names by function, by the title of the graph, which shows their sums."""
REFUSED = ("MalformedUploadEvents", "MessagesPutBack", "MessagesSetAside")
ARRIVING: Counted = {
    "Uploads classified and recorded": {
        "classify_upload": ("UploadsClassified",),
        "record_upload": ("UploadsRecorded", "UploadEventsRepeated"),
    },
    "Uploads out of the ordinary": {
        "classify_upload": ("UploadsOutsideDatasets", "ManifestNearMisses", *REFUSED),
        "record_upload": REFUSED,
    },
}
ENDING: Counted = {
    "Outcomes": {
        "reconcile_notify": (
            "ReconciliationsSuccessful",
            "ReconciliationsTimedOut",
            "ReconciliationsFailed",
        ),
        "sweep_sets": ("ManifestsOverdue",),
    },
    "Content verified": {"verify_content": ("ObjectsVerified", "ContentThrottled")},
    "What the sweep did": {
        "sweep_sets": (
            "SweepsFinished",
            "ExecutionsStartedLate",
            "OutcomesDecidedLate",
            "OutcomesNotDecided",
            "FoldersWithoutEvents",
            "SetsNotSwept",
        ),
    },
}
MISSING_BY_SET = """\
fields @timestamp, `detail.set-id` as set, detail.files as files, detail.missing as missing
| sort @timestamp desc
| limit 50"""
"""A metric for each set would cost $0.30 a month; the log group already has the events."""
WAITS_FOR = """\
filter message = "Checked"
| stats latest(entries) as listed, latest(stands_at.key) as waits_for, max(@timestamp) as checked
  by set_id
| sort checked desc
| limit 50"""


class VaultDashboard(Construct):
    """Graphs of the functions, queues and state machine that the stack defines before it."""

    def __init__(self, scope: Construct, id_: str, *, name: str, arns: Arns, bus: VaultBus) -> None:
        super().__init__(scope, id_)
        found = TerraformStack.of(self).node.find_all()
        self._functions = {each.node.id: each for each in found if isinstance(each, Function)}
        self._queues = [each for each in found if isinstance(each, FunctionQueue)]
        self._dead_letters = [each for each in found if isinstance(each, DeadLetters)]
        (self._machine,) = (each for each in found if isinstance(each, Reconciliation))
        dashboard(
            self,
            "Resource",
            name=name,
            region=arns.region,
            widgets=[
                *self._counted(ARRIVING),
                *self._waiting(),
                *self._open(),
                *self._counted(ENDING),
                LogTable(
                    title="Missing, by set that timed out",
                    log_group=bus.log_group("reconciliation_timeout"),
                    query=MISSING_BY_SET,
                ),
                LogTable(
                    title="What each set waits for",
                    log_group=self._functions["reconcile_check"].log_group,
                    query=WAITS_FOR,
                ),
                *self._health(),
            ],
        )

    def _counted(self, titles: Counted) -> Iterable[Widget]:
        for title, counted in titles.items():
            yield Graph(
                title=title,
                metrics=[
                    (
                        f"{name} ({function})",
                        self._functions[function].metric(name, statistic="Sum"),
                    )
                    for function, names in counted.items()
                    for name in names
                ],
            )

    def _waiting(self) -> Iterable[Widget]:
        """Yield graphs of the age and number of messages, and of the dead letters."""
        yield Graph(
            title="Age of the oldest message, seconds",
            metrics=[
                *(
                    (each.node.id, each.metric("ApproximateAgeOfOldestMessage"))
                    for each in self._queues
                ),
                *(
                    (f"put back ({name})", self._functions[name].metric("OldestMessagePutBackAge"))
                    for name in ("classify_upload", "record_upload")
                ),
            ],
        )
        for title, queues in (
            ("Messages that wait", self._queues),
            ("Dead letters", self._dead_letters),
        ):
            yield Graph(
                title=title,
                metrics=[
                    (each.node.id, each.metric("ApproximateNumberOfMessagesVisible"))
                    for each in queues
                ],
            )

    def _open(self) -> Iterable[Widget]:
        """Yield graphs of the sets that have no outcome yet, and of executions."""
        yield Graph(
            title="Sets that wait for a manifest or a start, and executions without an outcome",
            metrics=[
                (name, self._functions["sweep_sets"].metric(name))
                for name in ("SetsWaiting", "ExecutionsOpen")
            ],
        )
        yield Graph(
            title="Age of the oldest reconciliation, seconds",
            metrics=[
                (
                    "ReconciliationAge",
                    self._functions["reconcile_check"].metric("ReconciliationAge"),
                )
            ],
        )
        yield Graph(
            title="Executions",
            metrics=[
                (name, self._machine.metric(name))
                for name in (
                    "ExecutionsStarted",
                    "ExecutionsSucceeded",
                    "ExecutionsFailed",
                    "ExecutionsTimedOut",
                    "ExecutionsAborted",
                )
            ],
        )

    def _health(self) -> Iterable[Widget]:
        """Yield graphs of Lambda's own metrics of each function.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        """
        for name, statistic in (("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "p95")):
            yield Graph(
                title=f"{name} of functions" + (", ms, 95 of 100" if statistic == "p95" else ""),
                metrics=[
                    (
                        id_,
                        Metric(
                            namespace="AWS/Lambda",
                            name=name,
                            dimensions={"FunctionName": function.name},
                            statistic=statistic,
                        ),
                    )
                    for id_, function in self._functions.items()
                ],
            )
