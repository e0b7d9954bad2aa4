"""StateBackendStack: the bucket for Terraform's state, also for the state of this stack."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import Annotations, TerraformOutput
from constructs import Construct

from stacks.constructs.private_bucket import PrivateBucket
from stacks.settings import Settings
from stacks.vault_stack import VaultStack

OLD_STATES_DAYS = 90
OLD_STATES_KEPT = 20
"""They are kept at any age, so that a stack without changes for a year can still be recovered."""
LOCK_DAYS = 1
"""No apply takes longer: the credentials of a role last twelve hours at most."""


class StateBackendStack(VaultStack):
    """The stack of the state bucket. ``make bootstrap`` deploys it, because the bucket must exist first.

    In every environment, Terraform can destroy the bucket only after an edit of this file.
    """

    def __init__(
        self, scope: Construct, id_: str, *, settings: Settings, stacks: Sequence[str]
    ) -> None:
        """Define the bucket for the state of *stacks*, a list of names."""
        super().__init__(scope, id_, settings=settings)
        if settings.state_bucket_is_guessable:
            Annotations.of(self).add_warning(
                f"The name of the state's bucket, {settings.state_bucket_name}, is global and can be"
                " guessed, so another account may take it: set stacksAccountId, which becomes a part"
                " of the name, or stateBucketName. Until then, make bootstrap refuses"
            )
        bucket = PrivateBucket(
            self,
            "state",
            name=settings.state_bucket_name,
            old_versions_days=OLD_STATES_DAYS,
            old_versions_kept=OLD_STATES_KEPT,
            # An S3 lifecycle filter matches prefixes only, so each stack's lock is named.
            short_lived_days={settings.lock_key(stack): LOCK_DAYS for stack in stacks},
            deletable=False,
            prevent_destroy=True,
        )
        TerraformOutput(self, "stateBucketName", value=bucket.name)
