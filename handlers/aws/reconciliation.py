"""Stores, the dataset and its content rounds, which the check and Notify share."""

from __future__ import annotations

from handlers.aws.content_rounds import ContentRounds
from handlers.aws.dataset import Dataset
from handlers.aws.lambda_environment import CheckEnvironment
from handlers.aws.last_look import LastLook
from handlers.aws.outcome_store import OutcomeStore
from handlers.aws.register import Register
from handlers.aws.report import Report
from handlers.aws.upload_executions import UploadExecutions
from handlers.core.errors import MalformedEventError
from handlers.core.events import ManifestUpload
from handlers.core.execution import Checked, Execution
from handlers.core.ignored_names import IgnoredNames
from handlers.core.listing import Listing
from handlers.core.naming import SetFolder


def outcome_store() -> OutcomeStore:
    """Return the table of outcomes."""
    environment = CheckEnvironment.read()
    return OutcomeStore(table=environment.outcome_table, expiry_days=environment.expiry_days)


def upload_executions(manifest: ManifestUpload, version_id: str | None = None) -> UploadExecutions:
    """Return the executions that the event of *manifest* started, or those of *version_id*."""
    environment = CheckEnvironment.read()
    return UploadExecutions(
        table=environment.outcome_table,
        expiry_days=environment.expiry_days,
        manifest=manifest,
        version_id=version_id,
    )


def register() -> Register:
    """Return the register of sets."""
    environment = CheckEnvironment.read()
    return Register(table=environment.set_table)


def dataset(manifest: ManifestUpload, listing: Listing) -> Dataset:
    """Return the dataset of *manifest*, verified in S3 if the settings require it.

    Raises:
        MalformedEventError: *listing* is neither the manifest nor a copy of it.
    """
    environment = CheckEnvironment.read()
    upload, place = manifest.upload, (listing.bucket, listing.key)
    copied = listing.bucket == environment.reports_bucket
    if place != (upload.bucket, upload.key) and not (
        copied and listing.key.startswith((f"reports/{manifest.set_id}/", f"{manifest.set_id}/"))
    ):
        raise MalformedEventError(f"The last check read {place}, which is no listing of the set")
    return Dataset(
        manifest=manifest,
        listing=listing,
        table=environment.upload_event_table,
        verify_objects=environment.verify_objects,
        ignored=IgnoredNames(
            environment.ignore_unexpected, SetFolder.of_manifest(manifest.upload.key)
        ),
    )


def verifies_content() -> bool:
    """Return whether the settings enable content verification for manifests with checksums."""
    environment = CheckEnvironment.read()
    return environment.verify_objects and environment.verify_content != "none"


def content_rounds(execution: Execution, dataset: Dataset) -> ContentRounds | None:
    """Return the rounds that compare the content of *dataset*; None if it is not compared."""
    if dataset.listing.checksum_algorithm is None or not verifies_content():
        return None
    mode = CheckEnvironment.read().verify_content
    return ContentRounds(dataset=dataset, report=report_of(execution), mode=mode)


def report_of(execution: Execution) -> Report:
    """Return the report of *execution*, in a folder of its own for this call."""
    environment = CheckEnvironment.read()
    return Report(
        environment.reports_bucket, set_id=execution.manifest.set_id, execution=execution.arn
    )


def last_look(execution: Execution, checked: Checked, report: Report) -> LastLook:
    """Return the full comparison at the end of *execution*."""
    environment = CheckEnvironment.read()
    return LastLook(
        execution=execution.arn,
        dataset=dataset(execution.manifest, checked.listing),
        stopped_at=checked.progress.difference,
        report=report,
        table=environment.outcome_table,
        expiry_days=environment.expiry_days,
    )
