"""A stack's JSON for the diagram: blocks by address, and the references of a block."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Block = dict[str, Any]
"""The arguments of one resource or data source."""
REFERENCE = re.compile(
    r"\b(?:data\.terraform_remote_state\.\w+\.outputs\.\w+|local\.\w+|(?:data\.)?aws_\w+\.\w+)"
)
HASH = re.compile(r"_[0-9A-F]{8}$")


@dataclass(frozen=True)
class Stack:
    """The Terraform configuration of one stack."""

    template: Mapping[str, Any]

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """Every resource and data source, by its address."""
        return {
            f"{prefix}{type_}.{name}": block
            for prefix, kind in (("", "resource"), ("data.", "data"))
            for type_, named in self.template.get(kind, {}).items()
            for name, block in named.items()
        }

    def of_type(self, *types: str) -> dict[str, Block]:
        """Return the resources of some types, by address."""
        return {
            address: block
            for address, block in self.blocks.items()
            if address.partition(".")[0] in types
        }

    def references(self, value: Any) -> Iterator[str]:
        """Yield the addresses that the texts in *value* refer to, also through locals."""
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                yield from self.references(each)
        elif isinstance(value, str):
            for address in REFERENCE.findall(value):
                if address.startswith("local."):
                    yield from self.references(self.template["locals"][address.partition(".")[2]])
                else:
                    yield address


def type_of(address: str) -> str:
    """Return the type, with ``data.`` before it if it is a data source's."""
    return address.rpartition(".")[0]


def short(address: str) -> str:
    """Return the last part of *address*, without CDKTF's hash."""
    return HASH.sub("", address.rpartition(".")[2])
