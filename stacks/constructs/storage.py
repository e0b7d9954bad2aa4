"""The buckets and tables of datasets, uploads, outcomes and reports."""

from __future__ import annotations

from constructs import Construct

from stacks.constructs.private_bucket import PrivateBucket
from stacks.constructs.vault_table import VaultTable


class Storage:
    """Two buckets and three tables, directly in the stack's scope, so that their addresses are short."""

    def __init__(
        self,
        scope: Construct,
        *,
        name_prefix: str,
        expiry_days: int,
        deletable: bool,
        prevent_destroy: bool,
    ) -> None:
        self.bucket = PrivateBucket(
            scope,
            "file_upload",
            name_prefix=f"{name_prefix}-uploads",
            old_versions_days=expiry_days,
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )
        self.reports = PrivateBucket(
            scope,
            "reports",
            name_prefix=f"{name_prefix}-reports",
            old_versions_days=expiry_days,
            # Without receipts/: a receipt of verified content must outlive the reports.
            short_lived_days=dict.fromkeys(("reports/", "content/", "set-aside/"), expiry_days),
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )
        self.uploads = VaultTable(
            scope,
            "upload_events",
            name=f"{name_prefix}-upload-events",
            partition_key="setId",
            sort_key="objectKey",
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )
        self.outcomes = VaultTable(
            scope,
            "outcomes",
            name=f"{name_prefix}-outcomes",
            partition_key="id",
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )
        self.sets = VaultTable(
            scope,
            "sets",
            name=f"{name_prefix}-sets",
            partition_key="folder",
            due_index=True,
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )
