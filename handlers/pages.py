"""Pages of Query and of LIST as plain lists, without botocore's generic parser.

botocore still signs, sends, retries, and reads every error; only the body of an answer
that is a page of keys is decoded here, a tenth of the work: docs/reading.md has figures.
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

from botocore.model import Shape
from botocore.parsers import ResponseParser, ResponseParserFactory
from botocore.session import Session, get_session

KEYS = "Keys"
SIZES = "Sizes"
KEY = re.compile(r"<Key>(.*?)</Key>", re.DOTALL)
SIZE = re.compile(r"<Size>(\d+)</Size>")
NEXT = re.compile(r"<NextContinuationToken>(.*?)</NextContinuationToken>", re.DOTALL)


def page_session() -> Session:
    """Return a botocore session whose clients answer Query and ListObjectsV2 with lists.

    An answer has ``Keys``, ``Sizes`` (None where a Query does not ask for them), and the
    service's own field that says where the next page begins.
    """
    session = get_session()
    session.register_component("response_parser_factory", _PageParserFactory())
    return session


class _PageParserFactory(ResponseParserFactory):
    def create_parser(self, protocol_name: str) -> _PageParser:
        return _PageParser(super().create_parser(protocol_name))


class _PageParser(ResponseParser):
    """Decodes pages of keys, and leaves every other answer to botocore's own parser."""

    def __init__(self, parser: ResponseParser) -> None:
        super().__init__()
        self._parser = parser

    def parse(self, response: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
        decode = _DECODERS.get(getattr(shape, "name", ""))  # no shape: nothing is answered
        if decode is None or response["status_code"] != 200:
            parsed: dict[str, Any] = self._parser.parse(response, shape)
            return parsed
        with _no_garbage_collection():
            page = decode(response["body"])
        metadata = {"HTTPStatusCode": 200, "HTTPHeaders": dict(response["headers"])}
        return {**page, "ResponseMetadata": metadata}


def query_page(body: bytes) -> dict[str, Any]:
    """Decode a page of DynamoDB's Query that projects ``objectKey``, and perhaps ``objectSize``."""
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
    if "&" in text:
        keys = [html.unescape(key) for key in keys]
    if "<EncodingType>url</EncodingType>" in text:
        joined = "\n".join(keys)
        if "%" in joined or "+" in joined:
            keys = [unquote_plus(key) for key in keys]
    token = NEXT.search(text)
    more = {"NextContinuationToken": html.unescape(token.group(1))} if token else {}
    return {KEYS: keys, SIZES: sizes, **more}


_DECODERS = {"QueryOutput": query_page, "ListObjectsV2Output": list_page}


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Hold the collector off while a page's many small values are made: it triples the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
