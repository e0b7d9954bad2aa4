"""The system that ``make local-up`` runs, as the AWS that a command works on."""

from __future__ import annotations

import json
import os
from pathlib import Path

from operations.aws_environment import LOCAL_SYSTEM, point_at

ENVIRONMENT = "local"


def use_local_system(root: Path) -> bool:
    """Point this process at the system that runs below *root*; return whether there is one.

    An endpoint in the variable ``AWS_ENDPOINT_URL`` counts first, with whatever else is set.
    """
    if "AWS_ENDPOINT_URL" in os.environ:
        return True
    try:
        system = json.loads((root / LOCAL_SYSTEM).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    point_at(system)
    return True
