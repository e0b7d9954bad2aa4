"""The files of the project, as git knows them."""

from __future__ import annotations

from pathlib import Path

from tools.audit import tools


def project_files(root: Path) -> list[str]:
    """List the tracked files and the new files that are not ignored, as paths below *root*.

    The owner of the folder does not matter, because git runs nothing from the repository's
    configuration.
    """
    listed = tools.run(
        "git",
        *("-c", "safe.directory=*", "ls-files", "-z"),
        *("--cached", "--others", "--exclude-standard"),
        cwd=root,
    )
    there = (name for name in sorted(set(listed.split("\0"))) if name)
    return [name for name in there if (root / name).is_file()]
