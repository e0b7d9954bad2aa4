"""Redraw the diagrams of all stacks in docs/architecture.md from their synthesised configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import environments
from tools.diagrams.flowchart import flowchart
from tools.diagrams.proven import PAGE as PROVEN
from tools.diagrams.proven import connections
from tools.synthesis import ROOT, synthesise

PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- Drawn by make architecture: change the stacks, not the diagrams. -->\n"
END = "<!-- The end of what is drawn. -->\n"


def illustrated(page: str, diagrams: Mapping[str, str]) -> str:
    """Return *page* with *diagrams*, a mapping by title, in place of the old diagrams."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    drawn = "\n".join(
        f"### {title}\n```mermaid\n{diagram}```\n" for title, diagram in sorted(diagrams.items())
    )
    return f"{before}{BEGIN}{drawn}{END}{after}"


def main() -> None:
    """Rewrite the page."""
    with TemporaryDirectory() as folder:
        templates = synthesise(Path(folder), VAULT_ENV=environments.DEFAULT)
    proven = [*connections(PROVEN.read_text(encoding="utf-8"))]
    diagrams = {stack: flowchart(template, proven) for stack, template in templates.items()}
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(illustrated(page, diagrams), encoding="utf-8")


if __name__ == "__main__":
    main()
