"""Run the AWS emulator (MiniStack) inside this process.

The emulator reads environment variables at import: :func:`prepare` sets them first, and no MiniStack module
is imported at the top of this file.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from local.emulator.asgi import Application
from local.emulator.ec2_gaps import mend_ec2
from local.emulator.events_gap import mend_targets
from local.emulator.iam_gaps import mend_iam
from local.emulator.lambda_gaps import mend_lambda
from local.emulator.limits_gap import within_aws_limits
from local.emulator.s3_checksum_gap import mend_checksums
from local.emulator.s3_gaps import without_s3_gaps
from local.emulator.sqs_gaps import mend_batches, mend_races
from local.emulator.states_gaps import mend_states
from local.gateway.announcements import Emit
from local.gateway.file_shares import FileShare
from local.gateway.requests import Json

logger = logging.getLogger(__name__)

# The gateway's image, which the emulator lacks; its owner is Storage Gateway's account.
# https://docs.aws.amazon.com/filegateway/latest/files3/ec2-gateway-file.html
GATEWAY_AMI = "ami-0aaaaaaaaaaaaaaa1"
GATEWAY_AMI_PARAMETER = "/aws/service/storagegateway/ami/FILE_S3/latest"
GATEWAY_AMI_OWNER = "013171582612"
# Amazon Linux 2, which the emulator has under its alias without the kernel's version.
CLIENT_AMI = "ami-0abcdef1234567890"
CLIENT_AMI_PARAMETER = "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2"

WORKER_WAIT_SECONDS = 10.0


def prepare(
    *, port: int, region: str, account: str, scratch: Path, enforce_iam: bool, log_level: str
) -> None:
    """Set the emulator's environment, which the workers of Lambda functions inherit."""
    for name in [
        name for name in os.environ if name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_"))
    ]:
        del os.environ[name]
    tempfile.tempdir = str(scratch)
    os.environ |= {
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        "MINISTACK_ACCOUNT_ID": account,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_EC2_METADATA_DISABLED": "true",
        "LOG_LEVEL": log_level,
        "AUTH": str(enforce_iam).lower(),
        "TMPDIR": str(scratch),
        # The project does not use a Docker daemon's containers and two more listeners.
        "DOCKER_HOST": f"unix://{scratch}/no-docker.sock",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }


def application() -> Application:
    """Import the emulator's ASGI application, and add the behaviour that it lacks."""
    inner: Application = import_module("ministack.app").app
    add_gateway_image()
    mend_ec2(import_module("ministack.services.ec2"))
    limit_lambda_workers()
    mend_lambda(import_module("ministack.services.lambda_svc"))
    mend_states(import_module("ministack.services.stepfunctions"))
    mend_batches(
        import_module("ministack.services.lambda_svc"), import_module("ministack.services.sqs")
    )
    mend_races(
        import_module("ministack.services.sqs"), import_module("ministack.services.eventbridge")
    )
    mend_targets(
        import_module("ministack.services.eventbridge"),
        import_module("ministack.services.lambda_svc"),
    )
    mend_checksums(import_module("ministack.services.s3"))
    mend_iam(import_module("ministack.core.iam_actions"), import_module("ministack.core.responses"))
    logging.getLogger("events").addFilter(is_news)
    return within_aws_limits(without_s3_gaps(inner))


def add_gateway_image() -> None:
    """Add a Storage Gateway image, with its owner and its public SSM parameter."""
    image = (GATEWAY_AMI, "aws-storage-gateway-FILE_S3-1.0.0", "Storage Gateway", "", "/dev/xvda")
    import_module("ministack.services.ec2")._STUB_AMIS.append((*image, GATEWAY_AMI_OWNER, "amazon"))
    parameters: Any = import_module("ministack.services.ssm")
    parameters._PUBLIC_AMI_PARAMETERS |= {
        GATEWAY_AMI_PARAMETER: GATEWAY_AMI,
        CLIENT_AMI_PARAMETER: CLIENT_AMI,
    }


def is_news(record: logging.LogRecord) -> bool:
    """Filter out the message for each event to a log group, a target that the emulator does not support."""
    return "unsupported target type for ARN arn:aws:logs:" not in record.getMessage()


def limit_lambda_workers(per_function: int = max(2, os.cpu_count() or 2)) -> None:
    """Make an invocation wait for a free worker before it starts another one.

    AWS has a machine for each execution environment. Here a burst of twenty cold starts would share
    the processors, and take twenty seconds; two workers need three. The wait is limited, because a
    function may invoke itself.
    """
    functions: Any = import_module("ministack.services.lambda_svc")
    acquire = functions.acquire_worker

    def acquire_patiently(*arguments: Any, **options: Any) -> Any:
        deadline = time.monotonic() + WORKER_WAIT_SECONDS
        while time.monotonic() < deadline:
            worker, how = acquire(*arguments, **options | {"max_concurrency": per_function})
            if worker is not None:
                return worker, how
            time.sleep(0.02)
        return acquire(*arguments, **options)

    functions.acquire_worker = acquire_patiently


def emitter() -> Emit:
    """Return a function that puts events on the default bus as an AWS service does.

    As on AWS, PutEvents refuses sources that begin with ``aws.``; only the emulator may use them.
    """
    request_scope = import_module("ministack.core.responses").request_scope
    put_events = import_module("ministack.services.eventbridge")._put_events

    def emit(share: FileShare, events: Sequence[Json]) -> None:
        with request_scope(share.account, share.region):
            status, _, body = put_events({"Entries": list(events)}, allow_aws_source=True)
        if status != 200:
            logger.error("the default bus refused %d events: %s", len(events), body)

    return emit


def end_lambda_workers() -> None:
    """End the processes that run Lambda functions."""
    import_module("ministack.core.lambda_runtime").reset()
