"""Resources that Terraform refuses to destroy or replace."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle


def protected(prevent_destroy: bool) -> TerraformResourceLifecycle | None:
    """Return the lifecycle of a resource, which Terraform may not destroy if *prevent_destroy*.

    Terraform then refuses any plan that would destroy the resource:
    https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#prevent_destroy
    """
    return TerraformResourceLifecycle(prevent_destroy=True) if prevent_destroy else None
