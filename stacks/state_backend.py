"""StateBackendStack: the bucket that holds Terraform's state, its own included."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf import Annotations, TerraformOutput
from constructs import Construct

from stacks.constructs.private_bucket import PrivateBucket
from stacks.settings import Settings
from stacks.vault_stack import VaultStack

OLD_STATES_DAYS = 90
OLD_STATES_KEPT = 20
"""However old they are: a stack that nobody has touched for a year can still be recovered."""
LOCK_DAYS = 1
"""No apply takes that long: the credentials of a role last twelve hours at most."""


class StateBackendStack(VaultStack):
    """Made by ``make bootstrap``, for no state can be in a bucket that is not there yet.

    Nothing but an edit of this file lets Terraform destroy the bucket, in any environment.
    """

    def __init__(
        self, scope: Construct, id_: str, *, settings: Settings, stacks: Sequence[str]
    ) -> None:
        """Define the bucket for the state of *stacks*, which are names."""
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
            # A filter of S3's knows how keys begin, not how they end: each stack's lock by its name.
            short_lived_days={settings.lock_key(stack): LOCK_DAYS for stack in stacks},
            deletable=False,
            prevent_destroy=True,
        )
        TerraformOutput(self, "stateBucketName", value=bucket.name)
