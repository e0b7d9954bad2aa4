"""tools/try_cdktn.py: as long as these tests pass, a move to CDK Terrain only changes imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tools.try_cdktn import differences, rewritten

ROOT = Path(__file__).parents[2]
MODULES = [ROOT / "main.py", *sorted((ROOT / "stacks").rglob("*.py"))]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("from cdktf import App\n", "from cdktn import App\n"),
        ("    from cdktf import App  # late\n", "    from cdktn import App  # late\n"),
        (
            "from cdktf_cdktf_provider_aws.sqs_queue import SqsQueue\n",
            "from cdktn_provider_aws.sqs_queue import SqsQueue\n",
        ),
        ('import_lazily("cdktf_cdktf_provider_aws")\n', 'import_lazily("cdktn_provider_aws")\n'),
        ('"""Run by ``cdktf synth``."""\n', '"""Run by ``cdktf synth``."""\n'),
        ('open("cdktf.json")\n', 'open("cdktf.json")\n'),
    ],
)
def test_only_imports_are_rewritten(ours: str, theirs: str) -> None:
    """The configuration and the command's output keep CDKTF's names."""
    assert rewritten(ours) == theirs


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_synthesised_module_has_another_use_of_cdktf(path: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(rewritten(path.read_text(encoding="utf-8")))):
        if isinstance(node, ast.Import):
            imported.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert [name for name in imported if name.startswith("cdktf")] == []


def test_differences_are_reported_with_their_place() -> None:
    ours = {"same": 1, "provider": {"version": "5", "old": True}}
    theirs = {"same": 1, "provider": {"version": "6", "new": [1]}}
    assert list(differences(ours, theirs)) == [
        "provider.new: null -> [1]",
        "provider.old: true -> null",
        'provider.version: "5" -> "6"',
    ]
