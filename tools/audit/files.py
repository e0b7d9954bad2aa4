"""The files of the project, as git knows them."""

from __future__ import annotations

from pathlib import Path

from tools.audit import tools


def project_files(root: Path) -> list[str]:
    """List what is tracked, or new and not ignored, by its path below *root*.

    Whom the folder belongs to does not matter: nothing of the repository's configuration is run.
    """
    listed = tools.run(
        "git",
        *("-c", "safe.directory=*", "ls-files", "-z"),
        *("--cached", "--others", "--exclude-standard"),
        cwd=root,
    )
    there = (name for name in sorted(set(listed.split("\0"))) if name)
    return [name for name in there if (root / name).is_file()]
