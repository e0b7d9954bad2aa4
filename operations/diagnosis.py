"""Diagnose why a key is missing: from evidence to the hop that lost it and the remedy. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from operations.dead_letter import DeadLetter
from operations.delivery import release, vault_again
from operations.key_evidence import Evidence, Version
from operations.moments import ago
from operations.safe_text import argument, shell_word, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The hop that lost the key, the reason, and the remedies."""

    hop: str
    sentence: str
    remedies: Sequence[Sequence[str]]
    """Alternatives; each is a list of commands in their order."""


def diagnose(found: Evidence) -> Diagnosis:
    """Return the first hop, from the manifest on, that lacks the key."""
    if found.is_manifest and (found.has_manifest or found.delete_marker):
        return _manifest(found)
    if not found.has_manifest:
        return _not_uploaded(
            replace(found, key=found.manifest_key),
            "The set's list of files is unknown, because S3 has no manifest.",
            "Vault it, or leave the set: see 'A manifest is overdue' in docs/operations.md.",
            hop="manifest",
            new=False,
        )
    if not found.listed:
        return _not_listed(found)
    if found.object is None:
        return _not_in_s3(found)
    if not found.is_complete:
        return _other_size(found, found.object)
    if found.row_time is None or found.row_time < found.since:
        return _no_row(found, found.object)
    return _nothing_missing(found, f"listed, in S3, and recorded; uploaded {ago(found.row_time)}")


def _manifest(found: Evidence) -> Diagnosis:
    """Diagnose the key of the manifest itself; an outcome proves that it arrived, also without a row."""
    if found.object is None:
        diagnosis = _not_in_s3(found)
    elif found.row_time is None and found.outcome is None:
        diagnosis = _no_row(found, found.object)
    else:
        when = (
            "has its outcome" if found.row_time is None else f"was uploaded {ago(found.row_time)}"
        )
        diagnosis = _nothing_missing(found, f"the manifest is in S3, and {when}")
    return replace(diagnosis, sentence=f"It is the set's manifest. {diagnosis.sentence}")


def _nothing_missing(found: Evidence, state: str) -> Diagnosis:
    """Return the next step for the set, and the remedy for a dead letter that is left over."""
    sentence, steps = f"Nothing is missing: {state}.", [f"sgvault watch {found.set_}"]
    if found.outcome == "Successful":
        sentence += " The set is Successful."
        steps = [f"sgvault report {found.set_}"]
    elif found.outcome is not None:
        sentence += (
            f" The set's last outcome is {found.outcome}: if no other key is missing, start the"
            " next attempt."
        )
        steps = [f"sgvault show {found.set_}", f"sgvault reconcile {found.set_}"]
    if found.dead_letters:
        sentence += f" A dead letter is left over: {shown(found.dead_letters[0].reason)}."
        steps = [*_removals(found.dead_letters), *steps]
    return Diagnosis(hop="none", sentence=sentence, remedies=[steps])


def _removals(letters: Sequence[DeadLetter]) -> Iterator[str]:
    """Yield the commands that remove dead letters from their queues."""
    for unreadable, command, options in (
        (False, "redrive", ""),
        (True, "set-aside", " --why 'cannot be read; the file was announced again'"),
    ):
        ids = [argument(each.message_id) for each in letters if each.unreadable == unreadable]
        if ids:
            yield f"sgvault dead-letters {command} {' '.join(ids)}{options}"


def _not_listed(found: Evidence) -> Diagnosis:
    if found.object is None and found.row_time is None:
        sentence = (
            "The manifest does not list it, and neither S3 nor the table has it: check the key."
            if found.ignored_by is None
            else f"The pattern '{shown(found.ignored_by)}' in the setting ignoreUnexpectedNames matches"
            " it, so vault-data.sh leaves it out."
        )
    elif found.object is None:
        sentence = (
            "It was announced and is gone from S3, and the manifest does not list it: that is no"
            " difference."
        )
    elif found.ignored_by is not None:
        sentence = (
            "It is in S3, and the manifest does not list it; the pattern"
            f" '{shown(found.ignored_by)}' in the setting ignoreUnexpectedNames matches it, so it is"
            " ignored."
        )
    elif found.row_time is None:
        sentence = (
            "It is in S3, neither announced nor listed in the manifest: that is no difference."
        )
    else:
        sentence = "It is in S3, and the manifest does not list it: it is unexpected."
    return Diagnosis(
        hop="manifest",
        sentence=sentence,
        remedies=[[f"sgvault show {found.set_}"]],
    )


