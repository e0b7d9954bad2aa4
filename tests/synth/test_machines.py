"""The gateway and its client: launch, storage and configuration."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.synth.template import Synthesise, Template, referred

MACHINES = {
    "gateway": (
        "192.168.1.10",
        "aws_subnet.network_gateway",
        "aws_security_group.groups_gateway",
        "/aws/service/storagegateway/ami/FILE_S3/latest",
    ),
    "client": (
        "192.168.0.10",
        "aws_subnet.network_client",
        "aws_security_group.groups_client",
        "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
    ),
}
"""Address, subnet, security group, and the parameter with the image."""
CALL = re.compile(r"^[^#]*?\b(?:ask|demand) ([a-z]+) ([a-z]+(?:-[a-z]+)+)", re.MULTILINE)
"""Service and operation of the CLI commands in the scripts."""
NOT_ASKED = {
    *("BeManaged", "HoldSessions", "TakeCommands"),  # the SSM agent
    *("FindScripts", "ReadScripts"),  # aws s3 sync, at every boot
    *("LogGatewayHealth", "TagActivatedGateway"),  # Storage Gateway, for a request of the client
}
"""Permissions of the client that are not for ``ask`` or ``demand``, with the part that needs them."""
VOLUMES = {"gateway_cache": "gateway", "client_data": "client"}
ENDPOINT = "${aws_vpc_endpoint.endpoints_storagegateway.dns_entry[0].dns_name}"
DEFAULTS = json.loads((Path(__file__).parents[2] / "cdktf.json").read_text())["context"]
CONFIGURATION = f"""\
ENVIRONMENT=dev
REGION=REGION
GATEWAY_ADDRESS=192.168.1.10
GATEWAY_NAME=vault-dev
GATEWAY_TIME_ZONE=GMT
GATEWAY_TAGS=[{{"Key":"Application","Value":"storage-gateway-vault"}},{{"Key":"Environment","Value":"dev"}}]
GATEWAY_PARAMETERS=/dev/fileGateway
GATEWAY_VPC_ENDPOINT={ENDPOINT}
STORAGE_GATEWAY_URL=https://{ENDPOINT}
HEALTH_LOG_GROUP_ARN=${{aws_cloudwatch_log_group.health.arn}}
SHARE_PATH=/vaultdata
MOUNT_POINT=/mnt/vaultdata
DATA_DEVICE_VOLUME=${{aws_ebs_volume.client_data.id}}
DATA_MOUNT_POINT=/mnt/data
JOB_DIR_SUFFIX=-vaultjob
MANIFEST_SUFFIX=.manifest
SHARE_PREFIX=
EXPIRY_DAYS=30
IGNORE_UNEXPECTED_NAMES={"/".join(DEFAULTS["ignoreUnexpectedNames"])}
"""


@pytest.mark.parametrize("name", MACHINES)
def test_an_instance_has_the_specified_place_and_image(vaulting: Template, name: str) -> None:
    """The image is AWS's own, from a parameter that only AWS can write."""
    machine = vaulting.resource(f"aws_instance.{name}")
    assert machine["instance_type"] == "c5.4xlarge"
    (group,) = machine["vpc_security_group_ids"]
    image = referred(machine["ami"]).partition(".")[2]
    assert MACHINES[name] == (
        machine["private_ip"],
        referred(machine["subnet_id"]),
        referred(group),
        vaulting.data("aws_ssm_parameter")[image]["name"],
    )


@pytest.mark.parametrize("name", MACHINES)
def test_an_instance_is_closed(vaulting: Template, name: str) -> None:
    """It has no public address, no key pair, no metadata without a token, and no unencrypted disk."""
    machine = vaulting.resource(f"aws_instance.{name}")
    assert machine["associate_public_ip_address"] is False
    assert "key_name" not in machine
    assert machine["metadata_options"] == {
        "http_endpoint": "enabled",
        "http_tokens": "required",
        "http_put_response_hop_limit": 1,
    }
    assert machine["root_block_device"] == {"encrypted": True}
    assert machine["ebs_optimized"] is True


