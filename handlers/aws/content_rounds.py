"""The check's part in comparing content: it begins rounds, and counts the workers' results.

The folder ``content/<set id>/<execution>/`` of the reports bucket has a subfolder for each round. In
it, each worker writes ``00000.jsonl.gz``, with a line for each comparison, and then ``00000.json``,
with its counts.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from heapq import merge
from itertools import chain
from typing import Any

from handlers.aws import dataset as streams
from handlers.aws import report as reports
from handlers.aws.dataset import Dataset
from handlers.aws.object_chunks import object_chunks
from handlers.aws.pages import KEYS, object_pages
from handlers.aws.report import Report
from handlers.core.content import Comparison, Content, OpenCounts, Verdict, shard_count
from handlers.core.external_sort import sorted_file
from handlers.core.listing import Listing
from handlers.core.manifest_entries import EMPTY_FOLDER, Entry
from handlers.core.tidy_entries import TidyEntries

READERS = 16
LATE_SECONDS = 60
"""A row may be written this long after its event, so a new round covers this time again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRounds:
    """The rounds of one execution."""

    dataset: Dataset
    report: Report
    mode: str

    def begin(self, content: Content | None, *, now: int) -> Content:
        """Begin a round with the keys that must be compared, if there are any."""
        if content is None:
            return self._round(self.dataset.listing, number=1, began=now)
        if not content.compared:
            return content
        listing = self._listing_of(self._wanted(content), content.round + 1)
        if listing is None:
            return replace(content, began=now)
        begun = self._round(listing, number=content.round + 1, began=now)
        kept, removed, counts = self._keep(begun, "before", self._without(content, listing))
        return replace(
            begun,
            entered_in=content.entered_in,
            verified=content.verified - (listing.entries - removed),
            open_key=kept,
            **counts.fields(),
        )

    def pending(self, content: Content) -> list[int]:
        """Return the shards of the current round that have no result yet."""
        if content.compared:
            return []
        prefix = f"{content.round_folder}/"
        pages = object_pages(streams.s3, Bucket=self.report.bucket, Prefix=prefix)
        done = {key for page in pages for key in page[KEYS]}
        return [
            number
            for number in range(content.shards)
            if result_key(content.round_folder, number) not in done
        ]

    def counted(self, content: Content) -> Content:
        """Return *content* with the results of its round, of which no shard is pending."""
        if content.compared:
            return content
        verified = compared = 0
        with ThreadPoolExecutor(READERS) as readers:
            results = readers.map(
                self._json, (result_key(content.round_folder, n) for n in range(content.shards))
            )

            def newly_open() -> Iterator[Comparison]:
                nonlocal verified, compared
                for result in results:
                    verified += result["verified"]
                    compared += result["entries"]
                    yield from map(Comparison.from_line, result["open"])

            lines = merge(self.open_lines(content), newly_open(), key=_key)
            kept, _, counts = self._keep(content, "after", lines)
        if compared != content.listing.entries:
            raise RuntimeError(
                f"The results of round {content.round} have {compared} keys,"
                f" not {content.listing.entries}"
            )
        return replace(
            content,
            compared=True,
            verified=content.verified + verified,
            open_key=kept,
            **counts.fields(),
        )

    def is_outdated(self, content: Content, last_arrival: int) -> bool:
        """Return whether objects may have changed since the counted round of *content*."""
        if not content.compared:
            return False
        if content.changed or last_arrival >= content.began:
            return True
        return content.first is not None and self.dataset.cleared(content.first)

    def open_lines(self, content: Content | None) -> Iterator[Comparison]:
        """Yield the comparisons that are not matches, in the order of their keys."""
        if content is None or not content.open_key:
            return
        stored = reports.s3.get_object(Bucket=self.report.bucket, Key=content.open_key)
        with tempfile.TemporaryFile() as copy:  # a GET that stays open for minutes may be reset
            shutil.copyfileobj(stored["Body"], copy)
            copy.seek(0)
            with gzip.GzipFile(fileobj=copy) as lines:
                for line in lines:
                    yield Comparison.from_line(json.loads(line))

    def _round(self, listing: Listing, *, number: int, began: int) -> Content:
        return Content(
            folder=self.report.content_folder,
            bucket=self.dataset.manifest.upload.bucket,
            mode=self.mode,
            round=number,
            began=began,
            listing=listing,
            shards=shard_count(listing),
        )

    def _wanted(self, content: Content) -> Iterator[str]:
        """Yield in order the keys that were announced again or have changed; a key may repeat."""
        announced = self.dataset.announced_since(content.began - LATE_SECONDS)
        changed = (line.key for line in self.open_lines(content) if line.verdict is Verdict.CHANGED)
        first = content.first
        cleared = [first.key] if first is not None and self.dataset.cleared(first) else []
        return merge(announced, changed, cleared)

    def _listing_of(self, wanted: Iterator[str], number: int) -> Listing | None:
        """Store the manifest's entries with *wanted* keys; return None if there are none."""
        first = next(wanted, None)
        if first is None:
            return None
        entries = _those_of(self._entries(self.dataset.listing), chain([first], wanted))
        tidy = sorted_file(entries)
        if not tidy.entries:
            tidy.file.close()
            return None
        stored = self.report.keep_manifest(tidy, name=f"round-{number}.sorted")
        listed = self.dataset.listing
        return replace(
            stored,
            rich=True,
            checksum_algorithm=listed.checksum_algorithm,
            manifest_version_id=listed.manifest_version_id,
        )

    def _without(self, content: Content, listing: Listing) -> Iterator[Comparison | None]:
        """Yield the open comparisons, but None for each whose key is in *listing*."""
        entries = self._entries(listing)
        entry = next(entries, None)
        for line in self.open_lines(content):
            while entry is not None and entry.key < line.key:
                entry = next(entries, None)
            yield None if entry is not None and entry.key == line.key else line

    def _entries(self, listing: Listing) -> Iterator[Entry]:
        chunks = object_chunks(streams.s3, listing.place, start=listing.start, end=listing.end)
        return TidyEntries(chunks, listing, offset=listing.start).entries()

    def _keep(
        self, content: Content, when: str, lines: Iterable[Comparison | None]
    ) -> tuple[str, int, OpenCounts]:
        """Store *lines*; return the key, the number of Nones, and the counts of the others."""
        counts, removed = OpenCounts(), 0
        with tempfile.TemporaryFile() as file:
            with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
                for line in lines:
                    if line is None:
                        removed += 1
                        continue
                    counts.add(line)
                    packed.write(json.dumps(line.line(), ensure_ascii=False).encode() + b"\n")
            if not counts.verdicts:
                return "", removed, counts
            key = f"{content.round_folder}/open-{when}.jsonl.gz"
            file.seek(0)
            reports.s3.upload_fileobj(file, self.report.bucket, key)
        return key, removed, counts

    def _json(self, key: str) -> Any:
        return json.loads(reports.s3.get_object(Bucket=self.report.bucket, Key=key)["Body"].read())


def result_key(round_folder: str, number: int) -> str:
    """Return the key of a shard's counts."""
    return f"{round_folder}/{number:05}.json"


def _key(comparison: Comparison) -> str:
    return comparison.key


def _those_of(entries: Iterator[Entry], wanted: Iterator[str]) -> Iterator[Entry]:
    """Yield the entries of files whose keys are *wanted*; both inputs are sorted."""
    key = next(wanted, None)
    for entry in entries:
        while key is not None and key < entry.key:
            key = next(wanted, None)
        if key is None:
            return
        if key == entry.key and entry.checksum != EMPTY_FOLDER:
            yield entry
