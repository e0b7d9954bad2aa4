"""What the handlers' code mentions, read and not run: variables and methods of clients."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def variables_read(handlers: Path, module: str) -> set[str]:
    """Return the environment variables that a module, or one that it imports, reads."""
    trees = modules_of(handlers, module)
    return {name for each, tree in trees.items() for name in _variables(tree, each)}


def methods_called(handlers: Path, module: str) -> set[str]:
    """Return the methods of clients that a module, or one that it imports, mentions."""
    return {
        node.attr
        for tree in modules_of(handlers, module).values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and _last_name(node.value) in {"dynamodb", "events", "s3"}
        and node.attr != "exceptions"
    }


def modules_of(handlers: Path, module: str) -> dict[str, ast.Module]:
    """Return a module of the handlers, and all that it imports of them, as trees."""
    trees: dict[str, ast.Module] = {}
    ahead = [module]
    while ahead:
        name = ahead.pop()
        path = handlers / f"{name.replace('.', '/')}.py"
        if name not in trees and path.is_file():
            trees[name] = ast.parse(path.read_text(encoding="utf-8"))
            ahead += _imported(trees[name])
    return trees


def _last_name(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return None


def _variables(tree: ast.AST, module: str) -> set[str]:
    names: list[str] = []
    for node in ast.walk(tree):
        match node:
            case (
                ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=name))
                | ast.Call(
                    func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"),
                    args=[ast.Constant(value=name), *_],
                )
                | ast.Call(func=ast.Attribute(attr="getenv"), args=[ast.Constant(value=name), *_])
            ):
                names.append(str(name))
    mentions = sum(
        isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        for node in ast.walk(tree)
    )
    assert len(names) == mentions, f"handlers/{module}.py reads a variable that has no literal name"
    return set(names)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "handlers":
            _, _, package = (node.module or "").partition(".")
            yield package
            yield from (f"{package}.{alias.name}".lstrip(".") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("handlers.") for alias in node.names)
