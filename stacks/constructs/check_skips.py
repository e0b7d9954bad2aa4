"""Findings of a policy check that a resource rightly has, each beside it and with its reason."""

from __future__ import annotations

from collections.abc import Mapping

from cdktf import TerraformResource


def skip_check(resource: TerraformResource, check: str, reason: str) -> None:
    """Let the audit pass *resource* in spite of *check*, for *reason*.

    It stands in the resource's comment block, which Terraform ignores.
    """
    resource.add_override(f"//.skip.{check}", reason)


def skip_checks(resource: TerraformResource, reasons: Mapping[str, str]) -> None:
    """Let the audit pass *resource* in spite of each check of *reasons*."""
    for check, reason in reasons.items():
        skip_check(resource, check, reason)
