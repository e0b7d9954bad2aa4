"""Names of unexpected files that the settings ignore, such as files of operating systems and editors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate

from handlers.core.naming import SetFolder


class IgnoredNames:
    """Matches a key if a component of its path below the set's folder has an ignored name."""

    def __init__(self, patterns: Iterable[str], folder: SetFolder) -> None:
        """Compile *patterns*, in which only * and ? are wildcards."""
        self._folder = folder.prefix
        alternatives = [translate(pattern.replace("[", "[[]")) for pattern in patterns]
        self._names = re.compile("|".join(alternatives)) if alternatives else None

    def __call__(self, key: str) -> bool:
        """Return whether an unexpected file *key* is ignored."""
        names = self._names
        if names is None:
            return False
        return any(map(names.fullmatch, key.removeprefix(self._folder).split("/")))
