"""The benchmarks' stub responds to botocore's clients as DynamoDB and S3 document it."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tools.benchmarks.running_stub import RunningStub, running_stub
from tools.benchmarks.synthetic_set import (
    BUCKET,
    FOLDER,
    ITERATIONS,
    MANIFEST_KEY,
    MANIFEST_VERSION,
    SET_ID,
    Arrival,
    Form,
    checksum_of,
    synthetic_set,
)
from tools.benchmarks.table_rows import PAGE_BYTES
from tools.benchmarks.table_stub import UNIT_BYTES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

FILES = 7_000
DATASET = synthetic_set(FILES, Arrival.AT_ONCE)
OF_THE_SET: dict[str, Any] = {
    "TableName": "upload-events",
    "KeyConditionExpression": "setId = :set AND begins_with(objectKey, :folder)",
    "ExpressionAttributeValues": {":set": {"S": SET_ID}, ":folder": {"S": f"{FOLDER}/"}},
}


@pytest.fixture(scope="module")
def stub() -> Iterator[RunningStub]:
    with running_stub() as running:
        running.show(FILES, Arrival.AT_ONCE, Form.RICH)
        yield running


@pytest.fixture(autouse=True)
def counted_from_nothing(stub: RunningStub) -> None:
    stub.take_counts()


def client(stub: RunningStub, service: Any) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{stub.port}",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def dynamodb(stub: RunningStub) -> DynamoDBClient:
    made: DynamoDBClient = client(stub, "dynamodb")
    return made


@pytest.fixture(scope="module")
def s3(stub: RunningStub) -> S3Client:
    made: S3Client = client(stub, "s3")
    return made


def item_bytes(item: dict[str, Any]) -> int:
    """Return the size of an item by AWS's documentation, computed independently."""

    def value_bytes(value: dict[str, str]) -> int:
        if "S" in value:
            return len(value["S"].encode())
        return (len(value["N"].rstrip("0")) + 1) // 2 + 1

    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def test_query_gives_every_row_once_and_in_order(dynamodb: DynamoDBClient) -> None:
    pages = list(dynamodb.get_paginator("query").paginate(**OF_THE_SET))

    items = [item for page in pages for item in page["Items"]]
    assert [item["objectKey"]["S"] for item in items] == list(DATASET.rows.keys)
    assert [int(item["objectSize"]["N"]) for item in items] == list(DATASET.rows.sizes)
    assert len(pages) > 1


def test_a_page_of_query_ends_before_a_megabyte_of_whole_items(dynamodb: DynamoDBClient) -> None:
    pages = dynamodb.get_paginator("query").paginate(**OF_THE_SET, ReturnConsumedCapacity="TOTAL")

    items = [page["Items"] for page in pages]
    sizes = [sum(map(item_bytes, page)) for page in items]
    assert all(size <= PAGE_BYTES for size in sizes)
    for size, following in zip(sizes, items[1:], strict=False):
        assert size + item_bytes(following[0]) > PAGE_BYTES


def test_pages_and_units_are_counted_before_the_projection(
    stub: RunningStub, dynamodb: DynamoDBClient
) -> None:
    whole = list(dynamodb.get_paginator("query").paginate(**OF_THE_SET))
    units = stub.take_counts().read_units
    keys = list(
        dynamodb.get_paginator("query").paginate(**OF_THE_SET, ProjectionExpression="objectKey")
    )

    assert [page["Count"] for page in keys] == [page["Count"] for page in whole]
    assert keys[0]["Items"][0] == {"objectKey": whole[0]["Items"][0]["objectKey"]}
    assert stub.take_counts().read_units == units
    assert units == sum(
        ceil(sum(map(item_bytes, page["Items"])) / UNIT_BYTES) / 2 for page in whole
    )


def test_a_consistent_read_costs_twice(stub: RunningStub, dynamodb: DynamoDBClient) -> None:
    dynamodb.query(**OF_THE_SET)
    once = stub.take_counts().read_units
    dynamodb.query(**OF_THE_SET, ConsistentRead=True)

    assert stub.take_counts().read_units == 2 * once


