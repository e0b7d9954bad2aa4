"""A git hook that runs detect-secrets on the given files, with the exceptions of the audit.

The exceptions and their reasons are only in ``tools/audit/checks/secrets.py``.
"""

from __future__ import annotations

import os
import re
import sys

from tools.audit.checks.secrets import KNOWN
from tools.audit.tools import VENV


def main() -> None:
    """Replace this process with detect-secrets' hook, which prints what it finds and exits with 1."""
    known = "|".join(map(re.escape, KNOWN))
    hook = str(VENV / "detect-secrets-hook")
    os.execv(hook, [hook, "--no-verify", "--exclude-secrets", f"^({known})$", *sys.argv[1:]])


if __name__ == "__main__":
    main()
