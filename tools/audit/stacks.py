"""The stacks, synthesised, validated and planned without an AWS account.

The plans are made on the local AWS, and nothing is applied. Values that a stack reads from others
(outputs in states, SSM parameters) are stored there before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from deployment import terraform
from deployment.deployment import Deployment
from deployment.errors import CommandError
from local.aws_environment import Endpoint, pointed_at
from local.clients import client
from local.emulator import endpoint_process
from local.emulator.endpoint_process import EndpointOptions
from local.gateway_parameters import put_gateway_parameters
from local.start_system import create_state_bucket
from tools.audit.errors import AuditError
from tools.audit.stand_ins import Block, filled

ONE_AT_A_TIME = Lock()
"""Two commands must not fill a provider cache at the same time."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of one environment."""

    name: str
    environment: str
    folder: Path
    written: Block
    """The content of cdk.tf.json."""
    diagnostics: Sequence[Block] = ()
    """The output of ``terraform validate``."""
    plan: Block | None = None
    """The output of ``terraform show -json``; None if the stack cannot be planned, as *unplanned* explains.
    """
    unplanned: str = ""

    def required_plan(self) -> Block:
        """Return the plan, or raise AuditError, because a stack without a plan cannot be checked."""
        if self.plan is None:
            raise AuditError(f"{self.name} ({self.environment}) has no plan. {self.unplanned}")
        return self.plan


def planned(folder: Path, environments: Sequence[str]) -> list[Stack]:
    """Synthesise and plan every stack of *environments* in *folder*.

    Raises:
        CommandError: The stacks cannot be synthesised, or the local AWS does not start.
    """
    with local_aws(folder) as where:
        made = {name: deployment(where, folder, name) for name in environments}
        for each in made.values():
            each.synthesise()
        return plan_all(where, made)


def deployment(where: Endpoint, folder: Path, environment: str) -> Deployment:
    """Create a folder for the stacks of *environment*, and return the deployment on the local AWS."""
    prepared = terraform.prepare(folder / "terraform.rc")
    variables = pointed_at(where, prepared) | {"VAULT_ENV": environment}
    if terraform.find_mirror(os.environ) is None:
        variables["TF_PLUGIN_CACHE_DIR"] = str(folder)  # download the provider once
    made = Deployment(folder / environment, variables)
    made.folder.mkdir()
    return made


def admit(where: Endpoint, deployment: Deployment) -> None:
    """Allow the local AWS's account in the stacks, which may name another one in their settings.

    https://developer.hashicorp.com/terraform/language/files/override
    """
    account = client(where, "sts").get_caller_identity()["Account"]
    override = json.dumps({"provider": {"aws": {"allowed_account_ids": [account]}}})
    for name in deployment.stacks():
        (deployment.stack_folder(name) / "account_override.tf.json").write_text(override)


def plan_all(where: Endpoint, deployments: Mapping[str, Deployment]) -> list[Stack]:
    """Plan the synthesised stacks of *deployments*, a mapping by environment."""
    found = [
        (deployment, stack)
        for environment, deployment in deployments.items()
        for stack in read(deployment, environment)
    ]
    for each in deployments.values():
        admit(where, each)
    seed(where, [stack for _, stack in found])
    with ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        return list(pool.map(lambda each: plan(*each), found))


def read(deployment: Deployment, environment: str) -> Iterator[Stack]:
    """Read each synthesised stack of *deployment*."""
    for name in deployment.stacks():
        yield Stack(name, environment, deployment.stack_folder(name), deployment.written(name))


def seed(where: Endpoint, stacks: Sequence[Stack]) -> None:
    """Store the values that stacks read from others: outputs in states, parameters in SSM."""
    backends = [(each, each.written["terraform"]["backend"].get("s3")) for each in stacks]
    buckets = {backend["bucket"]: region(where, each) for each, backend in backends if backend}
    for bucket, place in buckets.items():
        create_state_bucket(place, bucket)
    for stack, backend in backends:
        if backend and stack.written.get("output"):
            client(region(where, stack), "s3").put_object(
                Bucket=backend["bucket"], Key=backend["key"], Body=json.dumps(state(stack))
            )
    for environment, place in {each.environment: region(where, each) for each in stacks}.items():
        client(place, "ssm").put_parameter(
            Name=f"/{environment}/fileUploadBucketName", Value="uploads", Type="String"
        )
        put_gateway_parameters(replace(place, environment=environment))


def region(where: Endpoint, stack: Stack) -> Endpoint:
    """Return the local AWS with the region of *stack*."""
    (provider,) = stack.written["provider"]["aws"]
    return replace(where, region=provider.get("region", where.region))


def state(stack: Stack) -> Block:
    """Return a state of *stack* that has only its outputs, because other stacks read only these."""
    return {
        "version": 4,
        "terraform_version": "1.11.0",
        "serial": 1,
        "lineage": stack.name,
        "outputs": {
            name: {"value": filled(output["value"]), "type": "string"}
            for name, output in stack.written["output"].items()
        },
        "resources": [],
    }


def plan(deployment: Deployment, stack: Stack) -> Stack:
    """Return *stack* with Terraform's diagnostics and plan."""
    try:
        with ONE_AT_A_TIME:
            deployment.initialise(stack.name)
        validation = json.loads(
            deployment.checked(stack.name, "validate", "-json", expected=(0, 1))
        )
        stack = replace(stack, diagnostics=validation["diagnostics"])
        planned = deployment.plan(stack.name, "plan", "-refresh=false", "-lock=false")
        return replace(stack, plan=planned)
    except CommandError as error:
        return replace(stack, unplanned=str(error))


@contextmanager
def local_aws(folder: Path) -> Iterator[Endpoint]:
    """Start an empty local AWS with its files in *folder*, and stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    process = endpoint_process.start(folder, EndpointOptions())
    try:
        yield Endpoint(url=process.url, region=process.region)
    finally:
        process.end()
