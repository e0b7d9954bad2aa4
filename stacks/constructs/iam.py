"""IAM as data: a role's permissions are a list of Allow values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    """One permission: these actions on these ARNs."""

    sid: str
    actions: Sequence[str]
    on: Sequence[str]
    where: Mapping[str, str] = field(default_factory=dict)
    """Condition keys of IAM, each with its only allowed value."""
    without: Sequence[str] = ()
    """Condition keys that a request must not have."""
    where_present: Mapping[str, str] = field(default_factory=dict)
    """Condition keys that have this value or are missing in the request."""


def by_role(allow: Allow) -> DataAwsIamPolicyDocumentStatement:
    """Return the statement for a role's own policy."""
    return DataAwsIamPolicyDocumentStatement(
        sid=allow.sid,
        actions=list(allow.actions),
        resources=list(allow.on) or None,
        condition=_where(allow) or None,
    )


def by_anyone(allow: Allow) -> DataAwsIamPolicyDocumentStatement:
    """Return a resource-policy statement for any principal, restricted by *where*."""
    return DataAwsIamPolicyDocumentStatement(
        sid=allow.sid,
        actions=list(allow.actions),
        resources=list(allow.on),
        principals=[DataAwsIamPolicyDocumentStatementPrincipals(type="*", identifiers=["*"])],
        condition=_where(allow) or None,
    )


def by_service(
    service: str, allow: Allow, *, source_arns: Sequence[str]
) -> DataAwsIamPolicyDocumentStatement:
    """Return a statement that allows an AWS service to act, only for *source_arns*.

    If *source_arns* is empty, there is no such condition: EC2 and Lambda send no documented source.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    sources = DataAwsIamPolicyDocumentStatementCondition(
        test="ArnEquals", variable="aws:SourceArn", values=list(source_arns)
    )
    return DataAwsIamPolicyDocumentStatement(
        sid=allow.sid,
        actions=list(allow.actions),
        resources=list(allow.on) or None,
        principals=[
            DataAwsIamPolicyDocumentStatementPrincipals(type="Service", identifiers=[service])
        ],
        condition=[*([sources] if source_arns else []), *_where(allow)] or None,
    )


def _where(allow: Allow) -> list[DataAwsIamPolicyDocumentStatementCondition]:
    tests = [("StringEquals", key, value) for key, value in allow.where.items()]
    tests += [("Null", key, "true") for key in allow.without]
    tests += [("StringEqualsIfExists", key, value) for key, value in allow.where_present.items()]
    return [
        DataAwsIamPolicyDocumentStatementCondition(test=test, variable=key, values=[value])
        for test, key, value in tests
    ]


class ServiceRole(Construct):
    """A role with one inline policy, which one AWS service may assume for one resource."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        service: str,
        source_arn: str | None,
        source_account: str | None = None,
        allow: Sequence[Allow],
    ) -> None:
        """Define the role, which *service* may assume only for *source_arn*.

        For EC2 and Lambda, *source_arn* is None, because AWS does not document that they send one.
        ``iam:PassRole`` controls who may give such a role to an instance or a function.
        """
        super().__init__(scope, id_)
        account = {"aws:SourceAccount": source_account} if source_account else {}
        assume = Allow("AssumeRole", ["sts:AssumeRole"], [], where=account)
        sources = [source_arn] if source_arn else []
        trust = DataAwsIamPolicyDocument(
            self, "trust", statement=[by_service(service, assume, source_arns=sources)]
        )
        permissions = DataAwsIamPolicyDocument(
            self, "permissions", statement=[by_role(each) for each in allow]
        )
        role = IamRole(self, "Resource", name=name, assume_role_policy=trust.json)
        self.policy = IamRolePolicy(
            self, "policy", name="permissions", role=role.id, policy=permissions.json
        )
        self.arn = role.arn
        self.name = role.name
