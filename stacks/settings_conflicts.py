"""Settings that exclude each other, though each value is valid alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from math import ceil
from typing import Any

SECONDS_A_DAY = 86_400
EXPIRY_MARGIN_DAYS = 14
MOST_CHOSEN_BYTES = 2_100
"""The most bytes of chosen names in ``/<environmentName>/vault``, a parameter of at most 4,096."""


def conflicts(valid: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each conflict among the *valid* values."""
    for keys, conflict in CONFLICTS.items():
        if valid.keys() >= set(keys) and (problem := conflict(*(valid[key] for key in keys))):
            yield problem


def _expires_too_early(expiry_days: int, count: int, wait_seconds: int) -> str | None:
    least = ceil(count * wait_seconds / SECONDS_A_DAY) + EXPIRY_MARGIN_DAYS
    if expiry_days >= least:
        return None
    return (
        f"expiryDays is {expiry_days}: it must be {least} or more, to outlast"
        f" reconcileCountIterations x reconcileWaitIterations by {EXPIRY_MARGIN_DAYS} days"
    )


def _archived_too_long(archive_days: int, expiry_days: int) -> str | None:
    if archive_days < expiry_days:
        return None
    return (
        f"archiveDays is {archive_days}: it must be less than expiryDays, {expiry_days},"
        " because a replay of a manifest whose outcome has expired would announce a second one"
    )


def _same_suffix(job_dir_suffix: str, manifest_suffix: str) -> str | None:
    if job_dir_suffix != manifest_suffix:
        return None
    return (
        f"manifestSuffixName is {json.dumps(manifest_suffix)}: it must differ from jobDirSuffixName,"
        " or a set's folder and its manifest would have the same name"
    )


def _more_than_a_parameter_holds(*chosen: Any) -> str | None:
    bytes_ = len(json.dumps(chosen, ensure_ascii=False).encode())
    if bytes_ <= MOST_CHOSEN_BYTES:
        return None
    return (
        f"ignoreUnexpectedNames, jobDirSuffixName and manifestSuffixName have {bytes_:,} bytes of JSON"
        f" together: shorten them to {MOST_CHOSEN_BYTES:,} or fewer. One SSM parameter of at most 4,096"
        " bytes contains them and the names of the resources"
    )


def _content_of_unlooked_objects(verify_content: str, verify_objects: bool) -> str | None:
    if verify_objects or verify_content == "none":
        return None
    return (
        "verifyObjects is false: no object is read then, so verifyContent must be none"
        f" and not {json.dumps(verify_content)}; change one of them"
    )


def _kept_and_deleted(prevent_destroy: bool, delete_data: bool) -> str | None:
    if not (prevent_destroy and delete_data):
        return None
    return (
        "deleteDataWithStacks is true: it must be false while preventDestroy is true, because"
        " Terraform then refuses to destroy the resources. Set one of them to false"
    )


def _alarms_cannot_reach(topic_arn: str | None, region: str | None) -> str | None:
    """A CloudWatch alarm notifies topics of its own region only."""
    if not topic_arn or not region or topic_arn.split(":")[3] == region:
        return None
    return (
        f"alarmTopicArn is {json.dumps(topic_arn)}: it must be a topic of {region}, the stacksRegion,"
        " because an alarm notifies topics of its own region only"
    )


CONFLICTS: Mapping[tuple[str, ...], Callable[..., str | None]] = {
    ("expiryDays", "reconcileCountIterations", "reconcileWaitIterations"): _expires_too_early,
    ("archiveDays", "expiryDays"): _archived_too_long,
    ("jobDirSuffixName", "manifestSuffixName"): _same_suffix,
    (
        "ignoreUnexpectedNames",
        "jobDirSuffixName",
        "manifestSuffixName",
    ): _more_than_a_parameter_holds,
    ("verifyContent", "verifyObjects"): _content_of_unlooked_objects,
    ("preventDestroy", "deleteDataWithStacks"): _kept_and_deleted,
    ("alarmTopicArn", "stacksRegion"): _alarms_cannot_reach,
}
"""By the keys that are checked together: a function that returns the conflict, or None."""
