"""``sgvault verify`` repeats a verification from the receipt that the real functions wrote."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from handlers.aws import object_content
from handlers.core import content as core
from tests.unit import operator_account
from tests.unit.content_vault import FILES, FOLDER, ContentVault
from tests.unit.fakes import OUTCOME_TABLE, REPORTS_BUCKET, FakeAws
from tests.unit.manifests import HASHES
from tests.unit.operator_account import Account
from tests.unit.operator_set import DatedS3, Place
from tests.unit.refusals import client_error
from tests.unit.sgvault import Ran, sgvault


@dataclass
class Verified:
    """A set *a* that was verified, its outcome, and an operator's account."""

    aws: FakeAws
    account: Account
    vault: ContentVault
    detail: dict[str, Any]

    def verify(self, *options: str) -> Ran:
        return sgvault("verify", "a", *options)

    def keys(self, ending: str) -> list[str]:
        """Return the keys of the receipt that end with *ending*."""
        return [key for _, key in self.aws.s3.versions if key[:8] == "receipts" and ending in key]


@pytest.fixture
def verified(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Verified]]:
    """Verify a set while a file is uploaded again, so that its receipt has two rounds."""
    monkeypatch.setattr(core, "SHARD_LINES", 2)
    monkeypatch.setattr(object_content, "RANGE_BYTES", 8)
    monkeypatch.setattr("operations.verification.BATCH", 2)
    aws.s3.keys_a_page = 1000
    with operator_account.installed() as account:

        def run(algorithm: str = "crc64nvme", **vault: Any) -> Verified:
            made = ContentVault(aws, FILES, algorithm, **vault)
            aws.s3.put(f"{FOLDER}b", b"SHORT")
            made.during = {3: lambda: made.upload("b", b"short")}
            detail = made.outcome()
            assert detail["status"] == "Successful"
            operator = Place(aws, DatedS3(), account)
            notified = {"notify": {"Payload": {"outcomeId": detail["outcome-id"]}}}
            operator.run(output=json.dumps(notified))
            account.answers["GetItem"] = operator.get_item
            account.answers |= {
                "HeadObject": lambda _, given: aws.s3.head_object(**given),
                "GetObject": lambda _, given: aws.s3.get_object(**given),
                "ListObjectsV2": lambda _, given: aws.s3.list_objects_v2(**given),
            }
            return Verified(aws, account, made, detail)

        yield run


@pytest.mark.parametrize("algorithm", HASHES)
@pytest.mark.parametrize("options", [(), ("--read",)], ids=["stored", "read"])
def test_a_receipt_is_confirmed(
    verified: Callable[..., Verified], algorithm: str, options: tuple[str, ...]
) -> None:
    """The last line of a key that was compared twice counts."""
    ran = verified(algorithm).verify("--json", *options)
    assert (ran.status, ran.json["compared"], ran.json["changes"]) == (0, 5, [])
    assert ran.json["mode"] == ("read" if options else "stored")
    assert "5 files" in sgvault("verify", "a", *options).out


