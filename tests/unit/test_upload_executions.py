"""The executions of one manifest event find each other, so that a failure prevents no other outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.aws.running_executions import is_running
from handlers.aws.upload_executions import UploadExecutions
from handlers.core.events import ManifestUpload
from tests.unit.fakes import OUTCOME_TABLE, FakeAws
from tests.unit.samples import EXECUTION, OTHER_EXECUTION, manifest_upload

MANIFEST = manifest_upload()


def executions(manifest: ManifestUpload = MANIFEST) -> UploadExecutions:
    return UploadExecutions(table=OUTCOME_TABLE, expiry_days=30, manifest=manifest)


def test_a_repeated_check_adds_its_execution_once(aws: FakeAws) -> None:
    assert executions().all() == set()
    executions().add(EXECUTION)
    executions().add(EXECUTION)
    executions().add(OTHER_EXECUTION)
    assert executions().all() == {EXECUTION, OTHER_EXECUTION}


def test_an_execution_that_gives_up_receives_those_that_have_not(aws: FakeAws) -> None:
    executions().add(EXECUTION)
    executions().add(OTHER_EXECUTION)
    assert executions().give_up(EXECUTION) == {OTHER_EXECUTION}
    assert executions().give_up(EXECUTION) == {OTHER_EXECUTION}
    assert executions().give_up(OTHER_EXECUTION) == set()
    assert executions().all() == {EXECUTION, OTHER_EXECUTION}


def test_an_execution_stopped_before_its_first_check_also_gives_up(aws: FakeAws) -> None:
    assert executions().give_up(EXECUTION) == set()
    executions().add(OTHER_EXECUTION)
    assert executions().give_up(EXECUTION) == {OTHER_EXECUTION}


@pytest.mark.parametrize(
    "other",
    [
        manifest_upload("p/a-vaultjob/a.manifest"),
        replace(MANIFEST, upload=replace(MANIFEST.upload, bucket="other")),
        replace(MANIFEST, upload=replace(MANIFEST.upload, event_time=1)),
    ],
    ids=["key", "bucket", "event-time"],
)
def test_another_manifest_event_has_its_own_executions(aws: FakeAws, other: ManifestUpload) -> None:
    executions().add(EXECUTION)
    assert executions(other).all() == set()


def test_all_attempts_share_one_set_of_executions(aws: FakeAws) -> None:
    """A failure before the pin uses the version that an earlier attempt pinned."""
    executions().add(EXECUTION)
    assert executions(replace(MANIFEST, attempt=2)).all() == {EXECUTION}


def test_the_executions_expire_as_the_pins_do(aws: FakeAws) -> None:
    executions().add(EXECUTION)
    (row,) = aws.dynamodb.rows(OUTCOME_TABLE)
    assert row["expiresAt"]["N"] == str(int(aws.clock.now) + 30 * 86_400)


def test_an_execution_runs_until_it_has_ended(aws: FakeAws) -> None:
    """Step Functions no longer has an execution that ended long ago."""
    aws.states.running[EXECUTION] = 1
    aws.states.ended.add(OTHER_EXECUTION)
    assert is_running(EXECUTION, attempt=1)
    assert not is_running(OTHER_EXECUTION, attempt=1)
    assert not is_running(EXECUTION.replace("one", "gone"), attempt=1)


def test_an_execution_of_another_attempt_decides_another_outcome(aws: FakeAws) -> None:
    aws.states.running |= {EXECUTION: 1, OTHER_EXECUTION: 2}
    assert not is_running(EXECUTION, attempt=2)
    assert is_running(OTHER_EXECUTION, attempt=2)
