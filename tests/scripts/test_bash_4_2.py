"""The scripts run on bash 4.2 (Amazon Linux 2), so they use no later features.

Debian, PyPI and npm no longer have that version, so the scripts are searched for later features.
https://tiswww.case.edu/php/chet/bash/NEWS
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "scripts").glob("*.sh"))
NEWER = {
    "4.3: a name for another variable": (r"\b(local|declare|typeset)\s+-\w*n", "local -n other=$1"),
    "4.3: wait for whichever ends first": (r"\bwait\s+-\w*[nfp]", "wait -n"),
    "4.3: a negative index that is set": (r"\w\[-\d+\]", "last=${names[-1]}"),
    "4.3: whether an element is set": (r"\[\[? -v \w+\[", "[[ -v names[1] ]]"),
    "4.4: transformation of a parameter": (r"\$\{[\w@*\[\]]+@[A-Za-z]\}", "${name@Q}"),
    "4.4: local -": (r"\blocal\s+-(\s|$)", "local -"),
    "4.4: a delimiter of mapfile": (
        r"\b(mapfile|readarray)\s+(-\w+\s+)*-\w*d",
        "mapfile -d '' names",
    ),
    "4.4: set -e in command substitutions": (r"\binherit_errexit\b", "shopt -s inherit_errexit"),
    "4.3: a date of now without an argument": (r"%\([^)]*\)T", "printf '%(%s)T'"),
    "5.0: time": (r"\bEPOCH(SECONDS|REALTIME)\b", "now=$EPOCHSECONDS"),
    "5.1: random": (r"\bSRANDOM\b", "$SRANDOM"),
    "5.3: substitution in this shell": (r"\$\{[ |]", "${ date; }"),
    "4.2 sets nothing to an empty format": (r"printf -v \S+ (''|\"\")", "printf -v name ''"),
}


@pytest.mark.parametrize("feature", NEWER)
def test_no_script_needs_a_bash_newer_than_4_2(feature: str) -> None:
    pattern, example = NEWER[feature]
    assert re.search(pattern, example)
    uses = [
        f"{script.name}:{number}: {line}"
        for script in SCRIPTS
        for number, line in enumerate(script.read_text().splitlines(), 1)
        if not line.lstrip().startswith("#") and re.search(pattern, line)
    ]
    assert not uses
