"""Commands that make the gateway of the running system hold back a file, and release it."""

from __future__ import annotations

from shlex import quote

from deployment.errors import CommandError
from local.deployed_system import DeployedSystem
from local.set_progress import register_row


def hold_back(system: DeployedSystem, set_id: str, file: str) -> str:
    """Hold back a file of a set, and return a message with the next steps.

    Raises:
        CommandError: The set or the file is not given or impossible, or the file is in S3 already.
    """
    if not set_id or not file:
        raise CommandError("Name the file to hold back: make hold-back SET=id FILE=path.")
    if {"", ".", ".."} & set(file.removeprefix("./").removesuffix("/").split("/")):
        raise CommandError(
            f"{file!r} cannot be a path in a set: use a path relative to the set's folder, without"
            " '.' and '..', and without a '/' at its start."
        )
    key = _key(system, set_id, file)
    found = system.client("s3").list_objects_v2(Bucket=system.bucket, Prefix=key)
    if key in (each["Key"] for each in found.get("Contents", [])):
        raise CommandError(
            f"{key} is in S3 already, so it cannot be held back:"
            " vault the folder under another id (SET=id)."
        )
    if key not in system.held_back().keys():  # noqa: SIM118 - a method, not a mapping's
        system.held_back().add(key)
    set_folder = system.share_folder / system.job_folder(set_id)
    warning = ""
    if set_folder.exists() and not (system.share_folder / key).exists():
        warning = (
            f"Warning: {set_folder} has no such file so far; if its name is wrong, release it.\n"
        )
    return (
        f"{warning}The gateway holds back {key}: vault the set, which then waits for that file. Then:"
        f" make release SET={quote(set_id)} FILE={quote(file)}"
    )


def release(system: DeployedSystem, set_id: str, file: str) -> str:
    """Release a file and return a message about it; without *file*, return the held files.

    Raises:
        CommandError: The file is not held back.
    """
    held_back = system.held_back()
    if not file:
        keys = [f"{key}{_mark(system, key)}" for key in held_back.keys()]  # noqa: SIM118 - a method
        return "\n".join(["The gateway holds back:", *keys]) if keys else "No file is held back."
    key = _key(system, set_id, file)
    if not held_back.remove(key):
        raise CommandError(f"{key} is not held back: 'make release' lists the files that are.")
    if not (system.share_folder / key).exists():
        return f"{key} is no longer held back. The share has no such file, so nothing is uploaded."
    uploads = f"The gateway uploads {key} within seconds."
    if outcome := register_row(system, set_id).get("outcome"):
        return (
            f"{uploads} The set's last outcome is {outcome['S']}. If no attempt is running, start"
            f" one: .venv/bin/sgvault reconcile --local -- {quote(set_id)}"
        )
    return f"{uploads} If it waits for nothing else, the set becomes Successful."


def _mark(system: DeployedSystem, key: str) -> str:
    """Return a remark on a held key that matches no file, or of which S3 has an object already."""
    found = system.client("s3").list_objects_v2(Bucket=system.bucket, Prefix=key)
    sizes = [each["Size"] for each in found.get("Contents", []) if each["Key"] == key]
    file = system.share_folder / key
    if not sizes and not file.exists():
        return " (matches no file in the share or in S3 so far)"
    if not sizes or not file.exists():
        return ""
    if sizes[0] == file.stat().st_size:
        return " (S3 has an object of its size)"
    return f" (S3 has {sizes[0]:,} of its {file.stat().st_size:,} bytes)"


def _key(system: DeployedSystem, set_id: str, file: str) -> str:
    """Return the key of *file*, a path in the set's folder or the key itself."""
    folder = f"{system.job_folder(set_id)}/"
    return f"{folder}{file.removeprefix('./').removeprefix(folder)}"
