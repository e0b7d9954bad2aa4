"""The benchmarks' baseline and the real handlers return the same results for every case."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tools.benchmarks.baseline import agree
from tools.benchmarks.cases import CASES, Case, Result
from tools.benchmarks.measurement import Who, measure
from tools.benchmarks.running_stub import RunningStub, running_stub
from tools.benchmarks.synthetic_set import (
    ITERATIONS,
    WITHOUT_CHECKSUMS,
    Arrival,
    Form,
    synthetic_set,
)

FILES = 700


@pytest.fixture(scope="module")
def stub() -> Iterator[RunningStub]:
    with running_stub() as running:
        yield running


@pytest.mark.parametrize(
    ("case", "form"),
    list(zip(CASES, [Form.PLAIN, Form.RICH, Form.PLAIN, Form.RICH], strict=True)),
    ids=[case.name for case in CASES],
)
@pytest.mark.parametrize("who", ["ours", "baseline"])
def test_each_side_finds_a_set_whole_in_the_right_iteration(
    stub: RunningStub, case: Case, form: Form, who: Who
) -> None:
    stub.show(FILES, case.arrival, form, shuffled=case.shuffled)
    iterations = (
        [ITERATIONS] if case.arrival is Arrival.AT_ONCE else [5, ITERATIONS - 1, ITERATIONS]
    )

    assert measure(stub, who, form, iterations).complete_at == ITERATIONS


@pytest.mark.parametrize("form", WITHOUT_CHECKSUMS)
def test_the_last_look_ends_in_a_complete_report(stub: RunningStub, form: Form) -> None:
    stub.show(FILES, Arrival.ALL_BUT_A_HUNDREDTH, form)

    assert measure(stub, "look", form, [1]).complete_at == 1
    assert measure(stub, "look", form, [ITERATIONS]).complete_at is None, "nothing is missing then"


@pytest.mark.parametrize(("who", "iteration"), [("ours", ITERATIONS), ("heads", FILES)])
def test_each_side_verifies_the_content_of_every_file(
    stub: RunningStub, who: Who, iteration: int
) -> None:
    stub.show(FILES, Arrival.AT_ONCE, Form.CHECKSUMS)
    stub.take_counts()
    measured = measure(stub, who, Form.CHECKSUMS, [iteration])
    assert measured.complete_at == iteration
    assert FILES <= measured.requests < FILES + 40


def test_the_baseline_accepts_only_folders_of_listed_files() -> None:
    assert agree(["d/a", "d/b"], ["d", "d/b", "d/a"])
    assert not agree(["d/a", "d/b"], ["d", "d/a"])
    assert not agree(["d/a"], ["d/a", "e"])
    assert not agree(["d/a"], ["d/a", "d/a-"])


@pytest.mark.parametrize("files", [1, 7, 1_234])
def test_a_dataset_has_the_requested_number_of_files_and_their_folders(files: int) -> None:
    dataset = synthetic_set(files, Arrival.AT_RANDOM)

    listed = {key for key, _ in dataset.listed}
    folders = {key.rpartition("/")[0] for key in listed}
    assert len(listed) == files
    assert folders <= set(dataset.rows.keys)
    assert {f"{folder}/" for folder in folders} <= set(dataset.objects.keys)
    for uploads in (dataset.rows, dataset.objects):
        assert list(uploads.keys) == sorted(uploads.keys, key=str.encode)
        assert set(uploads.iterations) <= set(range(1, ITERATIONS + 1))


def test_a_result_has_the_fields_of_latest_json(stub: RunningStub) -> None:
    stub.show(FILES, Arrival.AT_ONCE, Form.PLAIN)
    measured = measure(stub, "baseline", Form.PLAIN, [ITERATIONS])
    result = Result(
        case=CASES[0], files=FILES, form=Form.PLAIN, ours=measured, baseline=measured.scaled(2)
    )

    payload = json.loads(json.dumps(result.payload()))
    assert payload == {
        "case": "complete",
        "files": FILES,
        "form": "plain",
        "cpuSeconds": payload["cpuSeconds"],
        "baselineCpuSeconds": pytest.approx(2 * payload["cpuSeconds"], abs=1e-3),
        "peakMib": round(measured.peak_mib, 1),
        "requests": measured.requests,
        "readUnits": measured.read_units,
        "baselineReadUnits": 2 * measured.read_units,
    }
