"""Commands that deliver a set again, on AWS and on the local system."""

from __future__ import annotations

from operations.safe_text import shell_word


def vault_again(set_id: str, share_prefix: str, *, local: bool, new: bool = False) -> str:
    """Return the command that vaults what is not in the share yet, or, if *new*, everything.

    ``make vault`` uses the local system's share without a prefix.
    """
    if local and not share_prefix:
        return f"make vault DATA=FOLDER SET={shell_word(set_id)}{' NEW=yes' if new else ''}"
    return (
        f"on the gateway's client: vault-data.sh --source FOLDER --set {shell_word(set_id)}"
        f"{' --new' if new else ''}"
    )


def release(set_id: str, file: str) -> str:
    """Return the command that makes the local gateway upload a file that it holds back."""
    return f"make release SET={shell_word(set_id)} FILE={shell_word(file)}"
