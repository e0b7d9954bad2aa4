"""The keys of a manifest are found in any form, order and chunks of its bytes."""

from __future__ import annotations

import codecs
import errno
import hashlib
import io
from tempfile import TemporaryFile
from typing import IO, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.core import external_sort
from handlers.core.errors import ManifestError
from tests.unit.manifests import ARRIVED, Reading, cut, rich

LISTED = ["a-vaultjob/one", "a-vaultjob/two"]
HEADER_LINE = b"#vault-manifest 1 began=1 entries=2 bytes=2 sha256=" + 64 * b"0" + b"\n"
LONG = 1024 - len("a-vaultjob/")

line_names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\n\r\0"), min_size=1, max_size=8
).filter(lambda name: name not in {".", ".."})
paths = st.lists(line_names, min_size=1, max_size=3).map("/".join)


def keys(content: bytes, *, share_prefix: str = "") -> list[str]:
    """Return the keys of a manifest."""
    return Reading([content], share_prefix=share_prefix).keys()


@pytest.mark.parametrize(
    "content",
    [
        "a-vaultjob/one\na-vaultjob/two\n",
        "a-vaultjob/one\na-vaultjob/two",
        "a-vaultjob/two\na-vaultjob/one\n",
        "a-vaultjob/one\r\na-vaultjob/two\r\n",
        "a-vaultjob/one\r\na-vaultjob/two",
        "\ufeffa-vaultjob/one\na-vaultjob/two\n",
        "\ufeff\na-vaultjob/one\na-vaultjob/two\n",
        "\n\na-vaultjob/one\n\n  \n\t\na-vaultjob/two\n\n\n",
        "\r\na-vaultjob/one\r\n \r\na-vaultjob/two",
        "./a-vaultjob/one\n./a-vaultjob/two\n",
        "a-vaultjob/one/\na-vaultjob/two/\n",
        "a-vaultjob/one\na-vaultjob/two\na-vaultjob/one\n",
        "a-vaultjob/one\na-vaultjob/one\na-vaultjob/two\n",
        "a-vaultjob\na-vaultjob/one\na-vaultjob/two\n",
        "a-vaultjob/\na-vaultjob/one\na-vaultjob/two\n",
        "./a-vaultjob/\n./a-vaultjob/one\n./a-vaultjob/two\n",
        "a-vaultjob/a.manifest\na-vaultjob/one\na-vaultjob/two\n",
        "a-vaultjob/one\na-vaultjob/two\na-vaultjob/a.manifest\n",
    ],
    ids=repr,
)
def test_insignificant_differences_are_ignored(content: str) -> None:
    """Pitfall 13: LF or CRLF, BOM, blank and repeated lines, ``./``, slashes, order, its own key."""
    reading = Reading([content.encode()])
    assert reading.keys() == LISTED
    assert reading.listing.entries == 2


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1e"])
@pytest.mark.parametrize("head", ["", "\ufeff"], ids=["tidy", "untidy"])
def test_only_a_line_feed_ends_a_line(separator: str, head: str) -> None:
    """Pitfall 13: ``str.splitlines`` would split within these names."""
    name = f"a-vaultjob/x{separator}y"
    assert keys(f"{head}{name}\n".encode()) == [name]


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"a-vaultjob/one\na-vaultjob/Icon\r\n", 2),
        (b"a-vaultjob/Icon\r\na-vaultjob/one\n", 2),
        (b"\r\na-vaultjob/one\r\na-vaultjob/two\n", 3),
        (b"a-vaultjob/one\n\r\n", 2),
        (HEADER_LINE + b"1 a-vaultjob/one\n1 a-vaultjob/Icon\r\n", 3),
    ],
)
@pytest.mark.parametrize("chunk_bytes", [1, 1_000])
def test_mixed_line_ends_are_refused(content: bytes, number: int, chunk_bytes: int) -> None:
    """Pitfall 42: macOS has a file ``Icon<CR>``; in a list with LF, its line ends in CRLF."""
    chunks = [content[at : at + chunk_bytes] for at in range(0, len(content), chunk_bytes)]
    with pytest.raises(ManifestError, match=f"Line {number}, .* ends in .* end all lines alike"):
        Reading(chunks)


