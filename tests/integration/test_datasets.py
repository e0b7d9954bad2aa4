"""Datasets from upload to outcome, with the simulated gateway or with sent events."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.aws_environment import Endpoint
from local.datasets import generate
from local.deployed_system import DeployedSystem
from local.outcomes import Event
from local.share_setup import create_share
from tests.integration.driver import Driver, administrator, eventually, outcome, silent

A_DAY = 86_400


def vault(
    driver: Driver, source: Path, set_id: str, share: Path, *flags: str, hold_back: str = ""
) -> Event:
    """Vault *source*, optionally with a file held back, and return the set's outcome."""
    if hold_back:
        driver.system.held_back(share).add(f"{set_id}-vaultjob/{hold_back}")
    with driver.outcomes(set_id) as outcomes:
        driver.vault(source, set_id, share, *flags)
        return outcome(outcomes)


def reconcile_again(system: DeployedSystem, set_id: str) -> subprocess.CompletedProcess[str]:
    """Start a set's reconciliation again, like an operator."""
    return subprocess.run(
        [Path(__file__).parents[2] / "tools/sgvault.sh", "reconcile", set_id],
        env=administrator(system),
        capture_output=True,
        text=True,
        check=False,
    )


def small(folder: Path) -> Path:
    """Return a dataset of three files."""
    (folder / "deep" / "er").mkdir(parents=True)
    for name in ("one.txt", "deep/two.txt", "deep/er/three.txt"):
        (folder / name).write_text(name)
    return folder


def test_a_dataset_with_awkward_names_is_found_complete(
    driver: Driver, system: DeployedSystem, tmp_path: Path
) -> None:
    """Pitfalls 4, 9, 18: the gateway announces in any order, some files twice, and folders as well."""
    generate(tmp_path)
    event = vault(driver, tmp_path, "2026-11-payroll", system.share_folder)

    assert event["detail-type"] == "File Upload Reconciliation Successful"
    detail = event["detail"]
    manifest = system.share_folder / "2026-11-payroll-vaultjob" / "2026-11-payroll.manifest"
    header, *entries = manifest.read_bytes().split(b"\n")[:-1]
    assert header.startswith(b"#vault-manifest 1 ")
    listed = len(entries)
    assert (detail["files"], detail["found"]) == (listed, listed)
    assert detail["examples"] == []
    summary, differences = driver.report(event)
    assert summary["status"] == "Successful"
    assert differences == []


def test_a_file_that_never_arrives_is_named(
    driver: Driver, system: DeployedSystem, tmp_path: Path
) -> None:
    """Pitfall 14: the event and the report have the missing key."""
    event = vault(driver, small(tmp_path), "short", system.share_folder, hold_back="deep/two.txt")

    missing = {"type": "missing", "key": "short-vaultjob/deep/two.txt", "inS3": False}
    assert event["detail"]["status"] == "Timed out"
    assert event["detail"]["iterations"] == 10
    assert event["detail"]["examples"] == [missing]
    assert driver.report(event)[1] == [missing]


def test_two_datasets_at_once_with_hyphens_in_their_ids(
    driver: Driver, system: DeployedSystem, tmp_path: Path
) -> None:
    """Pitfall 1: ``a-1`` and ``a-2`` are two sets."""
    source = small(tmp_path)
    with ThreadPoolExecutor() as both:
        vaulted = list(
            both.map(
                lambda set_id: vault(driver, source, set_id, system.share_folder), ["a-1", "a-2"]
            )
        )

    assert [event["detail"]["status"] for event in vaulted] == ["Successful"] * 2
    assert [event["detail"]["set-id"] for event in vaulted] == ["a-1", "a-2"]


def test_one_set_id_under_two_share_prefixes_is_two_datasets(
    driver: Driver, system: DeployedSystem, tmp_path: Path
) -> None:
    """Pitfall 3: each share's prefix precedes the set's folder, and each set has its own outcome.

    Their manifests have the plain form.
    """
    source = small(tmp_path)
    whole, short = system.add_share("team-a/"), system.add_share("team/b/")

    assert vault(driver, source, "same", whole, "--plain")["detail"]["status"] == "Successful"
    event = vault(driver, source, "same", short, "--plain", hold_back="one.txt")

    assert event["detail"]["status"] == "Timed out"
    assert [one["key"] for one in event["detail"]["examples"]] == ["team/b/same-vaultjob/one.txt"]


def test_a_manifest_waits_for_its_data(driver: Driver) -> None:
    """The manifest may arrive first; the files arrive in any order, some of them twice."""
    keys = [f"early-vaultjob/{number}" for number in range(30)]
    with driver.outcomes("early") as outcomes:
        driver.manifest("early", keys)
        assert eventually(lambda: driver.executions("early"))
        for key in keys:
            driver.put(key)
        driver.announce(*reversed(keys), *keys[:7])
        event = outcome(outcomes)

    assert event["detail"]["status"] == "Successful"
    assert event["detail"]["found"] == 30


def test_an_announced_file_that_is_not_listed_is_unexpected(driver: Driver) -> None:
    """Files with ignored names are only counted."""
    keys = [f"more-vaultjob/{name}" for name in ("a", "b", "listed/.DS_Store")]
    for key in [*keys, "more-vaultjob/.DS_Store", "more-vaultjob/z"]:
        driver.put(key)
        driver.announce(key)
    with driver.outcomes("more") as outcomes:
        driver.manifest("more", keys)
        event = outcome(outcomes)

    assert event["detail"]["status"] == "Timed out"
    assert event["detail"]["examples"] == [{"type": "unexpected", "key": "more-vaultjob/z"}]
    assert event["detail"]["ignored"] == 1


