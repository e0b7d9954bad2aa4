"""Findings of a policy check that a resource rightly has, each beside it and with its reason."""

from __future__ import annotations

from cdktf import TerraformResource


def skip_check(resource: TerraformResource, check: str, reason: str) -> None:
    """Let the audit pass *resource* in spite of *check*, for *reason*.

    It stands in the resource's comment block, which Terraform ignores.
    """
    resource.add_override(f"//.skip.{check}", reason)
