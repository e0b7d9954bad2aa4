"""The input that an execution of the state machine passes to its functions.

The machine's tasks pass ``{"execution", "started", "state"}``. If an execution ends without an
outcome of its own, EventBridge passes *Step Functions Execution Status Change*:
https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from handlers.core import json_fields
from handlers.core.content import Content
from handlers.core.difference import Difference
from handlers.core.errors import MalformedEventError
from handlers.core.events import ManifestUpload
from handlers.core.listing import Listing
from handlers.core.naming import SetFolder
from handlers.core.progress import Progress

STATUS_CHANGE = "Step Functions Execution Status Change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of the last check."""

    done: bool
    continuations: int
    listing: Listing
    progress: Progress
    content: Content | None = None
    """How far the content is compared; None where it is not verified, or not yet."""

    @property
    def difference(self) -> Difference | None:
        """The difference at which the last check stopped."""
        if self.progress.difference is not None or self.content is None:
            return self.progress.difference
        return self.content.first

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read what Reconcile Check Upload returned, in this release or another."""
        content = payload.get("content")
        return cls(
            done=payload.get("reconcileDone") is True,
            continuations=json_fields.whole_number(
                {"continuations": 0, **payload}, "continuations"
            ),
            listing=Listing.from_payload(json_fields.mapping(payload, "listing")),
            progress=Progress.from_payload(
                json_fields.mapping({"progress": {}, **payload}, "progress")
            ),
            content=Content.from_payload(content) if content else None,
        )

    def require_in(self, folder: SetFolder) -> Self:
        """Return these values, or raise MalformedEventError if one of their keys is outside *folder*."""
        for key in self.progress.keys:
            if not key.startswith(folder.prefix):
                raise MalformedEventError(
                    f"The last check stopped at {key!r}, outside {folder.prefix!r}"
                )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of the reconciliation, with its state so far."""

    arn: str
    started: int
    """In Unix seconds."""
    manifest: ManifestUpload
    iterations: int | None = None
    """The number of iterations begun; None if the event does not contain it."""
    checked: Checked | None = None
    """The result of the last check, or None."""
    failure: str | None = None
    """The reason why the execution cannot continue, in a sentence."""
    last_error: str | None = None
    """The last error that used up an iteration, in a sentence."""

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> Self:
        """Read either event, or raise MalformedEventError."""
        if event.get("detail-type") == STATUS_CHANGE:
            return cls._from_status_change(json_fields.mapping(event, "detail"))
        return cls._from_task(event)

    @property
    def folder(self) -> SetFolder:
        """The folder of the dataset's objects."""
        return SetFolder.of_manifest(self.manifest.upload.key)

    @classmethod
    def _from_task(cls, event: Mapping[str, Any]) -> Self:
        state = json_fields.mapping(event, "state")
        iterator = json_fields.mapping(json_fields.mapping(state, "iterator"), "Payload")
        check = state.get("reconcilecheck")
        manifest = ManifestUpload.from_detail(json_fields.mapping(state, "detail"))
        folder = SetFolder.of_manifest(manifest.upload.key)
        return cls(
            arn=json_fields.text(event, "execution"),
            started=json_fields.unix_seconds(event, "started"),
            manifest=manifest,
            iterations=json_fields.whole_number(iterator, "ticker"),
            checked=None
            if check is None
            else Checked.from_payload(json_fields.mapping(check, "Payload")).require_in(folder),
            failure=_reason(state, "failure"),
            last_error=_reason(state, "lastError"),
        )

    @classmethod
    def _from_status_change(cls, detail: Mapping[str, Any]) -> Self:
        if not isinstance(detail.get("input"), str):
            raise MalformedEventError("The execution's input is not in the event")
        given = json_fields.parsed(detail["input"])
        status = json_fields.text(detail, "status")
        known = [str(detail[key]) for key in ("error", "cause") if detail.get(key)]
        cause = _sentence(*known) if len(known) > 1 else "".join(known)
        return cls(
            arn=json_fields.text(detail, "executionArn"),
            started=json_fields.whole_number(detail, "startDate") // 1000,
            manifest=ManifestUpload.from_detail(json_fields.mapping(given, "detail")),
            failure=short_reason(f"The execution ended as {status}{cause and f': {cause}'}"),
        )


MAX_REASON = 1024
"""The most characters of a reason; the execution's history or the report has the rest."""


def short_reason(text: str) -> str:
    """Return *text* shortened for an outcome, without characters that UTF-8 cannot encode."""
    return text[:MAX_REASON].encode(errors="replace").decode()


def _reason(state: Mapping[str, Any], name: str) -> str | None:
    """Return the error that a Catch stored at *name*, as a sentence: ``Error`` and ``Cause``."""
    if name not in state:
        return None
    failure = json_fields.mapping(state, name)
    return short_reason(_sentence(str(failure.get("Error")), str(failure.get("Cause"))))


def _sentence(error: str, cause: str) -> str:
    """Return both in one text; Lambda functions and Fail states give the cause as JSON."""
    try:
        match json.loads(cause):
            case {"errorType": raised, "errorMessage": message}:
                return f"{raised}: {message}"
            case {"Error": inner, "Cause": why}:
                return f"{error}: {_sentence(str(inner), str(why))}"
    except (ValueError, RecursionError):
        pass
    return f"{error}: {cause}"
