"""Values of a plan. Unknown and sensitive values are replaced when a plan is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is known only after the apply."""

    def __str__(self) -> str:
        return "(known after apply)"


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A sensitive value: it can be compared, but it is never printed."""

    _value: str = field(repr=False)

    def __str__(self) -> str:
        return "(sensitive)"


UNKNOWN: Final = Unknown()


def hide(value: Any, *, unknown: Any, sensitive: Any) -> Any:
    """Return *value* with UNKNOWN and Sensitive where the trees *unknown* and *sensitive* have true."""
    if unknown is True and sensitive is not True:
        return UNKNOWN
    if sensitive is True:
        return Sensitive(json.dumps([value, unknown], sort_keys=True))
    if isinstance(value, dict) or (value is None and isinstance(unknown, dict) and _any(unknown)):
        known, unknowns, secrets = (_mapping(each) for each in (value, unknown, sensitive))
        names = [*known, *(name for name in unknowns if name not in known)]
        return {
            name: hide(
                known.get(name), unknown=unknowns.get(name), sensitive=secrets.get(name, False)
            )
            for name in names
            if name in known or _any(unknowns[name])
        }
    if isinstance(value, list) or (value is None and isinstance(unknown, list) and _any(unknown)):
        known_, unknowns_, secrets_ = (_sequence(each) for each in (value, unknown, sensitive))
        return [
            hide(
                _at(known_, number), unknown=_at(unknowns_, number), sensitive=_at(secrets_, number)
            )
            for number in range(max(len(known_), len(unknowns_)))
        ]
    return value


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each scalar of *value* with its path; JSON in a text is parsed."""
    if isinstance(value, str) and value[:1] in {"{", "["} and (inner := parsed(value)) is not None:
        value = inner
    match value:
        case dict():
            for name, each in value.items():
                yield from leaves(each, (*path, str(name)))
        case list():
            for number, each in enumerate(value):
                yield from leaves(each, (*path, str(number)))
        case _:
            yield path, value


def is_argument(values: Any, path: Path) -> bool:
    """Return whether *path* is in *values* and not inside of a JSON text."""
    match values:
        case dict():
            return is_argument(values.get(path[0]), path[1:]) if path else True
        case list() if path:
            return is_argument(_at(values, int(path[0])), path[1:])
    return not path or values is None


def parsed(text: str) -> Any:
    """Return the object or array in the JSON *text*, or None."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict | list) else None


def is_nothing(value: Any) -> bool:
    """Return whether Terraform's providers use *value* for an unset argument."""
    return value is None or value is False or value in ("", [], {})


def _any(marks: Any) -> bool:
    match marks:
        case dict():
            return any(_any(each) for each in marks.values())
        case list():
            return any(_any(each) for each in marks)
    return marks is True


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(values: list[Any], number: int) -> Any:
    return values[number] if number < len(values) else None
