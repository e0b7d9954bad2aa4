"""A synthesised stack for the tests: short names and readable references."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployment.template import read_template

Block = dict[str, Any]
"""The arguments of one resource, data source or nested block."""

READABLE = [
    (re.compile(r"\$\{data\.aws_partition\.\w+\.partition\}"), "aws"),
    (re.compile(r"\$\{data\.aws_region\.\w+\.name\}"), "REGION"),
    (re.compile(r"\$\{data\.aws_caller_identity\.\w+\.account_id\}"), "ACCOUNT"),
    (re.compile(r"_[0-9A-F]{8}(?=\.\w|}|\[\*|, |\))"), ""),
    (re.compile(r"assets/(\w+?)_[0-9A-F]{8}/[0-9A-F]{32}/"), r"assets/\1/HASH/"),
]
"""``${aws_sqs_queue.uploads_C5D9E923.arn}`` becomes ``${aws_sqs_queue.uploads.arn}``."""


@dataclass(frozen=True, slots=True)
class Template:
    """The Terraform configuration of one stack."""

    folder: Path
    written: Block = field(repr=False)
    """The configuration as CDKTF writes it."""

    @property
    def readable(self) -> Block:
        """The configuration without CDKTF's metadata, hashes of paths and hashes of assets."""
        content: Block = json.loads(_readable(json.dumps(_without_metadata(self.written))))
        return content

    def addresses(self) -> Iterator[str]:
        """Yield the Terraform address of each resource, with its hash."""
        for type_, resources in self.written.get("resource", {}).items():
            yield from (f"{type_}.{name}" for name in resources)

    def resources(self, type_: str) -> dict[str, Block]:
        """Return the resources of a type by name, which is that of the construct in the address."""
        return _short(self.readable.get("resource", {}).get(type_, {}))

    def data(self, type_: str) -> dict[str, Block]:
        """Return the data sources of a type by name."""
        return _short(self.readable.get("data", {}).get(type_, {}))

    def resource(self, address: str) -> Block:
        """Return the resource at ``<type>.<name>``, with the name without its hash."""
        type_, name = address.split(".")
        return self.resources(type_)[name]

    def policies(self) -> dict[str, list[Block]]:
        """Return the statements of each policy document, by its name."""
        documents = self.data("aws_iam_policy_document")
        return {name: document["statement"] for name, document in documents.items()}


Synthesise = Callable[..., Template]
"""Synthesise the stack with the given settings, and defaults for the others."""


def load(outdir: Path, stack: str) -> Template:
    """Read the synthesised *stack*."""
    folder = outdir / "stacks" / stack
    return Template(folder, read_template(folder))


def attribute(address: str, name: str) -> str:
    """Return the reference to a resource's attribute, in the form of readable templates."""
    return f"${{{address}.{name}}}"


def referred(reference: str) -> str:
    """Return the address in a readable reference, also if it is part of a conditional expression."""
    match = re.fullmatch(r"\$\{(?:[^?]+ \? )?(?:data\.)?(\w+\.\w+)\.\w+(?: : null)?\}", reference)
    assert match, f"{reference} is no reference to a resource of the stack"
    return match[1]


def _readable(text: str) -> str:
    for pattern, replacement in READABLE:
        text = pattern.sub(replacement, text)
    return text


def _without_metadata(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_metadata(each) for key, each in value.items() if key != "//"}
    if isinstance(value, list):
        return [_without_metadata(each) for each in value]
    return value


def _short(named: Mapping[str, Block]) -> dict[str, Block]:
    short = {re.sub(r"_[0-9A-F]{8}$", "", name): block for name, block in named.items()}
    assert len(short) == len(named), f"Two of {sorted(named)} differ in their hash alone"
    return short
