"""Why a command of Terraform's or cdktf's failed, and what to do about it."""

from __future__ import annotations

import re

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
FRAME = " │╷╵"
SHOWN_LINES = 20

# What is said, its line breaks as blanks, and what to do about it; the first that fits counts.
REMEDIES = {
    r"[Nn]o space left on device": "The disk is full: make room, or let TMPDIR be on another.",
    r"Failed to (query available provider packages|install provider)|provider registry": (
        "Terraform cannot get the AWS provider, neither from a mirror on this machine nor from its "
        "registry: set VAULT_TF_MIRROR to a filesystem mirror that holds it, or give the machine a "
        "way to the registry."
    ),
    r"No valid credential sources|ExpiredToken|InvalidClientTokenId|SSO session": (
        "There are no credentials that AWS takes: log in (aws sso login), or set AWS_PROFILE."
    ),
    r"allowed account|AWS account ID not allowed": (
        "These are another account's credentials: use those of stacksAccountId."
    ),
    r"AccessDenied|UnauthorizedOperation|is not authorized to perform": (
        "The caller lacks the permission that the error names: docs/plan-review.md tells what a "
        "plan needs, 'make state-policy' what the state does."
    ),
    r"Missing [Rr]egion": "Say which region is meant: set AWS_REGION, or the setting stacksRegion.",
    r"Error acquiring the state lock": (
        "Somebody holds the state's lock: wait, or see who it is in the error above."
    ),
    r"S3 bucket .*(does not exist|NoSuchBucket)": (
        "The bucket that holds Terraform's state is not there: make it with 'make bootstrap'."
    ),
    r"Unable to find remote state|No stored state|does not have an attribute named|"
    r"object with no attributes": (
        "A stack whose outputs this one reads is not deployed yet: deploy that first."
    ),
    r"Instance cannot be destroyed": (
        "The configuration forbids to destroy this (the setting preventDestroy), and so to replace "
        "it: see which change would, and take that back."
    ),
}


def explain(command: str, output: str) -> str:
    """Say why *command* failed: what its *output* says of errors, then the remedy, if it is known."""
    lines = [line.rstrip() for line in COLOURS.sub("", output).splitlines() if line.strip(FRAME)]
    first = next((number for number, line in enumerate(lines) if "Error" in line), len(lines) - 12)
    shown = lines[max(first, 0) :]
    return "\n".join([f"{command} failed:", *shown[:SHOWN_LINES], *_remedy(shown)])


def _remedy(shown: list[str]) -> list[str]:
    """Look at the errors alone: whatever succeeds speaks of locks and buckets, too."""
    text = " ".join(line.strip(FRAME) for line in shown)
    return next(
        (["", remedy] for pattern, remedy in REMEDIES.items() if re.search(pattern, text)), []
    )
