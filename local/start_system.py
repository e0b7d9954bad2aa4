"""Start and deploy the whole system, which is then driven by AWS's APIs.

Tests use it like this::

    with running() as system:
        folder = system.add_share("team-a/")
        system.client("s3").list_objects_v2(Bucket=system.bucket)
        system.terraform("plan", "-detailed-exitcode")
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deployment.deployment import Deployment
from local import share_setup
from local.aws_environment import Endpoint
from local.clients import client
from local.deployed_system import (
    DATA_VAULTING,
    EVENT_PROCESSING,
    FILE_SHARE,
    DeployedSystem,
    deployment,
    gateway_client,
    share_folder,
    vault_parameter,
)
from local.emulator import endpoint_process
from local.emulator.endpoint_process import EndpointOptions, EndpointProcess
from local.phases import Phases


@contextmanager
def running(
    options: EndpointOptions | None = None,
    *,
    environment: str = "demo",
    phases: Phases | None = None,
    whole: bool = False,
    deployer: Callable[[Endpoint], Endpoint] = lambda where: where,
) -> Iterator[DeployedSystem]:
    """Start and deploy a system in a folder of its own, and end both afterwards.

    Unless *whole*, EventProcessingStack is its only stack. Terraform has the credentials that
    *deployer* returns. Any number of systems can run side by side. None outlives the process that
    started it.

    Raises:
        CommandError: It could not be started or deployed; the text has the reason.
    """
    phases = phases or Phases()
    with tempfile.TemporaryDirectory(prefix="vault-local-", ignore_cleanup_errors=True) as folder:
        process = start_endpoint(Path(folder), options or EndpointOptions(), phases=phases)
        try:
            where = Endpoint(url=process.url, region=process.region, environment=environment)
            yield deploy(
                Path(folder), process, where, phases=phases, whole=whole, deployer=deployer(where)
            )
        finally:
            process.end()


def start_endpoint(folder: Path, options: EndpointOptions, *, phases: Phases) -> EndpointProcess:
    """Start the endpoint of the system in *folder*."""
    (folder / "shares").mkdir(parents=True)
    with phases.phase("endpoint", "Starting the AWS endpoint"):
        return endpoint_process.start(folder, options)


def synthesised(
    folder: Path, where: Endpoint, *, phases: Phases, deployer: Endpoint | None = None
) -> Deployment:
    """Synthesise the stacks of the system in *folder*, and create the bucket for their states.

    The tools that run on the stacks have the credentials of *deployer*, if it is given.
    """
    stacks = deployment(folder, deployer or where)
    with phases.phase("synth", "Synthesising the stacks (main.py)"):
        stacks.synthesise()
    create_state_bucket(where, stacks.state_bucket(EVENT_PROCESSING))
    return stacks


def deploy(
    folder: Path,
    process: EndpointProcess,
    where: Endpoint,
    *,
    phases: Phases,
    whole: bool,
    deployer: Endpoint | None = None,
) -> DeployedSystem:
    """Deploy the stacks to the endpoint *where* of *process*, and give its bucket a file share.

    A *whole* system is deployed like on AWS: between the stacks, the client activates the gateway
    with its own scripts. Otherwise the API creates gateway and share.
    """
    deployer = deployer or where
    stacks = synthesised(folder, where, phases=phases, deployer=deployer)
    outputs = deploy_stack(stacks, EVENT_PROCESSING, phases)
    names = vault_parameter(client(where, "ssm"), where.environment)
    written = deploy_stack(stacks, DATA_VAULTING, phases)["clientConfiguration"] if whole else ""
    gateways_client = gateway_client(folder, where)
    gateways_client.configure(written, client_changes(folder, process, where, names))
    if whole:
        doing = "Activating the gateway (scripts/activate-gateway.sh)"
        with phases.lines("activation", doing) as show:
            gateways_client.run("activate-gateway.sh", on_line=show)
        deploy_stack(stacks, FILE_SHARE, phases)
    bucket = outputs["fileUploadBucketName"]
    gateway_arn, share = share_setup.ensure_share(where, process.appliance_address, bucket, phases)
    return DeployedSystem(
        endpoint=where.url,
        environment=where.environment,
        region=where.region,
        access_key_id=where.access_key_id,
        secret_access_key=where.secret_access_key,
        deployer_access_key_id=deployer.access_key_id,
        deployer_secret_access_key=deployer.secret_access_key,
        share_folder=share_folder(folder, share),
        job_dir_suffix=names["jobDirSuffixName"],
        manifest_suffix=names["manifestSuffixName"],
        bucket=bucket,
        table=outputs["uploadEventTableName"],
        bus=outputs["vaultBusName"],
        queue_url=outputs["uploadQueueUrl"],
        dead_letter_queue_url=outputs["uploadDeadLetterQueueUrl"],
        state_machine_arn=outputs["stateMachineArn"],
        outcome_table=outputs["outcomeTableName"],
        set_table=names["setTableName"],
        reports_bucket=names["reportsBucketName"],
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


def deploy_stack(stacks: Deployment, stack: str, phases: Phases) -> dict[str, Any]:
    """Deploy one of *stacks*, and return its outputs by name."""
    with phases.phase(stack, f"Deploying {stack} (terraform apply)") as progress:
        stacks.deploy(stack, progress)
        return stacks.outputs(stack)


def client_changes(
    folder: Path, process: EndpointProcess, where: Endpoint, names: Mapping[str, Any]
) -> dict[str, str]:
    """Return the client's configuration for this machine: no VPC, no NFS, the share as a folder."""
    return {
        "ENVIRONMENT": where.environment,
        "REGION": where.region,
        "GATEWAY_ADDRESS": process.appliance_address,
        "GATEWAY_VPC_ENDPOINT": "",
        "STORAGE_GATEWAY_URL": "",
        "MOUNT_POINT": str(share_folder(folder, share_setup.SHARE)),
        "JOB_DIR_SUFFIX": names["jobDirSuffixName"],
        "MANIFEST_SUFFIX": names["manifestSuffixName"],
        "IGNORE_UNEXPECTED_NAMES": "/".join(names["ignoreUnexpectedNames"]),
    }


def create_state_bucket(where: Endpoint, name: str) -> None:
    """Create the bucket for Terraform's state by the API, which is faster than ``make bootstrap``."""
    s3 = client(where, "s3")
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html: us-east-1 is not named.
    place = {"CreateBucketConfiguration": {"LocationConstraint": where.region}}
    s3.create_bucket(Bucket=name, **({} if where.region == "us-east-1" else place))
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
