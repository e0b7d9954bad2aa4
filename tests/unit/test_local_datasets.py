"""The demo's dataset, and other datasets before they are vaulted."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployment.errors import CommandError
from local import source_folder
from local.datasets import EMPTY_FOLDER, FILES, generate


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


def test_the_generated_dataset_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        generate(tmp_path / name, seed=seed)

    assert contents(tmp_path / "one") == contents(tmp_path / "same")
    assert contents(tmp_path / "one") != contents(tmp_path / "other")


def test_the_generated_dataset_has_names_that_careless_programs_mishandle(tmp_path: Path) -> None:
    generate(tmp_path)

    dataset = source_folder.read(tmp_path, "2026-11-payroll")
    everything = "\n".join(dataset.files)

    assert len(dataset.files) == FILES
    for awkward in (" ", "'", '"', "\\", "%", "\u2028", "😀", "/-rf", "/.draft", "給与"):
        assert awkward in everything
    assert any(not (tmp_path / path).stat().st_size for path in dataset.files)
    assert EMPTY_FOLDER in dataset.folders


def test_the_set_id_is_the_folders_name_unless_given(tmp_path: Path) -> None:
    folder = write(tmp_path / "2026-11-payroll", "a")

    assert source_folder.read(folder).set_id == "2026-11-payroll"
    assert source_folder.read(folder, "other").set_id == "other"


def test_a_folder_that_is_missing_or_empty_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no folder"):
        source_folder.read(tmp_path / "missing")
    with pytest.raises(CommandError, match="contains no file"):
        source_folder.read(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="is a file: name the folder"):
        source_folder.read(tmp_path / "file")


def test_the_uploads_of_a_set_are_its_files_its_folders_and_its_manifest(tmp_path: Path) -> None:
    source = write(tmp_path / "data", "a", "deep/er/b")
    (source / "empty").mkdir()

    dataset = source_folder.read(source, "s")

    assert dataset.files == ("a", "deep/er/b")
    assert dataset.folders == ("deep", "deep/er", "empty")
    assert dataset.uploads == 2 + 3 + 1
    assert dataset.listed == 2 + 1
    assert str(dataset) == (
        "2 files, 3 folders and the manifest: 6 objects."
        " The manifest lists 3: the files and the empty folders."
    )


def test_ignored_names_are_left_out_of_a_set(tmp_path: Path) -> None:
    """A folder that contains nothing else stays, as an empty one."""
    litter = ("d/.DS_Store", "only/~$a", ".Trashes/deep/b")
    dataset = source_folder.read(write(tmp_path, "a", "d/.ds_store", "[x]", *litter), "s")

    kept = dataset.without([".DS_Store", "~$?", ".Trash*", "[a]"])

    assert kept.files == ("[x]", "a", "d/.ds_store")
    assert kept.folders == ("d", "only")
    assert dataset.without([]) == dataset
    with pytest.raises(CommandError, match=r"only files that are left out by their names \(6\)"):
        dataset.without(["*"])
