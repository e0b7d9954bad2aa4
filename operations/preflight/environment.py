"""Credentials, region, Terraform and its provider."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

from deployment.errors import CommandError
from deployment.terraform import find_mirror
from operations.preflight.check import Account, Finding, green, not_answered, red

LEAST_TERRAFORM = (1, 11)
"""Since this version, the S3 backend locks without a table:
https://developer.hashicorp.com/terraform/language/backend/s3
"""
REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"


def credentials(account: Account) -> Finding:
    """Check that the credentials are of the account in the settings."""
    identity = account.client("sts").get_caller_identity()
    wanted = account.settings.stacks_account_id
    seen = f"{identity['Arn']}"
    if wanted and identity["Account"] != wanted:
        return red(seen, f"stacksAccountId is {wanted}: use credentials of that account.")
    if identity["Arn"].endswith(":root"):
        if account.is_local:
            return not_answered(f"{seen}: the local AWS accepts any credentials")
        return red(seen, "Use a role: the root user's permissions cannot be limited or simulated.")
    return green(seen if wanted else f"{seen}; stacksAccountId is not set: any account will do")


def region(account: Account) -> Finding:
    """Check that the region is enabled for the account."""
    found = account.client("ec2").describe_regions(AllRegions=True)["Regions"]
    status = {each["RegionName"]: each["OptInStatus"] for each in found}.get(account.region)
    if status in ("opt-in-not-required", "opted-in"):
        return green(f"{account.region}: {status}")
    return red(
        f"{account.region}: {status or 'unknown'}",
        "Enable the region for the account, or set stacksRegion to another.",
    )


def terraform(account: Account) -> Finding:
    """Check that Terraform is installed in a version that locks its state in S3."""
    if shutil.which("terraform") is None:
        return red("terraform is not on the PATH.", "Install version 1.11 or later.")
    ran = subprocess.run(
        ["terraform", "version", "-json"], capture_output=True, text=True, check=False
    )
    try:
        version = str(json.loads(ran.stdout)["terraform_version"])
    except (ValueError, KeyError):
        return not_answered(ran.stderr.strip() or "terraform version prints no JSON")
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_TERRAFORM:
        return red(f"Terraform {version}", "Install version 1.11 or later.")
    return green(f"Terraform {version}")


def provider(account: Account) -> Finding:
    """Check that Terraform can install the AWS provider, from a mirror or from the registry."""
    try:
        mirror = find_mirror(os.environ)
    except CommandError as error:
        return red(str(error), "Correct the variable, or unset it.")
    if mirror is not None:
        return green(f"a mirror: {mirror}")
    try:
        with urllib.request.urlopen(REGISTRY, timeout=10):
            return green("registry.terraform.io")
    except (urllib.error.URLError, TimeoutError) as error:
        return red(
            f"registry.terraform.io: {error}",
            "Allow access to the registry, or set VAULT_TF_MIRROR to a filesystem mirror.",
        )
