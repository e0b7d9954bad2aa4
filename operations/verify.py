"""``sgvault verify``: repeat the verification of a set, and report what changed since its receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from operations.arguments import Attempt, Prefix, SetId
from operations.command import Invocation
from operations.counted import counted
from operations.errors import OperatorError
from operations.output import Output
from operations.safe_text import argument, given, set_argument, shell_word, shown

if TYPE_CHECKING:
    from handlers.core.content import Comparison
    from operations.receipt import Receipt
    from operations.verification import Change

FIRST = 100


def verify(
    invocation: Invocation,
    set_id: SetId,
    prefix: Prefix = "",
    attempt: Attempt = None,
    sha256: Annotated[
        str,
        typer.Option(
            "--sha256",
            metavar="HEX",
            help="receipt-sha256 of the outcome event; needed once the outcome has expired.",
        ),
    ] = "",
    read: Annotated[
        bool, typer.Option("--read", help="Read every object, even if S3 stores its checksum.")
    ] = False,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Every change, one JSON object a line.")
    ] = False,
) -> int:
    """Repeat the verification of a set, and report what changed since its receipt.

    Each object with verified content in the receipt is compared. A change is deleted, other-size,
    other-content, unreadable (archived, for instance), or new-version, which has the same content. Exit
    status: 0 nothing changed, 1 something changed, or there is no receipt.
    """
    from handlers.aws.object_content import READ
    from operations.receipt import find_receipt
    from operations.verification import Verification

    set_id = given(set_id)
    vault, output = invocation.vault, invocation.output
    if jsonl and output.as_json:
        raise OperatorError("Choose one of --json and --jsonl.")
    receipt = find_receipt(vault, set_id, share_prefix=prefix, attempt=attempt, sha256=sha256)
    index = receipt.index
    mode = READ if read else index["verify-content"]
    verification = Verification.of(
        index["bucket-name"], algorithm=index["checksum-algorithm"], mode=mode
    )
    found = Found()
    with output.progress(f"Verifying {shown(set_id)}", index["verified"]) as steps:
        for change in verification.changes(found.verified(receipt)):
            steps.advance()
            if change is not None:
                found.add(change)
                if jsonl:
                    output.json_line(change.wire())
    found.check(receipt)
    if output.as_json:
        output.json(wire(receipt, found, mode))
    elif not jsonl:
        _print(output, receipt, found, mode, set_argument(set_id, prefix))
    return 1 if found.changed else 0


@dataclass
class Found:
    """The result so far; memory holds only the first changes."""

    compared: int = 0
    unverified: int = 0
    """The files whose content the receipt does not prove; they are not compared."""
    counts: Counter[str] = field(default_factory=Counter)
    first: list[Change] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """The number of changes."""
        return self.counts.total()

    def verified(self, receipt: Receipt) -> Iterator[Comparison]:
        """Yield the comparisons that are matches; count these and the others."""
        for each in receipt.comparisons():
            if each.verdict == "match":
                self.compared += 1
                yield each
            else:
                self.unverified += 1

    def add(self, change: Change) -> None:
        """Count a change, and keep it if it is one of the first."""
        self.counts[change.type.value] += 1
        if len(self.first) < FIRST:
            self.first.append(change)

    def check(self, receipt: Receipt) -> None:
        """Raise an error if the receipt has more or fewer files than its index counts."""
        if self.compared != receipt.index["verified"] or not self.compared:
            raise OperatorError(
                f"The receipt {shown(receipt.uri)} proves {counted(self.compared, 'file')}, and its"
                f" index counts {receipt.index['verified']}: do not rely on it."
            )


def wire(receipt: Receipt, found: Found, mode: str) -> dict[str, Any]:
    """Return the fields for ``--json``."""
    from operations.verification import ChangeType

    return {
        "setId": receipt.index["set-id"],
        "attempt": receipt.index["attempt"],
        "receipt": receipt.uri,
        "algorithm": receipt.index["checksum-algorithm"],
        "mode": mode,
        "compared": found.compared,
        "unverified": found.unverified,
        "counts": {each.value: found.counts[each.value] for each in ChangeType},
        "changes": [each.wire() for each in found.first],
    }


def _print(output: Output, receipt: Receipt, found: Found, mode: str, set_: str) -> None:
    index = receipt.index
    counts = ", ".join(f"{number} {kind}" for kind, number in found.counts.items())
    facts = {
        "set": f"{shown(index['set-id'])}, attempt {index['attempt']}",
        "receipt": shown(receipt.uri),
        "compared": f"{counted(found.compared, 'file')}, {index['checksum-algorithm']}, {mode}",
    }
    if found.unverified:
        facts["not compared"] = f"{counted(found.unverified, 'file')} without verified content"
    output.facts(facts | {"now": counts or "every file has the content of the receipt"})
    if not found.changed:
        return
    output.line()
    output.table(
        ["change", "key", "version", "version now"],
        [
            (each.type.value, shown(each.before.key), each.before.version or "", _now(each))
            for each in found.first
        ],
    )
    if found.changed > len(found.first):
        output.line(f"... and {found.changed - len(found.first)} more: --jsonl prints all.")
    output.next(_next(found.first, index["bucket-name"], set_))


def _next(changes: Sequence[Change], bucket: str, set_: str) -> str:
    """Return the command for the worst of *changes*; ``explain`` compares presence and size only."""
    from operations.verification import ChangeType

    worst = min(changes, key=lambda each: list(ChangeType).index(each.type))
    key = worst.before.key
    if worst.type in (ChangeType.DELETED, ChangeType.OTHER_SIZE):
        return f"sgvault explain {set_} {argument(key)}"
    return f"aws s3api list-object-versions --bucket {bucket} --prefix {shell_word(key)}"


def _now(change: Change) -> str:
    if change.now.reason:
        return change.now.reason
    return change.now.version or "-"
