"""The Terraform configuration (JSON) that CDKTF writes into a stack's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Template = dict[str, Any]


def template_path(folder: Path) -> Path:
    """Return the path of the configuration in a stack's *folder*."""
    return folder / "cdk.tf.json"


def read_template(folder: Path) -> Template:
    """Read the configuration in a stack's *folder*."""
    template: Template = json.loads(template_path(folder).read_text(encoding="utf-8"))
    return template


def read_templates(outdir: Path) -> dict[str, Template]:
    """Read the configurations of all stacks in *outdir*, by stack name."""
    folders = sorted(path.parent for path in outdir.glob("stacks/*/cdk.tf.json"))
    return {folder.name: read_template(folder) for folder in folders}