def test_a_header_and_entries_with_different_line_ends_are_refused() -> None:
    content = rich([(1, "a-vaultjob/one")]).replace(b"\n", b"\r\n", 1)
    with pytest.raises(ManifestError, match="Line 2"):
        keys(content)


@pytest.mark.parametrize(
    "content",
    [
        b"a-vaultjob/x\ry\r\n",
        b"a-vaultjob/x\ry\n",
        b"a-vaultjob/one\ra-vaultjob/two\r",
        b"a-vaultjob/one\r\r\n",
        b"a-vaultjob/one\r",
        b"\r".join(b"a-vaultjob/%d" % number for number in range(10_000)),
    ],
    ids=["CRLF", "LF", "CR only", "at the end", "of a cut line", "CR only, long"],
)
def test_a_carriage_return_in_a_name_is_refused(content: bytes) -> None:
    """Pitfall 42: old macOS editors end lines in CR only, which would make one giant key."""
    with pytest.raises(ManifestError, match=r"Line 1, .*, has a CR without an LF after it"):
        keys(content)


@pytest.mark.parametrize("head", ["", "\n"], ids=["tidy", "untidy"])
@pytest.mark.parametrize("form", ["plain", "rich"])
@pytest.mark.parametrize(
    "path",
    [
        "a-vaultjob/x/../a",
        "a-vaultjob/..",
        "a-vaultjob/../b-vaultjob/x",
        "./../a-vaultjob/a",
        "a-vaultjob/./a",
        "a-vaultjob/a/.",
        "././a-vaultjob/a",
        "a-vaultjob//a",
        "a-vaultjob/a//",
        "/a-vaultjob/a",
        "/",
        "a-vaultjob/\0",
    ],
)
def test_a_path_that_no_upload_can_have_is_refused(path: str, form: str, head: str) -> None:
    """Pitfall 42: it would be a key that never arrives, or another one than the file system's."""
    number = 2 if head else 1
    content = f"{head}{path}\na-vaultjob/z\n".encode()
    if form == "rich":
        number, content = number + 1, rich([(1, path), (1, "a-vaultjob/z")])
        content = content.replace(b"\n", f"\n{head}".encode(), 1)
    with pytest.raises(ManifestError, match=f"Line {number}, .* (component|NUL)"):
        keys(content)


@pytest.mark.parametrize("name", [".hidden", "...", "a..", ".a/..b/...", "a./b"])
def test_names_with_dots_are_accepted(name: str) -> None:
    assert keys(f"a-vaultjob/{name}\n".encode()) == [f"a-vaultjob/{name}"]
    assert keys(f"\na-vaultjob/{name}/\n".encode()) == [f"a-vaultjob/{name}"]


@pytest.mark.parametrize(
    "control", [chr(code) for code in (*range(1, 10), *range(11, 13), 14, 127)]
)
def test_other_control_characters_are_legal(control: str) -> None:
    """S3 accepts them, although the scripts do not write them."""
    assert keys(f"a-vaultjob/x{control}y\n".encode()) == [f"a-vaultjob/x{control}y"]
    assert keys(f"\r\na-vaultjob/x{control}y\r\n".encode()) == [f"a-vaultjob/x{control}y"]


