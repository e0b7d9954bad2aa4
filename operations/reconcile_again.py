"""A manifest that is in S3 -> one more execution for it, with the next attempt's number."""

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
from operations.executions import RUNNING, Executions
from operations.register import RegisterRow
from operations.safe_text import shown
from operations.set_reading import manifest_head
from operations.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An execution that has begun."""

    attempt: int
    execution_arn: str


def reconcile_again(vault: Vault, *, set_id: str, share_prefix: str = "") -> Started:
    """Start the next attempt at the manifest that the dataset has now.

    Raises:
        NoManifestError: There is no manifest.
    """
    manifest = reserve_attempt(vault, *_present(vault, set_id, share_prefix))
    arn = start(vault.state_machine_arn, manifest)
    return Started(attempt=manifest.attempt, execution_arn=arn)


def planned(vault: Vault, *, set_id: str, share_prefix: str = "") -> ManifestUpload:
    """Return the manifest and the attempt that :func:`reconcile_again` would start.

    Raises:
        NoManifestError: There is no manifest.
    """
    manifest, version_id = _present(vault, set_id, share_prefix)
    outcomes = OutcomeStore(table=vault.outcome_table_name, expiry_days=vault.expiry_days)
    last = outcomes.last_attempt(manifest.upload.bucket, manifest.upload.key, version_id)
    return _undecided(outcomes, manifest, version_id, after=last)


def _present(vault: Vault, set_id: str, share_prefix: str) -> tuple[ManifestUpload, str]:
    """Return the manifest that the dataset has now, and its version."""
    bucket = vault.file_upload_bucket_name
    key = vault.manifest_key(set_id, share_prefix=share_prefix)
    head = manifest_head(bucket, key)
    upload = ObjectUpload(
        bucket=bucket,
        key=key,
        size_bytes=head["ContentLength"],
        event_time=int(head["LastModified"].timestamp()),
    )
    return ManifestUpload(set_id=set_id, upload=upload), head.get("VersionId", "null")


def refuse_while_running(vault: Vault, *, set_id: str, share_prefix: str = "") -> None:
    """Refuse another attempt at the present manifest while one has no outcome yet.

    Raises:
        NoManifestError: There is no manifest.
        OperatorError: An execution that began after the manifest was uploaded is running.
    """
    manifest, version_id = _present(vault, set_id, share_prefix)
    outcomes = OutcomeStore(table=vault.outcome_table_name, expiry_days=vault.expiry_days)
    folder = vault.folder(set_id, share_prefix=share_prefix)
    for each in Executions(vault).of_set(set_id, folder, RUNNING):
        is_decided = outcomes.is_decided(outcome_id(each.manifest, version_id))
        if each.started >= manifest.upload.event_time and not is_decided:
            raise OperatorError(
                f"Nothing was started: attempt {each.manifest.attempt} of {shown(set_id)} is running,"
                f" and compares again until its time-out: {each.arn}. 'sgvault watch SET' waits for its"
                " outcome."
            )


def last_status(vault: Vault, *, set_id: str, share_prefix: str = "") -> str | None:
    """Return the status of the newest outcome of the manifest that the dataset has now.

    None if it has no outcome yet.

    Raises:
        NoManifestError: There is no manifest.
    """
    manifest, version_id = _present(vault, set_id, share_prefix)
    upload = manifest.upload
    outcomes = OutcomeStore(table=vault.outcome_table_name, expiry_days=vault.expiry_days)
    row = _row(vault, upload)
    last_attempt = outcomes.last_attempt(upload.bucket, upload.key, version_id)
    last = None
    for attempt in count(1):
        id_ = outcome_id(replace(manifest, attempt=attempt), version_id)
        status = outcomes.status(id_)
        if status is None and row and row.outcome_id == id_:
            status = row.outcome
        if status is None and attempt >= last_attempt:
            return last
        last = status or last
    return last


def next_attempt(vault: Vault, manifest: ManifestUpload, version_id: str) -> ManifestUpload:
    """Return *manifest* with the number of its next attempt, which is reserved only when it starts.

    The number is 1 before the first outcome. The numbers of earlier attempts are not used again, and
    neither is the number of the outcome in the register, which may have expired.
    """
    outcomes = OutcomeStore(table=vault.outcome_table_name, expiry_days=vault.expiry_days)
    last = outcomes.last_attempt(manifest.upload.bucket, manifest.upload.key, version_id)
    row = _row(vault, manifest.upload)
    known = row.outcome_id if row else None
    after = last if last > 1 else 0
    return _undecided(outcomes, manifest, version_id, after=after, known=known)


def _undecided(
    outcomes: OutcomeStore,
    manifest: ManifestUpload,
    version_id: str,
    *,
    after: int,
    known: str | None = None,
) -> ManifestUpload:
    """Return the first attempt later than *after* that has no outcome; *known* is one's id."""
    attempts = (replace(manifest, attempt=number) for number in count(after + 1))
    ids = ((each, outcome_id(each, version_id)) for each in attempts)
    return next(each for each, id_ in ids if id_ != known and not outcomes.is_decided(id_))


def _row(vault: Vault, upload: ObjectUpload) -> RegisterRow | None:
    folder = SetFolder.of_manifest(upload.key).prefix
    row = register.rows(vault, [folder]).get(folder)
    if row and row.problem:
        raise OperatorError(row.problem)
    return row


def reserve_attempt(vault: Vault, manifest: ManifestUpload, version_id: str) -> ManifestUpload:
    """Return *manifest* with an attempt's number that no earlier attempt has.

    A number is not used again, even after the outcomes of the earlier attempts have expired.
    """
    outcomes = OutcomeStore(table=vault.outcome_table_name, expiry_days=vault.expiry_days)
    upload = manifest.upload
    while True:
        number = outcomes.next_attempt(upload.bucket, upload.key, version_id)
        attempt = replace(manifest, attempt=number)
        # Release 0.1.0 assigned numbers without counting them.
        if not outcomes.is_decided(outcome_id(attempt, version_id)):
            return attempt


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
