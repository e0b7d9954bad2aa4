"""A Lambda function with its own role and log group, and only the permissions that it needs."""

from __future__ import annotations

from collections.abc import Sequence

from cdktf_cdktf_provider_aws.lambda_function import (
    LambdaFunction,
    LambdaFunctionEnvironment,
    LambdaFunctionEphemeralStorage,
    LambdaFunctionTracingConfig,
)
from cdktf_cdktf_provider_aws.lambda_function_event_invoke_config import (
    LambdaFunctionEventInvokeConfig,
    LambdaFunctionEventInvokeConfigDestinationConfig,
    LambdaFunctionEventInvokeConfigDestinationConfigOnFailure,
)
from constructs import Construct

from handlers.aws.lambda_environment import LambdaEnvironment, TelemetryEnvironment
from stacks.constructs.alarm import Metric
from stacks.constructs.check_skips import skip_check, skip_checks
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.handlers_archive import HandlersArchive
from stacks.constructs.iam import Allow, ServiceRole
from stacks.constructs.log_group import log_group
from stacks.version import VERSION

RUNTIME = "python3.13"
ARCHITECTURE = "arm64"
METRICS_NAMESPACE = "StorageGatewayVault"

WRITE_TRACES = Allow(
    "WriteTraces",
    ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    # X-Ray has no resources:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
    ["*"],
)
SKIPPED = {
    "CKV_AWS_117": "It calls AWS's services only, over TLS and with its role; a VPC would cost an"
    " endpoint for each service, and contains nothing that the function needs",
    "CKV_AWS_272": "Its archive is the same bytes on every machine, and Terraform pins their hash; the"
    " deployer would also be the signer",
}


class Function(Construct):
    """``handlers/<module>.py`` deployed as a Lambda function."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        module: str,
        code: HandlersArchive,
        timeout_seconds: int,
        memory_mb: int,
        scratch_mb: int = 512,
        log_retention_days: int,
        allow: Sequence[Allow] = (),
        environment: LambdaEnvironment | None = None,
        undelivered: DeadLetters | None = None,
    ) -> None:
        """Define the function; failed asynchronous invocations go to *undelivered*."""
        super().__init__(scope, id_)
        self._service = name
        logs = log_group(
            self, "logs", name=f"/aws/lambda/{name}", retention_days=log_retention_days
        )
        write_logs = Allow(
            "WriteOwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{logs.arn}:*"]
        )
        keep_failures = [undelivered.keep] if undelivered else []
        role = ServiceRole(
            self,
            "role",
            name=name,
            service="lambda.amazonaws.com",
            # AWS does not document that Lambda sends aws:SourceArn when it assumes an execution
            # role, and a function cannot be created if its role refuses. Only principals of this
            # account with iam:PassRole can give the role to a function:
            # https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
            source_arn=None,
            allow=[*allow, *keep_failures, write_logs, WRITE_TRACES],
        )
        self.resource = LambdaFunction(
            self,
            "Resource",
            function_name=name,
            handler=f"handlers.{module}.handler",
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            filename=code.path,
            source_code_hash=code.sha256,
            role=role.arn,
            timeout=timeout_seconds,
            memory_size=memory_mb,
            ephemeral_storage=LambdaFunctionEphemeralStorage(size=scratch_mb),
            environment=LambdaFunctionEnvironment(variables=_variables(name, environment)),
            tracing_config=LambdaFunctionTracingConfig(mode="Active"),
            # Otherwise the first calls could fail, and Lambda could create the log group.
            depends_on=[logs, role.policy],
        )
        self.name = self.resource.function_name
        self.arn = self.resource.arn
        skip_checks(self.resource, SKIPPED)
        self._keep_failed_calls(undelivered)

    def _keep_failed_calls(self, undelivered: DeadLetters | None) -> None:
        """Send failed asynchronous invocations to *undelivered*, None for a function that has none."""
        skip_check(
            self.resource,
            "CKV_AWS_116",
            "A failed asynchronous invocation goes to its on-failure destination, with the error"
            if undelivered
            else "It is only invoked synchronously, by services that retry and keep failed messages",
        )
        if undelivered:
            LambdaFunctionEventInvokeConfig(
                self,
                "asynchronous",
                function_name=self.name,
                maximum_event_age_in_seconds=6 * 3600,
                maximum_retry_attempts=2,
                destination_config=LambdaFunctionEventInvokeConfigDestinationConfig(
                    on_failure=LambdaFunctionEventInvokeConfigDestinationConfigOnFailure(
                        destination=undelivered.queue.arn
                    )
                ),
            )

    @property
    def log_group(self) -> str:
        """The name of the function's log group."""
        return f"/aws/lambda/{self._service}"

    def metric(self, name: str, *, statistic: str = "Maximum", period_seconds: int = 60) -> Metric:
        """Return a metric that the function's code emits."""
        return Metric(
            namespace=METRICS_NAMESPACE,
            name=name,
            dimensions={"service": self._service},
            statistic=statistic,
            period_seconds=period_seconds,
        )


def _variables(service: str, environment: LambdaEnvironment | None) -> dict[str, str]:
    """Return the variables that all functions have, and those of this function."""
    telemetry = TelemetryEnvironment(
        powertools_service_name=service,
        powertools_metrics_namespace=METRICS_NAMESPACE,
        version=VERSION,
    )
    return telemetry.variables() | (environment.variables() if environment else {})
