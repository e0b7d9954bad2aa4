"""``python -m tools.chaos.gateway``: a gateway that continues its work after it was killed.

Its journal has a line for each completed action. It repeats an action that is not in the journal: it
may announce an upload twice, but it never writes an object again after it has announced it.
"""

from __future__ import annotations

import argparse
import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deployment.errors import CommandError
from local.aws_environment import Endpoint
from local.clients import client
from local.gateway.announcements import upload_event
from local.gateway.file_shares import FileShare
from local.gateway.folder_scan import ScannedPath
from tools.chaos.child import Child, end_with_parent
from tools.chaos.workload import LANES, Action, from_lines

PAUSE_SECONDS = 0.2
GATEWAY = "arn:aws:storagegateway:eu-west-1:123456789012:gateway/sgw-CA05CA05"
SHARE = "arn:aws:storagegateway:eu-west-1:123456789012:share/share-CA05CA05"


class Gateway:
    """Writes objects and announces them, through *proxy*; reads the bucket through *direct*."""

    def __init__(self, bucket: str, *, proxy: Endpoint, direct: Endpoint) -> None:
        self._share = FileShare(SHARE, GATEWAY, bucket, "", {}, [])
        self._s3, self._looking = client(proxy, "s3"), client(direct, "s3")
        self._events = client(proxy, "events")
        self._announced_at: dict[str, int] = {}

    def do(self, action: Action) -> None:
        """Repeat *action* until it succeeds."""
        body = action.body.encode()
        where = {"Bucket": self._share.bucket, "Key": action.key}
        if action.does == "delete":
            self._until_done(lambda: self._s3.delete_object(**where), lambda: not self._tag(where))
            return
        if action.does == "write":
            self._wait_for_later_second(action.key)
            tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
            self._until_done(
                lambda: self._s3.put_object(**where, Body=body), lambda: self._tag(where) == tag
            )
        entry = ScannedPath(action.key, "", False, len(body), time.time_ns(), 0)
        event = upload_event(self._share, entry, key_has_prefix=False)
        while not self._announced(event):
            time.sleep(PAUSE_SECONDS)
        self._announced_at[action.key] = int(time.time())

    def _wait_for_later_second(self, key: str) -> None:
        """Wait until an upload of *key* has a later event time, which has no fraction of a second.

        Otherwise the row keeps the event that arrives last, which may be either.
        """
        while int(time.time()) <= self._announced_at.get(key, 0):
            time.sleep(PAUSE_SECONDS)

    def _announced(self, event: dict[str, Any]) -> bool:
        try:
            return not self._events.put_events(Entries=[event])["FailedEntryCount"]
        except (BotoCoreError, ClientError):
            return False

    def _until_done(self, call: Callable[[], Any], is_done: Callable[[], bool]) -> None:
        """Call until it *is_done*: the answer of a successful request may be lost."""
        while not is_done():
            try:
                call()
            except (BotoCoreError, ClientError):
                time.sleep(PAUSE_SECONDS)

    def _tag(self, where: dict[str, str]) -> str:
        try:
            return str(self._looking.head_object(**where)["ETag"])
        except ClientError:
            return ""


def work(gateway: Gateway, plan: Sequence[Action], journal: Path, *, began: float) -> None:
    """Do each action of *plan* that is not in *journal* at its time, with one thread for each lane."""
    done = set(journal.read_text().split()) if journal.exists() else set()
    lock = threading.Lock()

    def serve(lane: int) -> None:
        for number, action in enumerate(plan):
            if action.lane != lane or str(number) in done:
                continue
            time.sleep(max(0.0, began + action.at - time.time()))
            gateway.do(action)
            with lock, journal.open("a") as file:
                file.write(f"{number}\n")

    with ThreadPoolExecutor(LANES) as lanes:
        list(lanes.map(serve, range(LANES)))


def main() -> None:
    """Do the actions of a plan."""
    parser = argparse.ArgumentParser(prog="python -m tools.chaos.gateway")
    for name in ("--bucket", "--proxy", "--direct", "--region"):
        parser.add_argument(name, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--began", type=float, required=True)
    options = parser.parse_args()
    end_with_parent()
    gateway = Gateway(
        options.bucket,
        proxy=Endpoint(url=options.proxy, region=options.region),
        direct=Endpoint(url=options.direct, region=options.region),
    )
    plan = from_lines((options.folder / "plan.jsonl").read_text())
    work(gateway, plan, options.folder / "journal", began=options.began)


class GatewayProcess:
    """The gateway in a separate process."""

    def __init__(self, folder: Path, **options: str) -> None:
        self._folder, self._log = folder, folder / "gateway.log"
        self._arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._child = self._start()

    def _start(self) -> Child:
        where = ("--folder", str(self._folder), *self._arguments)
        return Child("gateway", *where, log=self._log)

    def kill(self) -> None:
        """Kill the gateway."""
        self._child.kill()

    def restart(self) -> None:
        """Kill the gateway, and start it again; it continues from its journal."""
        self._child.kill()
        self._child = self._start()

    def works(self) -> bool:
        """Return whether the gateway still has work to do.

        Raises:
            CommandError: The gateway failed.
        """
        if self._child.status:
            raise CommandError(f"The gateway failed: {self._log.read_text()[-1000:]}")
        return self._child.status is None


if __name__ == "__main__":
    main()
