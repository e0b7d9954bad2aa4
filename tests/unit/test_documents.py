"""Links, file names, pitfall numbers and the version in documents are those that exist.

Commands can be pasted.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from stacks.version import VERSION

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.splitlines()
DOCUMENTS = [path for path in TRACKED if path.endswith(".md")]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
SHELL = re.compile(r"^```(?:console|sh|bash|zsh|shell)\n(.*?)^```", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|sh|md|json|txt|toml|yml))`")
PITFALLS = re.compile(r"[Pp]itfalls? ((?:\d+(?:, | and |-)?)+)")
GENERATED = {"tools/benchmarks/latest.json", "cdktf.out/cdk.tf.json"}


def anchors(text: str) -> set[str]:
    """Return the anchors of a Markdown page's headings, as GitHub derives them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", each).lower() for each in headings]
    return {re.sub(r"[^\w\- ]", "", each).strip().replace(" ", "-") for each in plain}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_of_a_document_leads_somewhere(document: str) -> None:
    text = FENCE.sub("", (ROOT / document).read_text(encoding="utf-8"))
    dangling = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        has_anchor = not anchor or (
            target.suffix == ".md" and anchor in anchors(target.read_text(encoding="utf-8"))
        )
        if not target.exists() or not has_anchor:
            dangling.append(link)
    assert dangling == []


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if each != "CHANGELOG.md"])
def test_every_file_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = {each for each in FILE.findall(text) if each not in GENERATED}
    beside = (ROOT / document).parent
    assert {
        each for each in named if not (ROOT / each).exists() and not (beside / each).exists()
    } == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_command_of_a_document_ends_with_a_comment(document: str) -> None:
    """An interactive zsh takes the words of a comment as arguments."""
    blocks = SHELL.findall((ROOT / document).read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.splitlines()]
    assert [line for line in lines if re.search(r"\S\s+#", line)] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_table_of_a_document_has_a_head(document: str) -> None:
    """A blank line within a table would make text of the rows after it."""
    text = FENCE.sub("", (ROOT / document).read_text(encoding="utf-8"))
    tables = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert [table for table in tables if not re.match(r".*\n\|[ :|-]+\|\n", table)] == []


def test_every_pitfall_that_is_cited_has_its_number_in_the_list() -> None:
    listed = re.findall(r"^(\d+)\. ", (ROOT / "docs/pitfalls.md").read_text(), re.MULTILINE)
    assert listed == [str(number) for number in range(1, len(listed) + 1)]
    sources = [path for path in TRACKED if path.endswith((".py", ".sh", ".bats", ".md"))]
    cited = {
        number
        for path in sources
        for group in PITFALLS.findall((ROOT / path).read_text(encoding="utf-8"))
        for number in re.findall(r"\d+", group)
    }
    assert cited
    assert cited <= set(listed)


def test_the_changelog_and_the_package_have_the_version_of_the_code() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(\d[^\]]*)\]", changelog, re.MULTILINE)[0] == VERSION
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert package["version"] == VERSION