def test_only_the_client_has_a_role(vaulting: Template) -> None:
    """A gateway uses the role of its file share, which Storage Gateway passes to it."""
    client = vaulting.resource("aws_instance.client")
    profile = vaulting.resource(referred(client["iam_instance_profile"]))
    assert referred(profile["role"]) == "aws_iam_role.client_role"
    assert "iam_instance_profile" not in vaulting.resource("aws_instance.gateway")


@pytest.mark.parametrize("name", MACHINES)
def test_a_newer_image_replaces_no_instance(vaulting: Template, name: str) -> None:
    """Pitfall 22: a new gateway would be another one, not activated and without its cache."""
    lifecycle = vaulting.resource(f"aws_instance.{name}")["lifecycle"]
    assert lifecycle["ignore_changes"] == ["ami", "user_data"]


@pytest.mark.parametrize("name", VOLUMES)
def test_a_data_volume_is_fast_encrypted_and_separate_from_its_instance(
    vaulting: Template, name: str
) -> None:
    """So it outlives the instance. Its zone is that of the subnet."""
    volume = vaulting.resource(f"aws_ebs_volume.{name}")
    assert (volume["type"], volume["size"], volume["iops"]) == ("io1", 150, 2000)
    assert volume["encrypted"] is True
    subnet = MACHINES[VOLUMES[name]][1]
    assert volume["availability_zone"] == f"${{{subnet}.availability_zone}}"
    attachment = vaulting.resource(f"aws_volume_attachment.{name}_attachment")
    assert referred(attachment["volume_id"]) == f"aws_ebs_volume.{name}"
    assert referred(attachment["instance_id"]) == f"aws_instance.{VOLUMES[name]}"
    assert attachment["stop_instance_before_detaching"] is True


def test_the_clients_configuration_is_exactly_this(vaulting: Template) -> None:
    """These are all lines of ``client.conf``; an output has the same text."""
    file = vaulting.resource("aws_s3_object.scripts_configuration")
    assert (file["key"], file["content"]) == ("client.conf", CONFIGURATION)
    assert vaulting.readable["output"]["clientConfiguration"] == {"value": CONFIGURATION}


def test_the_configuration_has_exactly_the_lines_that_the_scripts_read(
    vaulting: Template, root: Path
) -> None:
    """A script reads a missing line as an empty value."""
    read = re.search(r"configured=\(([^)]+)\)", (root / "scripts" / "lib.sh").read_text())
    assert read
    content: str = vaulting.resource("aws_s3_object.scripts_configuration")["content"]
    written = [line.partition("=")[0] for line in content.splitlines()]
    assert sorted(written) == sorted(read[1].split())


def test_the_clients_configuration_follows_the_settings(synthesise: Synthesise) -> None:
    """Only the values that an operator may choose change."""
    stack = synthesise(
        "DataVaultingStack",
        environmentName="test",
        gatewayTimeZone="GMT+5:30",
        jobDirSuffixName="-job",
        manifestSuffixName=".list",
        expiryDays=60,
        tags={"CostCentre": "4711"},
    )
    lines = stack.resource("aws_s3_object.scripts_configuration")["content"].splitlines()
    tags = (
        '{"Key":"Application","Value":"storage-gateway-vault"}',
        '{"Key":"CostCentre","Value":"4711"}',
        '{"Key":"Environment","Value":"test"}',
    )
    assert {
        "ENVIRONMENT=test",
        "GATEWAY_NAME=vault-test",
        "GATEWAY_PARAMETERS=/test/fileGateway",
        f"GATEWAY_TAGS=[{','.join(tags)}]",
        "GATEWAY_TIME_ZONE=GMT+5:30",
        "JOB_DIR_SUFFIX=-job",
        "MANIFEST_SUFFIX=.list",
        "EXPIRY_DAYS=60",
    } <= set(lines)


def test_without_a_configuration_the_scripts_ignore_the_default_names(root: Path) -> None:
    text = (root / "scripts/lib.sh").read_text()
    patterns = "".join(re.findall(r"^  IGNORE_UNEXPECTED_NAMES\+?='(.*)'$", text, re.MULTILINE))
    assert set(DEFAULTS["ignoreUnexpectedNames"]) <= set(patterns.split("/"))


