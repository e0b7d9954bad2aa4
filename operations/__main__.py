"""``python -m operations``: what is done to an environment by hand. ``VAULT_ENV`` names it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from deployment.errors import CommandError
from stacks.settings import DEFAULT_ENVIRONMENT, Settings, SettingsError, read_settings

ROOT = Path(__file__).parents[1]


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m operations", description=__doc__.partition(": ")[2]
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(name: str, help_text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help_text, description=f"{help_text}.")

    made = command(
        "bootstrap", "Make the bucket that holds Terraform's state, or bring it up to date"
    )
    made.add_argument(
        "--yes", action="store_true", help="ask nothing (nor where the variable CI is set)"
    )
    made.add_argument(
        "--folder",
        type=Path,
        help="where Terraform works, and what it has made is remembered until S3 has it"
        " (default: .local/bootstrap/ENVIRONMENT)",
    )
    command("state-policy", "Print the IAM policy of who deploys: its access to Terraform's state")
    again = command("reconcile", "Start a dataset's reconciliation again, as one more attempt")
    again.add_argument("--set", required=True, metavar="ID", help="the dataset's id")
    again.add_argument(
        "--prefix", default="", help="the file share's prefix, if it has one: team-a/"
    )
    return parser.parse_args()


def main() -> int:
    """Carry out one command; what goes wrong is told in a sentence."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = arguments()
    try:
        settings = read_settings(ROOT, environment_name())
        choose_region(settings)
        return COMMANDS[options.command](options, settings)
    except (CommandError, SettingsError, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: run it again to go on.", file=sys.stderr)
        return 130


def environment_name() -> str:
    """Name the environment, as every other command does."""
    return os.environ.get("VAULT_ENV") or DEFAULT_ENVIRONMENT


def choose_region(settings: Settings) -> None:
    """Let boto3 take the region that Terraform takes: the settings', or the caller's."""
    region = settings.stacks_region or os.environ.get("AWS_REGION")
    if region:
        os.environ["AWS_DEFAULT_REGION"] = region


def bootstrap(options: argparse.Namespace, settings: Settings) -> int:
    """Make the state's bucket; 1 if the user does not agree with the plan."""
    from deployment.deployment import Deployment
    from deployment.terraform import prepare
    from operations.bootstrap import Bootstrap
    from operations.state_bucket import StateBucket

    folder: Path = options.folder or ROOT / ".local" / "bootstrap" / settings.environment_name
    folder.mkdir(parents=True, exist_ok=True)
    environ = prepare() | {"VAULT_ENV": environment_name()}
    bucket = StateBucket.of_the_caller(settings.state_bucket_name)
    made = Bootstrap(settings, bucket, Deployment(folder.resolve(), environ), say=say).run(
        lambda plan: options.yes or bool(os.environ.get("CI")) or agree(plan)
    )
    say(
        f"s3://{bucket.name} holds the state of {settings.environment_name}."
        if made
        else "Nothing was changed."
    )
    return 0 if made else 1


def agree(plan: str) -> bool:
    """Show the plan and ask.

    Raises:
        CommandError: Nobody is there to be asked.
    """
    print(plan)
    if not sys.stdin.isatty():
        raise CommandError("Nobody is there to be asked whether this may be done: give --yes.")
    return input("May this be done? Only 'yes' is a yes: ").strip() == "yes"


def state_policy(options: argparse.Namespace, settings: Settings) -> int:
    """Print it as JSON; no account is asked."""
    import botocore.session

    from operations.state_policy import state_policy as policy

    region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
    partition = botocore.session.get_session().get_partition_for_region(region)
    print(json.dumps(policy(settings, partition=partition), indent=2))
    return 0


def reconcile(options: argparse.Namespace, settings: Settings) -> int:
    """Start it, and tell which execution it is."""
    from operations.reconcile_again import reconcile_again

    started = reconcile_again(settings, set_id=options.set, share_prefix=options.prefix)
    say(f"Attempt {started.attempt} has begun: {started.execution_arn}")
    return 0


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


COMMANDS: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "bootstrap": bootstrap,
    "state-policy": state_policy,
    "reconcile": reconcile,
}


if __name__ == "__main__":
    sys.exit(main())