def test_query_supports_a_range_a_limit_and_a_start_key(dynamodb: DynamoDBClient) -> None:
    keys = DATASET.rows.keys
    request: dict[str, Any] = {
        "TableName": "upload-events",
        "KeyConditionExpression": "setId = :set AND objectKey BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":set": {"S": SET_ID},
            ":first": {"S": keys[100]},
            ":last": {"S": keys[109]},
        },
        "ProjectionExpression": "objectKey, objectSize",
        "Limit": 6,
    }
    first = dynamodb.query(**request)
    second = dynamodb.query(**request, ExclusiveStartKey=first["LastEvaluatedKey"])

    found = [item["objectKey"]["S"] for page in (first, second) for item in page["Items"]]
    assert found == list(keys[100:110])
    assert "LastEvaluatedKey" not in second
    assert first["Items"][0].keys() == {"objectKey", "objectSize"}


def test_a_filter_drops_rows_that_still_count_as_read(dynamodb: DynamoDBClient) -> None:
    request: dict[str, Any] = {
        **OF_THE_SET,
        "FilterExpression": "expiresAt > :now AND objectSize >= :size",
        "Limit": 100,
    }
    request["ExpressionAttributeValues"] = {
        **request["ExpressionAttributeValues"],
        ":now": {"N": "1"},
        ":size": {"N": "2000000"},
    }
    page = dynamodb.query(**request)

    large = [size for size in DATASET.rows.sizes[:100] if size >= 2_000_000]
    assert [int(item["objectSize"]["N"]) for item in page["Items"]] == large
    assert page["ScannedCount"] == 100
    assert page["Count"] == len(large)


def test_an_unsupported_request_is_refused(dynamodb: DynamoDBClient) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        dynamodb.query(
            TableName="upload-events",
            KeyConditionExpression="setId = :set AND objectKey > :first",
            ExpressionAttributeValues={":set": {"S": SET_ID}, ":first": {"S": "a"}},
        )


def test_a_request_that_aws_refuses_is_refused(stub: RunningStub) -> None:
    """Pitfall 35: also if the client accepts it."""
    with pytest.raises(ClientError, match="ValidationException"):
        client(stub, "dynamodb").query(**OF_THE_SET, Limit=2**31)
    with pytest.raises(ClientError, match="KeyTooLongError"):
        client(stub, "s3").list_objects_v2(Bucket=BUCKET, Prefix=1025 * "x")


def test_a_single_row_can_be_read(stub: RunningStub, dynamodb: DynamoDBClient) -> None:
    key = DATASET.rows.keys[7]
    found = dynamodb.get_item(
        TableName="upload-events", Key={"setId": {"S": SET_ID}, "objectKey": {"S": key}}
    )
    none = dynamodb.get_item(
        TableName="upload-events", Key={"setId": {"S": SET_ID}, "objectKey": {"S": f"{key}x"}}
    )

    assert found["Item"]["objectKey"] == {"S": key}
    assert "Item" not in none
    assert stub.take_counts().read_units == 1


def test_a_new_item_is_put_once(dynamodb: DynamoDBClient) -> None:
    put: dict[str, Any] = {
        "TableName": "outcomes",
        "Item": {"id": {"S": "pin"}, "manifestVersionId": {"S": "1"}},
        "ConditionExpression": "attribute_not_exists(id)",
    }
    dynamodb.put_item(**put)
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(**put)

    got = dynamodb.get_item(TableName="outcomes", Key={"id": {"S": "pin"}}, ConsistentRead=True)
    assert got["Item"] == put["Item"]


