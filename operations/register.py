"""Read the register of sets for operators; a sparse index lists the rows that are open.

The register has a row for each set's folder, and one for each execution without an outcome.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import boto3

from handlers.core.errors import RegisterRowError
from handlers.core.set_register import reading
from operations.vault import Vault

INDEX = "due"
MOST_OPEN = 1_000
BATCH = 100
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """The register's data of a set; times are Unix seconds."""

    folder: str
    """The row's key: a set's folder, which ends with a slash, or the ARN of an open execution."""
    set_id: str
    first_arrival: int | None = None
    last_arrival: int | None = None
    manifest_key: str | None = None
    listed: int | None = None
    """The number of keys that the manifest lists, after a check has read it."""
    outcome: str | None = None
    """The status of the newest outcome; the register keeps it when the outcome expires."""
    outcome_id: str | None = None
    overdue_since: int | None = None
    """The time at which its manifest was announced as overdue."""
    problem: str | None = None
    """The reason why the row cannot be read; only its folder is known then."""

    @property
    def is_of_set(self) -> bool:
        """Whether the row is a set's, and not that of an execution without an outcome."""
        return self.folder.endswith("/")

    @classmethod
    def from_item(cls, item: dict[str, Any]) -> RegisterRow:
        """Read a row in DynamoDB's format; unknown attributes are ignored."""

        def number(name: str) -> int | None:
            return int(item[name]["N"]) if name in item else None

        try:
            with reading(item):
                manifest = json.loads(item["manifest"]["S"]) if "manifest" in item else {}
                return cls(
                    folder=item["folder"]["S"],
                    set_id=item["setId"]["S"],
                    first_arrival=number("firstArrival"),
                    last_arrival=number("lastArrival"),
                    manifest_key=manifest.get("object-key"),
                    listed=number("listed"),
                    outcome=item["outcome"]["S"] if "outcome" in item else None,
                    outcome_id=item["outcomeId"]["S"] if "outcomeId" in item else None,
                    overdue_since=number("overdueAt"),
                )
        except RegisterRowError as error:
            folder = item["folder"]["S"]
            set_id = item.get("setId", {}).get("S", folder)
            return cls(folder=folder, set_id=set_id, problem=str(error))


def open_folders(vault: Vault) -> list[str]:
    """Return the keys of the rows in the index, at most a thousand, without a scan of the table."""
    if vault.set_table_name is None:
        return []
    pages = (
        boto3.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=vault.set_table_name,
            IndexName=INDEX,
            KeyConditionExpression="due = :due",
            ExpressionAttributeValues={":due": {"S": "due"}},
            PaginationConfig={"MaxItems": MOST_OPEN},
        )
    )
    return [item["folder"]["S"] for page in pages for item in page["Items"]]


def rows(vault: Vault, folders: Iterable[str]) -> dict[str, RegisterRow]:
    """Return the rows of *folders* that the register has, by folder."""
    if vault.set_table_name is None:
        return {}
    found: dict[str, RegisterRow] = {}
    wanted = iter(sorted(set(folders)))
    while some := list(islice(wanted, BATCH)):
        found |= {row.folder: row for row in _batch(vault.set_table_name, some)}
    return found


def _batch(table: str, folders: list[str]) -> Iterator[RegisterRow]:
    wanted: Any = {table: {"Keys": [{"folder": {"S": folder}} for folder in folders]}}
    while wanted:
        answer: Any = boto3.client("dynamodb").batch_get_item(RequestItems=wanted)
        for item in answer["Responses"].get(table, []):
            yield RegisterRow.from_item(item)
        wanted = answer.get("UnprocessedKeys")
