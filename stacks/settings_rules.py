"""Rules for the values of settings: a check, and its text in messages and documentation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on a value, with its text for error messages and documentation."""

    must_be: str
    holds: Callable[[Any], bool]


def whole_number(least: int, most: int) -> Rule:
    """An integer from *least* to *most*."""
    return Rule(
        f"a whole number from {least:,} to {most:,}",
        lambda value: type(value) is int and least <= value <= most,
    )


def positive_number(most: int) -> Rule:
    """A number above 0, fractions included, up to *most*."""
    return Rule(
        f"a number above 0, {most:,} at most",
        lambda value: type(value) in (int, float) and 0 < value <= most,
    )


def one_of(*numbers: int) -> Rule:
    """One of *numbers*."""
    listed = ", ".join(map(str, numbers))
    return Rule(f"one of {listed}", lambda value: type(value) is int and value in numbers)


def either(*words: str) -> Rule:
    """One of *words*."""
    listed = f"{', '.join(words[:-1])} or {words[-1]}"
    return Rule(listed, lambda value: isinstance(value, str) and value in words)


def text(pattern: str, must_be: str) -> Rule:
    """A text that *pattern* matches as a whole."""
    return Rule(
        must_be, lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None
    )


def texts(rule: Rule, must_be: str, *, most: int) -> Rule:
    """A list of at most *most* different texts, each of which fulfils *rule*."""
    return Rule(
        must_be,
        lambda value: (
            isinstance(value, list)
            and len(value) <= most
            and all(map(rule.holds, value))
            and len(set(value)) == len(value)
        ),
    )


def short(rule: Rule, *, most_bytes: int) -> Rule:
    """A value that fulfils *rule*, and whose JSON has at most *most_bytes* bytes."""
    return Rule(
        f"{rule.must_be}, {most_bytes:,} bytes of JSON at most",
        lambda value: rule.holds(value) and len(json.dumps(value)) <= most_bytes,
    )


def optional(rule: Rule) -> Rule:
    """A value that fulfils *rule*, or null."""
    return Rule(f"{rule.must_be}, or null", lambda value: value is None or rule.holds(value))


YES_OR_NO = Rule("true or false", lambda value: isinstance(value, bool))
X86 = r"(?!a1\.|[a-z]+[0-9]+[a-z]*g)"
"""The beginning of a pattern for instance types that excludes the ARM families (a1, m6g, c7gn)."""
MAX_TAGS = 7
"""An S3 object has at most 10 tags, and three are the project's own.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""
OWN_TAGS = ("Application", "Environment", "Stack", "Name")
TAG_CHARACTERS = r"[A-Za-z0-9 _.:/=+@-]"


def _are_tags(value: Any) -> bool:
    return isinstance(value, dict) and len(value) <= MAX_TAGS and all(map(_is_tag, value.items()))


def _is_tag(tag: tuple[str, Any]) -> bool:
    key, value = tag
    return (
        key not in OWN_TAGS
        and re.fullmatch(rf"(?!(?i:aws:)){TAG_CHARACTERS}{{1,128}}", key) is not None
        and isinstance(value, str)
        and re.fullmatch(rf"{TAG_CHARACTERS}{{0,256}}", value) is not None
    )


TAGS = Rule(
    f"an object of at most {MAX_TAGS} tags, their keys of 1 to 128 and their values of at most 256"
    " letters, digits, blanks and _.:/=+-@; no key begins with aws: or is one of"
    f" {', '.join(OWN_TAGS)}",
    _are_tags,
)
