"""A proxy (microburst) between clients and the endpoint: its rules inject faults in AWS's format."""

from __future__ import annotations

import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deployment.errors import CommandError
from tools.chaos.child import Child

START_SECONDS = 30.0
COUNTED = re.compile(
    r'microburst_faults_total\{service="(?P<service>.*?)",operation="(?P<operation>.*?)",'
    r'action="(?P<action>.*)"\} (?P<times>\d+)'
)

Rule = dict[str, Any]


def ask(url: str, method: str, path: str, body: Any = None) -> str:
    """Send a request of the endpoint's or the proxy's own API, and return the answer.

    Raises:
        CommandError: The request is refused.
    """
    connection = HTTPConnection(urlsplit(url).netloc, timeout=120)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    if answer.status != 200:
        raise CommandError(f"{method} {path} of {url} answers {answer.status}: {text}")
    return text


class FaultProxy:
    """A running microburst."""

    def __init__(self, url: str) -> None:
        self.url = url

    def add(self, rules: Sequence[Rule]) -> None:
        """Add rules."""
        ask(self.url, "PATCH", "/_microburst/rules", list(rules))

    def clear(self) -> None:
        """Remove all rules, so that the proxy only forwards requests."""
        ask(self.url, "DELETE", "/_microburst/rules", [])

    def fired(self) -> Counter[tuple[str, str]]:
        """Return the number of times that each fault fired, by service with operation, and by fault."""
        return counted(ask(self.url, "GET", "/_microburst/metrics"))


def counted(metrics: str) -> Counter[tuple[str, str]]:
    """Return the faults in microburst's *metrics*; latencies of any length count as one fault."""
    fired: Counter[tuple[str, str]] = Counter()
    for found in COUNTED.finditer(metrics):
        action = "latency" if found["action"].startswith("latency") else found["action"]
        fired[f"{found['service']} {found['operation']}", action] += int(found["times"])
    return fired


@contextmanager
def fault_proxy(upstream: str, *, seed: int, log: Path) -> Iterator[FaultProxy]:
    """Start microburst in front of *upstream*, without rules, and end it afterwards.

    Raises:
        CommandError: microburst ended at once, or does not answer.
    """
    with socket.socket() as free:  # microburst does not accept port 0
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = ("--upstream", upstream, "--port", str(port), "--no-resign")
    child = Child("microburst_process", str(seed), *where, log=log)
    try:
        proxy = FaultProxy(f"http://127.0.0.1:{port}")
        _wait_until_ready(proxy, child, log)
        yield proxy
    finally:
        child.kill()


def _wait_until_ready(proxy: FaultProxy, child: Child, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            ask(proxy.url, "GET", "/_microburst/health")
        except (OSError, HTTPException) as error:
            if child.status is not None or time.monotonic() > deadline:
                text = log.read_text(errors="replace").strip()
                raise CommandError(f"microburst does not answer: {text[-500:]}") from error
            time.sleep(0.1)
        else:
            return
