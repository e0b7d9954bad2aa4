"""The SSM parameter by which an operator's tools find everything."""

from __future__ import annotations

import re

from operations.vault import Vault, parameter_name
from tests.synth.template import Template

REFERENCE = re.compile(r"\$\{[^}]+\}")
LONGEST = 130
"""Of an ARN, a URL or a name of this system, whose environment's name has at most 16 characters."""
IGNORED_BYTES = 20 * (64 + len('"",'))
"""Of the longest list of names to ignore."""
STANDARD_TIER_BYTES = 4_096


def value_of(template: Template) -> str:
    text: str = template.resource("aws_ssm_parameter.vault")["value"]
    return text


def test_the_operators_command_reads_what_the_stack_writes(dev: Template) -> None:
    """Every field that it needs is there, and what it does not know does no harm."""
    parameter = dev.resource("aws_ssm_parameter.vault")
    assert parameter["name"] == parameter_name("dev")
    vault = Vault.from_json("/dev/vault", parameter["value"])
    assert vault.environment_name == "dev"
    assert vault.upload_rule_arn.startswith("${aws_cloudwatch_event_rule.uploads_")


def test_it_fits_into_a_standard_parameter_however_long_names_are(dev: Template) -> None:
    deployed = REFERENCE.sub(LONGEST * "x", value_of(dev))
    assert len(deployed.encode()) + IGNORED_BYTES <= STANDARD_TIER_BYTES


def test_it_holds_no_secret(dev: Template) -> None:
    """Names, ARNs, URLs and settings: nothing that lets anybody in."""
    assert not re.search(r"(?i)secret|password|token|key", value_of(dev))