def test_the_clients_permissions_are_exactly_those_that_its_scripts_need(
    vaulting: Template, root: Path
) -> None:
    """Except those in ``NOT_ASKED``."""
    asked = {
        f"{service}:{''.join(word.capitalize() for word in operation.split('-'))}"
        for script in (root / "scripts").glob("*.sh")
        for service, operation in CALL.findall(script.read_text(encoding="utf-8"))
    }
    allowed = {
        action
        for statement in vaulting.policies()["client_role_permissions"]
        for action in statement["actions"]
        if statement["sid"] not in NOT_ASKED
    }
    assert asked == allowed
    assert {"storagegateway:ActivateGateway", "ssm:DeleteParameters"} <= asked


def test_every_script_is_in_the_bucket(vaulting: Template, root: Path) -> None:
    """The key is its name, and a changed script has another hash, so that it is uploaded again."""
    objects = vaulting.resources("aws_s3_object")
    scripts = {each["key"]: each for each in objects.values() if "source" in each}
    assert set(scripts) == {f"scripts/{path.name}" for path in (root / "scripts").glob("*.sh")}
    for key, each in scripts.items():
        assert each["source"].endswith(f"/{key.rpartition('/')[2]}")
        assert each["source_hash"] == f'${{filemd5("{each["source"]}")}}'


def test_the_client_copies_its_scripts_at_every_boot(vaulting: Template) -> None:
    """The unit works on Amazon Linux 2, whose systemd 219 does not restart ``Type=oneshot``."""
    text = vaulting.resource("aws_instance.client")["user_data"]
    assert "aws s3 sync" in text
    assert "s3://${aws_s3_bucket.scripts_bucket.bucket}/ /opt/vault/" in text
    assert "ExecStart=/opt/vault/scripts/set-up-client.sh\nRestart=on-failure" in text
    assert "/etc/vault/client.conf" in text
    assert "systemctl enable --now vault-client.service" in text
    assert "oneshot" not in text


def test_everything_that_the_first_boot_needs_is_created_before_the_client(
    vaulting: Template,
) -> None:
    """Terraform orders by references, and there is none to these."""
    awaited = {
        re.sub(r"_[0-9A-F]{8}$", "", each)
        for each in vaulting.resource("aws_instance.client")["depends_on"]
    }
    objects = {f"aws_s3_object.{name}" for name in vaulting.resources("aws_s3_object")}
    management = ("ssm", "ssmmessages", "ec2", "ec2messages")
    assert awaited == objects | {
        "aws_iam_role_policy.client_role_policy",
        "aws_vpc_endpoint.s3",
        *(f"aws_vpc_endpoint.endpoints_{service}" for service in management),
    }


@pytest.mark.parametrize("may", [False, True])
def test_the_client_may_delete_vaulted_data_only_if_a_setting_allows_it(
    synthesise: Synthesise, may: bool
) -> None:
    """Both its role and the endpoint's policy follow the setting; it never may read vaulted data."""
    stack = synthesise("DataVaultingStack", clientMayDeleteVaultedData=may)
    uploads = "data.terraform_remote_state.EventProcessingStack.outputs.fileUploadBucketName"
    for name in ("client_role_permissions", "s3_policy"):
        found = {
            action
            for statement in stack.policies()[name]
            if any(uploads in each for each in statement["resources"])
            and "vault-dev-share" not in str(statement.get("condition"))
            for action in statement["actions"]
        }
        assert found == ({"s3:ListBucket", "s3:DeleteObject"} if may else set()), name


def test_the_upload_bucket_is_read_from_the_other_stacks_state(
    vaulting: Template, sharing: Template, dev: Template
) -> None:
    """It is read from an output, so each stack can be deployed separately by its name."""
    backend = dev.written["terraform"]["backend"]["s3"]
    assert "fileUploadBucketName" in dev.written["output"]
    for stack in (vaulting, sharing):
        state = stack.data("terraform_remote_state")["EventProcessingStack"]
        assert state == {
            "backend": "s3",
            "config": {"bucket": backend["bucket"], "key": backend["key"]},
        }


def test_the_gateways_health_log_has_the_retention_of_other_logs(
    synthesise: Synthesise,
) -> None:
    """A policy allows the delivery of the log."""
    stack = synthesise("DataVaultingStack", logRetentionDays=400)
    assert stack.resource("aws_cloudwatch_log_group.health") == {
        "name": "/aws/storagegateway/vault-dev",
        "retention_in_days": 400,
    }
