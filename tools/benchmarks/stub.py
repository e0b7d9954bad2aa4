"""``python -m tools.benchmarks.stub``: DynamoDB and S3 on a port of 127.0.0.1, until its input ends.

It prints its port. It is a separate process, so that no measurement includes its CPU seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import time
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from local.emulator.aws_limits import RefusedByAwsError
from tools.benchmarks.bucket_stub import Answer, BucketStub
from tools.benchmarks.counts import Counts
from tools.benchmarks.synthetic_set import (
    MANIFEST_KEY,
    MANIFEST_VERSION,
    Arrival,
    Form,
    SyntheticSet,
    synthetic_set,
)
from tools.benchmarks.table_rows import Rows
from tools.benchmarks.table_stub import TableStub

CONTROL = "/_benchmarks/"
PIECE_BYTES = 256 * 1024
REASONS = {200: "OK", 206: "Partial Content", 400: "Bad Request", 404: "Not Found"}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Stub:
    """The services, and the part of a dataset that they return."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._began = int(time.time())
        self._made: tuple[tuple[int, Arrival], SyntheticSet] | None = None
        self.show(files=1, arrival=Arrival.AT_ONCE, form=Form.PLAIN, shuffled=False)

    def show(self, *, files: int, arrival: Arrival, form: Form, shuffled: bool) -> None:
        """Replace the dataset with another one, which has arrived completely."""
        if self._made is None or self._made[0] != (files, arrival):
            self._made = None  # the memory cannot hold two of the largest datasets
            self._made = ((files, arrival), synthetic_set(files, arrival))
        self._dataset = self._made[1]
        manifest = self._dataset.manifest(form, began=self._began, shuffled=shuffled)
        stored = {MANIFEST_KEY: (manifest, MANIFEST_VERSION)}
        gc.freeze()
        self.table = TableStub(Rows(self._dataset.rows, self._began), self.counts)
        self.bucket = BucketStub(self._dataset.objects, stored)

    def turn_to(self, iteration: int) -> None:
        """Return only the uploads that have arrived by *iteration* from now on."""
        self.table.rows = Rows(self._dataset.rows.until(iteration), self._began)
        self.bucket.objects = self._dataset.objects.until(iteration)

    def answer(self, request: Request) -> Answer:
        """Return the answer of the service that *request* is for."""
        if request.target.startswith(CONTROL):
            return self._control(request.target.removeprefix(CONTROL), request.body)
        action = request.headers.get("x-amz-target")
        if action is None:
            target = urlsplit(request.target)
            operation, answer = self.bucket.answer(
                request.method,
                unquote(target.path),
                dict(parse_qsl(target.query, keep_blank_values=True)),
                request.headers,
                request.body,
            )
        else:
            operation = action.partition(".")[2]
            answer = self._table_answer(operation, request.body)
        self.counts.requests[operation] += 1
        return answer

    def _table_answer(self, action: str, body: bytes) -> Answer:
        status = 200
        try:
            answer = self.table.answer(action, json.loads(body))
        except RefusedByAwsError as error:
            status = 400
            answer = json.dumps(
                {
                    "__type": f"com.amazonaws.dynamodb.v20120810#{error.code}",
                    "message": error.message,
                }
            ).encode()
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "x-amz-crc32": str(zlib.crc32(answer)),
        }
        return Answer(status=status, headers=headers, body=answer)

    def _control(self, command: str, body: bytes) -> Answer:
        match command:
            case "dataset":
                given = json.loads(body)
                self.show(
                    files=given["files"],
                    arrival=Arrival(given["arrival"]),
                    form=Form(given["form"]),
                    shuffled=given["shuffled"],
                )
            case "iteration":
                self.turn_to(json.loads(body))
            case "counts":
                taken = json.dumps(self.counts.payload()).encode()
                self.counts.clear()
                return Answer(body=taken)
        return Answer()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        gone = (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError)
        with contextlib.suppress(*gone):
            while True:
                request = await _read(reader, writer)
                answer = self.answer(request)
                async for sent in _write(writer, answer, with_body=request.method != "HEAD"):
                    self.counts.sent_bytes += 0 if request.target.startswith(CONTROL) else sent
        writer.close()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    method, target, _ = first.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    if headers.get("expect") == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body)


async def _write(
    writer: asyncio.StreamWriter, answer: Answer, *, with_body: bool
) -> AsyncIterator[int]:
    """Send *answer* piece by piece, and yield the size of each, until the client stops reading."""
    headers = {
        "x-amzn-RequestId": "0" * 32,
        "Content-Length": str(len(answer.body)),
        **answer.headers,
    }
    lines = [
        f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Other')}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    writer.write("\r\n".join([*lines, "\r\n"]).encode())
    if with_body:
        body = memoryview(answer.body)
        for start in range(0, len(body), PIECE_BYTES):
            piece = body[start : start + PIECE_BYTES]
            writer.write(piece)
            await writer.drain()
            yield len(piece)
    await writer.drain()


async def main() -> None:
    """Serve on a free port until the standard input closes, which is when the parent process ends."""
    stub = Stub()
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
