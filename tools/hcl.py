"""Write every stack as HCL, with ``cdktf synth --hcl`` and repairs, for a project that leaves CDKTF.

CDKTF does not escape the quotes in a text that also has a reference, such as a JSON text with an
ARN, and Terraform cannot read the result (https://github.com/hashicorp/terraform-cdk/issues/3911).
It adds a line break to a text of several lines, and writes conditions as an argument. The repairs
take the texts from the JSON of the same stack.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deployment.template import Template
from tools.synthesis import ROOT, synthesise

TARGET = ROOT / "build" / "hcl"
NAMES = re.compile(
    r"^ *(?:depends_on|ignore_changes|replace_triggered_by) = \[\n(?:.+\n)*?\]$", re.MULTILINE
)
CONDITIONS = re.compile(
    r"^ *((?:pre|post)condition) = \[\n((?:\{\n(?:.+\n)*?\},\n)+)\]$", re.MULTILINE
)
ALONE = re.compile(r'= "\$\{([\w.]+)\}"$', re.MULTILINE)


def mended(hcl: str, template: Any) -> str:
    """Return *hcl* with every text as it is in *template*, the same stack's JSON.

    References and names are written without quotes.
    """
    for text in set(texts(template)):
        quoted = json.dumps(text, ensure_ascii=False)
        if "\n" in text:
            kept = f"<<EOF\n{text}EOF" if text.endswith("\n") else quoted
            hcl = hcl.replace(f"= <<EOF\n{text}\nEOF\n", f"= {kept}\n")
        elif '"' in text and "${" in text and not text.startswith("${"):
            hcl = hcl.replace(f'= "{text}"\n', f"= {quoted}\n")
    hcl = CONDITIONS.sub(_as_blocks, hcl)
    hcl = NAMES.sub(lambda found: found[0].replace('"', ""), hcl)
    return ALONE.sub(r"= \1", hcl)


def _as_blocks(conditions: re.Match[str]) -> str:
    name, written = conditions.groups()
    return re.sub(r"^\{\n", f"{name} {{\n", written.replace("\n},\n", "\n}\n"), flags=re.MULTILINE)


def texts(value: Any) -> Iterator[str]:
    """Yield every text in *value*."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def write(folder: Path, templates: Mapping[str, Template]) -> Iterator[Path]:
    """Write each stack to *folder*, which is emptied first, and yield the files.

    *templates* are the JSON of the same stacks by name.
    """
    shutil.rmtree(folder, ignore_errors=True)
    synthesise(folder, SYNTH_HCL_OUTPUT="true")
    for stack, template in templates.items():
        path = folder / "stacks" / stack / "cdk.tf"
        path.write_text(mended(path.read_text(encoding="utf-8"), template), encoding="utf-8")
        (path.parent / "metadata.json").unlink()
        subprocess.run(["terraform", "fmt", "-list=false"], cwd=path.parent, check=True)
        yield path


def main() -> None:
    """Print the name of each file."""
    with TemporaryDirectory() as temporary:
        templates = synthesise(Path(temporary))
    for path in write(TARGET, templates):
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
