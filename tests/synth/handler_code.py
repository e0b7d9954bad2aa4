"""Read the handlers' source for environments and client methods, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def environments_read(handlers: Path, module: str) -> tuple[set[str], set[str]]:
    """Return the environments, with their fields, that a module or one of its imports reads.

    A variable with an environment is always called ``environment``.
    """
    classes: set[str] = set()
    names: set[str] = set()
    for name, tree in modules_of(handlers, module).items():
        if name == "aws.lambda_environment":
            continue
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=class_), attr="read") if class_.endswith(
                    "Environment"
                ):
                    classes.add(class_)
                case ast.Attribute(value=ast.Name(id="environment"), attr=field):
                    names.add(field)
                case ast.Attribute(attr="environ" | "getenv"):
                    raise AssertionError(f"handlers/{name}.py reads a variable on its own")
    return classes, names


def methods_called(handlers: Path, module: str) -> set[str]:
    """Return the client methods that a module or one of its imports calls."""
    return {
        node.attr
        for tree in modules_of(handlers, module).values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and _last_name(node.value) in {"dynamodb", "events", "lambda_", "s3", "sqs", "states"}
        and node.attr != "exceptions"
    }


def metrics_emitted(handlers: Path, module: str) -> set[str]:
    """Return the metrics that a module, or one that it imports, counts or measures."""
    names: set[str] = set()
    for tree in modules_of(handlers, module).values():
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Name(id="count" | "measure_seconds"),
                    args=[ast.Constant(value=name), *_],
                ):
                    names.add(str(name))
                case ast.Assign(targets=[ast.Name(id="METRICS")], value=ast.Dict(values=values)):
                    names |= {ast.literal_eval(each) for each in values}
    return names


def modules_of(handlers: Path, module: str) -> dict[str, ast.Module]:
    """Return the syntax trees of a module and of all handlers' modules that it imports."""
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


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "handlers":
            _, _, package = (node.module or "").partition(".")
            yield package
            yield from (f"{package}.{alias.name}".lstrip(".") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("handlers.") for alias in node.names)
