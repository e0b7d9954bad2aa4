"""Decode pages of Query and ListObjectsV2 as plain lists, without botocore's generic parser.

botocore still signs, sends and retries requests, and parses every error. This module decodes
only response bodies that are pages of keys, with a tenth of the work: docs/reading.md has figures.
"""

from __future__ import annotations

import gc
import html
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_plus

import botocore.handlers
from botocore.model import OperationModel, Shape
from botocore.parsers import ResponseParser, ResponseParserFactory
from botocore.session import Session, get_session

KEYS = "Keys"
SIZES = "Sizes"
FIRST_ETAG = "FirstETag"
KEY = re.compile(r"<Key>([^<]*)</Key>")
ETAG = re.compile(r"<ETag>([^<]*)</ETag>")
SIZE = re.compile(r"<Size>(\d+)</Size>")
NEXT = re.compile(r"<NextContinuationToken>(.*?)</NextContinuationToken>", re.DOTALL)


def object_pages(s3: Any, **request: Any) -> Iterator[Any]:
    """Yield all pages of a ListObjectsV2 *request*."""
    while True:
        page = s3.list_objects_v2(**request)
        yield page
        if "NextContinuationToken" not in page:
            return
        request["ContinuationToken"] = page["NextContinuationToken"]


def page_session() -> Session:
    """Return a botocore session whose clients return lists for Query and ListObjectsV2.

    A response has ``Keys``, ``Sizes`` (None if a Query does not project them), for S3 the first
    key's ``FirstETag``, and the service's own field with the start of the next page.
    """
    session = get_session()
    session.register_component("response_parser_factory", _PageParserFactory())
    _read_pages_once(session)
    return session


def _read_pages_once(session: Session) -> None:
    """Keep botocore from parsing complete ListObjectsV2 pages to find an error in them.

    S3 may return an error with status 200. To find such an error, or a missing end, botocore
    parses each body as XML, which takes longer than all other steps.
    """
    search: Any = getattr(botocore.handlers, "_handle_200_error", None)
    if search is None:  # another version of botocore: it is only slower
        return

    def search_unless_complete(
        operation_model: OperationModel, response_dict: Mapping[str, Any], **rest: Any
    ) -> None:
        is_page = operation_model.name == "ListObjectsV2"
        if not (is_page and response_dict["body"].endswith(b"</ListBucketResult>")):
            search(operation_model=operation_model, response_dict=response_dict, **rest)

    session.unregister("before-parse.s3.*", search)
    emitter = session.get_component("event_emitter")
    emitter.register_first("before-parse.s3.*", search_unless_complete)


class _PageParserFactory(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> _PageParser:
        return _PageParser(super().create_parser(protocol_name))


class _PageParser(ResponseParser):
    """Decodes pages of keys, and passes every other response to botocore's own parser."""

    def __init__(self, parser: ResponseParser) -> None:
        super().__init__()
        self._parser = parser

    def parse(self, response: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
        decode = _DECODERS.get(getattr(shape, "name", ""))  # no shape: no output
        if decode is None or response["status_code"] != 200:
            parsed: dict[str, Any] = self._parser.parse(response, shape)
            return parsed
        with _no_garbage_collection():
            page = decode(response["body"])
        metadata = {"HTTPStatusCode": 200, "HTTPHeaders": dict(response["headers"])}
        return {**page, "ResponseMetadata": metadata}


def query_page(body: bytes) -> dict[str, Any]:
    """Decode a Query page of DynamoDB that projects ``objectKey``, and optionally ``objectSize``."""
    page = json.loads(body)
    items = page["Items"]
    sized = bool(items) and "objectSize" in items[0]
    found: dict[str, Any] = {
        KEYS: [item["objectKey"]["S"] for item in items],
        SIZES: [int(item["objectSize"]["N"]) for item in items] if sized else None,
    }
    if "LastEvaluatedKey" in page:
        found["LastEvaluatedKey"] = page["LastEvaluatedKey"]
    return found


def list_page(body: bytes) -> dict[str, Any]:
    """Decode a page of S3's ListObjectsV2 with ``encoding-type=url``."""
    text = body.decode()
    keys: list[str] = KEY.findall(text)
    sizes = [int(size) for size in SIZE.findall(text)]
    if len(keys) != len(sizes):
        raise ValueError(f"A LIST page has {len(keys)} keys and {len(sizes)} sizes")
    if "&" in "".join(keys):
        keys = [html.unescape(key) for key in keys]
    if "<EncodingType>url</EncodingType>" in text:
        keys = [unquote_plus(key) if "%" in key or "+" in key else key for key in keys]
    token = NEXT.search(text)
    more = {"NextContinuationToken": html.unescape(token.group(1))} if token else {}
    etag = ETAG.search(text)
    return {KEYS: keys, SIZES: sizes, FIRST_ETAG: etag and html.unescape(etag[1]), **more}


_DECODERS = {"QueryOutput": query_page, "ListObjectsV2Output": list_page}


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause the collector while a page's many small values are created: it triples the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
