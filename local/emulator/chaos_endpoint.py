"""``/_chaos`` of an endpoint started with ``--disturbed``: reports and settings for a driver of faults.

GET reports the processes of Lambda functions, the disturbances, and the requests that clients repeated.
PUT changes the settings of :class:`Disturbances`. With ``lambdaEndpoint``, the endpoint for the
functions' requests, it also resets the counts.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from importlib import import_module
from typing import Any

from local.emulator.asgi import Application, send_json, whole_body
from local.emulator.disturbances import Disturbances

PATH = "/_chaos"
ATTEMPT = re.compile(r"attempt=(\d+)")


def with_chaos(inner: Application, *, seed: int) -> Application:
    """Disturb the emulator's deliveries, answer requests to :data:`PATH`, and forward all others."""
    disturbances = Disturbances(seed)
    disturbances.disturb_targets(import_module("ministack.services.eventbridge"))
    disturbances.disturb_queues(import_module("ministack.services.sqs"))
    retried: Counter[str] = Counter()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            if scope["type"] == "http" and (again := repeated(scope)):
                retried[again] += 1
            await inner(scope, receive, send)
            return
        if scope["method"] == "PUT":
            settings = json.loads(await whole_body(receive))
            disturbances.change(settings)
            if "lambdaEndpoint" in settings:
                os.environ["AWS_ENDPOINT_URL"] = settings["lambdaEndpoint"]
                retried.clear()
                disturbances.counts.clear()
        answer = {
            "workers": workers(),
            "disturbed": disturbances.counts,
            "retried": retried,
            "waiting": disturbances.waiting,
        }
        await send_json(send, 200, answer)

    return application


def repeated(scope: Any) -> str:
    """Return the operation of a request that an SDK repeats, and nothing for other requests."""
    headers = dict(scope["headers"])
    attempt = ATTEMPT.search(headers.get(b"amz-sdk-request", b"").decode("latin-1"))
    if attempt is None or int(attempt[1]) < 2:
        return ""
    target = headers.get(b"x-amz-target", b"").decode("latin-1")
    service, _, operation = target.rpartition(".")
    if operation:
        return f"{service.partition('_')[0]} {operation}"
    # In requests to S3 and Lambda, method and path name the operation.
    is_lambda = scope["path"].startswith("/2015-03-31/")
    return f"{'Lambda' if is_lambda else 'S3'} {scope['method']}"


def workers() -> list[dict[str, Any]]:
    """Return the processes of Lambda functions, and those that are busy."""
    pools: Any = import_module("ministack.core.lambda_runtime")._workers
    return [
        {"function": worker.func_name, "pid": process.pid, "busy": worker.in_use}
        for pool in list(pools.values())
        for worker in list(pool)
        if (process := worker._proc) is not None and process.poll() is None
    ]
