"""Explain why a command of Terraform or cdktf failed, and how to fix it."""

from __future__ import annotations

import re

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
FRAME = " │╷╵"
SHOWN_LINES = 20

# Patterns of error messages, with line breaks replaced by blanks, and their remedies. The first
# match is used.
REMEDIES = {
    r"[Nn]o space left on device": (
        "The disk is full: free some space, or set TMPDIR to a folder on another disk."
    ),
    r"Failed to (query available provider packages|install provider)|provider registry": (
        "Terraform finds the AWS provider neither in a mirror on this machine nor in the "
        "registry: set VAULT_TF_MIRROR to a filesystem mirror that has it, or give the machine "
        "access to the registry."
    ),
    r"No valid credential sources|ExpiredToken|InvalidClientTokenId|SSO session": (
        "AWS accepts no credentials of this user: log in (aws sso login), or set AWS_PROFILE."
    ),
    r"allowed account|AWS account ID not allowed": (
        "These are another account's credentials: use those of stacksAccountId."
    ),
    r"AccessDenied|UnauthorizedOperation|is not authorized to perform": (
        "The caller lacks the permission that the error names: allow it. 'make deploy-policy' "
        "writes the policies of a deployer, and 'make state-policy' prints that of the state; "
        "docs/plan-review.md lists what a plan alone needs."
    ),
    r"Missing [Rr]egion": "No region is configured: set AWS_REGION, or the setting stacksRegion.",
    r"Error acquiring the state lock": (
        "The state is locked: wait; the error above names who holds the lock."
    ),
    r"S3 bucket .*(does not exist|NoSuchBucket)": (
        "The bucket for Terraform's state does not exist: create it with 'make bootstrap'."
    ),
    r"Unable to find remote state|No stored state|does not have an attribute named|"
    r"object with no attributes": (
        "This stack reads outputs of a stack that is not deployed yet: deploy that stack first."
    ),
    r"Instance cannot be destroyed": (
        "The setting preventDestroy forbids destroying or replacing this resource. If it would be "
        "replaced, find the change that replaces it, and revert that change. To destroy it, follow "
        "'Destroying a protected environment' in docs/state.md."
    ),
}


def explain(command: str, output: str) -> str:
    """Describe a failure of *command*: the errors in its *output*, then the remedy if it is known."""
    lines = [line.rstrip() for line in COLOURS.sub("", output).splitlines() if line.strip(FRAME)]
    first = next((number for number, line in enumerate(lines) if "Error" in line), len(lines) - 12)
    shown = lines[max(first, 0) :]
    return "\n".join([f"{command} failed:", *shown[:SHOWN_LINES], *_remedy(shown)])


def _remedy(shown: list[str]) -> list[str]:
    """Search in the errors only: the output of successful steps mentions locks and buckets, too."""
    text = " ".join(line.strip(FRAME) for line in shown)
    return next(
        (["", remedy] for pattern, remedy in REMEDIES.items() if re.search(pattern, text)), []
    )
