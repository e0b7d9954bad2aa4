"""Pages that are decoded by hand are equal to the results of botocore's own parser."""

from __future__ import annotations

import html
import json
from functools import cache
from typing import Any
from urllib.parse import quote_plus

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.session import Session
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.aws.pages import KEYS, SIZES, page_session
from tests.unit.samples import HOSTILE_NAMES

BODY_OF_S3 = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>'
    "<Prefix>a-vaultjob/</Prefix>{more}<KeyCount>{count}</KeyCount><MaxKeys>1000</MaxKeys>"
    "<EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>{contents}"
    "</ListBucketResult>"
)
OBJECT_OF_S3 = (
    "<Contents><Key>{key}</Key><LastModified>2020-11-05T12:34:56.000Z</LastModified>"
    "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>{size}</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


class Raw:
    """A response's body, as botocore reads it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> list[bytes]:
        """Return the body in one piece."""
        return [self._body]


class Service:
    """A client of a session with given responses; nothing is sent."""

    def __init__(self, session: Session, name: str) -> None:
        self.client: Any = session.create_client(
            name, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        self.client.meta.events.register("before-send", self._respond)
        self.body, self.status = "", 200

    def _respond(self, request: Any, **_: Any) -> Any:
        return AWSResponse(request.url, self.status, HTTPHeaders(), Raw(self.body.encode()))


@cache
def service(name: str, *, by_hand: bool) -> Service:
    """Return a service whose pages are decoded by hand or by botocore."""
    return Service(page_session() if by_hand else botocore.session.get_session(), name)


def listed(body: str, status: int = 200, *, by_hand: bool = True) -> dict[str, Any]:
    """Return the result of a LIST."""
    s3 = service("s3", by_hand=by_hand)
    s3.body, s3.status = body, status
    answer: dict[str, Any] = s3.client.list_objects_v2(Bucket="bucket", Prefix="a-vaultjob/")
    return answer


def queried(body: str, status: int = 200, *, by_hand: bool = True) -> dict[str, Any]:
    """Return the result of a Query."""
    dynamodb = service("dynamodb", by_hand=by_hand)
    dynamodb.body, dynamodb.status = body, status
    answer: dict[str, Any] = dynamodb.client.query(
        TableName="uploads",
        KeyConditionExpression="setId = :set",
        ExpressionAttributeValues={":set": {"S": "a"}},
    )
    return answer


def body_of_s3(objects: dict[str, int], token: str = "") -> str:
    """Return a LIST page as S3 sends it with url-encoding."""
    return BODY_OF_S3.format(
        count=len(objects),
        truncated=str(bool(token)).lower(),
        more=f"<NextContinuationToken>{html.escape(token)}</NextContinuationToken>" * bool(token),
        contents="".join(
            OBJECT_OF_S3.format(key=html.escape(quote_plus(key, safe="/*-._")), size=size)
            for key, size in objects.items()
        ),
    )


def check_list_page(objects: dict[str, int], token: str) -> None:
    """Compare both ways of reading one page."""
    body = body_of_s3(objects, token)
    mine, botocores = listed(body), listed(body, by_hand=False)
    contents = botocores.get("Contents", [])
    assert mine[KEYS] == [each["Key"] for each in contents] == list(objects)
    assert mine[SIZES] == [each["Size"] for each in contents]
    assert mine.get("NextContinuationToken") == botocores.get("NextContinuationToken")


@settings(max_examples=50)
@given(objects=st.dictionaries(keys, st.integers(0, 2**43)), token=st.sampled_from(["", "1&<>/+="]))
def test_a_page_of_objects_is_read_as_botocore_reads_it(
    objects: dict[str, int], token: str
) -> None:
    """Pitfall 11: keys, sizes, and the beginning of the next page."""
    check_list_page(objects, token)


def test_hostile_keys_are_read_as_botocore_reads_them() -> None:
    """Pitfall 4."""
    check_list_page({f"a-vaultjob/{name}": 1 for name in HOSTILE_NAMES.values()}, "")


@settings(max_examples=50)
@given(rows=st.dictionaries(keys, st.integers(0, 2**43)), sized=st.booleans(), more=st.booleans())
def test_a_page_of_rows_is_read_as_botocore_reads_it(
    rows: dict[str, int], sized: bool, more: bool
) -> None:
    """Pitfall 11: keys, sizes if requested, and the beginning of the next page."""
    page: dict[str, Any] = {
        "Count": len(rows),
        "ScannedCount": len(rows),
        "Items": [
            {"objectKey": {"S": key}} | ({"objectSize": {"N": str(size)}} if sized else {})
            for key, size in rows.items()
        ],
    }
    if more:
        page["LastEvaluatedKey"] = {"setId": {"S": "a"}, "objectKey": {"S": "z"}}
    body = json.dumps(page)
    mine, botocores = queried(body), queried(body, by_hand=False)
    assert mine[KEYS] == [item["objectKey"]["S"] for item in botocores["Items"]] == list(rows)
    assert mine[SIZES] == (list(rows.values()) if sized and rows else None)
    assert mine.get("LastEvaluatedKey") == botocores.get("LastEvaluatedKey")


def test_errors_are_raised_like_botocores() -> None:
    body = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    with pytest.raises(ClientError, match="AccessDenied"):
        listed(body, 403)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        queried('{"__type": "x#ResourceNotFoundException"}', 400)
