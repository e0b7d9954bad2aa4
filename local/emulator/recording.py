"""Record every request to the endpoint as a line of JSON, if a variable names a file.

The tests compare the lines with the models of AWS's services: ``tools/recorded_requests``.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.emulator.asgi import CREDENTIAL, Application, whole_body

VARIABLE = "VAULT_RECORD_REQUESTS"
"""The variable that names the file; several endpoints may append to it."""
MOST_BYTES = 1_000_000
"""The maximum of a recorded body; larger ones, such as objects of S3, are cut."""
MOST_CHARACTERS = 100_000
"""The maximum of a text in a larger JSON body, such as a function's code. It stays base64."""
KEPT = re.compile(r"x-amz-.*|content-type|user-agent|smithy-protocol|host|range|if-.*")
NEVER_KEPT = {"x-amz-security-token"}
OWN_PATHS = "/_"
"""The prefix of the emulator's own paths, which belong to no AWS service."""


def recorded(inner: Application, environ: Mapping[str, str] = os.environ) -> Application:
    """Return *inner*, or an application that records each request before *inner* answers it."""
    name = environ.get(VARIABLE)
    if not name:
        return inner
    path = Path(name)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith(OWN_PATHS):
            await inner(scope, receive, send)
            return
        body = await whole_body(receive)
        if is_complete(scope, body):
            append(path, line_of(scope, body))
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Any:
            return unread.pop() if unread else await receive()

        await inner(scope, again, send)

    return application


def is_complete(scope: Any, body: bytes) -> bool:
    """Return whether the client sent the whole body, or was interrupted before its end."""
    length = dict(scope["headers"]).get(b"content-length", b"0")
    return len(body) >= int(length)


def line_of(scope: Any, body: bytes) -> dict[str, Any]:
    """Return the record of a request; of the signature, it contains the service only."""
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope.get("query_string", b"").decode("latin-1")
    signed = CREDENTIAL.search(headers.get("authorization", "")) or PRESIGNED.search(query)
    kept = shortened(body)
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return {
        "service": signed["service"] if signed else None,
        "method": scope["method"],
        "path": raw_path.decode("latin-1").partition("?")[0],
        "query": query,
        "headers": {
            name: value
            for name, value in headers.items()
            if KEPT.fullmatch(name) and name not in NEVER_KEPT
        },
        "body": base64.b64encode(kept[:MOST_BYTES]).decode(),
        "cut": len(kept) > MOST_BYTES,
    }


def shortened(body: bytes) -> bytes:
    """Return a large JSON body with its long texts cut, and any other body unchanged."""
    if len(body) <= MOST_BYTES:
        return body
    try:
        sent = json.loads(body)
    except ValueError:
        return body
    return json.dumps(_short(sent)).encode()


def _short(value: Any) -> Any:
    match value:
        case str():
            return value[:MOST_CHARACTERS]
        case dict():
            return {name: _short(inner) for name, inner in value.items()}
        case list():
            return [_short(each) for each in value]
    return value


PRESIGNED = re.compile(
    r"X-Amz-Credential=(?P<key>[^&%]+)%2F\d{8}%2F(?P<region>[^%]+)%2F(?P<service>[^%]+)%2F"
)


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Append a line in one write, so that lines of several processes do not mix."""
    data = f"{json.dumps(line)}\n".encode()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, data)
    finally:
        os.close(file)
