"""Format findings as Markdown for a comment on a pull request. Dangers come first and are never cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from shlex import quote

from deployment.review.finding import Danger, Hunk, attributes, listed
from deployment.review.findings import Findings
from deployment.review.plan import Action, Change
from deployment.review.text import code, counted, fenced, printable

LONGEST_COMMENT = 65_536  # https://github.com/orgs/community/discussions/27190
RESERVE = 2_000
"""Characters reserved for the note on omitted parts."""
LINES_OPEN = 40
"""The number of lines that a section shows; a longer section is folded."""

CREATED = "Everything else that is created"
CREATED_OUTPUTS = "Outputs that are created"
SIGNS = {"+ ": "added", "! ": "changed", "- ": "removed"}

VERBS = {
    Action.CREATE: "to create",
    Action.UPDATE: "to change",
    Action.REPLACE: "to replace",
    Action.DESTROY: "to destroy",
    Action.FORGET: "to forget",
    Action.NOTHING: "to move or import",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A stack, and either its findings or the error that prevented a plan."""

    stack: str
    findings: Findings | None = None
    error: str = ""
    is_destroy: bool = False
    """Whether the plan destroys the whole stack."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report that can be cut, hunk by hunk."""

    heading: str
    hunks: tuple[Hunk, ...]


def summary(
    reviewed: Sequence[Reviewed], *, environment: str, allowed: Collection[str] = ()
) -> str:
    """Format the dangers of all stacks, then the changes of each, within GitHub's limit."""
    head = [f"## Plan of {code(environment)}", _table(reviewed, allowed)]
    for each in reviewed:
        head += _urgent(each, allowed, heading=True)
    if unused := unmatched(reviewed, allowed):
        names = ", ".join(code(name) for name in unused)
        head.append(f"Allowed, but not lost by this plan: {names}.")
    bodies = [
        (f"### {code(each.stack)}", each.findings)
        for each in reviewed
        if each.findings and not each.findings.is_empty
    ]
    return _within(head, bodies)


def single(reviewed: Reviewed, *, allowed: Collection[str] = ()) -> str:
    """Format the report of one stack, within the same limit."""
    head = [f"## Plan of {code(reviewed.stack)}"]
    if reviewed.findings:
        head.append(f"**{headline(reviewed.findings)}**")
    head += _urgent(reviewed, allowed, heading=False)
    return _within(head, [("", reviewed.findings)] if reviewed.findings else [])


def headline(findings: Findings) -> str:
    """Count the changes that an apply would make."""
    if findings.is_empty:
        return "Nothing to change."
    counts = [
        f"{findings.counts[action]:,} {verb}"
        for action, verb in VERBS.items()
        if findings.counts[action]
    ]
    return (", ".join(counts) or f"{counted(len(findings.outputs), 'output')} to change") + "."


def unmatched(reviewed: Sequence[Reviewed], allowed: Collection[str]) -> list[str]:
    """Return the allowed names that no loss needs."""
    lost = {
        danger.address for each in reviewed if each.findings for danger in each.findings.losses()
    }
    return sorted(set(allowed) - lost)


def _table(reviewed: Iterable[Reviewed], allowed: Collection[str]) -> str:
    rows = [
        "| stack | create | change | replace | destroy | |",
        "| --- | --: | --: | --: | --: | --- |",
    ]
    for each in reviewed:
        found = each.findings
        counts = [
            str(found.counts[action] or "") if found else ""
            for action in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DESTROY)
        ]
        rows.append(f"| {code(each.stack)} | {' | '.join(counts)} | {_verdict(each, allowed)} |")
    return "\n".join(rows)


def _verdict(reviewed: Reviewed, allowed: Collection[str]) -> str:
    found = reviewed.findings
    if found is None:
        return "**not planned**"
    if lost := found.losses(allowed):
        return f"**refused: {counted(len(lost), 'loss', 'losses')} of data**"
    if found.is_empty:
        return "nothing to change"
    return f"**{counted(len(found.dangers), 'danger')}**" if found.dangers else ""


