"""Step Functions -> check: are manifest, recorded uploads and objects the same?

The first check pins the manifest's version and makes it ready to be read; every check
goes on where the one before stood. Near its time limit it stops, to go on at once. May
run twice: a repeated check starts from the same cursor.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import ClientError

from handlers.aws import dataset, reconciliation
from handlers.aws.object_chunks import object_chunks
from handlers.aws.telemetry import instrumented, logger, measure_seconds
from handlers.core.errors import ManifestError
from handlers.core.execution import Execution
from handlers.core.external_sort import sorted_file
from handlers.core.listing import Listing, prepare
from handlers.core.progress import Progress, advance

RESERVE_SECONDS = 30
MAX_CONTINUATIONS = 350
"""Ten history events each, with a retry; ``reconciliation_states`` has the whole arithmetic."""


def pin(execution: Execution) -> Listing:
    """Read the manifest's newest version once, and return it as this execution's listing.

    The execution joins those of its manifest event and of the version, so that none decides for
    the others, and those that owe an outcome.

    Raises:
        ManifestError: The manifest is not there, or cannot be used.
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
    )


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return ``reconcileDone``, ``continueNow``, and what the next check needs to go on."""
    execution = Execution.from_event(event)
    measure_seconds("ReconciliationAge", time.time() - execution.started)
    before = execution.checked
    listing = before.listing if before else pin(execution)
    dataset = reconciliation.dataset(execution.manifest, listing)
    progress = advance(
        before.progress if before else Progress(),
        dataset.open_merge,
        cleared=dataset.cleared,
        out_of_time=reconciliation.time_limit(context, reserve_seconds=RESERVE_SECONDS),
    )
    continuations = before.continuations if before else 0
    unfinished = progress.difference is None and not progress.done
    stands_at = progress.difference.key if progress.difference else progress.after
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
            "done": progress.done,
            "stands_at": progress.difference and progress.difference.report_line(),
        },
    )
    return {
        "reconcileDone": progress.done,
        "continueNow": unfinished and continuations < MAX_CONTINUATIONS,
        "continuations": continuations + unfinished,
        "manifestVersionId": listing.manifest_version_id,
        "listing": listing.payload(),
        "progress": progress.payload(),
    }
