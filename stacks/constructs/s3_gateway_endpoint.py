"""The only route out of the private network: to the S3 buckets in a policy."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import DataAwsIamPolicyDocument
from cdktf_cdktf_provider_aws.vpc_endpoint import VpcEndpoint
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.iam import Allow, by_anyone


class S3GatewayEndpoint(Construct):
    """A gateway endpoint for S3 that accepts only the requests in *allow*."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        arns: Arns,
        vpc_id: str,
        route_table_id: str,
        allow: Sequence[Allow],
    ) -> None:
        super().__init__(scope, id_)
        policy = DataAwsIamPolicyDocument(
            self, "policy", statement=[by_anyone(each) for each in allow]
        )
        self.endpoint = VpcEndpoint(
            self,
            "Resource",
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{arns.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[route_table_id],
            policy=policy.json,
            tags={"Name": f"{name}-s3"},
        )