def _other_size(found: Evidence, object_: Version) -> Diagnosis:
    sentence = (
        f"S3 has {object_.size_bytes:,} bytes, and the manifest lists {found.listed_bytes:,}."
    )
    whole = (each for each in found.versions if each.size_bytes == found.listed_bytes)
    if any(each.modified >= found.since for each in whole):
        return _not_uploaded(
            found,
            f"{sentence} An earlier version of this delivery has the listed size: the object was"
            f" written again {ago(object_.modified)}.",
            "Find out who wrote it, and vault the set again.",
        )
    return _not_uploaded(
        found,
        sentence,
        "Either the gateway has not uploaded the listed content yet, or the file changed after it"
        " was listed; if it changed, vault the set again.",
    )


def _not_in_s3(found: Evidence) -> Diagnosis:
    if marker := found.delete_marker:
        restore = (
            f"aws s3api delete-object --bucket {found.bucket} --key {shell_word(found.key)}"
            f" --version-id {marker.version_id}"
        )
        return Diagnosis(
            hop="S3",
            sentence=f"It was in S3, and somebody deleted it {ago(marker.modified)}.",
            remedies=[[restore, _then(found)]],
        )
    if found.row_time is not None and found.row_time >= found.since:
        return _not_uploaded(
            found, f"It was announced {ago(found.row_time)}, and S3 has no version of it any more."
        )
    known = f" The gateway's health log names it: {shown(found.health[0])}" if found.health else ""
    return _not_uploaded(found, f"The manifest lists it, and it never reached S3.{known}")


def _then(found: Evidence) -> str:
    """Return the command that follows after S3 gets the key again."""
    verb = {None: "watch", "Successful": "show"}.get(found.outcome, "reconcile")
    return f"sgvault {verb} {found.set_}"


def _no_row(found: Evidence, object_: Version) -> Diagnosis:
    if found.dead_letters:
        letter = found.dead_letters[0]
        sentence = f"It is in S3, and its event is a dead letter: {shown(letter.reason)}."
        steps = [*_removals(found.dead_letters)]
        if all(each.unreadable for each in found.dead_letters):
            sentence += " It cannot be read: announce the file again, and set the message aside."
            steps.insert(0, f"sgvault backfill {found.set_}")
        return Diagnosis(hop=f"queue {letter.queue}", sentence=sentence, remedies=[steps])
    if object_.modified < found.since:
        return _not_uploaded(
            found, f"S3 has it from an earlier delivery only ({ago(object_.modified)})."
        )
    searched = found.dead_letters is not None
    letters = "no dead letter" if searched else "and the dead letters were not searched"
    return Diagnosis(
        hop="event",
        sentence=f"It is complete in S3, and its upload event is lost or late: no row, {letters}.",
        remedies=[[f"sgvault backfill {found.set_} --dry-run", f"sgvault backfill {found.set_}"]],
    )


def _not_uploaded(
    found: Evidence,
    sentence: str,
    otherwise: str = "The gateway may be unable to upload it; if it does not have it, vault the set"
    " again.",
    *,
    hop: str = "gateway",
    new: bool = True,
) -> Diagnosis:
    """Return the diagnosis of a key that S3 lacks as listed; *otherwise* follows if it is not held back."""
    if found.key in found.held_back:
        steps = [release(found.set_id, found.key.removeprefix(found.folder.prefix))]
        if found.outcome is not None:
            steps.append(_then(found))
        sentence = f"{sentence} The gateway holds it back."
        return Diagnosis(hop=hop, sentence=sentence, remedies=[steps])
    again = vault_again(found.set_id, found.folder.share_prefix, local=found.local, new=new)
    remedies = [[again]]
    if found.gateway_arn:
        remedies.insert(0, _cache_report(found, found.gateway_arn))
    return Diagnosis(hop=hop, sentence=f"{sentence} {otherwise}", remedies=remedies)


def _cache_report(found: Evidence, gateway_arn: str) -> list[str]:
    """Return the commands that report the files that the gateway cannot upload."""
    partition = gateway_arn.split(":")[1]
    # https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_StartCacheReport.html
    # advises against the bucket of the share.
    report = (
        "aws storagegateway start-cache-report --file-share-arn SHARE --role ROLE"
        f" --location-arn arn:{partition}:s3:::{found.reports_bucket}"
        f" --bucket-region {found.region} --client-token $(uuidgen)"
        " --inclusion-filters Name=UploadState,Values=FailingUpload"
    )
    return [f"aws storagegateway list-file-shares --gateway-arn {gateway_arn}", report]
