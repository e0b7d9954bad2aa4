"""Limits that keep files and functions small, and names and prose plain."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_FOLDERS = 10
MOST_LINES_OF_A_FILE = 250
MOST_LINES_OF_A_FUNCTION = 60
STILL_LONG = {"stacks/data_vaulting.py __init__"}
"""To be split: nothing may be added."""
SPEAKING = {"said", "tell", "tells", "told"}
"""Code returns, reports, prints or lists: it does not speak."""
DOCUMENTS = (".bats", ".md", ".sh", "Makefile")
QUOTED: set[str] = set()
"""Sentences that may have these words, because they are about people."""


@cache
def names() -> list[str]:
    """Return the project's files that git tracks or does not ignore."""
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
    """Return the text of each Python file except tests, by its name."""
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
    """Yield each name that the code defines or uses, except a file object's method for its position."""
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


def prose(name: str, text: str) -> Iterator[str]:
    """Yield the docstrings and comments of a Python file, or the lines of another document."""
    if not name.endswith(".py"):
        yield from text.splitlines()
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str(docstring))):
                yield " ".join(docstring.split())


def test_no_name_speaks() -> None:
    """A name is a noun for the thing, such as ``message`` or ``reason``."""
    found = {
        f"{name}: {identifier}"
        for name in names()
        if name.endswith(".py")
        for identifier in identifiers(ast.parse((ROOT / name).read_text(encoding="utf-8")))
        if SPEAKING.intersection(identifier.split("_"))
    }
    assert found == set()


def test_no_prose_has_code_that_speaks() -> None:
    """This covers docstrings, comments, scripts and documents."""
    speaking = re.compile(rf"\b({'|'.join(SPEAKING)})\b", re.IGNORECASE)
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in names()
        if name.endswith((".py", *DOCUMENTS))
    }
    found = {
        f"{name}: {sentence}"
        for name, text in texts.items()
        if speaking.search(text)
        for sentence in prose(name, text)
        if speaking.search(sentence) and sentence not in QUOTED
    }
    assert found == set()
