"""Audit checks that a resource does not need to pass, each with its reason, beside the resource."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import TerraformResource


def skip_check(resource: TerraformResource, check: str, reason: str) -> None:
    """Make the audit skip *check* for *resource*, for *reason*.

    The skip is in the resource's comment block, which Terraform ignores.
    """
    resource.add_override(f"//.skip.{check}", reason)


def skip_checks(resource: TerraformResource, reasons: Mapping[str, str]) -> None:
    """Make the audit skip the checks in *reasons* for *resource*."""
    for check, reason in reasons.items():
        skip_check(resource, check, reason)
