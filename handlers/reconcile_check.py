"""Step Functions -> check: compare the manifest, the recorded uploads and the objects.

The first check pins the manifest's version and prepares it for reading. Every later check continues
where the one before stopped. A check stops near its time limit, and the next one begins at once.
When names and sizes agree and the manifest has checksums, workers compare the content. May run
twice: a repeated check starts from the same cursor.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers.aws import dataset, reconciliation
from handlers.aws.object_chunks import object_chunks
from handlers.aws.telemetry import instrumented, logger, measure_seconds
from handlers.aws.time_limit import time_limit
from handlers.core.errors import ManifestError
from handlers.core.execution import Checked, Execution
from handlers.core.external_sort import sorted_file
from handlers.core.listing import Listing, prepare
from handlers.core.progress import Progress, advance

RESERVE_SECONDS = 30
MAX_CONTINUATIONS = 350
"""Each has ten history events, with a retry; ``reconciliation_states`` has the whole calculation."""
CONTINUATIONS_A_ROUND = 2
"""*Verify Content* counts as two continuations, since it has twice as many history events."""


def pin(execution: Execution) -> Listing:
    """Read the manifest's newest version once, and return it as this execution's listing.

    The execution is added to the list of its manifest event's executions and to that of the version's,
    so that the failure of one does not decide the outcome of the others. It is also added to the
    executions without an outcome.

    Raises:
        ManifestError: The manifest is not in S3, or cannot be used.
    """
    upload = execution.manifest.upload
    reconciliation.register().executions.open(execution.arn, execution.manifest)
    reconciliation.upload_executions(execution.manifest).add(execution.arn)
    try:
        head = dataset.s3.head_object(Bucket=upload.bucket, Key=upload.key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise ManifestError(f"The manifest {upload.key!r} is not in S3") from error
        raise
    version_id = reconciliation.outcome_store().pin(execution.arn, head.get("VersionId", "null"))
    reconciliation.upload_executions(execution.manifest, version_id).add(execution.arn)
    if version_id != head.get("VersionId", "null"):  # replaced since an earlier try of this check
        head = dataset.s3.head_object(Bucket=upload.bucket, Key=upload.key, VersionId=version_id)
    itself = Listing(
        bucket=upload.bucket,
        key=upload.key,
        version_id=version_id,
        manifest_version_id=version_id,
    )

    def read() -> Iterator[bytes]:
        return object_chunks(dataset.s3, itself.place, start=0, end=head["ContentLength"])

    report = reconciliation.report_of(execution)
    return prepare(
        read,
        itself,
        execution.folder,
        arrived=int(head["LastModified"].timestamp()),
        tidy_copy=lambda entries: report.keep_manifest(sorted_file(entries)),
        content_verified=reconciliation.verifies_content(),
    )


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return ``reconcileDone``, ``continueNow``, ``verifyNow``, and the next check's input."""
    execution = Execution.from_event(event)
    measure_seconds("ReconciliationAge", time.time() - execution.started)
    before = execution.checked
    listing = before.listing if before else pin(execution)
    dataset = reconciliation.dataset(execution.manifest, listing)
    rounds = reconciliation.content_rounds(execution, dataset)
    content = before.content if before else None
    progress = before.progress if before else Progress()
    outdated = content is None
    pending: list[int] = []
    if rounds and content:
        pending = rounds.pending(content)
        content = content if pending else rounds.counted(content)
        outdated = rounds.is_outdated(content, _last_arrival(execution))
        if outdated and progress.done:
            progress = Progress()  # changed objects: names and sizes may differ now
    if not progress.done:
        progress = advance(
            progress,
            dataset.open_merge,
            cleared=dataset.cleared,
            out_of_time=time_limit(context, reserve_seconds=RESERVE_SECONDS),
        )
    if rounds and outdated and progress.done:
        content = rounds.begin(content, now=int(time.time()))
        pending = rounds.pending(content)
    checked = Checked(
        done=progress.done and (rounds is None or (content is not None and content.agrees)),
        continuations=before.continuations if before else 0,
        listing=listing,
        progress=progress,
        content=content,
    )
    return _answer(execution, checked, pending)


def _last_arrival(execution: Execution) -> int:
    return reconciliation.register().last_arrival(execution.folder.prefix)


def _answer(execution: Execution, checked: Checked, pending: list[int]) -> dict[str, Any]:
    """Write the progress to the register; return the output on which the next state depends.

    *checked* has the continuations before this check, and *pending* the shards without a result.
    """
    continuations, content = checked.continuations, checked.content
    listing, progress = checked.listing, checked.progress
    unfinished = progress.difference is None and not progress.done
    # At most once an iteration: shards that workers failed to compare are retried after the wait.
    may_enter = content is not None and content.entered_in != execution.iterations
    may_enter &= progress.done and continuations + CONTINUATIONS_A_ROUND <= MAX_CONTINUATIONS
    shards = pending if may_enter else []
    if content and shards:
        content = replace(content, entered_in=execution.iterations or 0)
    checked = replace(
        checked,
        continuations=continuations + unfinished + CONTINUATIONS_A_ROUND * bool(shards),
        content=content,
    )
    difference = checked.difference
    stands_at = difference.key if difference else progress.after
    reconciliation.register().checked(
        execution,
        version_id=listing.manifest_version_id,
        listed=listing.entries,
        stands_at=stands_at,
    )
    logger.info(
        "Checked",
        extra={
            "set_id": execution.manifest.set_id,
            "entries": listing.entries,
            "done": checked.done,
            "stands_at": difference and difference.report_line(),
            "shards_to_verify": len(shards),
        },
    )
    return {
        "reconcileDone": checked.done,
        "continueNow": unfinished and continuations < MAX_CONTINUATIONS,
        "continuations": checked.continuations,
        "manifestVersionId": listing.manifest_version_id,
        "listing": listing.payload(),
        "progress": progress.payload(),
        **({"content": content.payload()} if content else {}),
        **({"verifyNow": True, "verifyShards": shards} if shards else {}),
    }
