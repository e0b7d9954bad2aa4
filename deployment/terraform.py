"""The environment variables of Terraform and cdktf, with the source of the AWS provider.

Usage as a command: ``python -m deployment.terraform -- npx cdktf diff`` runs cdktf with these
variables.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from deployment.errors import CommandError

PROVIDER = Path("registry.terraform.io/hashicorp/aws")
MIRROR_VARIABLE = "VAULT_TF_MIRROR"
CONFIG_FILE = Path(__file__).parents[1] / ".local" / "terraform.rc"
END_OF_LIFE_NODE = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"


def find_mirror(environ: Mapping[str, str], *, root: Path = Path("/")) -> Path | None:
    """Return a filesystem mirror that contains the AWS provider, or None.

    The variable VAULT_TF_MIRROR has priority. Next are Terraform's implied mirrors
    (https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories),
    and last the folders where the Filesystem Hierarchy Standard puts add-on software.

    Raises:
        CommandError: The variable names a folder that does not contain the provider.
    """
    own = environ.get(MIRROR_VARIABLE)
    if own and not (Path(own) / PROVIDER).is_dir():
        raise CommandError(
            f"{MIRROR_VARIABLE} is {own}, which is not a mirror: it has no folder {PROVIDER}."
        )
    candidates = [Path(own)] if own else _candidates(environ, root)
    return next((folder for folder in candidates if (folder / PROVIDER).is_dir()), None)


def _candidates(environ: Mapping[str, str], root: Path) -> Iterator[Path]:
    home = Path(environ.get("HOME", "~")).expanduser()
    yield home / ".terraform.d/plugins"
    yield home / "Library/Application Support/io.terraform/plugins"
    yield root / "Library/Application Support/io.terraform/plugins"
    yield Path(environ.get("XDG_DATA_HOME") or home / ".local/share") / "terraform/plugins"
    data_folders = environ.get("XDG_DATA_DIRS")
    for folder in (
        _absolute(data_folders) if data_folders else _below(root, "usr/local/share", "usr/share")
    ):
        yield folder / "terraform/plugins"
    for parent in _below(root, "opt", "usr/local/lib"):
        yield parent
        yield from sorted(parent.glob("*"))


def _absolute(folders: str) -> Iterable[Path]:
    return (Path(folder) for folder in folders.split(os.pathsep) if folder.startswith("/"))


def _below(root: Path, *folders: str) -> Iterable[Path]:
    return (root / folder for folder in folders)


def config(mirror: Path | None) -> str:
    """Return the text of Terraform's CLI configuration; with a *mirror*, providers come only from it."""
    if mirror is None:
        return "disable_checkpoint = true\n"
    path = str(mirror.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    return f"""\
disable_checkpoint = true

provider_installation {{
  filesystem_mirror {{
    path    = "{path}"
    include = ["registry.terraform.io/*/*"]
  }}
}}
"""


def environment(
    base: Mapping[str, str],
    *,
    config_file: Path,
    mirror: Path | None = None,
) -> dict[str, str]:
    """Return the variables in *base* with Terraform's own; the AWS credentials stay as they are."""
    made = dict(base)
    if mirror is not None:
        made["TF_CLI_ARGS_providers_lock"] = f"-fs-mirror={mirror.resolve()}"
        made["CDKTF_DISABLE_PLUGIN_CACHE_ENV"] = "1"  # the provider is on this disk already
    return made | {
        "TF_CLI_CONFIG_FILE": str(config_file),
        "CHECKPOINT_DISABLE": "1",
        END_OF_LIFE_NODE: "20,22,24",
    }


def prepare(config_file: Path = CONFIG_FILE) -> dict[str, str]:
    """Find a mirror, write a CLI configuration for it, and return the environment for commands."""
    mirror = find_mirror(os.environ)
    config_file.parent.mkdir(parents=True, exist_ok=True)
    config_file.write_text(config(mirror))
    return environment(os.environ, config_file=config_file, mirror=mirror)


def main() -> None:
    """Replace this process with the command in the arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m deployment.terraform",
        description="Run a command with the AWS provider from a local mirror, if there is one.",
        epilog=f"{MIRROR_VARIABLE} names a mirror that is not in a standard place.",
    )
    parser.add_argument("command", nargs="+", help="the command and its arguments, after --")
    command: list[str] = parser.parse_args().command
    try:
        os.execvpe(command[0], command, prepare())
    except CommandError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}.")


if __name__ == "__main__":
    main()
