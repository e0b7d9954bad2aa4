"""tools.chaos: its writes, its faults and its counts; the seed determines all of them."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from handlers.core.difference import DifferenceType
from tools.chaos.__main__ import arguments
from tools.chaos.gateway import work
from tools.chaos.proxy import counted, fault_proxy
from tools.chaos.schedule import CONSUMERS, KILL_GATEWAY, KILL_WORKER, OUTAGES, RULES, schedule
from tools.chaos.verdict import judge
from tools.chaos.workload import Action, ExpectedSet, Kind, from_lines, lines, workload

SET = ExpectedSet(
    set_id="s",
    kind=Kind.WITHHELD,
    started=0,
    rows={"s-vaultjob/a": 1, "s-vaultjob/s.manifest": 26},
    missing=frozenset({"s-vaultjob/b"}),
)
OUTCOME = {
    "outcome-id": "1",
    "object-key": "s-vaultjob/s.manifest",
    "status": "Timed out",
    "reason": "Not complete",
    "files": 2,
    "found": 1,
    **{each.value: 0 for each in DifferenceType},
    "missing": 1,
    "examples": [{"type": "missing", "key": "s-vaultjob/b"}],
}
STOPPED = replace(SET, kind=Kind.STOPPED)
FAILED = {**OUTCOME, "status": "Failed", "reason": "ABORTED: Chaos"}


def counts(
    *outcomes: dict[str, Any], expected: ExpectedSet = SET, rows: dict[str, int] | None = None
) -> tuple[int, int, int, int]:
    """Return the numbers of lost uploads, and of sets without outcome, with two, and with a wrong one."""
    found = {"s": SET.rows if rows is None else rows}
    verdict = judge([expected], found, {"s": list(outcomes)} if outcomes else {})
    assert verdict.is_clean == (not verdict.sentences)
    return (
        verdict.lost_uploads,
        verdict.without_outcome,
        verdict.two_outcomes,
        verdict.wrong_outcomes,
    )


@pytest.mark.parametrize("seconds", [60.0, 600.0])
def test_a_seed_gives_the_same_run_and_another_seed_another(seconds: float) -> None:
    assert workload(1, seconds) == workload(1, seconds)
    assert workload(1, seconds).actions != workload(2, seconds).actions
    assert schedule(1, seconds) == schedule(1, seconds)
    assert schedule(1, seconds) != schedule(2, seconds)


@pytest.mark.parametrize("seed", range(5))
def test_the_truth_is_what_the_actions_leave(seed: int) -> None:
    made = workload(seed, 60)
    written: dict[str, int] = {}
    objects: set[str] = set()
    manifests: dict[str, float] = {}
    for action in made.actions:
        if action.does == "write":
            written[action.key] = len(action.body.encode())
            objects.add(action.key)
            manifests.setdefault(action.key, action.at)
        if action.does == "delete":
            objects.remove(action.key)
            manifest = action.key.partition("/")[0].removesuffix("-vaultjob")
            assert f"{manifest}-vaultjob/{manifest}.manifest" not in manifests
    assert {key: size for each in made.sets for key, size in each.rows.items()} == written
    for each in made.sets:
        assert not each.missing & each.rows.keys()
        assert each.absent == {
            key for key in each.rows if key not in objects and key.startswith(f"{each.set_id}-")
        }
    assert {each.kind for each in made.sets} == set(Kind)
    assert from_lines(lines(made.actions)) == list(made.actions)


@pytest.mark.parametrize("seconds", [30.0, 60.0, 600.0])
def test_each_kind_of_fault_comes_and_ends_within_the_run(seconds: float) -> None:
    faults = schedule(1, seconds)
    assert {fault.target or fault.does for fault in faults} == {
        KILL_WORKER,
        KILL_GATEWAY,
        *CONSUMERS,
        *OUTAGES,
    }
    assert all(0 <= fault.at <= fault.at + fault.seconds <= seconds for fault in faults)
    assert max(fault.seconds for fault in faults) == min(60, seconds / 10)


def test_a_run_without_a_fault_counts_nothing() -> None:
    """A repeat of the same text does not count as a second outcome, because it has the same id."""
    assert counts(OUTCOME, dict(OUTCOME)) == (0, 0, 0, 0)
    assert counts(FAILED, expected=STOPPED) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("rows", "outcomes", "expected"),
    [
        ({"s-vaultjob/a": 1}, [OUTCOME], (1, 0, 0, 0)),
        ({**SET.rows, "s-vaultjob/a": 2}, [OUTCOME], (1, 0, 0, 0)),
        (None, [], (0, 1, 0, 0)),
        (None, [OUTCOME, {**OUTCOME, "outcome-id": "2"}], (0, 0, 1, 0)),
        (None, [{**OUTCOME, "missing": 2}], (0, 0, 0, 1)),
        (None, [{**OUTCOME, "missing": None}], (0, 0, 0, 1)),
        (None, [{**OUTCOME, "examples": []}], (0, 0, 0, 1)),
        (None, [{**OUTCOME, "status": "Successful"}], (0, 0, 0, 1)),
        (None, [FAILED], (0, 0, 0, 1)),
    ],
)
def test_what_is_lost_double_or_wrong_is_counted(
    rows: dict[str, int] | None, outcomes: list[dict[str, Any]], expected: tuple[int, ...]
) -> None:
    assert counts(*outcomes, rows=rows) == expected


def test_a_set_that_was_stopped_must_have_failed_for_that_reason() -> None:
    assert counts({**FAILED, "reason": "No check succeeded"}, expected=STOPPED) == (0, 0, 0, 1)


def test_what_fired_is_read_from_microbursts_metrics() -> None:
    labels = 'service="dynamodb",operation="PutItem"'
    metrics = (
        "microburst_requests_total 9\n"
        f'microburst_faults_total{{{labels},action="error:ThrottlingException"}} 3\n'
        f'microburst_faults_total{{{labels},action="latency:71ms"}} 1\n'
        f'microburst_faults_total{{{labels},action="latency:90ms"}} 2\n'
    )
    assert counted(metrics) == {
        ("dynamodb PutItem", "error:ThrottlingException"): 3,
        ("dynamodb PutItem", "latency"): 3,
    }


def test_each_rule_is_one_that_microburst_takes() -> None:
    rules = pytest.importorskip("microburst.rules")
    for rule in (*RULES, *OUTAGES.values()):
        rules.from_dict(rule)


class OneObject(BaseHTTPRequestHandler):
    """Answers as S3 does about an object of 7 bytes."""

    def do_HEAD(self) -> None:
        self.send_response_only(200)  # which logs nothing
        self.send_header("Content-Length", "7")
        self.end_headers()


def test_the_size_of_an_object_passes_the_proxy(tmp_path: Path) -> None:
    pytest.importorskip("microburst")
    upstream = HTTPServer(("127.0.0.1", 0), OneObject)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{upstream.server_port}"
        with fault_proxy(url, seed=1, log=tmp_path / "log") as proxy:
            asked = HTTPConnection(urlsplit(proxy.url).netloc)
            asked.request("HEAD", "/bucket/key")
            assert asked.getresponse().getheader("Content-Length") == "7"
            asked.close()
    finally:
        upstream.shutdown()
        upstream.server_close()


class FakeGateway:
    """Does *fails_after* actions, and is killed afterwards."""

    def __init__(self, done: list[str], *, fails_after: int) -> None:
        self._done, self._left, self._lock = done, fails_after, threading.Lock()

    def do(self, action: Action) -> None:
        with self._lock:
            if not self._left:
                raise InterruptedError
            self._left -= 1
            self._done.append(action.key)


def test_a_gateway_that_was_killed_goes_on_where_it_stood(tmp_path: Path) -> None:
    plan = [Action(at=0, lane=0, does="write", key=str(number)) for number in range(5)]
    done: list[str] = []
    for fails_after in (3, 5):
        gateway: Any = FakeGateway(done, fails_after=fails_after)
        if fails_after == 3:
            with pytest.raises(InterruptedError):
                work(gateway, plan, tmp_path / "journal", began=0)
        else:
            work(gateway, plan, tmp_path / "journal", began=0)
    assert done == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--minutes", "0"], "'0' is no number of minutes from 0.5 to 120"),
        (["--minutes", "soon"], "'soon' is no number of minutes from 0.5 to 120"),
        (["--minutes", "nan"], "'nan' is no number of minutes"),
        (["--seed", "x"], "invalid int value: 'x'"),
        (["--plant", "fire"], "choose from"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    given: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["chaos", *given])
    with pytest.raises(SystemExit) as ended:
        arguments()
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
