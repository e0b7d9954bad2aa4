"""ASGI middleware that handles Storage Gateway requests and passes on all others."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from local.gateway.requests import Caller, Json, RequestRefusedError
from local.gateway.storage_gateway import StorageGateway

Application = Callable[[Any, Any, Any], Awaitable[None]]

TARGET = "StorageGateway_20130630."
CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/")


def with_storage_gateway(
    inner: Application, api: StorageGateway, *, account: str, region: str
) -> Application:
    """Handle Storage Gateway requests, in *account* and the region of their signature."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        headers = {
            name.decode().lower(): value.decode("latin-1")
            for name, value in scope.get("headers", [])
        }
        target = headers.get("x-amz-target", "")
        if scope["type"] != "http" or not target.startswith(TARGET):
            await inner(scope, receive, send)
            return
        signed = CREDENTIAL.search(headers.get("authorization", ""))
        caller = Caller(account, signed["region"] if signed else region)
        body = await whole_body(receive)
        status, answer = await asyncio.to_thread(
            _answer, api, target.removeprefix(TARGET), body, caller
        )
        await send_json(send, status, answer)

    return application


def as_if_over_tls(inner: Application) -> Application:
    """Make *inner* treat each request as sent over TLS, which bucket policies may require."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        over_tls = scope | {"scheme": "https"} if scope["type"] == "http" else scope
        await inner(over_tls, receive, send)

    return application


def _answer(api: StorageGateway, operation: str, body: bytes, caller: Caller) -> tuple[int, Json]:
    try:
        return 200, api.answer(operation, json.loads(body or b"{}"), caller)
    except ValueError:
        return 400, {"__type": "SerializationException", "message": "The request is not JSON."}
    except RequestRefusedError as error:
        return 400, error.body


async def whole_body(receive: Any) -> bytes:
    """Receive the whole body of a request."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


async def send_json(send: Any, status: int, answer: Json) -> None:
    """Send an answer in the format of AWS's JSON protocols."""
    headers = [
        (b"content-type", b"application/x-amz-json-1.1"),
        (b"x-amzn-requestid", str(uuid.uuid4()).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
