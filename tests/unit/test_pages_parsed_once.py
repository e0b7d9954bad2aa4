"""A page of LIST is decoded only once, and errors in it are still detected."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from handlers.aws.pages import KEYS, page_session

PAGE = b"<ListBucketResult><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>"
ERROR = b"<Error><Code>InternalError</Code><Message>We encountered an error</Message></Error>"


class Raw:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Any:
        yield self.body


def answering(bodies: list[bytes]) -> Any:
    client = page_session().create_client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "max_attempts": 3}),
    )

    def answer(request: Any, **_: Any) -> Any:
        return AWSResponse(request.url, 200, HTTPHeaders(), Raw(bodies.pop(0)))

    client.meta.events.register("before-send.s3.*", answer)
    return client


@pytest.mark.parametrize("broken", [ERROR, PAGE[:-9], PAGE[:40]])
def test_a_page_with_an_error_or_without_an_end_is_retried(broken: bytes) -> None:
    bodies = [broken, PAGE]

    assert answering(bodies).list_objects_v2(Bucket="b")[KEYS] == ["a"]
    assert not bodies


def test_a_whole_page_is_not_parsed_as_xml(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("parsed")

    client = answering([PAGE])
    monkeypatch.setattr(ET, "XMLParser", refuse)

    assert client.list_objects_v2(Bucket="b")[KEYS] == ["a"]
