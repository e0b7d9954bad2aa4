"""Limits that keep the house small and its names plain."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_FOLDERS = 10
MOST_LINES_OF_A_FILE = 250
MOST_LINES_OF_A_FUNCTION = 60
STILL_LONG = {"stacks/data_vaulting.py __init__"}
"""To be split: nothing may be added."""
TELLING = {"said", "tell", "tells", "told"}


@cache
def names() -> list[str]:
    """Return the project's files, as git knows them."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [name for name in listed if (ROOT / name).is_file()]


@cache
def modules() -> dict[str, str]:
    """Return the text of each Python file that is no test, by its name."""
    return {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in names()
        if name.endswith(".py") and not name.startswith("tests/")
    }


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_at_most_ten_folders_are_seen_at_the_top() -> None:
    folders = {name.partition("/")[0] for name in names() if "/" in name}
    seen = sorted(folder for folder in folders if not folder.startswith("."))
    assert len(seen) <= MOST_FOLDERS, seen


def test_no_file_is_long() -> None:
    long = {name: len(text.splitlines()) for name, text in modules().items()}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_long() -> None:
    long = {
        f"{name} {node.name}": lines
        for name, text in modules().items()
        for node in functions(ast.parse(text))
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_LINES_OF_A_FUNCTION
    }
    assert long.keys() - STILL_LONG == set()


def identifiers(tree: ast.AST) -> Iterator[str]:
    """Yield each name that the code gives or uses; a file object's own tell() aside."""
    positions = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and not node.args and not node.keywords
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.alias(asname=str(name)):
                yield name
            case ast.Attribute(attr=name) if name != "tell" or id(node) not in positions:
                yield name


def test_a_name_says_what_a_thing_is_and_not_that_it_speaks() -> None:
    """Code reports, returns or prints; a name says what a thing is."""
    found = {
        f"{name}: {identifier}"
        for name in names()
        if name.endswith(".py")
        for identifier in identifiers(ast.parse((ROOT / name).read_text(encoding="utf-8")))
        if TELLING.intersection(identifier.split("_"))
    }
    assert found == set()
