"""A report as one HTML page that loads nothing else, and in which no name is executed.

The Content-Security-Policy allows only the page's own style and script, by their hashes. Names are
escaped for HTML, and shown as in :mod:`operations.safe_text`.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from typing import Any

from operations.arrivals_chart import chart, summary
from operations.moments import duration, utc
from operations.report_files import REMARKS
from operations.safe_text import message, shown
from operations.set_state import Arrivals

FIRST = 1_000
MOST_FOLDERS = 200
FURTHER = (
    "<code>show</code> compares the set again. <code>explain</code> names the cause of one key and the"
    " command that cures it. Start the next attempt, with <code>reconcile</code>, when"
    " <code>show</code> has no difference left: before, it would only time out again."
)
TYPES = {
    "missing": "Listed, but its upload was not announced.",
    "absent": "Listed and announced, but not in S3.",
    "size-mismatch": "Of another size than listed.",
    "checksum-mismatch": "Of the listed size, but with other content.",
    "unexpected": "In S3, but not listed.",
}


def page(
    decided: dict[str, Any],
    differences: Iterable[dict[str, Any]],
    arrivals: Arrivals,
    *,
    folder: str,
    commands: Iterable[str],
    now: int,
) -> Iterator[str]:
    """Yield the page of the outcome *decided*; memory does not grow with the number of differences."""
    style = files("operations").joinpath("report.css").read_text(encoding="utf-8")
    script = files("operations").joinpath("report.js").read_text(encoding="utf-8")
    yield _head(decided, style, script)
    yield f"<style>{style}</style></head><body>"
    yield from _outcome(decided)
    yield from _counts(decided)
    yield from _arrivals(decided, arrivals)
    first: list[dict[str, Any]] = []
    lacks: Counter[tuple[str, str]] = Counter()
    total = 0
    for each in differences:
        total += 1
        if len(first) < FIRST:
            first.append(each)
        if each["type"] not in REMARKS:
            lacks[_folder_of(each["key"], folder), each["type"]] += 1
    yield from _folders(lacks)
    yield from _differences(first, total)
    text = "".join(f"{each}\n" for each in commands)
    yield f"<h2>Commands</h2><pre><code>{escape(message(text))}</code></pre>"
    if decided["status"] == "Timed out":
        yield f"<p>{FURTHER}</p>"
    yield f'</main><footer class="quiet"><p>Made {utc(now)} UTC by sgvault report.</p></footer>'
    yield f"<script>{script}</script></body></html>\n"


def _head(decided: dict[str, Any], style: str, script: str) -> str:
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{_safe(decided['set-id'])}: {_safe(decided['status'])}</title>"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _safe(text: str) -> str:
    return escape(shown(text))


def _outcome(decided: dict[str, Any]) -> Iterator[str]:
    status = _safe(decided["status"])
    kind = escape(decided["status"].partition(" ")[0])
    yield f"<header><h1><bdi>{_safe(decided['set-id'])}</bdi></h1>"
    yield f'<p><span class="status {kind}">{status}</span>: {escape(message(decided["reason"]))}.</p>'
    took = duration(decided["finished"] - decided["started"])
    yield (
        f'<p class="quiet">Attempt {decided["attempt"]}, decided {utc(decided["finished"])} UTC'
        f" after {took}. Manifest <bdi>{_safe(decided['object-key'])}</bdi>, version"
        f" {_safe(decided['manifest-version-id'])}.</p></header><main>"
    )


def _counts(decided: dict[str, Any]) -> Iterator[str]:
    yield '<h2>Counts</h2><div class="wide"><table><thead><tr><th scope="col">Kind</th>'
    yield '<th scope="col" class="number">Keys</th><th scope="col">Meaning</th></tr></thead><tbody>'
    rows = {
        "files": "Listed in the manifest.",
        "found": "Listed, and announced.",
        **TYPES,
        **REMARKS,
    }
    for name, meaning in rows.items():
        if name in decided:
            number = decided[name]
            text = "not read" if number is None else f"{number:,}"
            yield f'<tr><th scope="row">{name}</th><td class="number">{text}</td><td>{meaning}</td></tr>'
    yield "</tbody></table></div>"


def _arrivals(decided: dict[str, Any], arrivals: Arrivals) -> Iterator[str]:
    yield "<h2>Arrivals over time</h2>"
    if not arrivals.times:
        yield "<p>The table has no rows of this set; rows expire.</p>"
        return
    times = sorted(arrivals.times)
    yield "<figure>"
    yield from chart(
        times,
        manifest=arrivals.manifest_time or decided["event-time"],
        started=decided["started"],
        finished=decided["finished"],
        iterations=decided.get("iterations"),
    )
    expired = ""
    if (decided.get("found") or 0) > len(times):
        expired = f" {decided['found'] - len(times):,} more were found; their rows have expired."
    yield (
        f"<figcaption>{escape(summary(times))}{expired} The shaded time is that of attempt"
        f" {decided['attempt']}, {duration(decided['finished'] - decided['started'])}."
        "</figcaption></figure>"
    )


def _folder_of(key: str, folder: str) -> str:
    """Return the first folder of a key within its set's folder."""
    name, slash, _ = key.removeprefix(folder).partition("/")
    return f"{name}/" if slash else ""


