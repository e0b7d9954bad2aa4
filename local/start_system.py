"""The whole system, started, deployed and ready to be driven by AWS's APIs.

Tests use it so::

    with running() as system:
        folder = system.add_share("team-a/")
        system.client("s3").list_objects_v2(Bucket=system.bucket)
        system.terraform("plan", "-detailed-exitcode")
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployment.deployment import Deployment
from local import endpoint_process, share_setup
from local.aws import Endpoint
from local.clients import client
from local.endpoint_process import EndpointOptions, EndpointProcess
from local.local_system import (
    DATA_VAULTING,
    EVENT_PROCESSING,
    FILE_SHARE,
    LocalSystem,
    deployment,
    gateway_client,
    share_folder,
)
from local.report import Report
from local.vaulting import JOB_FOLDER_SUFFIX, MANIFEST_SUFFIX


@contextmanager
def running(
    options: EndpointOptions | None = None, *, report: Report | None = None, whole: bool = False
) -> Iterator[LocalSystem]:
    """Start and deploy a system in a folder of its own, and end both afterwards.

    Unless it is to be *whole*, EventProcessingStack is its only stack. Any number can run side by
    side. None outlives the process that asked for it.

    Raises:
        CommandError: It could not be started or deployed, and why.
    """
    report = report or Report()
    with tempfile.TemporaryDirectory(prefix="vault-local-", ignore_cleanup_errors=True) as folder:
        process = start_endpoint(Path(folder), options or EndpointOptions(), report=report)
        try:
            yield deploy(Path(folder), process, report=report, whole=whole)
        finally:
            process.end()


def start_endpoint(folder: Path, options: EndpointOptions, *, report: Report) -> EndpointProcess:
    """Start the endpoint of the system in *folder*."""
    (folder / "shares").mkdir(parents=True)
    with report.phase("endpoint", "Starting the AWS endpoint"):
        return endpoint_process.start(folder, options)


def synthesised(folder: Path, where: Endpoint, *, report: Report) -> Deployment:
    """Synthesise the stacks of the system in *folder*, and make the bucket of their states."""
    stacks = deployment(folder, where)
    with report.phase("synth", "Synthesising the stacks (cdktf synth)"):
        stacks.synthesise()
    create_state_bucket(where, stacks.state_bucket(EVENT_PROCESSING))
    return stacks


def deploy(folder: Path, process: EndpointProcess, *, report: Report, whole: bool) -> LocalSystem:
    """Deploy the stacks to a running endpoint, and see to it that its bucket has a file share.

    A *whole* system is deployed as it is on AWS: the client activates the gateway between the
    stacks, by its own scripts. Otherwise the API makes gateway and share.
    """
    where = Endpoint(url=process.url, region=process.region)
    stacks = synthesised(folder, where, report=report)
    outputs = deploy_stack(stacks, EVENT_PROCESSING, report)
    told = deploy_stack(stacks, DATA_VAULTING, report)["clientConfiguration"] if whole else ""
    gateways_client = gateway_client(folder, where)
    gateways_client.configure(told, client_changes(folder, process))
    if whole:
        doing = "Activating the gateway (scripts/activate-gateway.sh)"
        with report.lines("activation", doing) as show:
            gateways_client.run("activate-gateway.sh", on_line=show)
        deploy_stack(stacks, FILE_SHARE, report)
    bucket = outputs["fileUploadBucketName"]
    gateway_arn, share = share_setup.ensure_share(where, process.appliance_address, bucket, report)
    return LocalSystem(
        endpoint=where.url,
        region=where.region,
        access_key_id=where.access_key_id,
        secret_access_key=where.secret_access_key,
        share_folder=share_folder(folder, share),
        bucket=bucket,
        table=outputs["uploadEventTableName"],
        bus=outputs["vaultBusName"],
        queue_url=outputs["uploadQueueUrl"],
        dead_letter_queue_url=outputs["uploadDeadLetterQueueUrl"],
        state_machine_arn=outputs["stateMachineArn"],
        outcome_table=outputs["outcomeTableName"],
        undelivered_queue_url=outputs["undeliveredQueueUrl"],
        stack_folder=stacks.stack_folder(EVENT_PROCESSING),
        gateway_arn=gateway_arn,
        client_configuration=gateways_client.configuration,
        folder=folder,
        pid=process.pid,
        port=process.port,
        appliance_address=process.appliance_address,
        token=process.token,
    )


def deploy_stack(stacks: Deployment, stack: str, report: Report) -> dict[str, Any]:
    """Deploy one of *stacks*, and return its outputs by their names."""
    with report.phase(stack, f"Deploying {stack} (cdktf deploy)") as progress:
        stacks.deploy(stack, progress)
        return stacks.outputs(stack)


def client_changes(folder: Path, process: EndpointProcess) -> dict[str, str]:
    """What the client's configuration must say here: no VPC, no NFS, the share as a folder."""
    return {
        "ENVIRONMENT": "local",
        "REGION": process.region,
        "GATEWAY_ADDRESS": process.appliance_address,
        "GATEWAY_VPC_ENDPOINT": "",
        "STORAGE_GATEWAY_URL": "",
        "MOUNT_POINT": str(share_folder(folder, share_setup.SHARE)),
        "JOB_DIR_SUFFIX": JOB_FOLDER_SUFFIX,
        "MANIFEST_SUFFIX": MANIFEST_SUFFIX,
    }


def create_state_bucket(where: Endpoint, name: str) -> None:
    """Create the bucket for Terraform's state, in no time; on AWS, ``make bootstrap`` does."""
    s3 = client(where, "s3")
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: us-east-1 is not named.
    place = {"CreateBucketConfiguration": {"LocationConstraint": where.region}}
    s3.create_bucket(Bucket=name, **({} if where.region == "us-east-1" else place))
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
