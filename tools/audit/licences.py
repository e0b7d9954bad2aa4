"""The licences that packages may have, as data, and functions that read the packages' licences."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tools.audit.violation import Violation

PERMISSIVE = {
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BlueOak-1.0.0",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-0",
    "PSF-2.0",
    "Unlicense",
    "Zlib",
}
"""By their SPDX names: https://spdx.org/licenses/"""

SPDX_NAMES = {
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Public Domain": "CC0-1.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""SPDX names of the classifiers in the metadata of older packages."""

MPL_UNCHANGED = "an unmodified tool: its copyleft covers only its own files, and it does not ship"
EXCEPTIONS = {
    "@cdktf/*": ("MPL-2.0", MPL_UNCHANGED),
    "cdktf": ("MPL-2.0", MPL_UNCHANGED),
    "cdktf-cdktf-provider-aws": ("MPL-2.0", MPL_UNCHANGED),
    "cdktf-cli": ("MPL-2.0", MPL_UNCHANGED),
    "certifi": ("MPL-2.0", MPL_UNCHANGED),
    "docutils": (
        "BSD-3-Clause AND GNU General Public License (GPL) AND CC0-1.0 AND PSF-2.0",
        "the GPL covers an editor mode that is not installed; awscli depends on docutils",
    ),
    "hypothesis": ("MPL-2.0", MPL_UNCHANGED),
    "junit-xml": ("Freely Distributable AND MIT", "its licence's text is that of MIT"),
    "orjson": ("MPL-2.0 AND (Apache-2.0 OR MIT)", MPL_UNCHANGED),
    "pathspec": ("MPL-2.0", MPL_UNCHANGED),
    "tqdm": ("MPL-2.0 AND MIT", MPL_UNCHANGED),
}
"""Other licences by package: exactly this licence, and why it is acceptable. Shipped packages have none."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package and its licence, as its metadata states it."""

    name: str
    licence: str
    origin: str
    """The source of the package: an environment, a lock file, or the archive that ships."""
    ships: bool = False


def objections(
    packages: Collection[Package],
    exceptions: Mapping[str, tuple[str, str]] = EXCEPTIONS,
) -> Iterator[Violation]:
    """Yield packages whose licence is neither permissive nor excepted, and unused exceptions."""
    used = set()
    for package in sorted(packages):
        licence = spdx(package.licence)
        if is_permissive(licence):
            continue
        name = next((each for each in exceptions if _is(package.name, each)), None)
        if name and not package.ships and exceptions[name][0] == licence:
            used.add(name)
            continue
        yield Violation(
            f"{package.origin} {package.name}", f"its licence is {licence or 'unknown'}"
        )
    for name in exceptions.keys() - used:
        yield Violation("tools/audit/licences.py", f"{name} needs no exception: remove it")


def spdx(text: str) -> str:
    """Return a licence as an SPDX expression; several classifiers are joined by AND."""
    names = [name.strip() for name in text.split(";")]
    return " AND ".join(SPDX_NAMES.get(name, name) for name in names)


def is_permissive(licence: str) -> bool:
    """Evaluate an SPDX expression: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/"""
    tokens = re.findall(r"[()]|\bAND\b|\bOR\b|[^()\s](?:(?!\s(?:AND|OR)\s)[^()])*", licence)
    value, rest = _any_of([token.strip() for token in tokens])
    return value and not rest


def _any_of(tokens: list[str]) -> tuple[bool, list[str]]:
    value, rest = _all_of(tokens)
    while rest and rest[0] == "OR":
        other, rest = _all_of(rest[1:])
        value = value or other
    return value, rest


def _all_of(tokens: list[str]) -> tuple[bool, list[str]]:
    value, rest = _one(tokens)
    while rest and rest[0] == "AND":
        other, rest = _one(rest[1:])
        value = value and other
    return value, rest


def _one(tokens: list[str]) -> tuple[bool, list[str]]:
    if not tokens:
        return False, []
    if tokens[0] == "(":
        value, rest = _any_of(tokens[1:])
        return value and rest[:1] == [")"], rest[1:]
    return tokens[0] in PERMISSIVE, tokens[1:]


def _is(name: str, pattern: str) -> bool:
    return name == pattern or (pattern.endswith("*") and name.startswith(pattern[:-1]))
