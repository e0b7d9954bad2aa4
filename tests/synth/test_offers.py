"""Terraform's plan of DataVaultingStack, with responses of AWS that the local AWS does not give."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from tests.synth.template import Template
from tests.synth.validation import Validation

CASE = """\
mock_provider "aws" {{
  alias = "{name}"
  mock_data "aws_iam_policy_document" {{ defaults = {{ json = "{{}}" }} }}
  mock_data "aws_region" {{ defaults = {{ name = "{region}" }} }}
  mock_data "aws_ec2_instance_type_offerings" {{ defaults = {{ locations = ["{zone}"] }} }}
  mock_data "aws_vpc_endpoint_service" {{
    defaults = {{ vpc_endpoint_policy_supported = {supported}, availability_zones = ["zone"] }}
  }}
}}
run "{name}" {{
  command = plan
  providers = {{ aws = aws.{name} }}
  assert {{
    condition     = length(aws_vpc_endpoint.{messages}) == {count}
    error_message = "ec2messages"
  }}
  assert {{
    condition     = jsonencode(values(output.policies)) == jsonencode([{policies}])
    error_message = "policies"
  }}
}}
"""
"""A run of a Terraform test with mocked responses."""
OLD = {"region": "eu-west-1", "count": 1}
CASES = {
    "all": {**OLD, "zone": "zone", "supported": "true", "policy": '"{}"'},
    "few": {
        "region": "mx-central-1",
        "count": 0,
        "zone": "zone",
        "supported": "false",
        "policy": "null",
    },
    "no_zone": {**OLD, "zone": "other", "supported": "true", "policy": '"{}"'},
}
UPLOADS = "${data.terraform_remote_state.EventProcessingStack.outputs.fileUploadBucketName}"


@pytest.fixture(scope="module")
def planned(
    vaulting: Template, tmp_path_factory: pytest.TempPathFactory, validation: Validation
) -> dict[str, str]:
    """Plan DataVaultingStack in each case, and return Terraform's errors by case."""
    folder = tmp_path_factory.mktemp("offers")
    written = json.loads(json.dumps(vaulting.written).replace(UPLOADS, "uploads"))
    del written["data"]["terraform_remote_state"]
    endpoints = written["resource"]["aws_vpc_endpoint"]
    (messages,) = (name for name in endpoints if re.match("endpoints_ec2messages_", name))
    policies = {
        name: each["policy"]
        for name, each in endpoints.items()
        if re.match("endpoints_(?!ec2messages)", name)
    }
    written["output"] = {"policies": {"value": policies}}
    (folder / "cdk.tf.json").write_text(json.dumps(written), encoding="utf-8")
    shutil.copytree(vaulting.folder / "assets", folder / "assets")
    runs = [
        CASE.format(
            name=name, messages=messages, policies=", ".join([str(case["policy"])] * 4), **case
        )
        for name, case in CASES.items()
    ]
    (folder / "planned.tftest.hcl").write_text("\n".join(runs), encoding="utf-8")
    return validation.tested(folder)


@pytest.mark.parametrize("case", ["all", "few"])
def test_endpoints_have_only_services_and_policies_that_the_region_supports(
    planned: dict[str, str], case: str
) -> None:
    """There is no policy where AWS accepts none, and no ec2messages in a region without it."""
    assert planned[case] == ""


def test_instance_types_that_no_zone_offers_are_reported_with_the_remedy(
    planned: dict[str, str],
) -> None:
    """Terraform stops before it creates anything."""
    assert "set gatewayInstanceType or" in planned["no_zone"]
