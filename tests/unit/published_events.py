"""Events that the handlers publish are checked against the schemas in docs/schemas."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
SCHEMA_OF = {
    "Data File Upload Event": "data-file-upload",
    "Manifest File Upload Event": "manifest-file-upload",
    "File Upload Reconciliation Successful": "reconciliation-outcome",
    "File Upload Reconciliation Timeout": "reconciliation-outcome",
    "File Upload Reconciliation Failed": "reconciliation-outcome",
    "Dataset Manifest Overdue": "dataset-manifest-overdue",
}
"""The schema of each event's detail, by its detail type."""


@cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check_event(detail_type: str, detail: str) -> None:
    """Fail unless *detail* has the documented form of *detail_type*."""
    check(SCHEMA_OF[detail_type], json.loads(detail))


def check(schema: str, value: Any) -> None:
    """Fail unless *value* fits the schema, with the place and reason of each error."""
    faults = [
        f"{fault.json_path}: {fault.message[:300]}"
        for fault in validator(schema).iter_errors(value)
    ]
    assert not faults, f"{schema}: {faults}"
