"""Start the reconciliation of a dataset anew, after it has timed out.

It is one more attempt at the same manifest upload, and has an outcome of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from stacks.settings import DEFAULT_ENVIRONMENT, SettingsError, read_settings

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Read the arguments, start the reconciliation, and tell which execution it is."""
    parser = argparse.ArgumentParser(prog="make reconcile", description=__doc__)
    parser.add_argument("--set", required=True, metavar="ID", help="the dataset's id")
    parser.add_argument(
        "--prefix", default="", help="the file share's prefix, if it has one: team-a/"
    )
    options = parser.parse_args()
    try:
        settings = read_settings(ROOT, os.environ.get("VAULT_ENV") or DEFAULT_ENVIRONMENT)
        if settings.stacks_region:
            os.environ.setdefault("AWS_DEFAULT_REGION", settings.stacks_region)
        from operations.reconcile_again import NoManifestError, reconcile_again
    except (SettingsError, BotoCoreError) as error:
        sys.exit(str(error))
    try:
        started = reconcile_again(settings, set_id=options.set, share_prefix=options.prefix)
    except (NoManifestError, BotoCoreError, ClientError) as error:
        sys.exit(str(error))
    print(f"Attempt {started.attempt} has begun: {started.execution_arn}")


if __name__ == "__main__":
    main()
