"""The receipt of a verified set, which docs/contract.md describes, checked by its SHA-256."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from typing import Any

import boto3
from botocore.exceptions import ClientError

from handlers.core.content import Comparison
from operations.counted import counted
from operations.errors import OperatorError
from operations.executions import Executions, outcome
from operations.report_files import place_of
from operations.safe_text import shown
from operations.vault import Vault

FORMS = "Only a Successful set whose manifest has checksums (form 2) has a receipt."


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt whose index has the expected SHA-256."""

    bucket: str
    key: str
    """The key of the index."""
    index: dict[str, Any]

    @property
    def uri(self) -> str:
        """The S3 URI of the index."""
        return f"s3://{self.bucket}/{self.key}"

    def comparisons(self) -> Iterator[Comparison]:
        """Yield the last comparison of each key, in the order of the keys.

        The memory holds one part of each round.

        Raises:
            OperatorError: A part is missing or differs from the index.
        """
        rounds: dict[int, list[dict[str, str]]] = {}
        for part in self.index["parts"]:
            number = int(part["key"].rpartition("/")[2].partition("-")[0])
            rounds.setdefault(number, []).append(part)
        lines = merge(*(self._lines(rounds[each]) for each in sorted(rounds)), key=_key)
        for _, repeated in groupby(lines, _key):
            *_, last = repeated
            yield last

    def _lines(self, parts: list[dict[str, str]]) -> Iterator[Comparison]:
        for part in parts:
            body = _body(self.bucket, part["key"], part["sha256"])
            with gzip.GzipFile(fileobj=io.BytesIO(body)) as lines:
                for line in lines:
                    yield Comparison.from_line(json.loads(line))


def find_receipt(
    vault: Vault, set_id: str, *, share_prefix: str, attempt: int | None, sha256: str
) -> Receipt:
    """Return the newest receipt of a set, or that of *attempt*, or that whose index has *sha256*.

    Raises:
        OperatorError: There is none, or its index differs from the expected SHA-256.
    """
    if sha256:
        return _by_sha256(vault.reports_bucket_name, set_id, sha256.lower())
    folder = vault.folder(set_id, share_prefix=share_prefix)
    for each in Executions(vault).of_set(set_id, folder):
        decided = outcome(vault, each)
        if decided and decided.get("receipt") and attempt in (None, decided["attempt"]):
            bucket, key = place_of(decided["receipt"])
            index = _body(bucket, key, decided["receipt-sha256"])
            return Receipt(bucket=bucket, key=key, index=json.loads(index))
    kept = list(_indexes(vault.reports_bucket_name, set_id))
    if kept:
        raise OperatorError(
            f"{shown(set_id)} has {counted(len(kept), 'receipt')} below receipts/, but no outcome that names"
            f" one{_of(attempt)}: outcomes expire. Add --sha256 with the outcome event's"
            " receipt-sha256."
        )
    raise OperatorError(f"{shown(set_id)} has no receipt{_of(attempt)}. {FORMS}")


def _of(attempt: int | None) -> str:
    return f" of attempt {attempt}" if attempt else ""


def _by_sha256(bucket: str, set_id: str, sha256: str) -> Receipt:
    for key in _indexes(bucket, set_id):
        body = _body(bucket, key)
        if hashlib.sha256(body).hexdigest() == sha256:
            return Receipt(bucket=bucket, key=key, index=json.loads(body))
    raise OperatorError(
        f"No receipt of {shown(set_id)} has this SHA-256: compare it with receipt-sha256 of the"
        " outcome event. If they are equal, the receipt was changed or deleted."
    )


def _indexes(bucket: str, set_id: str) -> Iterator[str]:
    """Yield the keys of the indexes of a set's receipts."""
    pages = boto3.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=f"receipts/{set_id}/"):
        for each in page.get("Contents", []):
            if each["Key"].endswith("/index.json"):
                yield each["Key"]


def _body(bucket: str, key: str, sha256: str | None = None) -> bytes:
    """Return an object; raise an error if it is gone or has another SHA-256."""
    uri = shown(f"s3://{bucket}/{key}")
    try:
        body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"].get("Code") != "NoSuchKey":
            raise
        raise OperatorError(f"The receipt is incomplete: {uri} was deleted.") from error
    if sha256 is not None and hashlib.sha256(body).hexdigest() != sha256:
        raise OperatorError(
            f"The receipt proves nothing: {uri} was changed since the set was verified."
        )
    return body


def _key(comparison: Comparison) -> str:
    return comparison.key