@pytest.mark.parametrize(
    "line",
    [
        f"{64 * 'a'}  a-vaultjob/one",
        f"{64 * 'A'} *a-vaultjob/one",
        f"\\{32 * '0'}  a-vaultjob/one\\n",
        f"{40 * '7'} a-vaultjob/one",
        f"{128 * 'f'}\ta-vaultjob/one",
        "0badcafe  one",
        f"SHA256 (a-vaultjob/one) = {64 * 'c'}",
    ],
)
def test_a_checksum_file_is_named_as_such(line: str) -> None:
    """Pitfall 42: examples are SHA256SUMS and a BagIt manifest."""
    with pytest.raises(ManifestError, match=r"Line 1, .* checksum file.*remove the checksums"):
        keys(f"{line}\n".encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line", ["a-vaultjob/one\r\n", "#vault-manifest 1 began=1\n"])
def test_utf_16_is_named_as_such(encoding: str, line: str) -> None:
    """Pitfall 42: PowerShell's ``>`` writes it."""
    with pytest.raises(ManifestError, match="Line 1 is UTF-16: save the manifest as UTF-8"):
        keys(line.encode(encoding))


def test_names_of_spaces_are_not_blank_lines() -> None:
    assert keys(b"a-vaultjob/ \na-vaultjob/\t\n") == ["a-vaultjob/\t", "a-vaultjob/ "]


@pytest.mark.parametrize("prefix", ["", "p/", "p/q/", "p-vaultjob/"])
@pytest.mark.parametrize("full", [False, True], ids=["relative", "full"])
@pytest.mark.parametrize("head", ["", "\n./"], ids=["tidy", "untidy"])
def test_lines_are_relative_to_the_share_or_full_keys(prefix: str, full: bool, head: str) -> None:
    """Pitfall 3: the first line shows which; the result is full keys in both cases."""
    before = prefix if full else ""
    content = f"{head}{before}a-vaultjob/one\n{before}a-vaultjob/two\n".encode()
    assert keys(content, share_prefix=prefix) == [f"{prefix}{key}" for key in LISTED]


@pytest.mark.parametrize(
    "content",
    [
        "a-vaultjob/one\np/a-vaultjob/two\n",
        "p/a-vaultjob/one\na-vaultjob/two\n",
        "a-vaultjob/two\np/a-vaultjob/one\n",
    ],
)
def test_relative_and_full_lines_do_not_mix(content: str) -> None:
    with pytest.raises(ManifestError, match="not in the folder"):
        keys(content.encode(), share_prefix="p/")


@pytest.mark.parametrize(
    "line", ["b-vaultjob/x", "one", "../a-vaultjob/x", "a-vaultjobs/x", "/a-vaultjob/x", "a"]
)
def test_a_line_outside_the_sets_folder_is_refused_by_number_and_name(line: str) -> None:
    with pytest.raises(ManifestError, match=r"Line 3") as raised:
        keys(f"a-vaultjob/one\n\n{line}\n".encode())
    assert line in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n",
        "\r\n\r\n",
        "\ufeff",
        "  \n\t\n",
        "a-vaultjob/\n",
        "./\n",
        "a-vaultjob/a.manifest\n",
    ],
    ids=repr,
)
def test_an_empty_manifest_is_an_error_and_never_a_complete_dataset(content: str) -> None:
    """Pitfall 13."""
    with pytest.raises(ManifestError, match="empty"):
        keys(content.encode())


@pytest.mark.parametrize(
    "content",
    [
        b"a-vaultjob/one\na-vaultjob/\xff\n",
        "a-vaultjob/one\na-vaultjob/\u00e9\n".encode("latin-1"),
        b"a-vaultjob/one\na-vaultjob/\xed\xa0\x80\n",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    ],
    ids=["stray byte", "latin-1", "surrogate", "gzip"],
)
def test_a_line_that_is_not_utf_8_is_refused_by_number(content: bytes) -> None:
    """Pitfall 13: an unreadable manifest is a named error."""
    with pytest.raises(ManifestError, match=r"Line [12].*UTF-8"):
        keys(content)


