"""What the check and the notification share: the stores, the ignored names, the time limit."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.aws.dataset import Dataset
from handlers.aws.lambda_environment import CheckEnvironment
from handlers.aws.outcome_store import OutcomeStore
from handlers.aws.report import Report
from handlers.core.difference import Difference, DifferenceType
from handlers.core.events import ManifestUpload
from handlers.core.execution import Execution
from handlers.core.listing import Listing


def outcome_store() -> OutcomeStore:
    """Return the table of outcomes."""
    environment = CheckEnvironment.read()
    return OutcomeStore(table=environment.outcome_table, expiry_days=environment.expiry_days)


def dataset(manifest: ManifestUpload, listing: Listing) -> Dataset:
    """Return the dataset of *manifest*, verified in S3 if the settings want it."""
    environment = CheckEnvironment.read()
    return Dataset(
        manifest=manifest,
        listing=listing,
        table=environment.upload_event_table,
        verify_objects=environment.verify_objects,
    )


def report_of(execution: Execution) -> Report:
    """Return the report of *execution*."""
    environment = CheckEnvironment.read()
    return Report(
        environment.reports_bucket, set_id=execution.manifest.set_id, execution=execution.arn
    )


def ignored() -> Callable[[Difference], bool]:
    """Return a function that returns whether a key is unexpected and the settings ignore its name."""
    environment = CheckEnvironment.read()
    # Only * and ? stand for others: a bracket is a bracket.
    patterns = [pattern.replace("[", "[[]") for pattern in environment.ignore_unexpected]

    def is_ignored(difference: Difference) -> bool:
        if difference.difference is not DifferenceType.UNEXPECTED:
            return False
        name = difference.key.rpartition("/")[2]
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    return is_ignored


def time_limit(context: LambdaContext, *, reserve_seconds: int) -> Callable[[], bool]:
    """Return a function that returns whether only *reserve_seconds* of the time are left."""
    return lambda: context.get_remaining_time_in_millis() < reserve_seconds * 1000
