"""IAM as data: what a role may do is a list of Allow values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement,
    DataAwsIamPolicyDocumentStatementCondition,
    DataAwsIamPolicyDocumentStatementPrincipals,
)
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.iam_role_policy import IamRolePolicy
from constructs import Construct


@dataclass(frozen=True, slots=True)
class Allow:
    """One permission: these actions, on these ARNs, and nothing else."""

    sid: str
    actions: Sequence[str]
    on: Sequence[str]


def by_service(
    service: str, allow: Allow, *, source_arns: Sequence[str]
) -> DataAwsIamPolicyDocumentStatement:
    """Return the statement that lets an AWS service do this for *source_arns* alone.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    return DataAwsIamPolicyDocumentStatement(
        sid=allow.sid,
        actions=list(allow.actions),
        resources=list(allow.on) or None,
        principals=[
            DataAwsIamPolicyDocumentStatementPrincipals(type="Service", identifiers=[service])
        ],
        condition=[
            DataAwsIamPolicyDocumentStatementCondition(
                test="ArnEquals", variable="aws:SourceArn", values=list(source_arns)
            )
        ],
    )


class ServiceRole(Construct):
    """A role that one AWS service may assume for one resource, with one inline policy."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        service: str,
        source_arn: str,
        allow: Sequence[Allow],
    ) -> None:
        super().__init__(scope, id_)
        assume = Allow("AssumeRole", ["sts:AssumeRole"], [])
        trust = DataAwsIamPolicyDocument(
            self, "trust", statement=[by_service(service, assume, source_arns=[source_arn])]
        )
        permissions = DataAwsIamPolicyDocument(
            self,
            "permissions",
            statement=[
                DataAwsIamPolicyDocumentStatement(
                    sid=each.sid, actions=list(each.actions), resources=list(each.on)
                )
                for each in allow
            ],
        )
        role = IamRole(self, "Resource", name=name, assume_role_policy=trust.json)
        self.policy = IamRolePolicy(
            self, "policy", name="permissions", role=role.id, policy=permissions.json
        )
        self.arn = role.arn
