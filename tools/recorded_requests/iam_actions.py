"""The requests of Terraform -> the IAM actions that AWS requires.

Most operations require the action of the same name. The other operations, and the additional
actions of an operation, are in the pages of each service:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.recorded_requests.recorded import Request, read_recording
from tools.recorded_requests.violations import read

PREFIXES = {
    "stepfunctions": "states",
    "service-quotas": "servicequotas",
    "resourcegroupstaggingapi": "tag",
}
"""The service prefixes of actions, by the service's name in botocore where they differ."""
NO_ACTION = {"sts:GetCallerIdentity"}
"""No permission is required: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+")
OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "lambda:Invoke": ("lambda:InvokeFunction",),
    "s3:AbortMultipartUpload": ("s3:AbortMultipartUpload",),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:CopyObject": ("s3:GetObject", "s3:PutObject"),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3:DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "s3:DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    "s3:DeleteBucketTagging": ("s3:PutBucketTagging",),
    "s3:DeleteObject": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "s3:DeleteObjects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "s3:DeletePublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3:GetBucketAccelerateConfiguration": ("s3:GetAccelerateConfiguration",),
    "s3:GetBucketCors": ("s3:GetBucketCORS",),
    "s3:GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "s3:GetBucketLifecycle": ("s3:GetLifecycleConfiguration",),
    "s3:GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
    "s3:GetBucketNotificationConfiguration": ("s3:GetBucketNotification",),
    "s3:GetBucketReplication": ("s3:GetReplicationConfiguration",),
    "s3:GetObjectLockConfiguration": ("s3:GetBucketObjectLockConfiguration",),
    "s3:GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:HeadObject": ("s3:GetObject",),
    "s3:ListBuckets": ("s3:ListAllMyBuckets",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:ListObjects": ("s3:ListBucket",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3:PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "s3:PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3:UploadPart": ("s3:PutObject",),
}
TAG_ACTIONS = {
    "cloudwatch": "cloudwatch:TagResource",
    "dynamodb": "dynamodb:TagResource",
    "ec2": "ec2:CreateTags",
    "events": "events:TagResource",
    "lambda": "lambda:TagResource",
    "logs": "logs:TagResource",
    "sns": "sns:TagResource",
    "sqs": "sqs:TagQueue",
    "ssm": "ssm:AddTagsToResource",
    "stepfunctions": "states:TagResource",
    "storagegateway": "storagegateway:AddTagsToResource",
}
"""The additional action of a request that creates a resource with tags."""
IAM_TAGS = {
    "CreateRole": "iam:TagRole",
    "CreateInstanceProfile": "iam:TagInstanceProfile",
    "CreatePolicy": "iam:TagPolicy",
}
TAGS = {"Tags", "tags", "TagSpecifications", "Tagging"}
BESIDE: dict[str, tuple[str, ...]] = {
    # Private DNS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    "ec2:CreateVpcEndpoint": ("route53:AssociateVPCWithHostedZone",),
    "iam:AddRoleToInstanceProfile": ("iam:PassRole",),
    # A state machine with logging: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    "stepfunctions:CreateStateMachine": ("logs:CreateLogDelivery",),
    "stepfunctions:UpdateStateMachine": ("logs:CreateLogDelivery",),
}
"""The actions that AWS requires of the caller for calls that the service makes."""


def actions_of(request: Request) -> set[str]:
    """Return the actions that AWS requires for *request*."""
    service = request.operation.service_model.service_name
    if request.name in NO_ACTION:
        return set()
    own = f"{PREFIXES.get(service, service)}:{request.operation.name}"
    actions = {*OTHER_NAMES.get(request.name, (own,)), *BESIDE.get(request.name, ())}
    if any(request.parameters.get(name) for name in TAGS):
        if service == "s3" and request.operation.name == "PutObject":
            actions.add("s3:PutObjectTagging")
        if service == "iam" and request.operation.name in IAM_TAGS:
            actions.add(IAM_TAGS[request.operation.name])
        if service in TAG_ACTIONS:
            actions.add(TAG_ACTIONS[service])
    profile = "IamInstanceProfile" in request.parameters  # it has a role
    if service not in ("iam", "sts") and (profile or _passes_role(request.parameters)):
        actions.add("iam:PassRole")
    return actions


def actions_by_operation(recording: Path) -> dict[str, list[str]]:
    """Return the sorted actions of each operation that Terraform called, sorted by operation."""
    found: dict[str, set[str]] = {}
    for recorded in read_recording(recording):
        if recorded.is_of_terraform:
            request = read(recorded)
            found.setdefault(request.name, set()).update(actions_of(request))
    return {name: sorted(actions) for name, actions in sorted(found.items())}


def _passes_role(value: Any, name: str = "") -> bool:
    """Return whether a parameter contains a role's ARN."""
    match value:
        case dict():
            return any(_passes_role(inner, str(key)) for key, inner in value.items())
        case list():
            return any(_passes_role(each, name) for each in value)
        case str():
            return name != "ResourceArn" and bool(ROLE.fullmatch(value))
    return False


def unlisted(recording: Path, listed: dict[str, list[str]]) -> Iterator[str]:
    """Yield the operations of a recording with actions that *listed* lacks."""
    for operation, actions in actions_by_operation(recording).items():
        if missing := set(actions) - set(listed.get(operation, ())):
            yield f"{operation}: {', '.join(sorted(missing))}"
