"""The SSM parameter with the names that the operator's command needs."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

from operations.vault import Vault, camel_case, parameter_name
from tests.synth.template import Template

REFERENCE = re.compile(r"\$\{[^}]+\}")
LONGEST = 130
"""The longest ARN, URL or name of this system; the name of an environment has at most 16 characters."""
IGNORED_BYTES = 20 * (64 + len('"",'))
"""The size of the longest list of ignored names."""
STANDARD_TIER_BYTES = 4_096


def value_of(template: Template) -> str:
    text: str = template.resource("aws_ssm_parameter.vault")["value"]
    return text


def test_the_operators_command_reads_what_the_stack_writes(dev: Template) -> None:
    """It has every field that the command knows; the command ignores unknown fields."""
    parameter = dev.resource("aws_ssm_parameter.vault")
    assert parameter["name"] == parameter_name("dev")
    vault = Vault.from_json("/dev/vault", parameter["value"])
    assert vault.environment_name == "dev"
    assert json.loads(parameter["value"]).keys() >= camel_case(asdict(vault)).keys()
    assert vault.upload_rule_arn.startswith("${aws_cloudwatch_event_rule.uploads_")


def test_the_longest_value_fits_into_a_standard_parameter(dev: Template) -> None:
    values = json.loads(value_of(dev)) | {"ignoreUnexpectedNames": []}
    deployed = REFERENCE.sub(LONGEST * "x", json.dumps(values, separators=(",", ":")))
    assert len(deployed.encode()) + IGNORED_BYTES <= STANDARD_TIER_BYTES


def test_the_parameter_has_no_secret(dev: Template) -> None:
    """It has names, ARNs, URLs and settings, none of which gives access."""
    assert not re.search(r"(?i)secret|password|token|key", value_of(dev))
