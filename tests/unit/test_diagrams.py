"""A stack's JSON as a Mermaid flowchart: its boxes, and the direction of its arrows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tools.architecture import BEGIN, END, illustrated
from tools.diagrams.flowchart import flowchart
from tools.diagrams.proven import Connection

TABLE = "aws_dynamodb_table.rows_01234567"
FUNCTION = {"record_89ABCDEF": {"role": "${aws_iam_role.record_role_00000000.arn}"}}


def drawn(
    data: dict[str, Any] | None = None, proven: Sequence[Connection] = (), /, **resources: Any
) -> list[str]:
    """Return the lines of the diagram of a stack with these resources and proven calls."""
    template = {"resource": resources, "data": data or {}, "locals": LOCALS}
    return [line.strip() for line in flowchart(template, proven).splitlines()]


LOCALS = {"gateway": "${element(data.aws_ssm_parameters_by_path.parameters_00000000.values, 0)}"}


def with_call(*actions: str) -> list[str]:
    """Return the diagram of a function that makes these requests to a table."""
    call = Connection("aws_lambda_function.record", "aws_dynamodb_table.rows", actions)
    return drawn(
        None, [call], aws_lambda_function=FUNCTION, aws_dynamodb_table={"rows_01234567": {}}
    )


def test_a_box_has_the_name_of_its_construct() -> None:
    """The hash in the address is left out."""
    assert 'dynamodb_table_rows[("rows<br>table")]' in drawn(
        aws_dynamodb_table={"rows_01234567": {}}
    )


def test_roles_policies_and_log_groups_are_left_out() -> None:
    parts = ("aws_iam_role", "aws_iam_role_policy", "aws_cloudwatch_log_group")
    others = {"aws_s3_bucket_versioning", "aws_cloudwatch_metric_alarm"}
    policy = {"role": "${aws_iam_role.a.id}", "policy": "${data.aws_iam_policy_document.a.json}"}
    assert drawn(**{type_: {"a": policy} for type_ in (*parts, *others)}) == ["flowchart LR"]


@pytest.mark.parametrize(
    ("actions", "arrow"),
    [
        (["dynamodb:Query"], "dynamodb_table_rows --> lambda_function_record"),
        (["dynamodb:PutItem"], "lambda_function_record --> dynamodb_table_rows"),
        (
            ["dynamodb:BatchGetItem", "dynamodb:PutItem"],
            "lambda_function_record <--> dynamodb_table_rows",
        ),
    ],
)
def test_an_arrow_follows_the_data_that_a_call_reads_or_writes(
    actions: list[str], arrow: str
) -> None:
    assert arrow in with_call(*actions)


def test_a_call_of_a_part_in_another_stack_is_left_out() -> None:
    call = Connection(
        "aws_lambda_function.record", "aws_dynamodb_table.others", ("dynamodb:Query",)
    )
    assert drawn(None, [call], aws_lambda_function=FUNCTION) == drawn(aws_lambda_function=FUNCTION)


def test_a_rule_is_labelled_with_its_events_and_is_on_the_default_bus() -> None:
    """It is on another bus only if it names that bus."""
    pattern = json.dumps({"detail-type": ["Upload"], "detail": {"table": [f"${{{TABLE}.arn}}"]}})
    lines = drawn(
        aws_cloudwatch_event_rule={"seen_00000000": {"event_pattern": pattern}},
        aws_dynamodb_table={"rows_01234567": {}},
    )
    assert 'default_bus{{"default event bus"}}' in lines
    assert 'cloudwatch_event_rule_seen>"Upload<br>rule"]' in lines
    assert "default_bus --> cloudwatch_event_rule_seen" in lines
    assert 'dynamodb_table_rows -.->|"events of"| cloudwatch_event_rule_seen' in lines


def test_a_state_machine_is_a_frame_with_labelled_choices() -> None:
    definition = {
        "States": {
            "Complete?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.check.done", "Next": "Tell"}],
                "Default": "Tell",
            },
            "Tell": {
                "Type": "Task",
                "Parameters": {"FunctionName": "${aws_lambda_function.record_89ABCDEF.arn}"},
                "Catch": [{"Next": "Complete?"}],
                "End": True,
            },
        }
    }
    call = Connection(
        "aws_sfn_state_machine.machine", "aws_lambda_function.record", ("lambda:InvokeFunction",)
    )
    lines = drawn(
        None,
        [call],
        aws_lambda_function=FUNCTION,
        aws_sfn_state_machine={"machine_00000000": {"definition": json.dumps(definition)}},
    )
    machine = "sfn_state_machine_machine"
    frame = lines[lines.index(f'subgraph {machine} ["state machine"]') : lines.index("end")]
    assert frame[1:] == [
        f'{machine}_Complete_{{"Complete?"}}',
        f'{machine}_Tell["Tell"]',
        f'{machine}_Complete_ -->|"done"| {machine}_Tell',
        f'{machine}_Complete_ -->|"else"| {machine}_Tell',
        f'{machine}_Tell -.->|"error"| {machine}_Complete_',
    ]
    assert f"{machine}_Tell --> lambda_function_record" in lines


def test_a_queue_leads_to_its_consumer_and_a_failure_to_the_queue_without_one() -> None:
    function, first, dead = (
        "aws_lambda_function.record",
        "aws_sqs_queue.first",
        "aws_sqs_queue.dead",
    )
    rule = "aws_cloudwatch_event_rule.seen"
    calls = [
        Connection(function, first, ("sqs:ReceiveMessage", "sqs:DeleteMessage")),
        Connection(first, dead, ("sqs:(redrive)",)),
        Connection(rule, first, ("sqs:SendMessage",)),
        Connection(rule, dead, ("sqs:SendMessage",)),
    ]
    lines = drawn(
        None,
        calls,
        aws_lambda_function=FUNCTION,
        aws_sqs_queue={"first_00000000": {}, "dead_00000000": {}},
        aws_cloudwatch_event_rule={"seen_00000000": {"event_pattern": '{"detail-type": ["Seen"]}'}},
    )
    assert lines[-3:] == [
        "sqs_queue_first --> lambda_function_record",
        'sqs_queue_first -.->|"failed"| sqs_queue_dead',
        "cloudwatch_event_rule_seen --> sqs_queue_first",
    ]


def test_a_network_is_a_frame_with_the_inbound_rules_of_its_groups() -> None:
    group = {"security_group_id": "${aws_security_group.machines_00000000.id}"}
    lines = drawn(
        aws_vpc={"network_00000000": {"cidr_block": "192.168.0.0/16"}},
        aws_subnet={
            "own_00000000": {"vpc_id": "${aws_vpc.network_00000000.id}", "cidr_block": "0/24"}
        },
        aws_instance={
            "machine_00000000": {
                "subnet_id": "${aws_subnet.own_00000000.id}",
                "vpc_security_group_ids": ["${aws_security_group.machines_00000000.id}"],
            }
        },
        aws_ebs_volume={"disk_00000000": {}},
        aws_volume_attachment={
            "attached": {
                "instance_id": "${aws_instance.machine_00000000.id}",
                "volume_id": "${aws_ebs_volume.disk_00000000.id}",
            }
        },
        aws_security_group={"machines_00000000": {"vpc_id": "${aws_vpc.network_00000000.id}"}},
        aws_vpc_security_group_ingress_rule={
            "a": {**group, "cidr_ipv4": "192.168.0.0/16", "from_port": 443, "to_port": 443},
            "b": {**group, "cidr_ipv4": "192.168.0.0/16", "from_port": 80, "to_port": 88},
        },
    )
    assert lines == [
        "flowchart LR",
        'subgraph vpc_network ["VPC network 192.168.0.0/16"]',
        'subgraph subnet_own ["subnet own 0/24"]',
        'instance_machine["machine<br>instance"]',
        'ebs_volume_disk[("disk<br>volume")]',
        "end",
        'security_group_machines{{"machines<br>security group"}}',
        'from_192_168_0_0_16("192.168.0.0/16")',
        "end",
        "security_group_machines --- instance_machine",
        "ebs_volume_disk --- instance_machine",
        'from_192_168_0_0_16 -->|"80-88, 443"| security_group_machines',
    ]


def test_a_share_connects_its_clients_with_another_stacks_bucket() -> None:
    """Its gateway is a local value that is read from a parameter."""
    share = {
        "client_list": ["192.168.0.10/32"],
        "gateway_arn": "${local.gateway}",
        "location_arn": "arn:aws:s3:::${data.terraform_remote_state.Events.outputs.bucketName}",
    }
    lines = drawn(
        {"aws_ssm_parameters_by_path": {"parameters_00000000": {"path": "/dev/gateway"}}},
        aws_storagegateway_nfs_file_share={"share_00000000": share},
    )
    bucket = "data_terraform_remote_state_Events_outputs_bucketName"
    assert f'{bucket}("bucketName<br>output of Events")' in lines
    assert f"storagegateway_nfs_file_share_share --> {bucket}" in lines
    assert 'from_192_168_0_10_32 -->|"NFS"| storagegateway_nfs_file_share_share' in lines
    parameters = "data_aws_ssm_parameters_by_path_parameters"
    assert f'{parameters} -.->|"gateway"| storagegateway_nfs_file_share_share' in lines


def test_quotes_in_a_label_are_escaped() -> None:
    pattern = json.dumps({"detail-type": ['a "quoted" event']})
    lines = drawn(aws_cloudwatch_event_rule={"seen": {"event_pattern": pattern}})
    assert 'cloudwatch_event_rule_seen>"a #quot;quoted#quot; event<br>rule"]' in lines


def test_only_the_part_between_the_markers_is_redrawn() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n"
    once = illustrated(page, {"B": "flowchart LR\n", "A": "flowchart TB\n"})
    assert once.startswith(f"before\n{BEGIN}### A\n```mermaid\nflowchart TB\n```\n")
    assert once.endswith(f"```\n{END}after\n")
    assert illustrated(once, {}) == f"before\n{BEGIN}{END}after\n"
