"""What the reconciliation's functions find in their environment: stores and rules."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from fnmatch import fnmatchcase

from aws_lambda_powertools.utilities.typing import LambdaContext

from handlers.aws.dataset import Dataset
from handlers.aws.outcome_store import OutcomeStore
from handlers.aws.report import Report
from handlers.core.difference import Difference, DifferenceType
from handlers.core.events import ManifestUpload
from handlers.core.execution import Execution
from handlers.core.listing import Listing


def outcome_store() -> OutcomeStore:
    """Return the table of outcomes."""
    return OutcomeStore(
        table=os.environ["OUTCOME_TABLE"], expiry_days=int(os.environ["EXPIRY_DAYS"])
    )


def dataset(manifest: ManifestUpload, listing: Listing) -> Dataset:
    """Return the dataset of *manifest*, as the settings want it read."""
    return Dataset(
        manifest=manifest,
        listing=listing,
        table=os.environ["UPLOAD_EVENT_TABLE"],
        verify_objects=os.environ["VERIFY_OBJECTS"] == "true",
    )


def report_of(execution: Execution) -> Report:
    """Return the report of *execution*."""
    return Report(
        os.environ["REPORTS_BUCKET"], set_id=execution.manifest.set_id, execution=execution.arn
    )


def ignored(finding: Difference) -> bool:
    """Say whether a key is unexpected, but of a name that is of no account."""
    if finding.difference is not DifferenceType.UNEXPECTED:
        return False
    name = finding.key.rpartition("/")[2]
    patterns = json.loads(os.environ["IGNORE_UNEXPECTED"])
    # Only * and ? stand for others: a bracket is a bracket.
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in patterns)


def time_limit(context: LambdaContext, *, reserve_seconds: int) -> Callable[[], bool]:
    """Return a function that says whether only *reserve_seconds* of the time are left."""
    return lambda: context.get_remaining_time_in_millis() < reserve_seconds * 1000