@pytest.mark.parametrize("options", [(), ("--read",)], ids=["stored", "read"])
def test_each_change_is_reported_by_its_type(
    verified: Callable[..., Verified], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """An archived object has no checksum that S3 shows, so that it must be read, and cannot be."""
    found = verified()
    s3 = found.aws.s3
    s3.versions["bucket", f"{FOLDER}a"].clear()
    s3.put(f"{FOLDER}b", b"short")
    s3.put(f"{FOLDER}d/c", b"a large one, by rangeS")
    s3.put(f"{FOLDER}d/e", b"shorter")
    s3.checksums[f"{FOLDER}f"] = {}
    archived = client_error("InvalidObjectState", 403)
    s3.fails = lambda operation, given: (
        archived if operation == "GetObject" and given["Key"] == f"{FOLDER}f" else None
    )
    expected = {
        "a": "deleted",
        "b": "new-version",
        "d/c": "other-content",
        "d/e": "other-size",
        "f": "unreadable",
    }
    ran = found.verify("--json", *options)
    changes = {each["key"].removeprefix(FOLDER): each for each in ran.json["changes"]}
    assert (ran.status, {name: each["type"] for name, each in changes.items()}) == (1, expected)
    assert ran.json["counts"] == dict.fromkeys(ran.json["counts"], 1)
    assert changes["d/c"]["checksumNow"] == HASHES["crc64nvme"](b"a large one, by rangeS")
    assert (changes["b"]["version"], changes["b"]["versionNow"]) == ("version-3", "version-4")
    assert "is archived" in changes["f"]["reason"]
    lines = [json.loads(line) for line in found.verify("--jsonl", *options).out.splitlines()]
    assert lines == ran.json["changes"]
    monkeypatch.setattr("operations.verify.FIRST", 2)
    text = found.verify(*options).out
    assert "... and 3 more" in text
    assert f"Next: sgvault explain a {FOLDER}a" in text


def test_the_next_command_shows_the_versions_of_a_file_with_other_content(
    verified: Callable[..., Verified],
) -> None:
    """``explain`` calls such a file complete; a new version with the same content is less urgent."""
    found = verified()
    found.aws.s3.put(f"{FOLDER}b", b"short")
    found.aws.s3.put(f"{FOLDER}d/c", b"a large one, by rangeS")
    versions = f"aws s3api list-object-versions --bucket bucket --prefix {FOLDER}d/c"
    assert f"Next: {versions}" in found.verify().out


@pytest.mark.parametrize(("times", "expected"), [(2, None), (99, "unreadable")])
def test_an_object_that_is_replaced_while_it_is_read_is_compared_again(
    verified: Callable[..., Verified], times: int, expected: str | None
) -> None:
    found, replaced = verified(), iter(range(times))
    changed = client_error("PreconditionFailed", 412)
    found.aws.s3.fails = lambda operation, given: (
        changed
        if operation == "GetObject" and given["Key"] == f"{FOLDER}f" and next(replaced, -1) >= 0
        else None
    )
    changes = found.verify("--json", "--read").json["changes"]
    assert [each["type"] for each in changes] == ([expected] if expected else [])


def damage_index(found: Verified) -> None:
    (key,) = found.keys("/index.json")
    found.aws.s3.put(key, b"{}", bucket=REPORTS_BUCKET)


def damage_part(found: Verified) -> None:
    found.aws.s3.put(found.keys(".jsonl.gz")[0], b"", bucket=REPORTS_BUCKET)


def delete_part(found: Verified) -> None:
    found.aws.s3.versions[REPORTS_BUCKET, found.keys(".jsonl.gz")[-1]].clear()


def expire(found: Verified) -> None:
    found.aws.dynamodb.tables[OUTCOME_TABLE].clear()


def delete_receipt(found: Verified) -> None:
    expire(found)
    for key in found.keys(""):
        del found.aws.s3.versions[REPORTS_BUCKET, key]


def refuse(found: Verified) -> None:
    refused = client_error("403", 403)
    found.aws.s3.fails = lambda operation, given: refused if "ChecksumMode" in given else None


@pytest.mark.parametrize(
    ("happens", "options", "message"),
    [
        (damage_index, (), "index.json was changed since"),
        (damage_part, (), "proves nothing"),
        (delete_part, (), "was deleted"),
        (expire, (), "outcomes expire. Add --sha256"),
        (expire, ("--sha256", "0" * 64), "No receipt of a has this SHA-256"),
        (
            delete_receipt,
            (),
            "a has no receipt. Only a Successful set whose manifest has checksums",
        ),
        (lambda _: None, ("--attempt", "2"), "of attempt 2"),
        (refuse, (), f"S3 refuses to read {FOLDER}a: 'sgvault policy --verify'"),
    ],
)
def test_without_an_intact_receipt_nothing_is_confirmed(
    verified: Callable[..., Verified],
    happens: Callable[[Verified], None],
    options: tuple[str, ...],
    message: str,
) -> None:
    found = verified()
    happens(found)
    ran = found.verify("--json", *options)
    assert (ran.status, ran.out) == (1, "")
    assert message in ran.err


def test_reading_without_the_library_of_crc64nvme_shows_the_remedy(
    verified: Callable[..., Verified], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored checksums are compared without it."""
    found = verified()
    monkeypatch.setitem(sys.modules, "awscrt.checksums", None)
    assert found.verify().status == 0
    assert "'pip install awscrt' installs it." in found.verify("--read").err


def test_a_receipt_outlives_its_outcome(verified: Callable[..., Verified]) -> None:
    """The consumer of the outcome event has its SHA-256."""
    found = verified()
    expire(found)
    assert found.verify("--sha256", found.detail["receipt-sha256"].upper()).status == 0


def test_a_receipt_with_fewer_files_than_it_counts_is_refused(
    verified: Callable[..., Verified],
) -> None:
    found = verified()
    (key,) = found.keys("/index.json")
    index = json.loads(found.aws.s3.newest(key, bucket=REPORTS_BUCKET))
    index["parts"].pop()
    body = json.dumps(index).encode()
    found.aws.s3.put(key, body, bucket=REPORTS_BUCKET)
    ran = found.verify("--sha256", hashlib.sha256(body).hexdigest())
    assert (ran.status, "its index counts 5: do not rely on it" in ran.err) == (1, True)


def test_the_policy_of_verify_reads_the_files(verified: Callable[..., Verified]) -> None:
    verified()
    reading = sgvault("policy").json["Statement"]
    more = sgvault("policy", "--verify").json["Statement"][len(reading) :]
    assert [each["Sid"] for each in more] == ["FindReceipts", "ReadContent"]
    assert more[1]["Resource"] == ["arn:aws:s3:::uploads-bucket/*"]
    assert sgvault("policy", "--verify", "--smoke").status == 1
