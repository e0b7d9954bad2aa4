"""The client methods that the handlers use, on dicts, with AWS's rules.

Conditions are evaluated, pages end early, and ``local/emulator/aws_limits.py`` refuses what AWS
refuses.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from threading import Lock
from typing import IO, Any, cast
from urllib.parse import quote_plus

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from awscrt.checksums import crc64nvme
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from handlers.aws import pages
from handlers.core.events import SOURCE
from tests.unit.conditions import Item, holds, tokens_of
from tests.unit.fake_sqs import FakeSqs
from tests.unit.fake_sweep import FakeFolders, FakeLambda, FakeStates
from tests.unit.published_events import check_event
from tests.unit.refusals import check, client_error
from tests.unit.updates import updated

Entry = Mapping[str, str]

EVENT_TABLE = "uploads"
OUTCOME_TABLE = "outcomes"
REPORTS_BUCKET = "reports"
SET_TABLE = "sets"
TABLE_KEYS = {
    EVENT_TABLE: ("setId", "objectKey"),
    OUTCOME_TABLE: ("id",),
    SET_TABLE: ("folder",),
}


class ConditionalCheckFailedException(ClientError):
    """An item violates the condition."""


@dataclass
class FakeContext:
    """The context that Lambda passes to a function beside the event."""

    remaining_ms: int = 900_000
    looks_at_the_clock: int | None = None
    """The number of calls after which no time is left."""
    function_name: str = "function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789011:function:function"
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time that is left."""
        if self.looks_at_the_clock is not None:
            self.looks_at_the_clock -= 1
            if self.looks_at_the_clock < 0:
                return 0
        return self.remaining_ms

    @property
    def typed(self) -> LambdaContext:
        """The context with the type that handlers require."""
        return cast(LambdaContext, self)


@dataclass
class FakeClock:
    """A replacement of the module ``time``."""

    now: float = 1_604_580_000.0

    def time(self) -> float:
        """Return the time in Unix seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the time."""
        self.now += seconds


@dataclass
class FakeEvents:
    """EventBridge, which accepts all entries except those that a test makes it refuse."""

    calls: list[Sequence[Entry]] = field(default_factory=list)
    accepted: list[Entry] = field(default_factory=list)
    refuses: Callable[[Entry], bool] = lambda entry: False
    fails: Callable[[Sequence[Entry]], Exception | None] = lambda entries: None

    def put_events(self, **parameters: Any) -> dict[str, Any]:
        """Return 200 even if entries are refused, like EventBridge."""
        check("events", "PutEvents", parameters)
        entries: Sequence[Entry] = parameters["Entries"]
        if error := self.fails(entries):
            raise error
        self.calls.append(entries)
        results: list[dict[str, str]] = []
        for entry in entries:
            if entry["Source"] == SOURCE:
                check_event(entry["DetailType"], entry["Detail"])
            if self.refuses(entry):
                results.append({"ErrorCode": "InternalFailure", "ErrorMessage": "Try again"})
            else:
                results.append({"EventId": f"event-{len(self.accepted)}"})
                self.accepted.append(entry)
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}


