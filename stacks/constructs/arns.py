"""ARNs built from names, for policies that name resources created later."""

from __future__ import annotations

from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from cdktf_cdktf_provider_aws.data_aws_region import DataAwsRegion
from constructs import Construct


class Arns(Construct):
    """ARNs of this account and region.

    https://docs.aws.amazon.com/service-authorization/latest/reference/
    """

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.account_id = DataAwsCallerIdentity(self, "account").account_id
        self.region = DataAwsRegion(self, "region").name
        self._partition = DataAwsPartition(self, "partition").partition

    def alarm(self, name: str) -> str:
        """Return the ARN of a CloudWatch alarm."""
        return self._arn("cloudwatch", f"alarm:{name}")

    def rule(self, name: str, *, bus: str | None = None) -> str:
        """Return the ARN of an EventBridge rule, on the default bus unless *bus* is given."""
        return self._arn("events", f"rule/{bus}/{name}" if bus else f"rule/{name}")

    def queue(self, name: str) -> str:
        """Return the ARN of an SQS queue."""
        return self._arn("sqs", name)

    def function(self, name: str) -> str:
        """Return the ARN of a Lambda function."""
        return self._arn("lambda", f"function:{name}")

    def state_machine(self, name: str) -> str:
        """Return the ARN of a Step Functions state machine."""
        return self._arn("states", f"stateMachine:{name}")

    def executions(self, name: str) -> str:
        """Return a pattern for the ARNs of all executions of a state machine."""
        return self._arn("states", f"execution:{name}:*")

    def event_bus(self, name: str) -> str:
        """Return the ARN of an event bus."""
        return self._arn("events", f"event-bus/{name}")

    def instance(self, instance_id: str) -> str:
        """Return the ARN of an EC2 instance."""
        return self._arn("ec2", f"instance/{instance_id}")

    def gateway(self, gateway_id: str) -> str:
        """Return the ARN of a Storage Gateway gateway."""
        return self._arn("storagegateway", f"gateway/{gateway_id}")

    def parameter(self, name: str) -> str:
        """Return the ARN of an SSM parameter; *name* begins with a slash."""
        return self._arn("ssm", f"parameter{name}")

    def logs(self) -> str:
        """Return the source ARN that CloudWatch Logs sends when it delivers logs."""
        return self._arn("logs", "*")

    def role(self, name: str) -> str:
        """Return the ARN of an IAM role."""
        return f"arn:{self._partition}:iam::{self.account_id}:role/{name}"

    def bucket(self, name: str) -> str:
        """Return the ARN of an S3 bucket."""
        return f"arn:{self._partition}:s3:::{name}"

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self._partition}:{service}:{self.region}:{self.account_id}:{resource}"
