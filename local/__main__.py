"""``python -m local``: run the system on this machine, for a demo or in the background."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from deployment.command_line import exit_status
from local import left_running, source_folder
from local.demo import demo
from local.deployed_system import DeployedSystem
from local.held_back_commands import hold_back, release
from local.outcome_sentences import sentences
from local.phases import Phases
from local.planning import plan
from local.vault_dataset import vault

DEFAULT_PORT = 4566
INTERRUPTED = "Interrupted: everything that this command started is stopped."
VAULTING = (
    "Interrupted: the script is stopped. If the set's manifest is in the share already, the set is still"
    " reconciled: .venv/bin/sgvault watch SET --local"
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m local", description="The whole system without AWS."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    def command(name: str, help_text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=help_text, description=f"{help_text}.")

    demonstration = command("demo", "Deploy on a free port, vault a dataset, stop everything")
    with_data(
        demonstration,
        required=False,
        help_text="the folder to vault (default: a generated dataset)",
    )
    demonstration.add_argument("--port", type=int, default=0, help="(default: a free one)")
    started = command("up", "Deploy and leave running")
    started.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="0 picks a free one (default: %(default)s)"
    )
    command("down", "Stop the running system and remove its data")
    status = command("status", "Show addresses and names of the running system")
    for deployed in (demonstration, started):
        deployed.add_argument(
            "--short",
            action="store_true",
            help="deploy only EventProcessingStack, and create gateway and share by the API",
        )
    planned = command("plan", "Deploy EventProcessingStack on a free port, plan every stack there")
    planned.add_argument("--port", type=int, default=0, help="(default: a free one)")
    started.add_argument(
        "--environment",
        choices=("local", "demo"),
        default="local",
        help="local: enough iterations for 50,000 files; demo: few (default: %(default)s)",
    )
    vaulted = command("vault", "Vault a dataset in the running system")
    with_data(vaulted, required=True, help_text="the folder to vault")
    with_delivery(vaulted)
    for shown in (started, status, vaulted):
        shown.add_argument(
            "--format", choices=("text", "json"), default="text", help="(default: %(default)s)"
        )
    for name, help_text in (
        ("hold-back", "Make the gateway hold back a file of a set until it is released"),
        (
            "release",
            "Make the gateway upload a file that it holds back; without --file, list these files",
        ),
    ):
        held = command(name, help_text)
        held.add_argument("--set", default="", metavar="ID", help="the set's id")
        held.add_argument(
            "--file", default="", metavar="PATH", help="the file's path in the set, or key"
        )
    return parser.parse_args()


def with_data(added: argparse.ArgumentParser, *, required: bool, help_text: str) -> None:
    """Add the options that name a dataset."""
    added.add_argument("--data", type=Path, required=required, metavar="FOLDER", help=help_text)
    added.add_argument(
        "--set", default="", metavar="ID", help="the set's id (default: the folder's name)"
    )


def with_delivery(added: argparse.ArgumentParser) -> None:
    """Add the options of scripts/vault-data.sh that a delivery may have."""
    added.add_argument("--new", action="store_true", help="deliver anew what was vaulted before")
    added.add_argument(
        "--checksum",
        choices=("sha256", "crc64nvme"),
        help="list a checksum of each file in the manifest",
    )


def main() -> int:
    """Run one command, and return its exit status."""
    options = arguments()
    return exit_status(
        lambda: run(options),
        interrupted=VAULTING if options.command == "vault" else INTERRUPTED,
        errors=(BotoCoreError, ClientError),
    )


def run(options: argparse.Namespace) -> int:
    """Run the command in *options*, and return its exit status."""
    as_json = getattr(options, "format", "text") == "json"
    phases = Phases(Console(stderr=as_json or options.command == "plan"))
    whole = not getattr(options, "short", False)
    match options.command:
        case "demo":
            as_expected = demo(
                data=options.data,
                set_id=options.set,
                phases=phases,
                port=options.port,
                whole=whole,
            )
            return 0 if as_expected else 1
        case "up":
            system = left_running.up(
                port=options.port, environment=options.environment, phases=phases, whole=whole
            )
            print_system(system, as_json=as_json)
            phases.say("Next: make vault DATA=folder")
        case "status":
            print_system(left_running.get(), as_json=as_json)
        case "down":
            system = left_running.down()
            phases.say(
                f"The local system at {system.endpoint} is stopped, and its data is removed."
            )
        case "plan":
            outcome = plan(port=options.port, phases=phases)
            print(outcome.text)
            return outcome.status
        case "vault":
            vault_and_print(options, phases, as_json=as_json)
        case "hold-back":
            phases.say(hold_back(left_running.get(), options.set, options.file))
        case "release":
            phases.say(release(left_running.get(), options.set, options.file))
    return 0


def vault_and_print(options: argparse.Namespace, phases: Phases, *, as_json: bool) -> None:
    """Vault a dataset and print its outcome; with any outcome, the command succeeds."""
    dataset = source_folder.read(options.data, options.set)
    vaulted = vault(
        left_running.get(), dataset, phases=phases, new=options.new, checksum=options.checksum
    )
    if as_json:
        print(json.dumps(vaulted.event, indent=2, ensure_ascii=False))
        return
    for line in sentences(vaulted):
        phases.say(line)


def print_system(system: DeployedSystem, *, as_json: bool) -> None:
    """Print the addresses and names of *system*."""
    shown = system.to_json()
    if as_json:
        print(json.dumps(shown, indent=2))
        return
    width = max(len(name) for name in shown)
    for name, value in shown.items():
        print(f"{name:<{width}}  {value}")


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
