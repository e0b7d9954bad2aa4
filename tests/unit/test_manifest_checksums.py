"""The manifest of form 2: a checksum for each file, and every malformed line refused by number."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.core import external_sort
from handlers.core.errors import ManifestError
from handlers.core.manifest import CHECKSUM_DIGITS
from handlers.core.manifest_entries import EMPTY_FOLDER, Entry
from tests.unit.manifests import Reading, checksummed, cut, rich
from tests.unit.test_manifest import paths

CRC, SHA = "0123456789abcdef", 4 * "0123456789abcdef"
FOLDER = Entry("a-vaultjob/folder", 0, EMPTY_FOLDER)

algorithms = st.sampled_from(sorted(CHECKSUM_DIGITS))


@st.composite
def manifests(draw: st.DrawFn) -> tuple[str, list[Entry]]:
    """Return an algorithm, and entries with its checksums."""
    algorithm = draw(algorithms)
    digits = CHECKSUM_DIGITS[algorithm]
    checksums = st.text("0123456789abcdef", min_size=digits, max_size=digits)
    contents = st.tuples(st.integers(0, 2**44), checksums) | st.just((0, EMPTY_FOLDER))
    files = paths.filter(lambda name: name != "a.manifest")
    names = draw(st.dictionaries(files, contents, min_size=1, max_size=10))
    return algorithm, [Entry(f"a-vaultjob/{name}", *content) for name, content in names.items()]


@given(
    manifest=manifests(),
    in_order=st.booleans(),
    places=st.lists(st.integers(0, 600), max_size=8),
    newline=st.sampled_from(["\n", "\r\n"]),
    chunk_bytes=st.integers(1, 200),
    run_entries=st.sampled_from([2, 1_000]),
)
def test_what_is_written_is_read_back(
    manifest: tuple[str, list[Entry]],
    in_order: bool,
    places: list[int],
    newline: str,
    chunk_bytes: int,
    run_entries: int,
) -> None:
    """In any order, chunks and line ends; a sorted one without a copy."""
    algorithm, entries = manifest
    if in_order:
        entries.sort()
    content = checksummed(entries, algorithm=algorithm, newline=newline)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_sort, "RUN_ENTRIES", run_entries)
        reading = Reading(cut(content, places))
    assert reading.entries(chunk_bytes=chunk_bytes) == sorted(entries)
    assert reading.copied == (newline != "\n" or entries != sorted(entries))
    assert reading.listing.checksum_algorithm == algorithm
    assert reading.listing.size_bytes == sum(entry.size_bytes or 0 for entry in entries)


@given(manifests(), st.booleans())
def test_keys_and_sizes_are_those_of_form_1(
    manifest: tuple[str, list[Entry]], in_order: bool
) -> None:
    algorithm, entries = manifest
    if in_order:
        entries.sort()
    first = Reading([rich([(entry.size_bytes or 0, entry.key) for entry in entries])])
    second = Reading([checksummed(entries, algorithm=algorithm)])
    assert [entry[:2] for entry in first.entries()] == [entry[:2] for entry in second.entries()]
    assert {entry.checksum for entry in first.entries()} == {None}
    assert first.listing.checksum_algorithm is None


@pytest.mark.parametrize("is_sorted", [True, False])
@pytest.mark.parametrize(
    ("algorithm", "line", "reason"),
    [
        ("crc64nvme", f"1 {CRC.upper()} a-vaultjob/m", "16 lower-case hexadecimal digits"),
        ("crc64nvme", f"1 {CRC[1:]} a-vaultjob/m", "16 lower-case"),
        ("crc64nvme", f"1 {CRC}0 a-vaultjob/m", "16 lower-case"),
        ("crc64nvme", f"1 {SHA} a-vaultjob/m", "16 lower-case"),
        ("crc64nvme", f"1 {CRC[:-1]}g a-vaultjob/m", "16 lower-case"),
        ("crc64nvme", f"1 {CRC[:-1]}\u0661 a-vaultjob/m", "16 lower-case"),
        ("crc64nvme", "1  a-vaultjob/m", "16 lower-case"),
        ("crc64nvme", "1 a-vaultjob/m", "16 lower-case"),
        ("crc64nvme", f"1 {CRC}", "16 lower-case"),
        ("crc64nvme", f"1 {CRC}\ta-vaultjob/m", "16 lower-case"),
        ("sha256", f"1 {CRC} a-vaultjob/m", "64 lower-case"),
        ("sha256", f"1 {SHA.upper()} a-vaultjob/m", "64 lower-case"),
        ("sha256", "1 - a-vaultjob/m", "for the checksum of a file"),
        ("sha256", f"0 {SHA} a-vaultjob/m/", "a checksum for a folder"),
        ("sha256", f"1 {SHA}  a-vaultjob/m", "not in the folder"),
        ("sha256", f"{SHA} 1 a-vaultjob/m", "not a size"),
        ("sha256", f"-1 {SHA} a-vaultjob/m", "not a size"),
        ("sha256", f"{SHA}  a-vaultjob/m", "not a size"),
    ],
)
def test_a_malformed_line_is_refused_by_its_number(
    algorithm: str, line: str, reason: str, is_sorted: bool
) -> None:
    checksum = (SHA * 2)[: CHECKSUM_DIGITS[algorithm]]
    lines = [f"1 {checksum} a-vaultjob/a", line, f"1 {checksum} a-vaultjob/z"]
    number = 3 if is_sorted else 2
    body = "".join(f"{each}\n" for each in (lines if is_sorted else lines[1:] + lines[:1])).encode()
    digest = hashlib.sha256(body).hexdigest()
    header = (
        f"#vault-manifest 2 began=1 entries=3 bytes=3 checksum={algorithm} sha256={digest}\n"
    ).encode()
    with pytest.raises(ManifestError, match=f"Line {number}, .*{reason}"):
        Reading([header + body])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b" checksum=sha256", b""), "Line 1, .*, is not a header of form 2"),
        ((b" checksum=sha256", b" checksum="), "Line 1, .*, is not a header of form 2"),
        ((b" began=1604579000", b""), "Line 1, .*, is not a header of form 2"),
        ((b"-manifest 2", b"-manifest 1"), "Line 1, .*, is not a header of form 1"),
        ((b"-manifest 2", b"-manifest 3"), "Line 1, .*, is not a header of form 1 or 2"),
        ((b"-manifest 2", b"-manifest "), "Line 1, .*, is not a header of form 1 or 2"),
        ((b"=sha256 ", b"=md5 "), "names the checksum 'md5': use crc64nvme or sha256"),
        ((b"=sha256 ", b"=SHA256 "), "names the checksum 'SHA256'"),
        ((b"=sha256 ", b"=crc64nvme "), "Line 3, .*, is not a size, a crc64nvme of 16"),
        ((b"entries=2", b"entries=3"), "does not fit its header: entries"),
        ((b"bytes=1", b"bytes=2"), "does not fit its header: bytes"),
        ((b" 0123", b" 1123"), "does not fit its header: sha256"),
    ],
    ids=repr,
)
def test_a_header_that_does_not_fit_is_refused(change: tuple[bytes, bytes], reason: str) -> None:
    content = checksummed([FOLDER, Entry("a-vaultjob/one", 1, SHA)], algorithm="sha256")
    assert change[0] in content
    with pytest.raises(ManifestError, match=reason):
        Reading([content.replace(*change, 1)])


def test_one_key_with_two_checksums_is_refused() -> None:
    entries = [Entry("a-vaultjob/one", 1, CRC), Entry("a-vaultjob/one", 1, CRC[::-1])]
    with pytest.raises(ManifestError, match="listed with two sizes or checksums"):
        Reading([checksummed(entries, algorithm="crc64nvme")])


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_empty_folder_has_no_checksum(slash: str) -> None:
    listed = FOLDER._replace(key=FOLDER.key + slash)
    assert Reading([checksummed([listed], algorithm="sha256")]).entries() == [FOLDER]


def test_earlier_deliveries_count_only_where_content_is_verified() -> None:
    form_2 = checksummed([FOLDER], algorithm="sha256", began=1_600_000_000)
    form_1 = rich([(0, FOLDER.key)], began=1_600_000_000)
    assert Reading([form_2]).listing.since == 1_600_000_000 - 120
    assert Reading([form_2], content_verified=True).listing.since == 0
    assert Reading([form_1], content_verified=True).listing.since == 1_600_000_000 - 120
