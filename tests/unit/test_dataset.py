"""The dataset of a key, and the folder of a dataset."""

from __future__ import annotations

import pytest
from hypothesis import given

from handlers.core.naming import FileKind, Naming, SetFolder
from tests.unit.samples import HOSTILE_NAMES, segments

NAMING = Naming(job_dir_suffix="-vaultjob", manifest_suffix=".manifest")


@pytest.mark.parametrize("set_id", ["a-1", "a-2", "2026-11-payroll", "-", "a-vaultjob", "a.b c"])
def test_a_set_id_is_the_whole_text_before_the_suffix(set_id: str) -> None:
    """Pitfall 1: it does not end at the first hyphen."""
    found = NAMING.classify(f"{set_id}-vaultjob/x", share_prefix="")
    assert found == (set_id, FileKind.DATA)


@pytest.mark.parametrize(
    "key",
    [
        "-vaultjob/file",
        "-vaultjob/.manifest",
        "-vaultjob",
        "readme.txt",
        "vaultjob/file",
        "a-vaultjobs/file",
        "a-VAULTJOB/file",
        "other/a-vaultjob/file",
        "/a-vaultjob/file",
        "a/-vaultjob/file",
    ],
)
def test_a_key_outside_a_folder_with_a_set_id_is_in_no_dataset(key: str) -> None:
    """Pitfall 1: a folder whose name is only the suffix is no set."""
    assert NAMING.classify(key, share_prefix="") is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.manifest", FileKind.MANIFEST),
        ("sub/a.manifest", FileKind.DATA),
        ("olda.manifest", FileKind.DATA),
        ("a.manifest.bak", FileKind.DATA),
        ("a.manifest/a.manifest", FileKind.DATA),
        ("A.manifest", FileKind.DATA),
        ("b.manifest", FileKind.DATA),
        (".manifest", FileKind.DATA),
        ("a-vaultjob.manifest", FileKind.DATA),
        ("manifest", FileKind.DATA),
        ("", FileKind.DATA),
    ],
)
def test_only_the_sets_own_name_directly_in_its_folder_is_a_manifest(
    path: str, kind: FileKind
) -> None:
    """Pitfall 2: deeper ones, and names that only end like it, are data."""
    assert NAMING.classify(f"a-vaultjob/{path}", share_prefix="") == ("a", kind)


def test_the_shares_prefix_stands_before_the_sets_folder() -> None:
    """Pitfall 3: the set's folder is the first component after the prefix."""
    assert NAMING.classify("p/q/a-vaultjob/x", share_prefix="p/q/") == ("a", FileKind.DATA)
    assert NAMING.classify("p/q/a-vaultjob/a.manifest", share_prefix="p/q/") == (
        "a",
        FileKind.MANIFEST,
    )
    assert NAMING.classify("p-vaultjob/a-vaultjob/x", share_prefix="p-vaultjob/") == (
        "a",
        FileKind.DATA,
    )
    assert NAMING.classify("p/q/a-vaultjob/x", share_prefix="p/") is None


def test_both_suffixes_are_settings() -> None:
    naming = Naming(job_dir_suffix=".job", manifest_suffix="-list.txt")
    assert naming.classify("a.job/a-list.txt", share_prefix="") == ("a", FileKind.MANIFEST)
    assert naming.classify("a-vaultjob/a.manifest", share_prefix="") is None


@given(set_id=segments, name=segments)
def test_any_name_is_taken_literally(set_id: str, name: str) -> None:
    """Pitfall 4: only the slash has a meaning in a key."""
    kind = FileKind.MANIFEST if name == f"{set_id}.manifest" else FileKind.DATA
    assert NAMING.classify(f"{set_id}-vaultjob/{name}", share_prefix="") == (set_id, kind)


@pytest.mark.parametrize("prefix", ["", "p/", "p/q/", "a-vaultjob/"])
@pytest.mark.parametrize("set_id", ["a", "a-1", *HOSTILE_NAMES.values()])
def test_a_manifests_key_has_the_folder_of_its_dataset(prefix: str, set_id: str) -> None:
    folder = SetFolder.of_manifest(f"{prefix}{set_id}-vaultjob/{set_id}.manifest")
    assert folder == SetFolder(share_prefix=prefix, name=f"{set_id}-vaultjob")
    assert folder.prefix == f"{prefix}{set_id}-vaultjob/"