def test_list_gives_every_object_once_and_in_order(stub: RunningStub, s3: S3Client) -> None:
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{FOLDER}/"))

    found = [(one["Key"], one["Size"]) for page in pages for one in page["Contents"]]
    assert found == list(zip(DATASET.objects.keys, DATASET.objects.sizes, strict=True))
    assert any("&" in key and "ü" in key and " " in key for key, _ in found)
    assert stub.take_counts().requests == {"ListObjectsV2": ceil(len(found) / 1000)}


def test_list_supports_a_prefix_a_start_and_a_number(s3: S3Client) -> None:
    keys = DATASET.objects.keys
    folder = f"{FOLDER}/region-000/batch-00003/"
    in_it = [key for key in keys if key.startswith(folder)]

    page = s3.list_objects_v2(Bucket=BUCKET, Prefix=folder, StartAfter=in_it[4], MaxKeys=3)
    none = s3.list_objects_v2(Bucket=BUCKET, Prefix="nothing")

    assert [one["Key"] for one in page["Contents"]] == in_it[5:8]
    assert page["IsTruncated"]
    assert none["KeyCount"] == 0
    assert "Contents" not in none


def test_an_object_can_be_read_from_an_offset(s3: S3Client) -> None:
    head = s3.head_object(Bucket=BUCKET, Key=MANIFEST_KEY)
    whole = s3.get_object(Bucket=BUCKET, Key=MANIFEST_KEY)["Body"].read()
    part = s3.get_object(
        Bucket=BUCKET, Key=MANIFEST_KEY, VersionId=MANIFEST_VERSION, Range="bytes=1000-1999"
    )
    rest = s3.get_object(Bucket=BUCKET, Key=MANIFEST_KEY, Range=f"bytes={len(whole) - 5}-")

    assert head["ContentLength"] == len(whole)
    assert head["VersionId"] == MANIFEST_VERSION
    assert part["Body"].read() == whole[1000:2000]
    assert part["ContentRange"] == f"bytes 1000-1999/{len(whole)}"
    assert rest["Body"].read() == whole[-5:]


def test_a_listed_object_is_described_with_its_checksum(s3: S3Client) -> None:
    key, size = DATASET.objects.keys[7], DATASET.objects.sizes[7]
    head = s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
    checksum = base64.b64encode(checksum_of(key).to_bytes(8, "big")).decode()
    assert (head["ContentLength"], head["ChecksumCRC64NVME"]) == (size, checksum)
    assert head["ChecksumType"] == "FULL_OBJECT"


def test_a_missing_object_is_an_error(s3: S3Client) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=BUCKET, Key="nothing")
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket=BUCKET, Key="nothing")


@pytest.mark.parametrize("size_bytes", [10, 20_000_000])
def test_an_uploaded_object_can_be_read(s3: S3Client, size_bytes: int) -> None:
    body = bytes(range(256)) * (size_bytes // 256) + b"end"
    s3.upload_fileobj(io.BytesIO(body), "reports", "copy")

    head = s3.head_object(Bucket="reports", Key="copy")
    got = s3.get_object(Bucket="reports", Key="copy", VersionId=head["VersionId"])
    assert got["Body"].read() == body


@pytest.mark.parametrize("arrival", [Arrival.IN_ORDER, Arrival.AT_RANDOM])
def test_rows_and_objects_arrive_over_the_iterations(
    stub: RunningStub, dynamodb: DynamoDBClient, s3: S3Client, arrival: Arrival
) -> None:
    stub.show(1_000, arrival, Form.PLAIN)
    seen: list[set[str]] = []
    for iteration in (0, 5, ITERATIONS):
        stub.turn_to(iteration)
        rows = {item["objectKey"]["S"] for item in dynamodb.query(**OF_THE_SET)["Items"]}
        listed = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        objects = {one["Key"] for page in listed for one in page.get("Contents", [])}
        assert {key.removesuffix("/") for key in objects} == rows
        seen.append(rows)
    stub.show(FILES, Arrival.AT_ONCE, Form.RICH)

    assert not seen[0]
    assert seen[1] < seen[2]
    assert 0.15 < len(seen[1]) / len(seen[2]) < 0.35