@pytest.mark.parametrize("length", [LONG + 1, 4_097, 5_000, 100_000])
@pytest.mark.parametrize("chunk_bytes", [1, 1_000, 1_000_000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\na-vaultjob/z\n"], ids=["cut", "last", "amid"])
def test_a_line_longer_than_a_key_is_refused_in_any_chunks(
    length: int, chunk_bytes: int, end: bytes
) -> None:
    """Pitfall 12: such a file is not a manifest, and must not fill the memory."""
    content = b"a-vaultjob/" + length * b"x" + end
    if chunk_bytes == 1:
        content = content[:6_000]
    chunks = [content[at : at + chunk_bytes] for at in range(0, len(content), chunk_bytes)]
    with pytest.raises(ManifestError, match="Line 1"):
        Reading(chunks)


def test_a_key_of_1024_bytes_is_listed() -> None:
    longest = "a-vaultjob/" + LONG // 2 * "\u00e9" + "x" * (LONG % 2)
    assert keys(f"{longest}\n".encode()) == [longest]
    assert keys(f"\r\n{longest}\r\n".encode()) == [longest]
    with pytest.raises(ManifestError):
        keys(f"{longest}y\n".encode())


def test_the_shares_prefix_counts_as_part_of_a_key() -> None:
    name = "a-vaultjob/" + LONG * "x"
    assert keys(f"{name}\n".encode()) == [name]
    with pytest.raises(ManifestError, match="S3 key"):
        keys(f"{name}\n".encode(), share_prefix="p/")


@pytest.mark.parametrize(
    "line",
    [
        900_000 * b"\xff",
        b"elsewhere/" + 900_000 * b"x",
        b"a-vaultjob/" + 900_000 * b"x",
        b"a-vaultjob/" + 900_000 * b"\x01",
        b"#vault-manifest 1 " + 900_000 * b"x",
    ],
    ids=["not UTF-8", "elsewhere", "too long", "control", "header"],
)
def test_an_errors_text_stays_short_whatever_the_manifest_is(line: bytes) -> None:
    """Pitfall 20: no Catch handles an error above the payload limit."""
    with pytest.raises(ManifestError) as raised:
        keys(line + b"\n")
    assert len(str(raised.value)) < 20_000


@given(
    names=st.lists(paths, min_size=1, max_size=12),
    places=st.lists(st.integers(0, 400), max_size=12),
    newline=st.sampled_from(["\n", "\r\n"]),
    head=st.sampled_from(["", "\ufeff", "\ufeff./", "./"]),
    again=st.integers(1, 40),
)
@example(names=["\u2028"], places=[12, 13], newline="\r\n", head="\ufeff", again=1)
def test_any_chunks_give_the_same_keys(
    names: list[str], places: list[int], newline: str, head: str, again: int
) -> None:
    """Pitfall 13: chunks may end within a character, or between CR and LF."""
    content = (head + "".join(f"a-vaultjob/{name}{newline}" for name in names)).encode()
    reading = Reading(cut(content, places))
    expected = sorted({f"a-vaultjob/{name}" for name in names} - {"a-vaultjob/a.manifest"})
    assert [entry.key for entry in reading.entries(chunk_bytes=again)] == expected
    assert reading.listing.entries == len(expected)


@given(st.lists(paths, min_size=1, max_size=12, unique=True))
def test_only_a_tidy_manifest_is_read_without_a_copy(names: list[str]) -> None:
    """Pitfall 12: a sorted manifest of millions needs no copy."""
    listed = [f"a-vaultjob/{name}" for name in names]
    in_order = sorted(listed, key=str.encode)
    assert not Reading(["\n".join(in_order).encode()]).copied
    assert Reading(["\n".join(listed).encode()]).copied == (listed != in_order)


@given(st.lists(paths, min_size=1, max_size=20))
def test_more_entries_than_fit_into_memory_are_sorted(names: list[str]) -> None:
    """Pitfall 12: they are sorted in runs, which are merged."""
    content = "".join(f"./a-vaultjob/{name}\n" for name in names).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_sort, "RUN_ENTRIES", 3)
        assert keys(content) == sorted({f"a-vaultjob/{name}" for name in names})


@given(
    entries=st.dictionaries(paths, st.integers(0, 2**44), min_size=1, max_size=10),
    order=st.randoms(use_true_random=False),
    places=st.lists(st.integers(0, 400), max_size=8),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_a_rich_manifest_also_has_sizes(
    entries: dict[str, int], order: object, places: list[int], newline: str
) -> None:
    """Pitfall 15: sizes are compared if both sides have them."""
    lines = [(size, f"a-vaultjob/{name}") for name, size in entries.items()]
    reading = Reading(cut(rich(lines, newline=newline), places))
    assert reading.entries(chunk_bytes=7) == sorted((key, size, None) for size, key in lines)
    assert reading.listing.size_bytes == sum(entries.values())
    assert reading.listing.rich


@pytest.mark.parametrize("run_entries", [1, 100], ids=["in many runs", "in one run"])
def test_a_refused_manifest_leaves_no_file_open(
    monkeypatch: pytest.MonkeyPatch, run_entries: int
) -> None:
    """Pitfall 12: a function stays warm, and its scratch space is limited."""
    opened: list[IO[bytes]] = []

    def temporary_file() -> IO[bytes]:
        opened.append(TemporaryFile())  # noqa: SIM115 - closed below, if need be
        return opened[-1]

    monkeypatch.setattr("handlers.core.external_sort.tempfile.TemporaryFile", temporary_file)
    monkeypatch.setattr(external_sort, "RUN_ENTRIES", run_entries)
    with pytest.raises(ManifestError):
        keys(b"a-vaultjob/two\na-vaultjob/one\nelsewhere\n")
    left_open = [file for file in opened if not file.closed]
    for file in left_open:
        file.close()
    assert opened
    assert left_open == []


def test_the_time_of_a_rich_manifest_divides_deliveries() -> None:
    """Pitfall 17: only later rows count, less the clocks' tolerance."""
    content = rich([(1, "a-vaultjob/one")], began=1_600_000_000)
    assert Reading([content]).listing.since == 1_600_000_000 - 120
    assert Reading([b"a-vaultjob/one\n"]).listing.since == 0


def test_a_clock_that_is_ahead_is_refused_with_the_skew() -> None:
    """Pitfall 40: the limit is 120 seconds after the manifest's arrival; no line is read before."""
    lines = [(1, "a-vaultjob/one")]
    assert Reading([rich(lines, began=ARRIVED + 120)]).listing.since == ARRIVED
    for content in (rich(lines, began=ARRIVED + 600), rich([(1, "outside")], began=ARRIVED + 600)):
        with pytest.raises(ManifestError, match=r"began 600 seconds after .* clock is ahead"):
            Reading([content])


@pytest.mark.parametrize(
    "change",
    [
        (b"entries=2", b"entries=3"),
        (b"bytes=3", b"bytes=4"),
        (b"sha256=", b"sha256=0"),
        (b"a-vaultjob/two\n", b""),
        (b"a-vaultjob/two\n", b"a-vaultjob/tow\n"),
        (b"2 a-vaultjob/two", b"3 a-vaultjob/two"),
        (b"2 a-vaultjob/two", b"a-vaultjob/two"),
        (b"2 a-vaultjob/two", b"-2 a-vaultjob/two"),
        (b"2 a-vaultjob/two", "\u0662 a-vaultjob/two".encode()),
        (b"2 a-vaultjob/two", b"2\ta-vaultjob/two"),
        (b" began=1604579000", b""),
        (b"a-vaultjob/two", b"a-vaultjob/one"),
    ],
    ids=repr,
)
def test_a_manifest_that_does_not_fit_its_header_is_refused(change: tuple[bytes, bytes]) -> None:
    """Pitfall 13: it is an error, not a smaller set."""
    content = rich([(1, "a-vaultjob/one"), (2, "a-vaultjob/two")])
    assert change[0] in content
    with pytest.raises(ManifestError):
        keys(content.replace(*change))


def test_a_cut_rich_manifest_is_refused_wherever_it_was_cut() -> None:
    content = rich([(1, "a-vaultjob/one"), (2, "a-vaultjob/two")])
    for length in range(len("#vault-manifest "), len(content)):
        with pytest.raises(ManifestError):
            keys(content[:length])


def test_one_key_with_two_sizes_is_refused() -> None:
    body = b"1 a-vaultjob/one\n2 a-vaultjob/one\n"
    header = (
        f"#vault-manifest 1 began=1 entries=2 bytes=3 sha256={hashlib.sha256(body).hexdigest()}\n"
    )
    with pytest.raises(ManifestError, match="sizes"):
        keys(header.encode() + body)


def test_a_rich_manifest_may_begin_with_a_bom() -> None:
    content = codecs.BOM_UTF8 + rich([(1, "a-vaultjob/one"), (2, "a-vaultjob/two")])
    assert keys(content) == LISTED


def test_a_manifest_too_large_for_the_scratch_disk_is_unusable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pitfall 20: the disk is as small at every retry, and a sorted manifest helps."""

    class FullDisk(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def writelines(self, _: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", FullDisk)
    with pytest.raises(ManifestError, match="LC_ALL=C sort"):
        Reading([b"a-vaultjob/y\na-vaultjob/x\n"])
