"""The faults that the driver injects into a running system."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

from tools.chaos.gateway import GatewayProcess
from tools.chaos.observation import Observation
from tools.chaos.proxy import FaultProxy, ask
from tools.chaos.schedule import (
    KILL_GATEWAY,
    KILL_WORKER,
    REFUSE,
    RULES,
    STOP_CONSUMER,
    Fault,
    outage,
)
from tools.chaos.workload import ExpectedSet, Kind

STOP_AFTER_SECONDS = 20.0
"""The time that an execution runs before it is stopped."""
DISTURBED = {"twice": 0.05, "late": 0.1, "lateSeconds": 5.0}
HIDDEN_SCALE = 1 / 24
"""A message that SQS hides for twelve minutes after a crash is visible again after half a minute."""


class Injector:
    """Injects faults, and counts them."""

    def __init__(
        self, seen: Observation, proxy: FaultProxy, gateway: GatewayProcess, *, seed: int
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._seen, self._proxy, self._gateway = seen, proxy, gateway
        self._random = Random(f"injector {seed}")
        self._functions = seen.system.client("lambda")
        self._stopped_consumers: dict[str, float] = {}
        self._since: dict[str, float] = {}

    def begin(self, plant: str) -> None:
        """Enable the faults, and send the functions' requests through the proxy."""
        self._chaos(
            {
                **DISTURBED,
                "hiddenScale": HIDDEN_SCALE,
                "lambdaEndpoint": self._proxy.url,
                "plant": plant,
            }
        )
        self._proxy.add(RULES)

    def end(self) -> None:
        """Disable the faults, and restore the time for which SQS hides messages."""
        self._proxy.clear()
        self._chaos(dict.fromkeys(DISTURBED, 0))
        self.start_consumers(time.time() + 3_600)

    def inject(self, fault: Fault) -> None:
        """Inject *fault*."""
        injections: dict[str, Callable[[Fault], bool]] = {
            KILL_WORKER: self._kill_worker,
            KILL_GATEWAY: self._kill_gateway,
            STOP_CONSUMER: self._stop_consumer,
            REFUSE: self._refuse,
        }
        if injections[fault.does](fault):
            self.counts[f"{fault.does} {fault.target}".strip()] += 1

    def start_consumers(self, now: float) -> None:
        """Start the consumers again whose outage is over."""
        for uuid, until in list(self._stopped_consumers.items()):
            if until <= now:
                del self._stopped_consumers[uuid]
                self._functions.update_event_source_mapping(UUID=uuid, Enabled=True)

    def stop_executions(self, sets: Iterable[ExpectedSet]) -> None:
        """Stop each execution of the sets of kind STOPPED, after it has run for a while."""
        manifests = {each.manifest for each in sets if each.kind is Kind.STOPPED}
        now = time.monotonic()
        for execution in self._seen.running():
            described = self._seen.states.describe_execution(executionArn=execution)
            detail = json.loads(described["input"])["detail"]
            began = self._since.setdefault(execution, now)
            if detail["object-key"] in manifests and now - began >= STOP_AFTER_SECONDS:
                self._seen.states.stop_execution(
                    executionArn=execution, error="Chaos", cause="stopped by tools.chaos"
                )
                self.counts["stop execution"] += 1

    def report(self) -> dict[str, Any]:
        """Return the endpoint's report on workers, disturbances and repeated requests."""
        report: dict[str, Any] = json.loads(ask(self._seen.system.endpoint, "GET", "/_chaos"))
        return report

    def _chaos(self, settings: dict[str, Any]) -> None:
        ask(self._seen.system.endpoint, "PUT", "/_chaos", settings)

    def _kill_worker(self, fault: Fault) -> bool:
        """Kill a process of a Lambda function, preferably a busy one."""
        found = self.report()["workers"]
        workers = [each for each in found if each["busy"]] or found
        if not workers:
            return False
        pid = self._random.choice(workers)["pid"]
        if parent_of(pid) != self._seen.system.pid:  # ended meanwhile
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    def _kill_gateway(self, fault: Fault) -> bool:
        if not self._gateway.works():
            return False
        self._gateway.restart()
        return True

    def _stop_consumer(self, fault: Fault) -> bool:
        (mapping,) = self._functions.list_event_source_mappings(
            FunctionName=f"vault-{self._seen.system.environment}-{fault.target}"
        )["EventSourceMappings"]
        self._functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        self._stopped_consumers[mapping["UUID"]] = time.time() + fault.seconds
        return True

    def _refuse(self, fault: Fault) -> bool:
        self._proxy.add([outage(fault, table=self._seen.system.table)])
        return True


def parent_of(pid: int) -> int:
    """Return the parent of a process; 0 if it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])
