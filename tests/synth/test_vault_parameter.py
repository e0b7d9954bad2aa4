"""The SSM parameter with the names that the operator's command needs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict

from operations.vault import Vault, parameter_name
from stacks.settings_conflicts import MOST_CHOSEN_BYTES
from tests.synth.template import Template

ARN_OR_URL = re.compile(r"\$\{[^}]+\.(?:arn|url)\}")
WHERE = "states:ap-southeast-1:123456789012"
LONGEST_ARN_OR_URL = f"arn:aws-us-gov:{WHERE}:stateMachine:vault-ENVIRONMENT_NAME-reconciliation"
REFERENCE = re.compile(r"\$\{[^}]+\}")
LONGEST_NAME = 63 * "x"
"""A bucket's; a table's is shorter."""
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
    assert None not in asdict(vault).values(), "A field that the stack does not publish"
    assert vault.upload_rule_arn.startswith("${aws_cloudwatch_event_rule.uploads_")


def test_the_operators_command_reads_the_health_log_of_the_gateway(
    dev: Template, dev_stacks: Mapping[str, Template]
) -> None:
    vault = Vault.from_json("/dev/vault", value_of(dev))
    groups = dev_stacks["DataVaultingStack"].resources("aws_cloudwatch_log_group").values()
    assert [each["name"] for each in groups] == [vault.health_log_group]


def test_the_longest_value_fits_into_a_standard_parameter(dev: Template) -> None:
    """The names that an environment chooses have a limit of their own, which settings check."""
    values = json.loads(value_of(dev)) | {
        "environmentName": 16 * "e",
        "gatewayParameters": f"/{16 * 'e'}/fileGateway",
        "ignoreUnexpectedNames": [MOST_CHOSEN_BYTES * "x"],
        "jobDirSuffixName": "",
        "manifestSuffixName": "",
    }
    deployed = ARN_OR_URL.sub(LONGEST_ARN_OR_URL, json.dumps(values, separators=(",", ":")))
    assert len(REFERENCE.sub(LONGEST_NAME, deployed).encode()) <= STANDARD_TIER_BYTES


def test_the_parameter_has_no_secret(dev: Template) -> None:
    """It has names, ARNs, URLs and settings, none of which gives access."""
    assert not re.search(r"(?i)secret|password|token|key", value_of(dev))
