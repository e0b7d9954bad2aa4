"""The report as an HTML page: self-contained, complete, and safe with any key."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from array import array
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from operations.arrivals_chart import LABEL_WIDTH, chart, summary
from operations.html_report import page
from operations.set_state import Arrivals

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x1b]0;a\x07'
DECIDED: dict[str, Any] = {
    "set-id": "2026-11-payroll",
    "status": "Timed out",
    "attempt": 1,
    "reason": "Not complete after 10 iterations: 2 missing",
    "started": 1_795_796_000,
    "finished": 1_795_799_600,
    "object-key": "2026-11-payroll-vaultjob/2026-11-payroll.manifest",
    "manifest-version-id": "v1",
    "event-time": 1_795_796_000,
    "iterations": 10,
    "files": 10,
    "found": 8,
    "missing": 2,
    "unexpected": None,
}
FOLDER = "2026-11-payroll-vaultjob/"


def arrivals(*times: int) -> Arrivals:
    return Arrivals(times=array("q", times))


def made(differences: Iterator[dict[str, Any]] | list[dict[str, Any]], **changes: Any) -> str:
    return "".join(
        page(
            {**DECIDED, **changes},
            differences,
            arrivals(1_795_795_000, 1_795_795_060),
            folder=FOLDER,
            commands=["sgvault backfill 2026-11-payroll --dry-run"],
            now=1_795_800_000,
        )
    )


def missing(key: str) -> dict[str, Any]:
    return {"type": "missing", "key": f"{FOLDER}{key}", "inS3": False}


class Outline(HTMLParser):
    """Tags with their attributes, the text, and whether every tag is closed in order."""

    VOID = ("meta", "input", "rect", "line", "polyline")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_has_the_outcome_and_the_hop_of_each_missing_key() -> None:
    outline = Outline(made([missing("deep/one"), missing("deep/two"), missing("top")]))
    text = " ".join(outline.texts)
    for expected in (
        "Timed out",
        "Not complete after 10 iterations: 2 missing",
        "deep/",
        "the set's own folder",
        f"{FOLDER}deep/two",
        "2 files arrived",
        "sgvault backfill 2026-11-payroll --dry-run",
    ):
        assert expected in text
    assert "not read" in text, "a count that is null is no 0"


def test_remarks_are_counted_and_listed_and_are_lacking_nowhere() -> None:
    text = " ".join(
        Outline(made([{"type": "vanished", "key": f"{FOLDER}deep/.x"}], vanished=1)).texts
    )
    assert "a temporary or renamed file. No difference." in text
    assert f"{FOLDER}deep/.x" in text
    assert "By folder" not in text


def test_it_fetches_nothing_and_allows_its_own_style_and_script_alone() -> None:
    html = made([missing("one")])
    (policy,) = [
        str(each["content"])
        for each in Outline(html).named("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not re.search(r"(?i)https?:|\bsrc=|\bhref=|@import|url\(", html)


def test_a_hostile_key_is_only_text() -> None:
    changes = {"set-id": HOSTILE, "reason": HOSTILE, "object-key": HOSTILE}
    html = made([missing(HOSTILE), {"type": HOSTILE, "key": HOSTILE}], **changes)
    outline = Outline(html)
    assert len(outline.named("script")) == 1
    assert not outline.named("img")
    assert not [each for _, each in outline.tags if any(name.startswith("on") for name in each)]
    assert "\u202e" not in html
    assert "\x1b" not in html


def test_tables_have_headings_with_a_scope_and_controls_have_labels() -> None:
    outline = Outline(made([missing("one")]))
    assert all(each.get("scope") in ("col", "row") for each in outline.named("th"))
    assert len(outline.named("label")) == len(outline.named("input")) + len(outline.named("select"))
    assert len(outline.named("h1")) == 1
    (svg,) = outline.named("svg")
    assert svg["role"] == "img"


def test_a_million_differences_make_a_page_of_a_thousand_quickly() -> None:
    differences = (missing(f"folder {number % 300}/{number}") for number in range(1_000_000))
    before = time.monotonic()
    html = made(differences, missing=1_000_000)
    assert time.monotonic() - before < 30
    assert len(html) < 1_000_000
    assert "The first 1,000 of 1,000,000" in html
    assert "The 200 with the most keys, of 300" in html


def test_expired_rows_are_reported_as_such() -> None:
    html = "".join(page(DECIDED, [], Arrivals(), folder=FOLDER, commands=[], now=1_795_800_000))
    assert "no rows of this set; rows expire" in html
    assert "6 more were found; their rows have expired" in made([])


def test_the_curve_rises_to_every_arrival_and_names_the_longest_pause() -> None:
    times = [1_000, 1_060, 8_000, 8_010]
    svg = "".join(chart(times, manifest=8_020, started=8_030, finished=9_000, iterations=3))
    (points,) = re.findall(r'points="([^"]*)"', svg)
    heights = [float(each.split(",")[1]) for each in points.split()]
    assert heights == sorted(heights, reverse=True)
    assert svg.count("<line") == 4
    assert "3 iterations" in svg
    assert "longest pause was 1 h 55 min, from 1970-01-01 00:17:40" in summary(times)


@pytest.mark.parametrize("manifest", [1_000, 1_500, 1_990, 2_000])
def test_the_labels_of_manifest_and_outcome_do_not_overlap(manifest: int) -> None:
    svg = "".join(chart([1_000], manifest=manifest, started=1_990, finished=2_000, iterations=1))
    ends = {name: float(x) for x, name in re.findall(r'x="([\d.]+)" y="20"[^>]*>(\w+)<', svg)}
    assert 0 < LABEL_WIDTH <= ends["manifest"] <= ends["outcome"] - LABEL_WIDTH


@pytest.mark.parametrize("number", [1, 2, 399, 100_000])
def test_the_curve_has_few_points_however_many_arrivals(number: int) -> None:
    svg = "".join(
        chart(range(1, number + 1), manifest=None, started=1, finished=1, iterations=None)
    )
    assert len(svg) < 40_000
    assert "nan" not in svg
