"""Differences between manifest, announced uploads and objects: cases, and a specification.

Names are relative to the dataset's folder; objects have S3's form, ``dir/``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

Found = dict[str, tuple[str, bool | None]]
"""By name: its type, and for a missing one whether S3 has it."""
REMARKS = {"vanished", "ignored", "unlisted-folder", "unannounced"}
"""Types of remarks."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A dataset and its differences."""

    lines: Collection[str]
    announced: Collection[str] | None = None
    """The same as listed, if None."""
    objects: Collection[str] | None = None
    """The same as announced, if None."""
    missing: Mapping[str, bool] = field(default_factory=dict)
    """The last element is whether S3 has it."""
    absent: Collection[str] = ()
    unexpected: Collection[str] = ()
    vanished: Collection[str] = ()
    unlisted_folders: Collection[str] = ()
    unannounced: Collection[str] = ()

    @property
    def announced_names(self) -> Collection[str]:
        """The names in the rows."""
        return self.lines if self.announced is None else self.announced

    @property
    def object_names(self) -> Collection[str]:
        """The names of the objects."""
        return self.announced_names if self.objects is None else self.objects

    @property
    def found(self) -> Found:
        """The expected differences and remarks."""
        return {
            **{name: ("missing", in_s3) for name, in_s3 in self.missing.items()},
            **dict.fromkeys(self.absent, ("absent", None)),
            **dict.fromkeys(self.unexpected, ("unexpected", None)),
            **dict.fromkeys(self.vanished, ("vanished", None)),
            **dict.fromkeys(self.unlisted_folders, ("unlisted-folder", None)),
            **dict.fromkeys(self.unannounced, ("unannounced", None)),
        }


