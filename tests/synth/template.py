"""A synthesised stack as the tests read it: short names, and references that a person can read."""

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
"""``${aws_sqs_queue.uploads_C5D9E923.arn}`` reads ``${aws_sqs_queue.uploads.arn}``."""


@dataclass(frozen=True, slots=True)
class Template:
    """What Terraform is given for one stack."""

    folder: Path
    written: Block = field(repr=False)
    """As it was written."""

    @property
    def readable(self) -> Block:
        """The same, without CDKTF's metadata, hashes of paths and hashes of assets."""
        content: Block = json.loads(_readable(json.dumps(_without_metadata(self.written))))
        return content

    def addresses(self) -> Iterator[str]:
        """Yield the Terraform address of each resource, hash and all."""
        for type_, resources in self.written.get("resource", {}).items():
            yield from (f"{type_}.{name}" for name in resources)

    def resources(self, type_: str) -> dict[str, Block]:
        """Return the resources of a type by name: that of their construct, as addresses have it."""
        return _short(self.readable.get("resource", {}).get(type_, {}))

    def data(self, type_: str) -> dict[str, Block]:
        """Return the data sources of a type in the same way."""
        return _short(self.readable.get("data", {}).get(type_, {}))

    def resource(self, address: str) -> Block:
        """Return the one resource at ``<type>.<name>``, the name without its hash."""
        type_, name = address.split(".")
        return self.resources(type_)[name]

    def policies(self) -> dict[str, list[Block]]:
        """Return the statements of each policy document, by its name."""
        documents = self.data("aws_iam_policy_document")
        return {name: document["statement"] for name, document in documents.items()}


Synthesise = Callable[..., Template]
"""Synthesises the stack with the settings that it is given by name, defaults but for them."""


def load(outdir: Path, stack: str) -> Template:
    """Read the synthesised *stack*."""
    folder = outdir / "stacks" / stack
    return Template(folder, read_template(folder))


def attribute(address: str, name: str) -> str:
    """Return the reference to a resource's attribute, as readable templates have it."""
    return f"${{{address}.{name}}}"


def referred(reference: str) -> str:
    """Return the address in a readable reference, which may be one that a condition makes null."""
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
