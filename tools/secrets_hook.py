"""git's hook: detect-secrets on the files that it is given, knowing what the audit knows.

What looks like a secret and is none stands in ``tools/audit/checks/secrets.py`` alone, with the reason.
"""

from __future__ import annotations

import os
import re
import sys

from tools.audit.checks.secrets import KNOWN
from tools.audit.tools import VENV


def main() -> None:
    """Become detect-secrets' own hook: exit status 1, and what was found, if anything was."""
    known = "|".join(map(re.escape, KNOWN))
    hook = str(VENV / "detect-secrets-hook")
    os.execv(hook, [hook, "--no-verify", "--exclude-secrets", f"^({known})$", *sys.argv[1:]])


if __name__ == "__main__":
    main()
