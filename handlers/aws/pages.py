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


def page_session() -> Session:
    """Return a botocore session whose clients answer Query and ListObjectsV2 with lists.

    An answer has ``Keys``, ``Sizes`` (None where a Query does not ask for them), the first key's
    ``FirstETag`` in S3, and the service's own field that says where the next page begins.
    """
    session = get_session()
    session.register_component("response_parser_factory", _PageParserFactory())
    _read_pages_once(session)
    return session


def _read_pages_once(session: Session) -> None:
    """Keep botocore from parsing whole pages of LIST in search of an error in them.

    S3 may put an error into an answer of status 200: botocore looks for it, and for an end
    that is missing, by parsing each body as XML, which takes longer than all the rest.
    """
    search: Any = getattr(botocore.handlers, "_handle_200_error", None)
    if search is None:  # another botocore: it is only slower
        return

    def search_unless_whole(
        operation_model: OperationModel, response_dict: Mapping[str, Any], **rest: Any
    ) -> None:
        is_page = operation_model.name == "ListObjectsV2"
        if not (is_page and response_dict["body"].endswith(b"</ListBucketResult>")):
            search(operation_model=operation_model, response_dict=response_dict, **rest)

    session.unregister("before-parse.s3.*", search)
    emitter = session.get_component("event_emitter")
    emitter.register_first("before-parse.s3.*", search_unless_whole)


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
    """Hold the collector off while a page's many small values are made: it triples the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
