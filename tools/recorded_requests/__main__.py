"""``python -m tools.recorded_requests RECORDING``: print the recorded requests that AWS's models forbid.

With ``--actions``, also write the IAM actions that Terraform needs to ``operations/deploy_actions.json``.
A local AWS that runs with ``VAULT_RECORD_REQUESTS=FILE`` makes a recording. With ``--basetemp=FOLDER``,
test_terraform.py and test_upgrade.py of tests/integration write two recordings of deployment, second
plan, upgrade and destruction: ``recorded.jsonl`` in ``FOLDER/requests0`` and in ``FOLDER/requests1``.
For ``--actions``, concatenate the two, because each stack is upgraded in only one of them.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from operations.deploy_policy import ACTIONS
from tools.recorded_requests.iam_actions import actions_by_operation
from tools.recorded_requests.violations import violations_of


def main() -> int:
    """Print the violations; 1 if there are any."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.recorded_requests",
        description="Compare recorded requests with the models of AWS's services.",
    )
    parser.add_argument("recording", type=Path)
    parser.add_argument(
        "--actions", action="store_true", help="write the IAM actions that Terraform needs"
    )
    options = parser.parse_args()
    found = violations_of(options.recording)
    for each in found:
        print(each)
    if options.actions:
        table = actions_by_operation(options.recording)
        ACTIONS.write_text(f"{json.dumps(table, indent=2)}\n", encoding="utf-8")
        print(f"{len(table)} operations in {ACTIONS}", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
