"""The report of an outcome: its summary, and a stream of all differences."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from operations.errors import OperatorError
from operations.executions import Executions, outcome
from operations.safe_text import set_argument, shown
from operations.vault import Vault

REMARKS = {
    "vanished": "Announced, not listed, not in S3: a temporary or renamed file. No difference.",
    "ignored": "Unexpected, under a name that the settings ignore. No difference.",
    "unlisted-folder": "A folder that was announced and not listed. No difference.",
    "unannounced": "In S3, neither announced nor listed. No difference.",
    "unverified": "Listed, but its checksum could not be compared. No difference.",
}
"""The types of remarks with their meaning; outcomes count them, and reports list them."""


def last_outcome(
    vault: Vault, set_id: str, *, share_prefix: str, attempt: int | None
) -> dict[str, Any]:
    """Return a set's last outcome, or that of *attempt*.

    Raises:
        OperatorError: There is none, or it has expired.
    """
    folder = vault.folder(set_id, share_prefix=share_prefix)
    for each in Executions(vault).of_set(set_id, folder):
        decided = outcome(vault, each)
        if decided and attempt in (None, decided["attempt"]):
            return decided
    wanted = f"no outcome of attempt {attempt}" if attempt else "no outcome yet, or it has expired"
    compare = f"sgvault show {set_argument(set_id, share_prefix)}"
    raise OperatorError(f"{shown(set_id)} has {wanted}: '{compare}' compares it now.")


def place_of(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


class ReportFiles:
    """A summary and its parts in the reports bucket."""

    def __init__(self, uri: str) -> None:
        """Open the report with this S3 URI of its summary."""
        self._bucket, self._key = place_of(uri)
        self._s3 = boto3.client("s3")

    def summary(self) -> dict[str, Any]:
        """Return the summary.

        Raises:
            OperatorError: It has expired.
        """
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
        except ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchKey":
                raise
            raise OperatorError(
                f"The report {shown(f's3://{self._bucket}/{self._key}')} has expired:"
                " 'sgvault show' compares the set now."
            ) from error
        summary: dict[str, Any] = json.loads(body)
        return summary

    def differences(self, summary: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield every line of the report, in the order of the keys."""
        folder = self._key.rpartition("/")[0]
        for name in summary["differences"]:
            key = name if "/" in name else f"{folder}/{name}"  # release 0.1.0 wrote only names
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
            with gzip.GzipFile(fileobj=body) as lines:
                for line in lines:
                    yield json.loads(line)
