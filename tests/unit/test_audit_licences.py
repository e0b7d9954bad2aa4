"""tools.audit.licences: accepted licences and exceptions."""

from __future__ import annotations

import pytest

from tools.audit.checks.licences import locked, shipped
from tools.audit.licences import Package, is_permissive, objections, spdx
from tools.audit.violation import Violation

EXCEPTIONS = {"tool": ("MPL-2.0", "a tool"), "@tools/*": ("MPL-2.0", "tools")}
USED = [Package("tool", "MPL-2.0", ".venv"), Package("@tools/a", "MPL-2.0", "node_modules")]


def object_to(*packages: Package) -> list[Violation]:
    return list(objections([*USED, *packages], EXCEPTIONS))


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR Apache-2.0 AND MIT", True),
        ("(MIT OR GPL-3.0-only) AND BSD-3-Clause", True),
        ("(MIT OR ISC) AND LGPL-2.1-only", False),
        ("MIT AND", False),
        ("(MIT", False),
        ("MIT) OR MIT", False),
        ("Some licence of their own", False),
    ],
)
def test_an_expression_is_permissive_if_a_choice_in_it_is(licence: str, permissive: bool) -> None:
    assert is_permissive(licence) is permissive


def test_several_classifiers_must_all_be_accepted() -> None:
    assert spdx("MIT License; Apache Software License") == "MIT AND Apache-2.0"
    assert not is_permissive(spdx("MIT License; GNU General Public License (GPL)"))


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "LGPL-2.1-only", "MPL-2.0", ""])
def test_a_licence_that_is_not_accepted_is_a_finding(licence: str) -> None:
    reported = f"its licence is {licence or 'unknown'}"
    assert object_to(Package("other", licence, ".venv")) == [Violation(".venv other", reported)]


def test_an_exception_holds_for_one_licence() -> None:
    assert object_to() == []
    assert object_to(Package("tool", "GPL-3.0-only", ".venv")) != []


def test_an_unneeded_exception_is_a_finding() -> None:
    assert list(objections(USED[:1], EXCEPTIONS)) == [
        Violation("tools/audit/licences.py", "@tools/* needs no exception: remove it")
    ]


def test_a_shipped_package_has_no_exception() -> None:
    found = object_to(Package("tool", "MPL-2.0", "the Lambda archive", ships=True))
    assert found == [Violation("the Lambda archive tool", "its licence is MPL-2.0")]


def test_a_shipped_file_of_no_package_has_no_licence() -> None:
    installed = [Package("wrapt", "BSD-2-Clause", ".venv")]
    names = ["handlers/a.py", "wrapt/__init__.py", "copied.py"]
    assert sorted((each.name, each.licence) for each in shipped(names, installed)) == [
        ("copied.py", ""),
        ("wrapt", "BSD-2-Clause"),
    ]


def test_a_package_lock_reports_each_packages_licence() -> None:
    lock = {
        "packages": {
            "": {"license": "MIT-0"},
            "node_modules/a": {"license": "MIT"},
            "node_modules/a/node_modules/@b/c": {},
        }
    }
    assert list(locked(lock)) == [
        Package("a", "MIT", "node_modules"),
        Package("@b/c", "", "node_modules"),
    ]
