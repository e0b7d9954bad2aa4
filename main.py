"""Write the stacks as Terraform JSON. Run by ``cdktf synth``, or as ``python main.py``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import environments
from stacks.settings import SettingsError, read_settings

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Synthesise every stack of the environment that ``VAULT_ENV`` names (default: dev)."""
    try:
        settings = read_settings(ROOT, environments.chosen(os.environ))
    except SettingsError as error:
        sys.exit(str(error))

    from cdktf import App  # starts Node, so only after the settings are checked

    from stacks.all_stacks import define_stacks, warnings

    app = App()
    define_stacks(app, settings)
    app.synth()
    print(f"Synthesised the environment {settings.environment_name} to {app.outdir}.")
    for warning in warnings(app):  # cdktf-cli prints them only for its own runs
        print(f"Warning: {warning}")


if __name__ == "__main__":
    main()
