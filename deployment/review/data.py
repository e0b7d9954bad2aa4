"""Changes to resources that hold data: losses, and weaker protection."""

from __future__ import annotations

from collections.abc import Iterator

from deployment.review.finding import Danger, Hunk, attributes, dotted, gone, title, why
from deployment.review.plan import Action, Change
from deployment.review.text import code, on_one_line
from deployment.review.values import Path, is_argument

LOST = {
    "aws_cloudwatch_event_archive": "the events in it",
    "aws_cloudwatch_log_group": "the logs in it",
    "aws_db_instance": "the database",
    "aws_dynamodb_table": "its items, and its backups of the last 35 days",
    "aws_ebs_snapshot": "the snapshot",
    "aws_ebs_volume": "what is on the disk",
    "aws_efs_file_system": "the files in it",
    "aws_instance": "what is on its own disks, and the gateway that is activated on it",
    "aws_kms_key": "whatever it has encrypted",
    "aws_rds_cluster": "the databases",
    "aws_s3_bucket": "its objects, and all their versions",
    "aws_secretsmanager_secret": "the secret",
    "aws_sfn_state_machine": "its running executions, and the history of all",
    "aws_sqs_queue": "the messages that wait in it",
    "aws_storagegateway_cache": "what is in the cache and not uploaded yet",
    "aws_storagegateway_cached_iscsi_volume": "what is on the volume",
    "aws_storagegateway_gateway": "what is in its cache and not uploaded yet, and its file shares",
    "aws_storagegateway_nfs_file_share": "what is written to the share and not uploaded yet",
    "aws_storagegateway_smb_file_share": "what is written to the share and not uploaded yet",
    "aws_storagegateway_stored_iscsi_volume": "what is on the volume",
    "aws_storagegateway_upload_buffer": "what is in the buffer and not uploaded yet",
}
"""The types of resources that hold data, and the data that is lost with a resource."""

PARTS = ("aws_s3_bucket_", "aws_dynamodb_", "aws_storagegateway_", "aws_volume_attachment")
"""The prefixes of types that configure how data is kept."""

EMPTY_AT_FIRST = {"aws_cloudwatch_log_group", "aws_sfn_state_machine"}
"""The types in LOST whose creation does not concern data."""

PROTECTIONS = {
    "aws_s3_bucket_public_access_block": "the bucket may be opened to the public",
    "aws_s3_bucket_server_side_encryption_configuration": "its encryption is S3's default",
    "aws_s3_bucket_versioning": "what is overwritten or deleted is gone",
    "aws_s3_bucket_object_lock_configuration": "objects may be deleted early",
}
"""The types that protect data, and the effect of destroying a resource of that type."""

ON = {
    "block_public_acls": "the bucket may be opened to the public",
    "block_public_policy": "the bucket may be opened to the public",
    "ignore_public_acls": "the bucket may be opened to the public",
    "restrict_public_buckets": "the bucket may be opened to the public",
    "deletion_protection": "it can be deleted",
    "deletion_protection_enabled": "it can be deleted",
    "disable_api_termination": "it can be terminated",
    "enable_key_rotation": "its key material stays the same",
    "encrypted": "it is not encrypted",
    "is_enabled": "what it has encrypted cannot be read",
    "point_in_time_recovery.0.enabled": "it cannot be restored to an earlier moment",
    "server_side_encryption.0.enabled": "it is encrypted with a key of AWS's own",
    "sqs_managed_sse_enabled": "it is not encrypted, unless it has a key of its own",
}
"""Arguments that should stay true, and the effect of setting them to false."""

OFF = {
    "force_destroy": "whoever deletes it deletes all that is in it",
    "root_block_device.0.delete_on_termination": "the disk goes with the instance",
    "skip_final_snapshot": "no snapshot is made before it is deleted",
    "ttl.0.enabled": "its items expire",
}
"""Arguments that should stay false, and the effect of setting them to true."""

LASTS = ("days", "noncurrent_days", "retention_in_days", "message_retention_seconds")
"""The last parts of paths that give a retention time; zero or null means for ever."""


def is_about_data(change: Change) -> bool:
    """Return whether a resource holds data or configures how data is kept."""
    if change.action is Action.CREATE:
        return change.type in LOST and change.type not in EMPTY_AT_FIRST
    return change.type in LOST or change.type.startswith(PARTS)


def hunks(change: Change, *, but: list[Path]) -> Iterator[Hunk]:
    """Yield the changes to data, without the paths *but*, which the section on permissions shows."""
    if change.action in {Action.DESTROY, Action.FORGET}:
        yield gone(change)
    elif (lines := attributes(change, but=but)) or change.action is Action.REPLACE:
        yield Hunk(title(change), lines)


def dangers(change: Change) -> Iterator[Danger]:
    """Yield the losses of data, and the protections that become weaker."""
    if change.loses_it and change.type in LOST:
        yield Danger(change.address, _loss(change), loses_data=True)
    elif change.action is Action.DESTROY and change.type in PROTECTIONS:
        yield Danger(change.address, f"is destroyed: {PROTECTIONS[change.type]}")
    elif change.action is Action.FORGET and is_about_data(change):
        yield Danger(change.address, "is forgotten by Terraform: nobody manages it any more")
    elif change.action is Action.UPDATE:
        for path, (old, new) in change.differences().items():
            if consequence := _weaker(change, path, old, new):
                values = f"{code(on_one_line(old))} to {code(on_one_line(new))}"
                yield Danger(
                    change.address, f"{code(dotted(path))} goes from {values}: {consequence}"
                )


def _loss(change: Change) -> str:
    called = f"({code(change.name())}) " if change.name() else ""
    how = "destroyed" if change.action is Action.DESTROY else "replaced by an empty one"
    what = " (the old object that an earlier replacement left)" if change.deposed else ""
    reason = f", because {reasons}" if (reasons := why(change, code)) else ""
    return f"{called}would be **{how}**{what}{reason}: {LOST[change.type]} would be lost"


def _weaker(change: Change, path: Path, old: object, new: object) -> str:
    """Return the effect of a value that is worse than before, or an empty text."""
    if not is_argument(change.after, path):
        return ""
    full, last = dotted(path), path[-1]
    if change.type == "aws_s3_bucket_versioning" and last == "status" and old == "Enabled":
        return PROTECTIONS[change.type]
    if last == "sse_algorithm":
        return "the algorithm of the bucket's encryption changes"
    if old is True and full in ON:
        return ON[full]
    if new is True and full in OFF:
        return OFF[full]
    if last in LASTS and isinstance(new, int) and new:
        if not isinstance(old, int) or not old:
            return "what was kept for ever expires"
        return "it is kept for a shorter time" if new < old else ""
    return ""