CASES = {
    "all agree": Case(lines=["x", "y", "d/z"]),
    "a row is missing, its object is there": Case(
        lines=["x", "y"], announced=["y"], objects=["x", "y"], missing={"x": True}
    ),
    "a row is missing, and so is its object": Case(
        lines=["x", "y"], announced=["x"], missing={"y": False}
    ),
    "nothing is there yet": Case(
        lines=["x", "d/y"], announced=[], missing={"x": False, "d/y": False}
    ),
    "an object is absent": Case(lines=["x", "y"], objects=["x"], absent=["y"]),
    "an upload is unexpected": Case(lines=["x"], announced=["w", "x", "y"], unexpected=["w", "y"]),
    "what was announced, is not listed and not in S3 has vanished": Case(
        lines=["x"], announced=["x", "y"], objects=["x"], vanished=["y"]
    ),
    "a folder that was renamed while it was vaulted": Case(
        lines=["new/x", "new/y"],
        announced=["new", "new/x", "new/y", "old", "old/x"],
        objects=["new/", "new/x", "new/y"],
        vanished=["old", "old/x"],
    ),
    "an object that nobody listed or announced is no difference": Case(
        lines=["x"],
        announced=["x"],
        objects=["w", "x", "y", "d/", "d/z"],
        unannounced=["w", "y", "d/z"],
    ),
    "all at once": Case(
        lines=["absent", "fine", "missing"],
        announced=["absent", "fine", "unexpected"],
        objects=["fine", "missing", "unannounced", "unexpected"],
        missing={"missing": True},
        absent=["absent"],
        unexpected=["unexpected"],
        unannounced=["unannounced"],
    ),
    "names that contain each other": Case(
        lines=["a", "aa", "b"], announced=["aa", "b"], missing={"a": False}
    ),
    "capitals are other names": Case(
        lines=["X"], announced=["x"], missing={"X": False}, unexpected=["x"]
    ),
    "another normal form is another name": Case(
        lines=["\u00e9"], announced=["e\u0301"], missing={"\u00e9": False}, unexpected=["e\u0301"]
    ),
    "beyond the basic plane, in the order of UTF-8": Case(
        lines=["\uffee", "\U0001f600", "z"],
        announced=["\U0001f600", "z"],
        objects=["\uffee", "\U0001f600", "z"],
        missing={"\uffee": True},
    ),
    "an empty folder is listed and announced": Case(
        lines=["e", "x"], announced=["e", "x"], objects=["e/", "x"]
    ),
    "an empty folder is listed and not announced": Case(
        lines=["e", "x"], announced=["x"], objects=["x"], missing={"e": False}
    ),
    "an empty folder's event is late": Case(
        lines=["e", "x"], announced=["x"], objects=["e/", "x"], missing={"e": True}
    ),
    "an empty folder is announced, but not in S3": Case(
        lines=["e", "x"], objects=["x"], absent=["e"]
    ),
    "an announced folder in which nothing is listed": Case(
        lines=["x"], announced=["e", "x"], objects=["e/", "x"], unlisted_folders=["e"]
    ),
    "an announced folder in which only unlisted things are": Case(
        lines=["x"],
        announced=["e", "e/y", "x"],
        objects=["e/", "e/y", "x"],
        unlisted_folders=["e"],
        unexpected=["e/y"],
    ),
    "a folder is implied by what is in it": Case(
        lines=["d/e/x"], announced=["d", "d/e", "d/e/x"], objects=["d/", "d/e/", "d/e/x"]
    ),
    "an implied folder need not be announced": Case(
        lines=["d", "d/e", "d/e/x"], announced=["d/e/x"]
    ),
    "an implied folder need not be an object": Case(
        lines=["d/e/x"], announced=["d", "d/e", "d/e/x"], objects=["d/e/x"]
    ),
    "an implied folder has vanished once nothing is in it": Case(
        lines=["d/x"], announced=["d", "d/x"], objects=[], vanished=["d"], absent=["d/x"]
    ),
    "what is missing in a folder does not make the folder unexpected": Case(
        lines=["d/x"], announced=["d"], objects=["d/"], missing={"d/x": False}
    ),
    "a folder between its name and what is in it: dir < dir-a < dir/": Case(
        lines=["dir", "dir-a", "dir.b", "dir/x", "dir0"],
        announced=["dir", "dir-a", "dir.b", "dir/x", "dir0"],
        objects=["dir-a", "dir.b", "dir/", "dir/x", "dir0"],
    ),
    "the same with the folder's event only": Case(
        lines=["dir-a", "dir.b", "dir/x"],
        announced=["dir", "dir-a", "dir.b", "dir/x"],
        objects=["dir-a", "dir.b", "dir/", "dir/x"],
    ),
    "an empty folder whose siblings come first": Case(
        lines=["dir", "dir-a", "dir-b/x"],
        announced=["dir-a", "dir-b/x"],
        objects=["dir-a", "dir-b/x", "dir/"],
        missing={"dir": True},
    ),
    "an empty folder absent among its siblings": Case(
        lines=["dir", "dir-a"], objects=["dir-a", "dir0"], absent=["dir"], unannounced=["dir0"]
    ),
    "a folder unexpected among its siblings": Case(
        lines=["dir-a", "dir0"],
        announced=["dir", "dir-a", "dir0"],
        objects=["dir-a", "dir/", "dir0"],
        unlisted_folders=["dir"],
    ),
    "a file of a folder's name among its siblings is unexpected": Case(
        lines=["dir-a", "dir0"],
        announced=["dir", "dir-a", "dir0"],
        objects=["dir", "dir-a", "dir/", "dir0"],
        unexpected=["dir"],
    ),
    "nested folders held at the same time": Case(
        lines=["a", "a-", "a-/b", "a-/b-", "a/b", "a/b-", "a/b/c"],
        announced=["a", "a-", "a-/b", "a-/b-", "a/b", "a/b-", "a/b/c"],
        objects=["a-/", "a-/b", "a-/b-", "a/", "a/b-", "a/b/", "a/b/c"],
    ),
    "a folder's name alone does not make a file of it": Case(
        lines=["d/x", "d/y"], announced=["d/x", "d/y", "d/z"], unexpected=["d/z"]
    ),
}


def differences(
    lines: Collection[str], announced: Collection[str], objects: Collection[str] | None
) -> Found:
    """Return the differences by the contract's sentences; the time is quadratic.

    *objects* have S3's names; None if S3 is not read.
    """

    def something_in(folder: str, names: Collection[str]) -> bool:
        return any(name.startswith(f"{folder}/") for name in names)

    def in_s3(name: str) -> bool | None:
        if objects is None:
            return None
        return name in objects or something_in(name, objects)

    def unlisted(name: str) -> str | None:
        if in_s3(name) is False:
            return "vanished"
        if something_in(name, lines):
            return None
        return "unexpected" if objects is None or name in objects else "unlisted-folder"

    found: Found = {}
    for name in {*lines, *announced}:
        if name not in lines:
            if kind := unlisted(name):
                found[name] = (kind, None)
        elif name not in announced:
            if not something_in(name, lines):
                found[name] = ("missing", in_s3(name))
        elif in_s3(name) is False:
            found[name] = ("absent", None)
    for name in objects or ():
        if not name.endswith("/") and name not in lines and name not in announced:
            found[name] = ("unannounced", None)
    return found


def without_remarks(found: Found) -> Found:
    """Return only the differences."""
    return {name: each for name, each in found.items() if each[0] not in REMARKS}
