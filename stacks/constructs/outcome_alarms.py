"""Alarms on outcomes: Step Functions calls the execution of a set that timed out SUCCEEDED."""

from __future__ import annotations

from constructs import Construct

from stacks.constructs.alarm import alarm
from stacks.constructs.reconcile_functions import ReconcileFunctions

LONG = 0.75
"""The fraction of a set's time after which its reconciliation counts as long."""


class OutcomeAlarms(Construct):
    """Alarms for the outcomes *Timed out* and *Failed*, and one before a set times out."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        functions: ReconcileFunctions,
        longest_seconds: int,
        topic_arn: str | None,
    ) -> None:
        """Define the alarms; a set times out after *longest_seconds*."""
        super().__init__(scope, id_)
        for status in ("Timed out", "Failed"):
            word = status.title().replace(" ", "")
            alarm(
                self,
                status.lower().replace(" ", "_"),
                name=f"{name}-{status.lower().replace(' ', '-')}",
                symptom=f"The outcome of a set is {status}",
                section=f"The outcome is {status}",
                metric=functions.notify.metric(f"Reconciliations{word}", statistic="Sum"),
                at_least=1,
                topic_arn=topic_arn,
            )
        alarm(
            self,
            "long",
            name=f"{name}-long",
            symptom=f"A set is reconciled for {LONG:.0%} of the time after which it times out",
            section="A reconciliation runs long",
            metric=functions.check.metric("ReconciliationAge", period_seconds=300),
            at_least=LONG * longest_seconds,
            topic_arn=topic_arn,
        )
