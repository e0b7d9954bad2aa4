"""A deployer may create, read, change and delete every type of resource in the stacks."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from operations.deploy_policy import actions_by_operation
from tests.shipped import STACKS
from tests.synth.template import Synthesise

OPERATIONS: Mapping[str, str] = {
    "aws_cloudwatch_dashboard": "cloudwatch PutDashboard GetDashboard DeleteDashboards",
    "aws_cloudwatch_event_archive": (
        "events CreateArchive DescribeArchive UpdateArchive DeleteArchive"
    ),
    "aws_cloudwatch_event_bus": (
        "events CreateEventBus DescribeEventBus UpdateEventBus DeleteEventBus"
    ),
    "aws_cloudwatch_event_rule": "events PutRule DescribeRule DeleteRule",
    "aws_cloudwatch_event_target": "events PutTargets ListTargetsByRule RemoveTargets",
    "aws_cloudwatch_log_group": (
        "logs CreateLogGroup DescribeLogGroups PutRetentionPolicy DeleteLogGroup"
    ),
    "aws_cloudwatch_log_resource_policy": (
        "logs PutResourcePolicy DescribeResourcePolicies DeleteResourcePolicy"
    ),
    "aws_cloudwatch_metric_alarm": "cloudwatch PutMetricAlarm DescribeAlarms DeleteAlarms",
    "aws_default_security_group": (
        "ec2 DescribeSecurityGroups RevokeSecurityGroupIngress RevokeSecurityGroupEgress"
    ),
    "aws_dynamodb_table": (
        "dynamodb CreateTable DescribeTable UpdateContinuousBackups UpdateTimeToLive DeleteTable"
    ),
    "aws_ebs_volume": "ec2 CreateVolume DescribeVolumes ModifyVolume DeleteVolume",
    "aws_iam_instance_profile": (
        "iam CreateInstanceProfile AddRoleToInstanceProfile GetInstanceProfile"
        " RemoveRoleFromInstanceProfile DeleteInstanceProfile"
    ),
    "aws_iam_role": "iam CreateRole GetRole UpdateAssumeRolePolicy DeleteRole",
    "aws_iam_role_policy": "iam PutRolePolicy GetRolePolicy DeleteRolePolicy",
    "aws_instance": (
        "ec2 RunInstances DescribeInstances ModifyInstanceAttribute StopInstances StartInstances"
        " TerminateInstances"
    ),
    "aws_lambda_event_source_mapping": (
        "lambda CreateEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping"
        " DeleteEventSourceMapping"
    ),
    "aws_lambda_function": (
        "lambda CreateFunction GetFunction UpdateFunctionCode UpdateFunctionConfiguration"
        " DeleteFunction"
    ),
    "aws_lambda_function_event_invoke_config": (
        "lambda PutFunctionEventInvokeConfig GetFunctionEventInvokeConfig"
        " DeleteFunctionEventInvokeConfig"
    ),
    "aws_lambda_permission": "lambda AddPermission GetPolicy RemovePermission",
    "aws_route_table": "ec2 CreateRouteTable DescribeRouteTables DeleteRouteTable",
    "aws_route_table_association": "ec2 AssociateRouteTable DisassociateRouteTable",
    "aws_s3_bucket": "s3 CreateBucket HeadBucket DeleteBucket ListObjectVersions DeleteObjects",
    "aws_s3_bucket_lifecycle_configuration": (
        "s3 PutBucketLifecycleConfiguration GetBucketLifecycleConfiguration DeleteBucketLifecycle"
    ),
    "aws_s3_bucket_policy": "s3 PutBucketPolicy GetBucketPolicy DeleteBucketPolicy",
    "aws_s3_bucket_public_access_block": (
        "s3 PutPublicAccessBlock GetPublicAccessBlock DeletePublicAccessBlock"
    ),
    "aws_s3_bucket_server_side_encryption_configuration": (
        "s3 PutBucketEncryption GetBucketEncryption DeleteBucketEncryption"
    ),
    "aws_s3_bucket_versioning": "s3 PutBucketVersioning GetBucketVersioning",
    "aws_s3_object": "s3 PutObject HeadObject DeleteObject",
    "aws_security_group": "ec2 CreateSecurityGroup DescribeSecurityGroups DeleteSecurityGroup",
    "aws_sfn_state_machine": (
        "stepfunctions CreateStateMachine DescribeStateMachine UpdateStateMachine"
        " DeleteStateMachine"
    ),
    "aws_sns_topic": "sns CreateTopic GetTopicAttributes SetTopicAttributes DeleteTopic",
    "aws_sns_topic_policy": "sns SetTopicAttributes GetTopicAttributes",
    "aws_sns_topic_subscription": "sns Subscribe GetSubscriptionAttributes Unsubscribe",
    "aws_sqs_queue": "sqs CreateQueue GetQueueAttributes SetQueueAttributes DeleteQueue",
    "aws_ssm_parameter": "ssm PutParameter GetParameter DeleteParameter",
    "aws_storagegateway_cache": "storagegateway AddCache DescribeCache ListLocalDisks",
    "aws_storagegateway_nfs_file_share": (
        "storagegateway CreateNFSFileShare DescribeNFSFileShares UpdateNFSFileShare DeleteFileShare"
    ),
    "aws_subnet": "ec2 CreateSubnet DescribeSubnets DeleteSubnet",
    "aws_volume_attachment": "ec2 AttachVolume DescribeVolumes DetachVolume",
    "aws_vpc": "ec2 CreateVpc DescribeVpcs ModifyVpcAttribute DeleteVpc",
    "aws_vpc_dhcp_options": "ec2 CreateDhcpOptions DescribeDhcpOptions DeleteDhcpOptions",
    "aws_vpc_dhcp_options_association": "ec2 AssociateDhcpOptions",
    "aws_vpc_endpoint": (
        "ec2 CreateVpcEndpoint DescribeVpcEndpoints ModifyVpcEndpoint DeleteVpcEndpoints"
    ),
    "aws_vpc_security_group_egress_rule": (
        "ec2 AuthorizeSecurityGroupEgress DescribeSecurityGroupRules ModifySecurityGroupRules"
        " RevokeSecurityGroupEgress"
    ),
    "aws_vpc_security_group_ingress_rule": (
        "ec2 AuthorizeSecurityGroupIngress DescribeSecurityGroupRules ModifySecurityGroupRules"
        " RevokeSecurityGroupIngress"
    ),
}
"""The operations of the provider on each type, after its service."""


@pytest.fixture(scope="module")
def types(synthesise: Synthesise) -> set[str]:
    """Return the types of resources in all stacks, with the settings that add some."""
    more = {"notifyEmails": ["a@example.com"], "s3InterfaceEndpoint": True}
    return {
        address.partition(".")[0]
        for stack in STACKS
        for address in synthesise(stack, **more).addresses()
    }


def test_the_operations_of_each_type_of_resource_are_known(types: set[str]) -> None:
    assert types == OPERATIONS.keys()


@pytest.mark.parametrize("type_", OPERATIONS)
def test_a_deployment_has_called_the_operations_of_each_type(type_: str) -> None:
    """A recording without one of them is not of a whole life cycle: see tools/recorded_requests."""
    service, *operations = OPERATIONS[type_].split()
    recorded = actions_by_operation()
    assert [each for each in operations if f"{service}:{each}" not in recorded] == []
