"""A manifest that is in S3, its attempts so far, and one more execution for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import count

import boto3

from handlers.aws.outcome_store import OutcomeStore
from handlers.core.events import MANIFEST_UPLOADED, SOURCE, ManifestUpload, ObjectUpload
from handlers.core.naming import SetFolder
from handlers.core.outcome import outcome_id
from operations import register
from operations.errors import OperatorError
from operations.executions import RUNNING, Execution, Executions
from operations.register import RegisterRow
from operations.set_reading import manifest_head
from operations.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """The attempts at one version of a manifest."""

    vault: Vault
    manifest: ManifestUpload
    version_id: str

    def running(self) -> Execution | None:
        """Return the execution that compares this manifest now, and will decide an outcome."""
        upload = self.manifest.upload
        for each in Executions(self.vault).of_set(self.manifest.set_id, self._folder, RUNNING):
            of_this_version = each.started >= upload.event_time
            if of_this_version and not self._outcomes.is_decided(self._id(each.manifest)):
                return each
        return None

    def so_far(self) -> tuple[str | None, ManifestUpload]:
        """Return the status of the newest outcome, if there is one, and the attempt after it.

        Before the first outcome, this attempt has the number 1. The number is reserved only when
        the attempt starts. No number is used twice, also if the outcome of an earlier attempt has
        expired and only the register still names it.
        """
        row, last = self._row(), self._last()
        newest, number = None, 0
        while True:
            number += 1
            attempt = replace(self.manifest, attempt=number)
            id_ = self._id(attempt)
            status = self._outcomes.status(id_)
            if status is None and row and row.outcome_id == id_:
                status = row.outcome
            if status is None and (number > last or last == 1):
                return newest, attempt
            newest = status or newest

    def planned(self) -> ManifestUpload:
        """Return the manifest with the number that :meth:`reserve` would return."""
        attempts = (replace(self.manifest, attempt=number) for number in count(self._last() + 1))
        return next(each for each in attempts if not self._outcomes.is_decided(self._id(each)))

    def reserve(self) -> ManifestUpload:
        """Return the manifest with an attempt's number that no earlier attempt has.

        A number is not used again, even after the outcomes of the earlier attempts have expired.
        """
        upload = self.manifest.upload
        while True:
            number = self._outcomes.next_attempt(upload.bucket, upload.key, self.version_id)
            attempt = replace(self.manifest, attempt=number)
            # Release 0.1.0 assigned numbers without counting them.
            if not self._outcomes.is_decided(self._id(attempt)):
                return attempt

    def _last(self) -> int:
        upload = self.manifest.upload
        return self._outcomes.last_attempt(upload.bucket, upload.key, self.version_id)

    def _id(self, attempt: ManifestUpload) -> str:
        return outcome_id(attempt, self.version_id)

    @property
    def _outcomes(self) -> OutcomeStore:
        return OutcomeStore(table=self.vault.outcome_table_name, expiry_days=self.vault.expiry_days)

    @property
    def _folder(self) -> str:
        return SetFolder.of_manifest(self.manifest.upload.key).prefix

    def _row(self) -> RegisterRow | None:
        row = register.rows(self.vault, [self._folder]).get(self._folder)
        if row and row.problem:
            raise OperatorError(row.problem)
        return row


def present_attempts(vault: Vault, *, set_id: str, share_prefix: str = "") -> Attempts:
    """Return the attempts at the manifest that the dataset has now.

    Raises:
        NoManifestError: There is no manifest.
    """
    bucket = vault.file_upload_bucket_name
    key = vault.manifest_key(set_id, share_prefix=share_prefix)
    head = manifest_head(bucket, key)
    upload = ObjectUpload(
        bucket=bucket,
        key=key,
        size_bytes=head["ContentLength"],
        event_time=int(head["LastModified"].timestamp()),
    )
    return Attempts(
        vault=vault,
        manifest=ManifestUpload(set_id=set_id, upload=upload),
        version_id=head.get("VersionId", "null"),
    )


def start(
    state_machine_arn: str, manifest: ManifestUpload, *, max_iterations: int | None = None
) -> str:
    """Start an execution with an event like the one that the rule sends; return its ARN."""
    fewer = {} if max_iterations is None else {"max-iterations": max_iterations}
    event = {
        "source": SOURCE,
        "detail-type": MANIFEST_UPLOADED,
        "detail": {**manifest.detail(), "attempt": manifest.attempt, **fewer},
    }
    answer = boto3.client("stepfunctions").start_execution(
        stateMachineArn=state_machine_arn, input=json.dumps(event, ensure_ascii=False)
    )
    return answer["executionArn"]