def _folders(lacks: Counter[tuple[str, str]]) -> Iterator[str]:
    if not lacks:
        return
    yield '<h2>By folder</h2><div class="wide"><table><thead><tr><th scope="col">Folder</th>'
    yield '<th scope="col">Type</th><th scope="col" class="number">Keys</th></tr></thead><tbody>'
    for (folder, kind), number in lacks.most_common(MOST_FOLDERS):
        name = f"<bdi>{_safe(folder)}</bdi>" if folder else "the set's own folder"
        yield f'<tr><td class="key">{name}</td><td class="type">{_safe(kind)}</td>'
        yield f'<td class="number">{number:,}</td></tr>'
    yield "</tbody></table></div>"
    if len(lacks) > MOST_FOLDERS:
        yield f"<p>The {MOST_FOLDERS} with the most keys, of {len(lacks):,}.</p>"


def _differences(first: list[dict[str, Any]], total: int) -> Iterator[str]:
    yield "<h2>Differences</h2>"
    if not first:
        yield "<p>None.</p>"
        return
    if total > len(first):
        yield f"<p>The first {len(first):,} of {total:,}; <code>--jsonl</code> prints all.</p>"
    options = "".join(
        f"<option>{_safe(each)}</option>" for each in sorted({each["type"] for each in first})
    )
    yield (
        '<div class="controls" id="controls" hidden><label>Key contains'
        '<input id="text" type="search" autocomplete="off"></label><label>Type<select id="type">'
        f'<option value="">all</option>{options}</select></label>'
        '<span id="count" role="status"></span></div>'
    )
    yield '<div class="wide"><table id="differences"><thead><tr>'
    for name, kind in (("Type", ""), ("Key", ""), ("Listed", "number"), ("In S3", "number")):
        yield f'<th scope="col" class="{kind}"><button type="button">{name}</button></th>'
    yield "</tr></thead><tbody>"
    for each in first:
        yield (
            f'<tr><td class="type">{_safe(each["type"])}</td>'
            f'<td class="key"><bdi>{_safe(each["key"])}</bdi></td>'
            f"{_number(each.get('listedSize'))}{_in_s3(each)}</tr>"
        )
    yield "</tbody></table></div>"


def _number(value: int | None, text: str = "") -> str:
    if value is None:
        return f'<td class="number">{text}</td>'
    return f'<td class="number" data-value="{value}">{text or f"{value:,}"}</td>'


def _in_s3(difference: dict[str, Any]) -> str:
    known = difference.get("inS3")
    if known is None:
        return _number(difference.get("objectSize"))
    return _number(int(known), "yes" if known else "no")