def test_an_announced_file_that_is_not_in_s3_is_absent(driver: Driver) -> None:
    """Pitfall 15: S3 is the authority on objects."""
    with driver.outcomes("gone") as outcomes:
        driver.announce("gone-vaultjob/a")
        driver.manifest("gone", ["gone-vaultjob/a"])
        event = outcome(outcomes)

    assert event["detail"]["status"] == "Timed out"
    assert event["detail"]["examples"] == [{"type": "absent", "key": "gone-vaultjob/a"}]


def test_a_row_keeps_the_newest_event_of_its_key(driver: Driver) -> None:
    """Pitfall 9: an older event after a newer one does not replace it."""
    key = "rewritten-vaultjob/a"
    driver.announce(key, size=2, time_="2026-11-20T12:00:02Z")
    assert eventually(lambda: driver.rows("rewritten"))
    driver.announce(key, size=1, time_="2026-11-20T12:00:01Z")
    driver.announce("rewritten-vaultjob/later")
    assert eventually(lambda: len(driver.rows("rewritten")) == 2)

    assert driver.rows("rewritten")[key]["objectSize"] == {"N": "2"}


def test_uploads_that_wait_reach_the_function_as_one_batch(driver: Driver) -> None:
    """AWS passes up to 10,000 messages to a function at once; a single receive returns at most ten."""
    keys = [f"burst-vaultjob/{number}" for number in range(60)]
    with driver.held_uploads():
        driver.announce(*keys)
    assert eventually(lambda: driver.rows("burst").keys() == set(keys))
    assert 60 in driver.metric("classify-upload", "UploadsClassified")


def test_uploads_to_another_bucket_or_without_notification_are_ignored(
    driver: Driver, system: DeployedSystem, tmp_path: Path
) -> None:
    """Pitfall 7: events of other buckets arrive on the same default bus."""
    driver.s3.create_bucket(
        Bucket="another-bucket",
        CreateBucketConfiguration={"LocationConstraint": system.region},
    )
    create_share(
        Endpoint(url=system.endpoint, region=system.region),
        system.gateway_arn,
        location_arn="arn:aws:s3:::another-bucket",
        name="another",
        settling_seconds=1,
    )
    quiet = system.add_share("quiet/", notify=False)
    for share, set_id in ((system.folder / "shares" / "another", "foreign"), (quiet, "quiet")):
        share.mkdir(exist_ok=True)
        driver.vault(small(tmp_path / set_id), set_id, share)

    def uploaded(bucket: str, prefix: str) -> bool:
        return bool(driver.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("KeyCount"))

    assert eventually(lambda: uploaded("another-bucket", "foreign-vaultjob/one.txt"))
    assert eventually(lambda: uploaded(system.bucket, "quiet/quiet-vaultjob/one.txt"))
    with driver.outcomes("foreign") as foreign, driver.outcomes("quiet") as unheard:
        assert silent(foreign)
        assert silent(unheard, seconds=1)
    assert driver.rows("foreign") == driver.rows("quiet") == {}


def test_a_reconciliation_is_started_again_after_it_has_timed_out(
    driver: Driver, system: DeployedSystem
) -> None:
    """The second attempt at the same manifest upload has its own outcome."""
    with driver.outcomes("again") as outcomes:
        driver.manifest("again", ["again-vaultjob/late"])
        first = outcome(outcomes)
        driver.put("again-vaultjob/late")
        driver.announce("again-vaultjob/late")
        started = reconcile_again(system, "again")
        assert started.returncode == 0, started.stderr
        second = outcome(outcomes)

    assert [event["detail"]["status"] for event in (first, second)] == ["Timed out", "Successful"]
    assert [event["detail"]["attempt"] for event in (first, second)] == [1, 2]
    assert first["detail"]["outcome-id"] != second["detail"]["outcome-id"]
    assert second["detail"]["execution"] in started.stdout


def test_there_is_nothing_to_start_again_without_a_manifest(system: DeployedSystem) -> None:
    """The message names the missing object."""
    started = reconcile_again(system, "nobody")
    assert started.returncode == 1
    assert "nobody-vaultjob/nobody.manifest" in started.stderr
    assert "Traceback" not in started.stderr


def test_a_set_delivered_again_is_not_successful_because_of_old_rows(
    system: DeployedSystem, driver: Driver, tmp_path: Path
) -> None:
    """Pitfall 17: with a rich manifest, only uploads since the beginning of the delivery count."""
    for name in ("kept", "stuck"):
        (tmp_path / name).write_text(name)
    with driver.outcomes("anew") as outcomes:
        driver.vault(tmp_path, "anew", system.share_folder)
        first = outcome(outcomes)
        driver.date_rows_back("anew", seconds=A_DAY)

        system.held_back().add("anew-vaultjob/stuck")
        driver.vault(tmp_path, "anew", system.share_folder, "--new")
        again = outcome(outcomes)

    missing = {"type": "missing", "key": "anew-vaultjob/stuck", "inS3": True}
    assert first["detail"]["status"] == "Successful"
    assert again["detail"]["status"] == "Timed out"
    assert again["detail"]["examples"] == [missing]
    assert int(driver.rows("anew")["anew-vaultjob/kept"]["eventTime"]["N"]) > time.time() - 600