@dataclass
class FakeDynamoDB:
    """DynamoDB: items by key, conditions, and pages that end before the filter is applied."""

    tables: dict[str, dict[tuple[str, ...], Item]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    operations: list[str] = field(default_factory=list)
    items_a_page: int = 2
    fails: Callable[[str, Mapping[str, Any]], Exception | None] = lambda operation, _: None
    lock: Any = field(default_factory=Lock)

    class exceptions:  # noqa: N801 - boto3's own name
        """The modelled exceptions, as attributes of boto3's client."""

        ConditionalCheckFailedException = ConditionalCheckFailedException

    def rows(self, table: str) -> list[Item]:
        """Return the table's items in the order of their keys."""
        return [item for _, item in sorted(self.tables[table].items())]

    def put_item(self, **parameters: Any) -> dict[str, Any]:
        """Write an item, or raise an error if its condition is false."""
        self._begin("PutItem", parameters)
        with self.lock:
            table, item = parameters["TableName"], parameters["Item"]
            key = _key_of(table, item)
            known = self.tables[table].get(key, {})
            values = parameters.get("ExpressionAttributeValues", {})
            condition = parameters.get("ConditionExpression")
            if condition and not holds(condition, known, values):
                raise ConditionalCheckFailedException(
                    client_error("ConditionalCheckFailedException", 400).response, "PutItem"
                )
            self.tables[table][key] = item
            return {}

    def get_item(self, **parameters: Any) -> dict[str, Any]:
        """Return an item, or an answer without ``Item``."""
        self._begin("GetItem", parameters)
        table = parameters["TableName"]
        item = self.tables[table].get(_key_of(table, parameters["Key"]))
        return {} if item is None else {"Item": item}

    def batch_get_item(self, **parameters: Any) -> dict[str, Any]:
        """Return the items of at most a hundred keys, in any order, each key once."""
        self._begin("BatchGetItem", parameters)
        ((table, request),) = parameters["RequestItems"].items()
        keys = [_key_of(table, key) for key in request["Keys"]]
        assert 0 < len(keys) <= 100
        assert len(keys) == len(set(keys)), "DynamoDB refuses a key that comes twice"
        found = [self.tables[table][key] for key in keys if key in self.tables[table]]
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def update_item(self, **parameters: Any) -> dict[str, Any]:
        """Change an item, or raise an error if its condition is false."""
        self._begin("UpdateItem", parameters)
        with self.lock:
            table = parameters["TableName"]
            key = _key_of(table, parameters["Key"])
            known = self.tables[table].get(key, {})
            values = parameters.get("ExpressionAttributeValues", {})
            used = tokens_of(
                f"{parameters['UpdateExpression']} {parameters.get('ConditionExpression', '')}"
            )
            assert set(values) == {name for name in used if name.startswith(":")}
            if not holds(parameters.get("ConditionExpression", ""), known, values):
                raise ConditionalCheckFailedException(
                    client_error("ConditionalCheckFailedException", 400).response, "UpdateItem"
                )
            item = updated(parameters["UpdateExpression"], known or parameters["Key"], values)
            self.tables[table][key] = item
            return {"Attributes": item} if parameters.get("ReturnValues") == "ALL_NEW" else {}

    def query(self, **parameters: Any) -> dict[str, Any]:
        """Return a page in the order of the sort key's UTF-8; the filter may leave it empty."""
        self._begin("Query", parameters)
        if "IndexName" in parameters:
            return self._query_index(parameters)
        table, values = parameters["TableName"], parameters["ExpressionAttributeValues"]
        start = parameters.get("ExclusiveStartKey")
        after = _sort_bytes(table, start) if start else b""
        matching = sorted(
            (
                item
                for item in self.tables[table].values()
                if holds(parameters["KeyConditionExpression"], item, values)
                and _sort_bytes(table, item) > after
            ),
            key=lambda item: _sort_bytes(table, item),
        )
        limit = min(parameters.get("Limit", self.items_a_page), self.items_a_page)
        page = matching[:limit]
        names = re.findall(r"\w+", parameters.get("ProjectionExpression", ""))
        answer: dict[str, Any] = {
            "Items": [
                {name: item[name] for name in names or item}
                for item in page
                if holds(parameters.get("FilterExpression", ""), item, values)
            ]
        }
        if len(matching) > limit:
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in TABLE_KEYS[table]}
        return pages.query_page(json.dumps(answer).encode())

    def _query_index(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return a page of the register's index: only keys, sorted by the due time."""
        table, values = parameters["TableName"], parameters["ExpressionAttributeValues"]
        matching = sorted(
            (int(item["dueAt"]["N"]), item["folder"]["S"])
            for item in self.tables[table].values()
            if holds(parameters["KeyConditionExpression"], item, values)
        )
        start = parameters.get("ExclusiveStartKey")
        if start:
            after = int(start["dueAt"]["N"]), start["folder"]["S"]
            matching = [each for each in matching if each > after]
        items = [
            {"dueAt": {"N": str(at)}, "folder": {"S": folder}, "due": values[":due"]}
            for at, folder in matching[: self.items_a_page]
        ]
        more = {"LastEvaluatedKey": items[-1]} if len(matching) > len(items) else {}
        return {"Items": items, **more}

    def _begin(self, operation: str, parameters: Mapping[str, Any]) -> None:
        check("dynamodb", operation, parameters)
        self.operations.append(operation)
        if error := self.fails(operation, parameters):
            raise error


@dataclass
class FakeS3:
    """S3 with versions: objects in UTF-8 byte order, a few in each page."""

    versions: dict[tuple[str, str], dict[str, bytes]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    operations: list[str] = field(default_factory=list)
    written_at: datetime = datetime(2020, 11, 5, 12, 34, 50, tzinfo=UTC)
    """The time at which objects are written."""
    written: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    """By bucket, key and version."""
    keys_a_page: int = 2
    checksums: dict[str, dict[str, str]] = field(default_factory=dict)
    """By key: what HEAD shows of a checksum where that is not the full object's CRC64NVME."""
    fails: Callable[[str, Mapping[str, Any]], Exception | None] = lambda operation, _: None

    def put(self, key: str, content: bytes = b"", *, bucket: str = "bucket") -> str:
        """Write an object and return its new version id."""
        versions = self.versions[bucket, key]
        version_id = f"version-{len(versions) + 1}"
        versions[version_id] = content
        self.written[bucket, key, version_id] = self.written_at
        return version_id

    def newest(self, key: str, *, bucket: str = "bucket") -> bytes:
        """Return an object's content."""
        return list(self.versions[bucket, key].values())[-1]

    def put_object(self, **parameters: Any) -> dict[str, Any]:
        """Write an object."""
        self._begin("PutObject", parameters)
        version_id = self.put(parameters["Key"], parameters["Body"], bucket=parameters["Bucket"])
        return {"VersionId": version_id}

    def upload_fileobj(self, file: IO[bytes], bucket: str, key: str) -> None:
        """Write the rest of a file."""
        check("s3", "PutObject", {"Bucket": bucket, "Key": key})
        self.put(key, file.read(), bucket=bucket)

    def head_object(self, **parameters: Any) -> dict[str, Any]:
        """Return the newest version's id; the error of a HEAD has no body and thus no code."""
        self._begin("HeadObject", parameters)
        versions = self.versions.get((parameters["Bucket"], parameters["Key"]))
        if not versions:
            raise client_error("404", 404, "Not Found")
        version_id = parameters.get("VersionId", list(versions)[-1])
        content = versions[version_id]
        crc = base64.b64encode(crc64nvme(content).to_bytes(8, "big")).decode()
        full = {"ChecksumCRC64NVME": crc, "ChecksumType": "FULL_OBJECT"}
        shown = self.checksums.get(parameters["Key"], full)
        return {
            "VersionId": version_id,
            "ContentLength": len(content),
            "LastModified": self.written[parameters["Bucket"], parameters["Key"], version_id],
            "ETag": _etag(content),
            **(shown if parameters.get("ChecksumMode") == "ENABLED" else {}),
        }

    def get_object(self, **parameters: Any) -> dict[str, Any]:
        """Return a version's content, or a range of it, as a stream."""
        self._begin("GetObject", parameters)
        versions = self.versions.get((parameters["Bucket"], parameters["Key"]))
        if not versions:
            raise client_error("NoSuchKey", 404)
        version_id = parameters.get("VersionId", list(versions)[-1])
        if version_id not in versions:
            raise client_error("NoSuchVersion", 404)
        content = versions[version_id]
        if parameters.get("IfMatch", _etag(content)) != _etag(content):
            raise client_error("PreconditionFailed", 412)
        first, _, last = parameters.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        if "Range" in parameters and int(first) >= len(content):
            raise client_error("InvalidRange", 416)
        body = content[int(first) : int(last) + 1 if last else None]
        return {"Body": StreamingBody(BytesIO(body), len(body)), "VersionId": version_id}

    def list_objects_v2(self, **parameters: Any) -> dict[str, Any]:
        """Return a page of keys and sizes."""
        self._begin("ListObjectsV2", parameters)
        token = base64.b64decode(parameters.get("ContinuationToken", ""))
        after = token or parameters.get("StartAfter", "").encode()
        matching = sorted(
            (
                key
                for (bucket, key), versions in list(
                    self.versions.items()
                )  # another thread may write
                if versions
                and bucket == parameters["Bucket"]
                and key.startswith(parameters["Prefix"])
                and key.encode() > after
            ),
            key=str.encode,
        )
        limit = min(parameters.get("MaxKeys", self.keys_a_page), self.keys_a_page)
        page = matching[:limit]
        listed = "".join(
            f"<Contents><Key>{html.escape(quote_plus(key, safe='/'))}</Key>"
            f"<ETag>{html.escape(_etag(self.newest(key, bucket=parameters['Bucket'])))}</ETag>"
            f"<Size>{len(self.newest(key, bucket=parameters['Bucket']))}</Size></Contents>"
            for key in page
        )
        more = (
            f"<NextContinuationToken>{base64.b64encode(page[-1].encode()).decode()}"
            "</NextContinuationToken>"
            if len(matching) > limit
            else ""
        )
        body = f"<R><EncodingType>url</EncodingType>{listed}{more}</R>"
        contents = [{"Key": key} for key in page]
        return pages.list_page(body.encode()) | {"KeyCount": len(page), "Contents": contents}

    def _begin(self, operation: str, parameters: Mapping[str, Any]) -> None:
        check("s3", operation, parameters)
        self.operations.append(operation)
        if error := self.fails(operation, parameters):
            raise error


@dataclass
class FakeAws:
    """An account: a bus, the tables, the bucket, the executions and a clock."""

    events: FakeEvents = field(default_factory=FakeEvents)
    dynamodb: FakeDynamoDB = field(default_factory=FakeDynamoDB)
    s3: FakeS3 = field(default_factory=FakeS3)
    sqs: FakeSqs = field(default_factory=FakeSqs)
    states: FakeStates = field(default_factory=FakeStates)
    lambda_: FakeLambda = field(default_factory=FakeLambda)
    folders: FakeFolders = field(default_factory=FakeFolders)
    clock: FakeClock = field(default_factory=FakeClock)


@contextmanager
def installed(aws: FakeAws) -> Iterator[FakeAws]:
    """Replace the handlers' clients with *aws*, and block all other calls of boto3."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.client.BaseClient._make_api_call", _no_network)
        patch.setattr("handlers.classify_upload.events", aws.events)
        patch.setattr("handlers.reconcile_notify.events", aws.events)
        patch.setattr("handlers.aws.upload_rows.dynamodb", aws.dynamodb)
        patch.setattr("handlers.aws.register_table.dynamodb", aws.dynamodb)
        patch.setattr("handlers.aws.register.time", aws.clock)
        patch.setattr("handlers.aws.open_executions.time", aws.clock)
        patch.setattr("handlers.aws.set_folders.s3", aws.folders)
        patch.setattr("handlers.aws.set_folders.time", aws.clock)
        patch.setattr("handlers.sweep_sets.events", aws.events)
        patch.setattr("handlers.sweep_sets.time", aws.clock)
        patch.setattr("handlers.sweep_sets.states", aws.states)
        patch.setattr("handlers.sweep_sets.lambda_", aws.lambda_)
        patch.setattr("handlers.aws.upload_rows.time", aws.clock)
        patch.setattr("handlers.aws.dead_letters.sqs", aws.sqs)
        patch.setattr("handlers.aws.folders.s3", aws.s3)
        patch.setattr("handlers.aws.source_queue.time", aws.clock)
        patch.setattr("handlers.aws.outcome_store.dynamodb", aws.dynamodb)
        patch.setattr("handlers.aws.upload_executions.dynamodb", aws.dynamodb)
        patch.setattr("handlers.aws.running_executions.states", aws.states)
        patch.setattr("handlers.aws.dataset.dynamodb", aws.dynamodb)
        patch.setattr("handlers.aws.dataset.s3", aws.s3)
        patch.setattr("handlers.aws.report.s3", aws.s3)
        patch.setattr("handlers.aws.last_look.dynamodb", aws.dynamodb)
        patch.setattr("handlers.aws.last_look.s3", aws.s3)
        patch.setattr("handlers.aws.last_look.time", aws.clock)
        patch.setattr("handlers.aws.dataset.time", aws.clock)
        patch.setattr("handlers.aws.outcome_store.time", aws.clock)
        patch.setattr("handlers.aws.upload_executions.time", aws.clock)
        patch.setattr("handlers.reconcile_check.time", aws.clock)
        patch.setattr("handlers.reconcile_notify.time", aws.clock)
        patch.setattr("handlers.reconcile_check.time", aws.clock)
        patch.setattr("handlers.verify_content.s3", aws.s3)
        patch.setattr("handlers.aws.shard_results.s3", aws.s3)
        patch.setattr("handlers.aws.shard_results.time", aws.clock)
        yield aws


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def _key_of(table: str, item: Item) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in TABLE_KEYS[table])


def _sort_bytes(table: str, item: Item) -> bytes:
    return item[TABLE_KEYS[table][-1]]["S"].encode()


def _no_network(client: Any, operation: str, parameters: Any) -> None:
    raise AssertionError(f"{operation} would have gone to AWS")
