"""detect-secrets on every file of the project."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from tools.audit import tools
from tools.audit.audited import Audited
from tools.audit.violation import Violation

KNOWN = {
    r"USAGE=raid\nTYPE=LVM2_member\nUUID=a": "output of blkid for a disk",
    r"ABCDE-12345-FGHIJ-67890-KLMNO\nmore": "an activation key of the wrong form",
    "ABCDE-12345-FGHIJ-67890-KLMNO-PQRST": "an activation key of the wrong form",
    "abcde-12345-fghij-67890-klmno": "an activation key of the wrong form",
    "the secret": "a secret in the tests of the plan review",  # pragma: allowlist secret
    "2dbd67026454e4b1": "the CRC64NVME of a file in a test",
    "a234567890123456": "an environment's name of the greatest length",
    "a2345678901234567": "an environment's name that is too long",
    "benchmarks": "credentials for the benchmarks' stub, which checks none",
    "e4e68fb7bd0e697a0ae8f1bb342846b3": "the MD5 of a message, from AWS's documentation",
    "f67e7d3f279927cb49c2dde3fd3f5da68b9de1beeb0e9de7493c178cb1684eb6": "an outcome's id",
    "local": "credentials for the endpoint on this machine",
    "testing": "credentials of tests, for clients that send no requests",
}
"""Strings that look like secrets and are none, with the reason; each must still be in a file."""


def find(audited: Audited) -> Iterator[Violation]:
    """Yield strings that look like secrets; no service verifies them."""
    answer = tools.run(
        tools.VENV / "detect-secrets",
        *("--cores", "2", "scan", "--no-verify", *audited.files),
        cwd=audited.root,
    )
    yield from unknown(answer, KNOWN)


def unknown(answer: str, known: Mapping[str, str]) -> Iterator[Violation]:
    """Yield findings in *answer* that are not *known*, and known strings that are in no file."""
    hashes = {hashlib.sha1(value.encode()).hexdigest(): value for value in known}  # noqa: S324
    seen = set()
    for path, secrets in json.loads(answer)["results"].items():
        for secret in secrets:
            if value := hashes.get(secret["hashed_secret"]):
                seen.add(value)
            else:
                yield Violation(f"{path}:{secret['line_number']}", secret["type"])
    for value in known.keys() - seen:
        yield Violation(
            "tools/audit/checks/secrets.py", f"{value!r} is known, but in no file: remove it"
        )
