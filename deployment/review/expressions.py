"""The expressions in a configuration, for values that a plan does not know yet.

For ``.tf.json`` files, which CDKTF writes, a plan contains the text of an expression; for ``.tf``
files it contains the references only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from deployment.review.values import UNKNOWN

Block = Mapping[str, Any]
"""The arguments of a resource or of a nested block, each with its expression."""

REFERENCE = re.compile(r"\$\{(\w+\.[\w-]+)\.(\w+)\}")


def expressions(
    shown: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]
) -> dict[str, Block]:
    """Map the resources of the root module to their arguments; CDKTF writes no other modules.

    References are replaced by their values where the plan knows them.
    """

    def value(reference: re.Match[str]) -> str:
        found = known.get(reference[1], {}).get(reference[2])
        return found if isinstance(found, str) else reference[0]

    def resolved(written: Any) -> Any:
        match written:
            case dict():
                return {name: resolved(each) for name, each in written.items()}
            case list():
                return [resolved(each) for each in written]
            case str():
                return REFERENCE.sub(value, written)
        return written

    root = shown.get("configuration", {}).get("root_module", {})
    return {
        each["address"]: resolved(each.get("expressions", {})) for each in root.get("resources", [])
    }


def written_texts(expression: Any) -> list[str]:
    """Return the texts of an expression or, if the plan has none, its references."""
    if not isinstance(expression, Mapping):
        return []
    constant = expression.get("constant_value")
    texts = constant if isinstance(constant, list) else [constant]
    if interpolated := [text for text in texts if isinstance(text, str) and "${" in text]:
        return interpolated
    references = refers_to(expression)
    return [
        f"${{{each}}}"
        for each in references
        if not any(other.startswith(f"{each}.") for other in references)
    ]


def refers_to(expression: Any) -> list[str]:
    """Return the references of an expression: ``aws_s3_bucket.uploads.arn``, ``aws_s3_bucket.uploads``."""
    given = expression.get("references", []) if isinstance(expression, Mapping) else []
    return list(dict.fromkeys(given))


def written_as(block: Block, name: str) -> str:
    """Return the configuration of an argument whose value is not known yet."""
    return ", ".join(written_texts(block.get(name))) or str(UNKNOWN)


def is_written(block: Block, path: Sequence[str]) -> bool:
    """Return whether the configuration sets the argument at *path*, also within nested blocks."""
    if path[0] not in block:
        return False
    match block[path[0]]:
        case list() as inner if len(path) > 2 and path[1].isdigit():
            number = int(path[1])
            return number < len(inner) and is_written(inner[number], path[2:])
    return True


def blocks(block: Block, name: str) -> list[Block]:
    """Return the nested blocks *name* in the order of the configuration."""
    match block.get(name):
        case list() as written:
            return [each for each in written if isinstance(each, Mapping)]
        case {"constant_value": list(written)}:  # an argument that is written like blocks
            return [
                {argument: {"constant_value": value} for argument, value in each.items()}
                for each in written
                if isinstance(each, Mapping)
            ]
        case Mapping() as only if not only.keys() & {"constant_value", "references"}:
            return [only]
    return []


def fitting(written: list[Block], values: Mapping[str, Any]) -> Block:
    """Return the block that fits *values* best, because a plan lists the blocks of a set in any order."""

    def alike(block: Block) -> int:
        constants = ((name, _constant(block[name])) for name in values if name in block)
        return sum(_unordered(values[name]) == _unordered(value) for name, value in constants)

    return max(written, key=alike, default={})


def _constant(expression: Any) -> Any:
    return expression.get("constant_value") if isinstance(expression, Mapping) else None


def _unordered(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, list) else value
