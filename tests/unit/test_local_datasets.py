"""The demo's dataset, and any other on its way into a share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local import vaulting
from local.datasets import EMPTY_FOLDER, FILES, generate
from local.errors import LocalError


def contents(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def write(folder: Path, *paths: str) -> Path:
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path)
    return folder


@pytest.fixture
def share(tmp_path: Path) -> Path:
    folder = tmp_path / "shares" / "vaultdata"
    folder.mkdir(parents=True)
    return folder


def test_the_generated_dataset_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        generate(tmp_path / name, seed=seed)

    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    assert contents(tmp_path / "one") != contents(tmp_path / "other")


def test_the_generated_dataset_has_what_breaks_careless_programs(tmp_path: Path) -> None:
    generate(tmp_path)

    dataset = vaulting.read(tmp_path, "2026-11-payroll")
    everything = "\n".join(dataset.files)

    assert len(dataset.files) == FILES
    for awkward in (" ", "'", '"', "\\", "%", "\t", "\u2028", "😀", "/-rf", "/.draft", "給与"):
        assert awkward in everything
    assert any(not (tmp_path / path).stat().st_size for path in dataset.files)
    assert EMPTY_FOLDER in dataset.folders


def test_a_manifest_lists_every_file_and_every_empty_folder(tmp_path: Path) -> None:
    write(tmp_path, "b", "a/c", "a-b")
    (tmp_path / "empty" / "inner").mkdir(parents=True)

    manifest = vaulting.read(tmp_path, "a-1").manifest()

    assert manifest.decode().splitlines() == [
        "a-1-vaultjob/a-b",
        "a-1-vaultjob/a/c",
        "a-1-vaultjob/b",
        "a-1-vaultjob/empty/inner",
    ]


def test_a_manifest_is_sorted_by_the_bytes_of_its_keys(tmp_path: Path) -> None:
    """UTF-16 would put U+1F600 before U+FF5E; S3 and DynamoDB do not."""
    write(tmp_path, "\uff5e", "\U0001f600", "z")

    lines = vaulting.read(tmp_path, "s").manifest().splitlines()

    assert lines == sorted(lines)
    assert lines[-1].decode().endswith("\U0001f600")


def test_the_set_id_is_the_folders_name_unless_given(tmp_path: Path) -> None:
    folder = write(tmp_path / "2026-11-payroll", "a")

    assert vaulting.read(folder).set_id == "2026-11-payroll"
    assert vaulting.read(folder, "other").job_folder == "other-vaultjob"


def test_a_dataset_is_copied_whole_with_its_manifest(tmp_path: Path, share: Path) -> None:
    source = write(tmp_path / "data", "one", "deep/er/two", ".hidden", "-rf", "100% 'x' \\ \"y\"")
    (source / "empty").mkdir()
    dataset = vaulting.read(source, "s")

    vaulting.copy(dataset, share)

    copied = contents(share / "s-vaultjob")
    assert copied.pop("s.manifest") == dataset.manifest()
    assert copied == contents(source)
    assert list(share.parent.iterdir()) == [share]  # the manifest was moved, nothing is left


def test_the_manifest_comes_from_the_source_so_that_a_lost_file_shows(
    tmp_path: Path, share: Path
) -> None:
    dataset = vaulting.read(write(tmp_path / "data", "kept", "lost"), "s")

    vaulting.copy(dataset, share, hold_back=["lost"])

    assert not (share / "s-vaultjob" / "lost").exists()
    assert b"s-vaultjob/lost\n" in (share / "s-vaultjob" / "s.manifest").read_bytes()


def test_the_uploads_of_a_set_are_its_files_its_folders_and_its_manifest(
    tmp_path: Path, share: Path
) -> None:
    dataset = vaulting.read(write(tmp_path / "data", "a", "deep/b"), "s")

    vaulting.copy(dataset, share)

    assert dataset.uploads == len(contents(share / "s-vaultjob"))


def test_a_set_is_vaulted_once_under_its_id(tmp_path: Path, share: Path) -> None:
    dataset = vaulting.read(write(tmp_path / "data", "a"), "s")
    vaulting.copy(dataset, share)

    with pytest.raises(LocalError, match="give another id with --set"):
        vaulting.copy(dataset, share)


def test_everything_that_cannot_be_vaulted_is_named_before_anything_is_copied(
    tmp_path: Path, share: Path
) -> None:
    source = write(tmp_path / "data", "fine", "line\nfeed", "carriage\rreturn", "s.manifest")
    (source / os.fsdecode(b"\xff")).write_bytes(b"")
    (source / "link").symlink_to("fine")
    write(source, "/".join(["x" * 200] * 5 + ["y" * 30]))

    with pytest.raises(LocalError) as caught:
        vaulting.read(source, "s")

    told = str(caught.value).splitlines()
    assert len(told) == 1 + 6
    for name in ("'line\\nfeed'", "'carriage\\rreturn'", "'s.manifest'", "'\\udcff'", "'link'"):
        assert any(line.startswith(f"  {name}: ") for line in told)
    assert any("longer than 1024 bytes" in line for line in told)
    assert list(share.iterdir()) == []


def test_a_manifests_name_is_free_in_deeper_folders(tmp_path: Path) -> None:
    assert vaulting.read(write(tmp_path, "sub/s.manifest"), "s").files == ("sub/s.manifest",)


def test_a_folder_that_is_missing_or_empty_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="There is no folder"):
        vaulting.read(tmp_path / "missing")
    with pytest.raises(LocalError, match="holds no file"):
        vaulting.read(tmp_path)


@pytest.mark.parametrize("set_id", ["a/b", "a\nb", "\x00"])
def test_a_set_id_is_a_name_that_a_folder_may_have(tmp_path: Path, set_id: str) -> None:
    with pytest.raises(LocalError, match="cannot be a set id"):
        vaulting.read(write(tmp_path, "a"), set_id)
