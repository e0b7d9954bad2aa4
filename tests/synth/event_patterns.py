"""EventBridge's matching of event patterns, for the forms that the rules use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.synth.template import Block, Template


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether a rule with *pattern* matches *event*; fail for anything but exact texts.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
    """
    return all(key in event and _fits(wanted, event[key]) for key, wanted in pattern.items())


def pattern_of(rule: Block, known: Mapping[str, str]) -> dict[str, Any]:
    """Return a rule's pattern, with the references in *known* replaced by their values."""
    text: str = rule["event_pattern"]
    for reference, value in known.items():
        text = text.replace(reference, value)
    pattern: dict[str, Any] = json.loads(text)
    return pattern


def rules_on(template: Template, bus: str | None) -> dict[str, Block]:
    """Return the rules of a bus by name; None is the default bus."""
    return {
        name: rule
        for name, rule in template.resources("aws_cloudwatch_event_rule").items()
        if rule.get("event_bus_name") == bus
    }


def _fits(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and matches(wanted, value)
    assert all(isinstance(text, str) for text in wanted), f"{wanted} is more than exact texts"
    return value in wanted
