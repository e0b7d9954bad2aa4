"""Executions without an outcome: each has a row in the register's table.

A set's row contains only the newest attempt at its newest manifest. With the rows of executions, the
sweep also finds an execution whose manifest was replaced, or after which an operator started another
attempt.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from handlers.aws.register_table import DUE, RegisterTable, number
from handlers.aws.telemetry import logger
from handlers.core.events import ManifestUpload
from handlers.core.set_register import REST_SECONDS, OpenExecution

KEPT_SECONDS = 86_400
"""The row is kept for this time after the outcome, so that a late check does not open it again."""

NO_FOLDER = "attribute_not_exists(bucketName)"
"""This condition protects the rows of sets, which have a bucket: an ARN may look like a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenExecutions:
    """The rows of executions."""

    table: RegisterTable

    def open(self, arn: str, manifest: ManifestUpload) -> None:
        """Write that an execution has no outcome yet; the sweep checks it in an hour."""
        self.table.update(
            arn,
            "SET setId = :set, manifest = :manifest,"
            " due = if_not_exists(due, :due), dueAt = if_not_exists(dueAt, :at)",
            {
                ":set": {"S": manifest.set_id},
                ":manifest": {"S": json.dumps(manifest.detail(), ensure_ascii=False)},
                ":due": DUE,
                ":at": number(time.time() + REST_SECONDS),
            },
            condition=f"attribute_not_exists(concludedAt) AND {NO_FOLDER}",
        )

    def close(self, arn: str) -> None:
        """Write that the sweep need not check an execution any more, if the row exists."""
        now = time.time()
        try:
            self.table.update(
                arn,
                "SET concludedAt = :now, expiresAt = :expires REMOVE due, dueAt",
                {":now": number(now), ":expires": number(now + KEPT_SECONDS)},
                condition=f"attribute_exists(manifest) AND {NO_FOLDER}",
            )
        except (BotoCoreError, ClientError):
            logger.exception("The register was not written", execution=arn)

    def row(self, arn: str) -> OpenExecution | None:
        """Return an execution's row, None if there is none, or raise RegisterRowError."""
        item: Any = self.table.item(arn)
        return OpenExecution.from_item(item) if item else None

    def postpone(self, row: OpenExecution, at: int) -> None:
        """Write when the sweep checks an execution again, unless it was closed meanwhile."""
        self.table.update(
            row.arn,
            "SET dueAt = :at, decisions = :decisions",
            {":at": number(at), ":decisions": number(row.decisions)},
            condition="attribute_exists(due)",
        )
