"""Terraform's plan of DataVaultingStack, with responses of AWS that the local AWS does not give."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.synth.template import Template
from tests.synth.validation import Validation

MOCKED = """\
mock_provider "aws" {{
  mock_data "aws_iam_policy_document" {{ defaults = {{ json = "{{}}" }} }}
  mock_data "aws_region" {{ defaults = {{ name = "{region}" }} }}
  mock_data "aws_ec2_instance_type_offerings" {{ defaults = {{ locations = {zones} }} }}
  mock_data "aws_vpc_endpoint_service" {{
    defaults = {{ vpc_endpoint_policy_supported = {supported}, availability_zones = ["zone"] }}
  }}
}}
run "planned" {{
  command = plan
  assert {{
    condition     = {condition}
    error_message = "It is not so"
  }}
}}
"""
"""A Terraform test with mocked responses."""
UPLOADS = "${data.terraform_remote_state.EventProcessingStack.outputs.fileUploadBucketName}"


@pytest.fixture
def planned(vaulting: Template, tmp_path: Path, validation: Validation) -> Callable[..., str]:
    """Return a function that plans DataVaultingStack with such responses, and returns the failures."""

    def plan(
        condition: str,
        *,
        region: str = "eu-west-1",
        supported: bool = True,
        zones: str = '["zone"]',
    ) -> str:
        written = json.loads(json.dumps(vaulting.written).replace(UPLOADS, "uploads"))
        del written["data"]["terraform_remote_state"]
        endpoints = written["resource"]["aws_vpc_endpoint"].items()
        policies = {
            name: each["policy"]
            for name, each in endpoints
            if re.match("endpoints_(?!ec2messages)", name)
        }
        written["output"] = {"policies": {"value": policies}}
        (tmp_path / "cdk.tf.json").write_text(json.dumps(written), encoding="utf-8")
        shutil.copytree(vaulting.folder / "assets", tmp_path / "assets")
        text = MOCKED.format(
            condition=condition, region=region, supported=str(supported).lower(), zones=zones
        )
        (tmp_path / "planned.tftest.hcl").write_text(text, encoding="utf-8")
        return validation.tested(tmp_path)

    return plan


@pytest.mark.parametrize(
    ("region", "supported", "count", "policy"),
    [("eu-west-1", True, 1, '"{}"'), ("mx-central-1", False, 0, "null")],
)
def test_endpoints_have_only_services_and_policies_that_the_region_supports(
    vaulting: Template,
    planned: Callable[..., str],
    *,
    region: str,
    supported: bool,
    count: int,
    policy: str,
) -> None:
    """There is no policy where AWS accepts none, and no ec2messages in a region without it."""
    (messages,) = (
        name for name in vaulting.resources("aws_vpc_endpoint") if name.endswith("ec2messages")
    )
    (address,) = (
        name
        for name in vaulting.written["resource"]["aws_vpc_endpoint"]
        if name.startswith(f"{messages}_")
    )
    condition = (
        f"length(aws_vpc_endpoint.{address}) == {count} && "
        f"jsonencode(values(output.policies)) == jsonencode([{', '.join([policy] * 4)}])"
    )
    assert planned(condition, region=region, supported=supported) == ""


def test_instance_types_that_no_zone_offers_are_reported_with_the_remedy(
    planned: Callable[..., str],
) -> None:
    """Terraform stops before it creates anything."""
    assert "set gatewayInstanceType or" in " ".join(
        planned("output.policies != null", zones='["other"]').split()
    )
