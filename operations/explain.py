"""``sgvault explain``: find the hop that lost a key, and the command that repairs it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from operations.arguments import Key, Prefix, SetId
from operations.command import Invocation
from operations.counted import counted
from operations.diagnosis import Diagnosis, diagnose
from operations.key_evidence import Evidence
from operations.moments import ago
from operations.safe_text import given, shown


def explain(
    invocation: Invocation,
    set_id: SetId,
    key: Key,
    prefix: Prefix = "",
    dead_letters: Annotated[
        bool,
        typer.Option(
            "--dead-letters/--no-dead-letters",
            help="Search the dead-letter queues if S3 has the file, which hides their messages for"
            " a moment.",
        ),
    ] = True,
) -> None:
    """Explain why a key is missing: the state at each hop, and the remedy.

    Exit status: 0 explained, 1 an error.
    """
    from operations.evidence import gather

    set_id, key = given(set_id), given(key)
    vault, output = invocation.vault, invocation.output
    folder = vault.folder(set_id, share_prefix=prefix)
    whole_key = (key if key.startswith(folder) else f"{folder}{key}").removesuffix("/")
    with output.progress(f"Reading each hop for {shown(whole_key)}") as steps:
        found = gather(
            vault,
            set_id,
            whole_key,
            share_prefix=prefix,
            search_dead_letters=dead_letters,
            local=invocation.choice.local,
            held_back=invocation.choice.held_back(),
            on_hop=steps.advance,
        )
    diagnosis = diagnose(found)
    remedies = [[output.command(each) for each in steps] for steps in diagnosis.remedies]
    if output.as_json:
        output.json(wire(found, diagnosis, remedies))
        return
    output.facts(
        {
            "key": shown(found.key),
            "manifest": _listed(found),
            "S3": _in_s3(found),
            "row": f"of the upload {ago(found.row_time)}" if found.row_time is not None else "none",
            "dead letters": _letters(found),
            "gateway health": shown(found.health[0]) if found.health else "no line names it",
        }
    )
    output.line()
    output.line(diagnosis.sentence, style="bold")
    output.remedies(remedies)


def wire(found: Evidence, diagnosis: Diagnosis, remedies: list[list[str]]) -> dict[str, Any]:
    """Return the fields for ``--json``."""
    return {
        "setId": found.set_id,
        "key": found.key,
        "hop": diagnosis.hop,
        "sentence": diagnosis.sentence,
        "remedies": remedies,
        "listed": found.listed,
        "listedSize": found.listed_bytes,
        "rowTime": found.row_time,
        "rowSize": found.row_bytes,
        "versions": [
            {
                "versionId": each.version_id,
                "modified": each.modified,
                "size": each.size_bytes,
                "newest": each.newest,
            }
            for each in found.versions
        ],
        "deadLetters": found.dead_letters and [each.message_id for each in found.dead_letters],
        "health": list(found.health),
    }


def _listed(found: Evidence) -> str:
    if not found.has_manifest:
        return "none in S3"
    if found.is_manifest:
        return "is this key"
    if not found.listed:
        return "does not list it"
    size = "" if found.listed_bytes is None else f" with {counted(found.listed_bytes, 'byte')}"
    return f"lists it{size}"


def _in_s3(found: Evidence) -> str:
    if found.object is not None:
        size = counted(found.object.size_bytes or 0, "byte")
        return f"{size}, since {ago(found.object.modified)}"
    if found.delete_marker is not None:
        return f"deleted {ago(found.delete_marker.modified)}"
    return "not there"


def _letters(found: Evidence) -> str:
    if found.dead_letters is None:
        return "not searched"
    letters = [
        f"{each.queue} {each.message_id}: {shown(each.reason)}" for each in found.dead_letters
    ]
    return "; ".join(letters) or "none names it"
