"""The register of sets: one row for each set's folder, in the register's table.

Every write may be repeated. The data files of one set that arrive in one batch usually cost one write.
Only a write that makes the set due also changes the index, whose attributes are the key and the time
at which something is due.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws import register_table
from handlers.aws.open_executions import OpenExecutions
from handlers.aws.register_table import DUE, RegisterTable, number
from handlers.aws.telemetry import logger
from handlers.core.events import ManifestUpload
from handlers.core.execution import Execution
from handlers.core.naming import SetFolder
from handlers.core.set_register import START_AFTER_SECONDS, Arrival, SetRow

OF_AN_ATTEMPT = (
    "executions, checkedAt, iteration, listed, standsAt, outcome, outcomeId, concludedAt"
)
"""The attributes of the newest attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(RegisterTable):
    """The sets' rows."""

    @property
    def executions(self) -> OpenExecutions:
        """The rows of the executions."""
        return OpenExecutions(table=self)

    def arrived(self, arrival: Arrival) -> None:
        """Write that data files have arrived, unless the set's outcome is newer than all of them."""
        first = number(arrival.first)
        written = self.update(
            arrival.folder,
            "SET setId = :set, bucketName = :bucket, lastArrival = :last,"
            " firstArrival = if_not_exists(firstArrival, :first),"
            " due = if_not_exists(due, :due), dueAt = if_not_exists(dueAt, :at)",
            {
                ":set": {"S": arrival.set_id},
                ":bucket": {"S": arrival.bucket},
                ":first": first,
                ":last": number(arrival.last),
                ":due": DUE,
                ":at": number(time.time()),
            },
            condition="(attribute_not_exists(lastArrival) OR lastArrival < :last)"
            " AND (attribute_not_exists(concludedAt) OR concludedAt < :last)",
        )
        if written is None or int(written["firstArrival"]["N"]) > arrival.first:
            self.update(
                arrival.folder,
                "SET firstArrival = :first",
                {":first": first},
                condition="firstArrival > :first",
            )

    def manifest_arrived(self, manifest: ManifestUpload) -> None:
        """Write that a manifest has arrived, and remove the state of an earlier manifest."""
        now = time.time()
        self.update(
            SetFolder.of_manifest(manifest.upload.key).prefix,
            "SET setId = :set, bucketName = :bucket, manifest = :manifest, manifestTime = :time,"
            " manifestRecorded = :now, due = :due, dueAt = :at"
            f" REMOVE overdueAt, manifestVersion, attempt, {OF_AN_ATTEMPT}",
            {
                ":set": {"S": manifest.set_id},
                ":bucket": {"S": manifest.upload.bucket},
                ":manifest": _text(manifest),
                ":time": number(manifest.upload.event_time),
                ":now": number(now),
                ":due": DUE,
                ":at": number(now + START_AFTER_SECONDS),
            },
            condition="attribute_not_exists(manifestTime) OR manifestTime < :time",
        )

    def started(self, row: SetRow, manifest: ManifestUpload, arn: str) -> None:
        """Write that the sweep has started an execution for the manifest of *row*."""
        self.executions.open(arn, manifest)
        self.update(
            row.folder,
            "ADD executions :execution",
            {":execution": {"SS": [arn]}, ":time": number(manifest.upload.event_time)},
            condition="manifestTime = :time",
        )

    def checked(
        self, execution: Execution, *, version_id: str, listed: int, stands_at: str
    ) -> None:
        """Write the progress of a check; the check continues if the write fails."""
        try:
            self._of_manifest(
                execution.manifest,
                version_id,
                "SET iteration = :iteration, listed = :listed, standsAt = :key, checkedAt = :now"
                " ADD executions :execution",
                {
                    ":iteration": number(execution.iterations or 0),
                    ":listed": number(listed),
                    ":key": {"S": stands_at},
                    ":now": number(time.time()),
                    ":execution": {"SS": [execution.arn]},
                },
            )
        except (BotoCoreError, ClientError):
            logger.exception("The register was not written", execution=execution.arn)

    def concluded(self, execution: Execution, outcome: Mapping[str, Any]) -> None:
        """Write a published outcome; later arrivals belong to another delivery.

        If the write fails, the sweep invokes Notify again, which writes the outcome.
        """
        version_id: str | None = outcome["manifest-version-id"]
        if version_id == str(outcome["event-time"]):  # it failed before it read the manifest
            version_id = None
        try:
            self._of_manifest(
                execution.manifest,
                version_id,
                "SET outcome = :status, outcomeId = :id, concludedAt = :at"
                " REMOVE due, dueAt, firstArrival",
                {
                    ":status": {"S": outcome["status"]},
                    ":id": {"S": outcome["outcome-id"]},
                    ":at": number(outcome["finished"]),
                },
            )
            self.executions.close(execution.arn)
        except (BotoCoreError, ClientError):
            logger.exception("The register was not written", execution=execution.arn)

    def found(self, folder: str, *, set_id: str, bucket: str, due: bool) -> None:
        """Write a row for a folder without known events; if *due*, the next sweep checks it."""
        now = number(time.time())
        values = {":set": {"S": set_id}, ":bucket": {"S": bucket}}
        expression = "SET setId = :set, bucketName = :bucket"
        if due:
            expression += ", firstArrival = :now, lastArrival = :now, due = :due, dueAt = :now"
            values |= {":now": now, ":due": DUE}
        self.update(folder, expression, values, condition="attribute_not_exists(setId)")

    def row(self, folder: str) -> SetRow | None:
        """Return a folder's row, None if there is none, or raise RegisterRowError."""
        item: Any = self.item(folder)
        return SetRow.from_item(item) if item else None

    def last_arrival(self, folder: str) -> int:
        """Return the time of a set's newest announced upload, in Unix seconds; 0 if it is unknown."""
        return int(self.item(folder).get("lastArrival", {"N": "0"})["N"])

    def postpone(self, row: SetRow, at: int | None) -> None:
        """Write the time at which *row* is due again, None for never, unless it has changed since."""
        if at is None:
            self._change(row, "REMOVE due, dueAt", {})
        else:
            self._change(row, "SET dueAt = :at", {":at": number(at)})

    def announced(self, row: SetRow) -> None:
        """Write that the manifest of *row* was announced as overdue."""
        self._change(row, "SET overdueAt = :now REMOVE due, dueAt", {":now": number(time.time())})

    def unknown(self, folders: Sequence[str]) -> list[str]:
        """Return the *folders* that have no row; at most a hundred can be passed."""
        answer = register_table.dynamodb.batch_get_item(
            RequestItems={
                self.table: {
                    "Keys": [{"folder": {"S": folder}} for folder in folders],
                    "ProjectionExpression": "folder",
                }
            }
        )
        known = {item["folder"]["S"] for item in answer["Responses"].get(self.table, [])}
        unread = answer.get("UnprocessedKeys", {}).get(self.table, {"Keys": []})["Keys"]
        known |= {str(key["folder"]["S"]) for key in unread}  # the next day's listing repeats this
        return [folder for folder in folders if folder not in known]

    def _change(self, row: SetRow, expression: str, values: dict[str, Any]) -> None:
        """Update *row* if neither an arrival nor a manifest has changed it since it was read."""
        seen = {"dueAt": row.due_at, "lastArrival": row.last_arrival}
        conditions = []
        for name, value in seen.items():
            if value is None:
                conditions.append(f"attribute_not_exists({name})")
            else:
                conditions.append(f"{name} = :{name}")
                values[f":{name}"] = number(value)
        self.update(row.folder, expression, values, condition=" AND ".join(conditions))

    def _of_manifest(
        self,
        manifest: ManifestUpload,
        version_id: str | None,
        expression: str,
        values: dict[str, Any],
    ) -> None:
        """Update the row if *manifest* is its newest; first add a manifest that the row lacks."""
        folder = SetFolder.of_manifest(manifest.upload.key).prefix
        if version_id is not None:
            expression = expression.replace("SET ", "SET manifestVersion = :version, ", 1)
            values[":version"] = {"S": version_id}
        if manifest.attempt == 1:
            values[":time"] = number(manifest.upload.event_time)
            condition = "manifestTime = :time AND attribute_not_exists(attempt)"
        elif version_id is None:
            return
        else:
            values[":attempt"] = number(manifest.attempt)
            condition = "manifestVersion = :version AND attempt = :attempt"
        if self.update(folder, expression, values, condition=condition) is None:
            self.manifest_arrived(manifest)
            if version_id is not None and manifest.attempt > 1:
                self._attempt_began(folder, manifest, version_id)
            self.update(folder, expression, values, condition=condition)

    def _attempt_began(self, folder: str, manifest: ManifestUpload, version_id: str) -> None:
        """Write that a further attempt follows the last one, unless the manifest was replaced.

        All attempts have the object's time, so times cannot order them: the version must be the row's.
        The row has no version if every attempt failed before it read the manifest.
        """
        self.update(
            folder,
            f"SET manifest = :manifest, attempt = :attempt, manifestVersion = :version"
            f" REMOVE {OF_AN_ATTEMPT}",
            {
                ":manifest": _text(manifest),
                ":attempt": number(manifest.attempt),
                ":version": {"S": version_id},
                ":time": number(manifest.upload.event_time),
            },
            condition="(attribute_not_exists(attempt) OR attempt < :attempt)"
            " AND (manifestVersion = :version OR (attribute_not_exists(manifestVersion)"
            " AND (attribute_exists(outcome) OR manifestTime = :time)))",
        )


def _text(manifest: ManifestUpload) -> dict[str, str]:
    return {"S": json.dumps(manifest.detail(), ensure_ascii=False)}
