"""Show set ids and keys, which come from strangers, without effects on a terminal.

Control characters, terminal escapes, bidirectional marks, invisible characters and unusual spaces
are shown as JSON escapes between double quotes. The shown text can be used as an argument:
:func:`given` reads both forms.
"""

from __future__ import annotations

import json
import re
import shlex
import unicodedata

HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def shown(text: str) -> str:
    """Return *text* unchanged if that is safe and unambiguous, else quoted with escapes."""
    if text and text == text.strip() and text[0] != '"' and not any(map(_is_hidden, text)):
        return text
    return _quoted(text)


def argument(text: str) -> str:
    """Return *text* as an argument of a shell command, which :func:`given` reads."""
    return shlex.quote(_quoted(text) if text.startswith("-") else shown(text))


def set_argument(set_id: str, share_prefix: str) -> str:
    """Return a set as arguments of a command: its id, and ``--prefix`` if its share has one."""
    prefix = f" --prefix {shell_word(share_prefix)}" if share_prefix else ""
    return f"{argument(set_id)}{prefix}"


def shell_word(text: str) -> str:
    """Return *text* as a word of bash, for commands that do not read :func:`given`'s form."""
    if not any(map(_is_hidden, text)):
        return shlex.quote(text)
    escaped = (
        "".join(f"\\x{byte:02x}" for byte in each.encode())
        if _is_hidden(each) or each in "'\\"
        else each
        for each in text
    )
    return f"$'{''.join(escaped)}'"


def message(text: str) -> str:
    """Return a sentence without control characters; it may quote a stranger's text."""
    return "".join(
        each if each == "\n" or not _is_hidden(each) else _escaped(each) for each in text
    )


def given(argument: str) -> str:
    """Return the text of an argument: the argument itself, or the value of a JSON string."""
    if re.fullmatch(r'".*"', argument, re.DOTALL):
        try:
            decoded = json.loads(argument)
        except ValueError:
            return argument
        return str(decoded)
    return argument


def _quoted(text: str) -> str:
    escaped = "".join(_escaped(each) for each in text)
    return f'"{escaped}"'


def _is_hidden(character: str) -> bool:
    category = unicodedata.category(character)
    return category in HIDDEN_CATEGORIES or (category == "Zs" and character != " ")


def _escaped(character: str) -> str:
    """Return a JSON escape of a hidden character, a quote or a backslash."""
    if character in '"\\' or ord(character) < 0x20:
        return json.dumps(character)[1:-1]
    if _is_hidden(character):
        return json.dumps(character, ensure_ascii=True)[1:-1] if character > "\x7f" else "\\u007f"
    return character
