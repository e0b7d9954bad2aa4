"""Read the page of proven arrows: every call between deployed parts.

Tests derive the calls from the synthesised stack and the functions' code, and prove that IAM allows each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tools.synthesis import ROOT

PAGE = ROOT / "tests" / "synth" / "arrows.txt"
WORDS = {
    "aws_cloudwatch_event_bus": "bus",
    "aws_cloudwatch_event_rule": "rule",
    "aws_cloudwatch_log_group": "log group",
    "aws_cloudwatch_metric_alarm": "alarm",
    "aws_dynamodb_table": "table",
    "aws_iam_role": "role",
    "aws_lambda_function": "function",
    "aws_s3_bucket": "bucket",
    "aws_sfn_state_machine": "state machine",
    "aws_sns_topic": "topic",
    "aws_sqs_queue": "queue",
    "aws_xray": "X-Ray",
}
"""The word of each type on the page."""
TYPES = {word: type_ for type_, word in WORDS.items()}


@dataclass(frozen=True, slots=True)
class Connection:
    """A part, another part that it calls, both by their addresses without a hash, and IAM's actions."""

    source: str
    target: str
    actions: tuple[str, ...]


def connections(page: str) -> Iterator[Connection]:
    """Yield a connection for each indented line of *page*; the line without indent above it is its source."""
    source = ""
    for line in page.splitlines():
        called, _, actions = line.removeprefix("  -> ").partition(": ")
        word, _, name = called.rpartition(" ")
        address = f"{TYPES[word]}.{name}"
        if actions:
            yield Connection(source, address, tuple(actions.split(" ")))
        else:
            source = address
