"""IAM policy documents, compared statement by statement.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from deployment.review.expressions import Block, blocks, fitting, written_texts
from deployment.review.text import clipped, printable
from deployment.review.values import UNKNOWN, Sensitive, Unknown

Parts = dict[str, tuple[str, ...]]
WORDS = {
    "Action": "",
    "NotAction": "every action but ",
    "Resource": "on ",
    "NotResource": "on everything but ",
    "Principal": "by ",
    "NotPrincipal": "by everybody but ",
    "Condition": "if ",
}
"""The parts of a statement in reading order, and the words before each."""


class Pending(str):
    """The configuration of a value that is known only after the apply."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of an IAM policy. Lists are sorted, as their order has no meaning in IAM."""

    sid: str
    effect: str
    parts: Parts

    @classmethod
    def of_json(cls, written: Mapping[str, Any]) -> Self:
        """Read a statement from IAM's JSON."""
        parts = {name: _texts(written.get(name)) for name in WORDS}
        for name in ("Principal", "NotPrincipal"):
            parts[name] = _principals(written.get(name))
        parts["Condition"] = tuple(
            sorted(
                _condition(test, key, _texts(values))
                for test, keys in (written.get("Condition") or {}).items()
                for key, values in keys.items()
            )
        )
        return cls(str(written.get("Sid") or ""), str(written.get("Effect", "")), parts)

    @classmethod
    def of_block(cls, block: Mapping[str, Any], written: Block) -> Self:
        """Read a block of ``data.aws_iam_policy_document``; unknown values are given as configured."""

        def principals(name: str) -> tuple[str, ...]:
            return tuple(
                sorted(
                    principal(_text(each.get("type")), who)
                    for each in nested(block.get(name))
                    for who in _known_or_written(
                        each.get("identifiers"), fitting(blocks(written, name), each), "identifiers"
                    )
                )
            )

        conditions = (
            _condition(
                _text(each.get("test")),
                _text(each.get("variable")),
                _known_or_written(
                    each.get("values"), fitting(blocks(written, "condition"), each), "values"
                ),
            )
            for each in nested(block.get("condition"))
        )
        return cls(
            str(block.get("sid") or ""),
            str(block.get("effect") or "Allow"),
            {
                "Action": _known_or_written(block.get("actions"), written, "actions"),
                "NotAction": _known_or_written(block.get("not_actions"), written, "not_actions"),
                "Resource": _known_or_written(block.get("resources"), written, "resources"),
                "NotResource": _known_or_written(
                    block.get("not_resources"), written, "not_resources"
                ),
                "Principal": principals("principals"),
                "NotPrincipal": principals("not_principals"),
                "Condition": tuple(sorted(conditions)),
            },
        )

    @property
    def label(self) -> str:
        """The sid, or a placeholder."""
        return self.sid or "(without a sid)"

    def lines(self, sign: str) -> tuple[str, ...]:
        """Return the lines of the statement, each beginning with *sign*."""
        what = ", ".join(
            phrase for name in ("Action", "NotAction") for phrase in _phrases(self, name)
        )
        rest = [
            phrase
            for name in WORDS
            if not name.endswith("Action")
            for phrase in _phrases(self, name)
        ]
        return (
            f"{sign} {self.label}: {self.effect} {what}",
            *(f"{sign}     {each}" for each in rest),
        )


@dataclass(frozen=True, slots=True)
class StatementChange:
    """A statement before and after. None means that it does not exist then."""

    old: Statement | None
    new: Statement | None

    def lines(self) -> Iterator[str]:
        """Yield all lines of an added or removed statement, or the differences of a changed one."""
        if self.old is None or self.new is None:
            sign = "+" if self.new else "-"
            for each in (self.old, self.new):
                yield from each.lines(sign) if each else ()
            return
        yield f"! {self.new.label}: {self.new.effect}, changed"
        if self.old.effect != self.new.effect:
            yield f"-     {self.old.effect}"
            yield f"+     {self.new.effect}"
        for name, word in WORDS.items():
            old, new = Counter(self.old.parts[name]), Counter(self.new.parts[name])
            yield from (f"-     {word}{_short(each)}" for each in (old - new).elements())
            yield from (f"+     {word}{_short(each)}" for each in (new - old).elements())


def compare(old: Sequence[Statement], new: Sequence[Statement]) -> list[StatementChange]:
    """Pair statements by sid, or by content if they have none, and leave out equal pairs."""
    kept = [each for each in new if each in old]
    before = dict(_keyed(each for each in old if each not in kept))
    after = dict(_keyed(each for each in new if each not in kept))
    return [
        StatementChange(before.get(key), after.get(key))
        for key in [*before, *(key for key in after if key not in before)]
    ]


def _keyed(statements: Iterable[Statement]) -> Iterator[tuple[tuple[str, object], Statement]]:
    seen: Counter[str] = Counter()
    for each in statements:
        seen[each.sid] += 1
        yield (each.sid, seen[each.sid] if each.sid else repr(each)), each


def _phrases(statement: Statement, name: str) -> list[str]:
    values = [_short(each) for each in statement.parts[name]]
    if not values:
        return []
    if name.endswith("Action"):
        return [WORDS[name] + ", ".join(values)]
    return [WORDS[name] + each for each in values]


def _short(text: str) -> str:
    return clipped(printable(text), 400)


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(sorted(_text(each) for each in (value if isinstance(value, list) else [value])))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _principals(value: Any) -> tuple[str, ...]:
    if isinstance(value, dict):
        pairs = ((kind, who) for kind, everyone in value.items() for who in _texts(everyone))
        return tuple(sorted(principal(kind, who) for kind, who in pairs))
    return _texts(value)


def principal(kind: str, who: str) -> str:
    """Return a principal; everybody, which has two spellings, is ``*``."""
    return "*" if who == "*" and kind in {"*", "AWS"} else f"{kind} {who}"


def nested(value: Any) -> list[Mapping[str, Any]]:
    """Return nested blocks. If the whole list is hidden, return one block of hidden values for it."""
    if isinstance(value, Unknown | Sensitive):
        return [dict.fromkeys(("type", "identifiers", "test", "variable", "values"), value)]
    return [each for each in value or [] if isinstance(each, dict)]


def _known_or_written(values: Any, written: Block, name: str) -> tuple[str, ...]:
    """Return the known *values* and, for the others, their configuration."""
    given = values if isinstance(values, list) else [] if values is None else [values]
    known = {_text(each).replace("&{", "${") for each in given if not isinstance(each, Unknown)}
    if any(isinstance(each, Unknown) for each in given):
        known.update(map(Pending, written_texts(written.get(name)) or [str(UNKNOWN)]))
    return tuple(sorted(known))


def _condition(test: str, key: str, values: Iterable[str]) -> str:
    return f"{test} {key} = {' or '.join(values)}"
