"""Resources that Terraform refuses to destroy, and so to replace."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle


def protected(prevent_destroy: bool) -> TerraformResourceLifecycle | None:
    """Return the lifecycle of a resource that stays, if it shall.

    Terraform refuses a whole plan that would destroy it:
    https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#prevent_destroy
    """
    return TerraformResourceLifecycle(prevent_destroy=True) if prevent_destroy else None
