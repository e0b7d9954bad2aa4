"""The sweep of the register: its schedule, its function, and alarms if it or a row fails."""

from __future__ import annotations

from constructs import Construct

from handlers.aws.lambda_environment import SweepEnvironment
from stacks.constructs.alarm import alarm
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.event_route import EventRoute
from stacks.constructs.function import Function
from stacks.constructs.functions import Functions
from stacks.constructs.iam import Allow
from stacks.constructs.storage import Storage
from stacks.constructs.vault_bus import VaultBus
from stacks.settings import Settings

MOST_MINUTES = 15
SILENCE_SECONDS = 3_600


def minutes_between_sweeps(manifest_due_seconds: int) -> int:
    """Return the minutes between two sweeps: a quarter of *manifest_due_seconds*, from 1 to 15 minutes."""
    return min(MOST_MINUTES, max(1, manifest_due_seconds // 240))


class SetSweep(Construct):
    """A schedule that runs ``sweep_sets`` every few minutes."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        functions: Functions,
        storage: Storage,
        bus: VaultBus,
        settings: Settings,
        state_machine_arn: str,
        executions_arn: str,
        notify: Function,
        undelivered: DeadLetters,
    ) -> None:
        super().__init__(scope, id_)
        due_seconds = max(1, round(settings.manifest_due_hours * 3600))
        function = functions.define(
            "sweep_sets",
            timeout_seconds=600,
            memory_mb=256,
            environment=SweepEnvironment(
                set_table=storage.sets.name,
                event_bus_name=bus.name,
                upload_bucket=storage.bucket.name,
                job_dir_suffix=settings.job_dir_suffix,
                manifest_suffix=settings.manifest_suffix,
                manifest_due_seconds=due_seconds,
                state_machine_arn=state_machine_arn,
                notify_function=notify.name,
            ),
            allow=[
                *_sweep_register(storage),
                bus.publish,
                Allow("StartLate", ["states:StartExecution"], [state_machine_arn]),
                Allow("FindEnded", ["states:DescribeExecution"], [executions_arn]),
                Allow("DecideLate", ["lambda:InvokeFunction"], [notify.arn]),
            ],
            undelivered=undelivered,
        )
        minutes = minutes_between_sweeps(due_seconds)
        EventRoute(
            self,
            "schedule",
            name=name,
            schedule=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
            undelivered=undelivered,
        ).to_function("sweep", function)
        self._alarm_on_silence(name, function, undelivered.alarm_topic_arn)
        self._alarm_on_a_row(name, function, undelivered.alarm_topic_arn)

    def _alarm_on_silence(self, name: str, function: Function, topic_arn: str | None) -> None:
        """Define an alarm for an hour without a sweep; missing data counts as no sweep.

        So the alarm is also on between a first deployment and the first sweep. If missing data did
        not count, a schedule that never starts would raise no alarm.
        """
        silent = alarm(
            self,
            "silent",
            name=f"{name}-silent",
            symptom="No sweep of the register has ended for an hour",
            section="The sweep is silent",
            metric=function.metric(
                "SweepsFinished", statistic="Sum", period_seconds=SILENCE_SECONDS
            ),
            at_least=1,
            topic_arn=topic_arn,
        )
        silent.comparison_operator = "LessThanThreshold"
        silent.treat_missing_data = "breaching"

    def _alarm_on_a_row(self, name: str, function: Function, topic_arn: str | None) -> None:
        """Define an alarm for rows that fail in each sweep of an hour; one sweep may fail."""
        alarm(
            self,
            "row_fails",
            name=f"{name}-row-fails",
            symptom="Each sweep in an hour failed for a row of the register",
            section="A row is not swept",
            metric=function.metric(
                "SetsNotSwept", statistic="Minimum", period_seconds=SILENCE_SECONDS
            ),
            at_least=1,
            topic_arn=topic_arn,
        )


def _sweep_register(storage: Storage) -> list[Allow]:
    """Return the sweep's permissions on the register and the upload bucket."""
    return [
        Allow(
            "SweepRegister",
            ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:UpdateItem"],
            [storage.sets.arn],
        ),
        Allow("FindDue", ["dynamodb:Query"], [f"{storage.sets.arn}/index/due"]),
        Allow("ListFolders", ["s3:ListBucket"], [storage.bucket.arn]),
    ]
