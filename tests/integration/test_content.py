"""The deployed functions verify content: a file of the right size with other bytes is no success."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from io import BytesIO

import pytest
from boto3.s3.transfer import TransferConfig

from handlers.core.manifest_entries import Entry
from local.deployed_system import DeployedSystem
from local.outcomes import Event
from tests.integration.driver import SGVAULT, Driver, eventually, outcome, user
from tests.unit.manifests import HASHES, checksummed

LARGE = b"0123456789abcdef" * (20 * 2**16)
"""20 MB, uploaded in parts."""
FILES = {"a": b"", "large": LARGE, "small": b"right", "z": b"the last one"}
WRONG = {"large": LARGE[:-1] + b"!", "small": b"wrong"}


def put(driver: Driver, set_id: str, files: Mapping[str, bytes]) -> None:
    """Put files, large ones in parts, and announce them at once."""
    parts = TransferConfig(multipart_threshold=8 * 2**20)
    for name, content in files.items():
        key = f"{set_id}-vaultjob/{name}"
        driver.s3.upload_fileobj(BytesIO(content), driver.system.bucket, key, Config=parts)
        driver.announce_now(key, size=len(content))


def vault(driver: Driver, set_id: str, algorithm: str, wrong: Mapping[str, bytes] = WRONG) -> None:
    """Put a set in which the contents of *wrong* differ from the checksums in the manifest."""
    put(driver, set_id, {**FILES, **wrong})
    entries = [
        Entry(f"{set_id}-vaultjob/{name}", len(content), HASHES[algorithm](content))
        for name, content in FILES.items()
    ]
    key = f"{set_id}-vaultjob/{set_id}.manifest"
    driver.put(key, checksummed(entries, algorithm=algorithm))
    driver.announce_now(key, size=1)


@pytest.fixture(scope="module")
def auditor(system: DeployedSystem) -> Iterator[dict[str, str]]:
    """Return the environment of a user with the rights that ``sgvault policy --verify`` prints."""
    with user(system, "auditor", "--verify") as environ:
        yield environ


def verified_again(auditor: dict[str, str], set_id: str) -> tuple[int, dict[str, str]]:
    """Return the exit status of ``sgvault verify``, and the type of each changed key."""
    ran = subprocess.run(
        [SGVAULT, "verify", set_id, "--json"],
        env=auditor,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout, ran.stderr
    return ran.returncode, {each["key"]: each["type"] for each in json.loads(ran.stdout)["changes"]}


@contextmanager
def content_is_verified(system: DeployedSystem, mode: str) -> Iterator[None]:
    """Change the mode of the deployed check."""
    functions = system.client("lambda")
    name = f"vault-{system.environment}-reconcile-check"
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    variables = before["Variables"] | {"VERIFY_CONTENT": mode}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=before)


def has_result(driver: Driver, set_id: str, ending: str) -> bool:
    """Return whether the first verification of a set has written an object with *ending*."""
    prefix = f"content/{set_id}/"
    found = driver.s3.list_objects_v2(Bucket=driver.reports_bucket, Prefix=prefix)
    return any(each["Key"].endswith(ending) for each in found.get("Contents", []))


@pytest.mark.parametrize("mode", ["stored", "read"])
def test_other_bytes_of_the_right_size_are_found_and_may_be_put_right(
    driver: Driver, system: DeployedSystem, auditor: dict[str, str], mode: str
) -> None:
    """The test uses both algorithms; one set of each is corrected while its execution waits."""
    events: dict[str, Event] = {}
    sets = {
        f"{what}-{mode}-{algorithm}": algorithm
        for what in ("wrong", "righted")
        for algorithm in HASHES
    }
    with content_is_verified(system, mode), ExitStack() as stack:
        outcomes = {each: stack.enter_context(driver.outcomes(each)) for each in sets}
        for set_id, algorithm in sets.items():
            vault(driver, set_id, algorithm)
        for set_id in sets:
            assert eventually(lambda set_id=set_id: has_result(driver, set_id, ".json"), seconds=90)  # type: ignore[misc]
            if set_id.startswith("righted"):
                put(driver, set_id, {name: FILES[name] for name in WRONG})
        for set_id, subscription in outcomes.items():
            events[set_id] = outcome(subscription)

    for set_id, event in events.items():
        detail = event["detail"]
        counts = [detail[name] for name in ("verified", "unverified", "checksum-mismatch")]
        if set_id.startswith("righted"):
            assert (detail["status"], counts) == ("Successful", [4, 0, 0]), detail
            index = driver.s3.get_object(
                Bucket=driver.reports_bucket, Key=detail["receipt"].split("/", 3)[3]
            )["Body"].read()
            assert hashlib.sha256(index).hexdigest() == detail["receipt-sha256"]
            assert json.loads(index)["verified"] == 4
            assert verified_again(auditor, set_id) == (0, {})
            put(driver, set_id, {"large": WRONG["large"]})
            changed = {f"{set_id}-vaultjob/large": "other-content"}
            assert verified_again(auditor, set_id) == (1, changed)
        else:
            assert (detail["status"], counts) == ("Timed out", [2, 0, 2]), detail
            found = {each["key"].rpartition("/")[2]: each for each in detail["examples"]}
            hash_ = HASHES[sets[set_id]]
            assert {name: each["objectChecksum"] for name, each in found.items()} == {
                name: hash_(content) for name, content in WRONG.items()
            }


@contextmanager
def reading_is_refused(system: DeployedSystem, key: str) -> Iterator[None]:
    """Deny the worker one object."""
    function = f"vault-{system.environment}-verify-content"
    found = system.client("lambda").get_function_configuration(FunctionName=function)
    iam, role = system.client("iam"), found["Role"].rpartition("/")[2]
    refused = {
        "Effect": "Deny",
        "Action": "s3:GetObject*",
        "Resource": f"arn:aws:s3:::{system.bucket}/{key}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [refused]})
    iam.put_role_policy(RoleName=role, PolicyName="refused", PolicyDocument=policy)
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="refused")


def test_an_interrupted_verification_goes_on_where_it_was(
    driver: Driver, system: DeployedSystem, auditor: dict[str, str]
) -> None:
    """The worker fails in the middle of its shard, and its next call repeats no comparison.

    A file has a new version meanwhile, which nobody announced: the receipt has the first version.
    """
    set_id, kept = "interrupted", "/00000.unfinished.json.gz"
    with driver.outcomes(set_id) as outcomes:
        with reading_is_refused(system, f"{set_id}-vaultjob/z"):
            vault(driver, set_id, "crc64nvme", wrong={})
            assert eventually(lambda: has_result(driver, set_id, kept), seconds=90)
            driver.put(f"{set_id}-vaultjob/small", FILES["small"])
        detail = outcome(outcomes)["detail"]
    assert (detail["status"], detail["verified"], detail["iterations"]) == ("Successful", 4, 1)
    changed = {f"{set_id}-vaultjob/small": "new-version"}
    assert verified_again(auditor, set_id) == (1, changed)
