"""The AWS endpoint on 127.0.0.1: an emulator, a simulated Storage Gateway and its appliance.

Run it as ``python -m local.emulator.server``. It ends on SIGTERM or SIGINT and, with
``--until-stdin-closes``, when its parent ends in whatever way. The processes of Lambda functions
end with it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NoReturn

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.aws_environment import Endpoint
from local.clients import client
from local.emulator import ministack
from local.emulator.asgi import Application, as_if_over_tls, with_storage_gateway
from local.emulator.chaos_endpoint import with_chaos
from local.emulator.endpoint_process import HELD_BACK
from local.emulator.recording import recorded
from local.gateway.appliance import Appliance
from local.gateway.file_gateway import FileGateway
from local.gateway.storage_gateway import StorageGateway

logger = logging.getLogger(__name__)

READY_FILE = "endpoint.json"
REMOVAL_SECONDS = 10.0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m local.emulator.server", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--port", type=int, default=4566, help="0 picks a free one (default: %(default)s)"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        required=True,
        help="the folder for its files, with the shares in shares/",
    )
    parser.add_argument("--token", default="", help="a text that identifies this process")
    parser.add_argument("--region", default="eu-west-1", help="(default: %(default)s)")
    parser.add_argument("--account", default="123456789012", help="(default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="the seed for the order of upload events"
    )
    parser.add_argument(
        "--enforce-iam", action="store_true", help="refuse requests that no role allows"
    )
    parser.add_argument(
        "--disturbed", action="store_true", help="let deliveries be disturbed, by /_chaos"
    )
    parser.add_argument("--log-level", default="WARNING", help="(default: %(default)s)")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end when standard input does"
    )
    return parser.parse_args()


def main() -> None:
    """Serve until a signal; leave no process and no file behind."""
    options = arguments()
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    listener = listen(options.port)
    port = listener.getsockname()[1]
    scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=folder))
    ministack.prepare(
        port=port,
        region=options.region,
        account=options.account,
        scratch=scratch,
        enforce_iam=options.enforce_iam,
        log_level=options.log_level.upper(),
    )
    api = StorageGateway()
    inner = ministack.application()
    if options.enforce_iam:
        inner = as_if_over_tls(inner)
    if options.disturbed:
        inner = with_chaos(inner, seed=options.seed)
    app = with_storage_gateway(inner, api, account=options.account, region=options.region)
    app = recorded(app)
    gateway = FileGateway(
        api,
        exports=folder / "shares",
        held_back=folder / HELD_BACK,
        journals=folder / "announced",
        s3=client(Endpoint(url=f"http://127.0.0.1:{port}", region=options.region), "s3"),
        emit=ministack.emitter(),
        seed=options.seed,
    )
    appliance = Appliance(api.hand_out_key)
    appliance.start()
    gateway.start()
    status = 1
    try:
        asyncio.new_event_loop().run_until_complete(run(app, listener, appliance.address, options))
        status = 0
    except Exception:
        logger.exception("the endpoint failed")
    finally:
        gateway.stop()
        end_everything(scratch, status)


def listen(port: int) -> socket.socket:
    """Bind *port* on the loopback interface only, or exit with a sentence."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        sys.exit(
            f"Port {port} of 127.0.0.1 is not available ({error.strerror}): choose another with --port."
        )
    return listener


async def run(
    app: Application, listener: socket.socket, appliance_address: str, options: argparse.Namespace
) -> None:
    """Serve *app* until a signal or the end of standard input."""
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    if options.until_stdin_closes:
        threading.Thread(target=_wait_for_end_of_stdin, args=(loop, ending), daemon=True).start()

    async def ready() -> None:
        ready_values = {
            "pid": os.getpid(),
            "port": listener.getsockname()[1],
            "applianceAddress": appliance_address,
            "token": options.token,
        }
        _write_ready_file(options.folder / READY_FILE, ready_values)
        await ending.wait()

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    serving = asyncio.ensure_future(serve(app, config, shutdown_trigger=ready))
    waiting = asyncio.ensure_future(ending.wait())
    done, _ = await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


def _wait_for_end_of_stdin(loop: asyncio.AbstractEventLoop, ending: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    loop.call_soon_threadsafe(ending.set)


def _write_ready_file(path: Path, values: dict[str, Any]) -> None:
    whole = path.with_suffix(".part")
    whole.write_text(json.dumps(values))
    whole.replace(path)


def end_everything(scratch: Path, status: int) -> NoReturn:
    """End workers, threads and this process, whatever they are doing.

    Threads of the emulator may be in a Wait state for minutes, or start workers without end, so this
    does not wait for them: another process removes *scratch*.
    """
    ministack.end_lambda_workers()
    if os.getpgrp() == os.getpid():  # other groups contain processes that must not be ended
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(0, signal.SIGTERM)
        time.sleep(0.1)
    removal = subprocess.Popen(["rm", "-rf", "--", scratch], start_new_session=True)
    with contextlib.suppress(subprocess.TimeoutExpired):
        removal.wait(REMOVAL_SECONDS)
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
