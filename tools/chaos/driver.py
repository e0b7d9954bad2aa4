"""One run: deploy a system, disturb it, let it recover, and compare it with the expected result."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from local.deployed_system import DeployedSystem
from local.emulator.endpoint_process import EndpointOptions
from local.outcomes import OutcomeSubscription
from local.phases import Phases
from local.start_system import running
from tools.chaos.faults import Injector
from tools.chaos.gateway import GatewayProcess
from tools.chaos.observation import Observation
from tools.chaos.proxy import FaultProxy, fault_proxy
from tools.chaos.schedule import schedule
from tools.chaos.verdict import Verdict, judge
from tools.chaos.workload import TIME_OUT_SECONDS, Workload, lines, workload

ENVIRONMENT = "chaos"
LOOK_SECONDS = 1.0
QUIET_LOOKS = 3
PATIENCE_SECONDS = 2.0 * TIME_OUT_SECONDS
"""Longer than the duration of a reconciliation that starts at the end of the faults."""
SWEEPS = 3


@dataclass(slots=True, kw_only=True)
class Run:
    """The result of a run."""

    seed: int
    work: Workload
    verdict: Verdict
    fired: Counter[tuple[str, str]]
    """The number of times that each fault fired, by place and fault."""
    retried: Counter[str] = field(default_factory=Counter)
    dead_letters: int = 0
    seconds: int = 0
    """The duration of faults and recovery."""

    def summary(self) -> dict[str, int]:
        """Return the line of figures."""
        return {
            "seed": self.seed,
            "uploads": self.work.uploads,
            "sets": len(self.work.sets),
            "faults": self.fired.total(),
            "lostUploads": self.verdict.lost_uploads,
            "setsWithoutOutcome": self.verdict.without_outcome,
            "setsWithTwoOutcomes": self.verdict.two_outcomes,
            "wrongOutcomes": self.verdict.wrong_outcomes,
            "deadLetters": self.dead_letters,
            "seconds": self.seconds,
        }


def run(*, seed: int, seconds: float, plant: str, phases: Phases) -> Run:
    """Deploy a system, and disturb it.

    Raises:
        CommandError: Something could not be started or deployed.
    """
    options = EndpointOptions(seed=seed, disturbed=True)  # no IAM: a proxy breaks signatures
    with running(options, environment=ENVIRONMENT, phases=phases) as system:
        log = system.folder / "microburst.log"
        with fault_proxy(system.endpoint, seed=seed, log=log) as proxy:
            return run_on(system, proxy, seed=seed, seconds=seconds, plant=plant, phases=phases)


def run_on(
    system: DeployedSystem,
    proxy: FaultProxy,
    *,
    seed: int,
    seconds: float,
    plant: str,
    phases: Phases,
) -> Run:
    """Inject faults for *seconds*, let the system recover, and judge the result."""
    started, fired_before = time.monotonic(), proxy.fired()
    work = workload(seed, seconds)
    with ExitStack() as stack:
        seen = Observation(system, stack.enter_context(OutcomeSubscription(system)))
        dead_before = seen.dead_letters()
        gateway = start_gateway(system, proxy, work, seed=seed)
        stack.callback(gateway.kill)
        injector = Injector(seen, proxy, gateway, seed=seed)
        with phases.phase("faults", f"Faults for {seconds:.0f} s"):
            injector.begin(plant)
            disturb(injector, work, seed=seed, seconds=seconds)
            injector.end()
        with phases.phase("recovery", "No more faults: waiting until all is quiet"):
            recover(injector, seen, gateway, work)
        report, fired = injector.report(), proxy.fired() - fired_before
        fired.update({("endpoint", name): n for name, n in report["disturbed"].items()})
        fired.update({("driver", name): n for name, n in injector.counts.items()})
        rows = seen.rows(each.set_id for each in work.sets)
        return Run(
            seed=seed,
            work=work,
            verdict=judge(work.sets, rows, seen.outcomes()),
            fired=fired,
            retried=Counter(report["retried"]),
            dead_letters=seen.dead_letters() - dead_before,
            seconds=round(time.monotonic() - started),
        )


def start_gateway(
    system: DeployedSystem, proxy: FaultProxy, work: Workload, *, seed: int
) -> GatewayProcess:
    """Start the gateway, which begins the *work* now."""
    folder: Path = system.folder / f"gateway-{seed}"
    folder.mkdir()
    (folder / "plan.jsonl").write_text(lines(work.actions))
    return GatewayProcess(
        folder,
        bucket=system.bucket,
        proxy=proxy.url,
        direct=system.endpoint,
        region=system.region,
        began=str(time.time()),
    )


def disturb(injector: Injector, work: Workload, *, seed: int, seconds: float) -> None:
    """Inject each fault of the schedule at its time."""
    began = time.monotonic()
    faults = schedule(seed, seconds)
    while (elapsed := time.monotonic() - began) < seconds:
        while faults and faults[0].at <= elapsed:
            injector.inject(faults.pop(0))
        injector.start_consumers(time.time())
        injector.stop_executions(work.sets)
        time.sleep(LOOK_SECONDS)


def recover(injector: Injector, seen: Observation, gateway: GatewayProcess, work: Workload) -> None:
    """Wait until the system is idle; while an outcome is due, sweep and wait again."""
    for _ in range(SWEEPS):
        wait_until_quiet(injector, seen, gateway, work)
        if {each.set_id for each in work.sets} <= seen.outcomes().keys():
            return
        seen.sweep()
    wait_until_quiet(injector, seen, gateway, work)


def wait_until_quiet(
    injector: Injector, seen: Observation, gateway: GatewayProcess, work: Workload
) -> None:
    """Wait until queues are empty, executions have ended, and no function runs."""
    deadline, quiet = time.monotonic() + PATIENCE_SECONDS, 0
    while quiet < QUIET_LOOKS and time.monotonic() < deadline:
        injector.stop_executions(work.sets)
        report = injector.report()
        is_busy = (
            gateway.works()
            or seen.waiting()
            or seen.running()
            or report["waiting"]
            or any(worker["busy"] for worker in report["workers"])
        )
        quiet = 0 if is_busy else quiet + 1
        time.sleep(LOOK_SECONDS)