def _urgent(reviewed: Reviewed, allowed: Collection[str], *, heading: bool) -> Iterator[str]:
    """Yield the parts that are never cut: errors, losses of data, dangers."""
    of = f" in {code(reviewed.stack)}" if heading else ""
    found = reviewed.findings
    if found is None:
        yield f"> [!WARNING]\n> **{code(reviewed.stack)} could not be planned.**"
        yield fenced(reviewed.error.splitlines(), "text")
        return
    if not found.is_complete:
        yield f"> [!WARNING]\n> **The plan{of} is not complete**: Terraform stopped at an error."
    if reviewed.is_destroy:
        # It needs no ALLOW, and what protects a destroyed resource ends with that resource.
        if losses := found.losses():
            yield _alert("CAUTION", f"Data will be lost{of}.", losses)
        return
    refused = found.losses(allowed)
    if refused:
        yield _alert("CAUTION", f"Data would be lost{of}.", refused)
        names = " ".join(dict.fromkeys(each.address for each in refused))
        yield "If this is intended, allow it by name:"
        yield fenced([f"ALLOW={quote(names)}"], "text")
    if let := [each for each in found.dangers if each.loses_data and each not in refused]:
        yield _alert("CAUTION", f"Data will be lost{of}, as allowed.", let)
    if others := [each for each in found.dangers if not each.loses_data]:
        yield _alert("WARNING", f"Look at this first{of}.", others)


def _alert(kind: str, heading: str, dangers: Iterable[Danger]) -> str:
    lines = [f"> [!{kind}]", f"> **{heading}**", *(f"> - {_danger(each)}" for each in dangers)]
    return "\n".join(lines)


def _danger(danger: Danger) -> str:
    return f"{code(danger.address)} {danger.text}"


def _within(head: Sequence[str], bodies: Iterable[tuple[str, Findings | None]]) -> str:
    """Join the parts, and count the hunks that do not fit into a comment."""
    parts = list(head)
    room = LONGEST_COMMENT - RESERVE - sum(len(part) + 2 for part in parts)
    left_out: Counter[str] = Counter()
    for heading, findings in bodies:
        if findings is None:
            continue
        written = [heading, f"**{headline(findings)}**"] if heading else []
        for section in _sections(findings):
            text, cut = _fitting(section, room - sum(len(part) + 2 for part in written))
            if text:
                written.append(text)
            if cut:
                left_out[section.heading] += cut
        parts += written
        room -= sum(len(part) + 2 for part in written)
    if left_out:
        phrases = ", ".join(f"{number:,} of {heading}" for heading, number in left_out.items())
        parts.append(f"**Cut to fit a comment. Left out: {phrases}.** The plan has everything.")
    return "\n\n".join(parts) + "\n"


def _sections(findings: Findings) -> Iterator[Section]:
    new = [each for each in findings.outputs if each.action is Action.CREATE]
    others = [each for each in findings.outputs if each.action is not Action.CREATE]
    yield Section("Data", findings.data)
    yield Section("Permissions", findings.permissions)
    yield Section("Network", findings.network)
    yield Section("Changed outside of Terraform", findings.drift)
    yield Section("Everything else that changes", findings.rest)
    yield Section("Outputs", tuple(_output(each) for each in others))
    yield Section(CREATED, tuple(_created(findings.created)))
    yield Section(CREATED_OUTPUTS, tuple(_created(new)))


def _created(changes: Iterable[Change]) -> Iterator[Hunk]:
    by_type = sorted(changes, key=lambda each: (each.type, each.address))
    for type_, group in groupby(by_type, key=lambda each: each.type):
        yield Hunk(type_, tuple(listed(each).replace(f"{type_}.", "", 1) for each in group))


def _output(change: Change) -> Hunk:
    if change.action is Action.DESTROY:
        return Hunk("", (f"- {change.address}: a stack that reads it would fail",))
    return Hunk(change.address, attributes(change))


def _fitting(section: Section, room: int) -> tuple[str, int]:
    """Format as many hunks as fit into *room*; return also the number of the other hunks."""
    shown: list[str] = []
    size = len(section.heading) + 120
    for number, hunk in enumerate(section.hunks):
        lines = [*([f"@@ {hunk.title} @@"] if hunk.title else []), *hunk.lines]
        size += sum(len(printable(line)) + 1 for line in lines)
        if size > room:
            return _section(section, shown), len(section.hunks) - number
        shown += lines
    return _section(section, shown), 0


def _section(section: Section, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    block = fenced(lines, "diff")
    if len(lines) <= LINES_OPEN and section.heading not in {CREATED, CREATED_OUTPUTS}:
        return f"#### {section.heading}\n\n{block}"
    phrases = [
        f"{number:,} {what}"
        for sign, what in SIGNS.items()
        if (number := sum(line.startswith(sign) and line[2:3] != " " for line in lines))
    ]
    summary = f"<b>{section.heading}</b>: {', '.join(phrases)}"
    return f"<details><summary>{summary}</summary>\n\n{block}\n\n</details>"
