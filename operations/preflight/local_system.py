"""The system that ``make local-up`` runs, as the AWS that a command works on."""

from __future__ import annotations

import json
import os
from pathlib import Path

ENVIRONMENT = "local"
SYSTEM = Path(".local") / "system" / "system.json"


def use_local_system(root: Path) -> bool:
    """Point this process at the system that runs below *root*; return whether there is one.

    An endpoint in the variable ``AWS_ENDPOINT_URL`` counts first, with whatever else is set.
    """
    if "AWS_ENDPOINT_URL" in os.environ:
        return True
    try:
        system = json.loads((root / SYSTEM).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": system["endpoint"],
        "AWS_ACCESS_KEY_ID": system["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": system["secretAccessKey"],
        "AWS_REGION": system["region"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    return True
