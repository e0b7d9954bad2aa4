"""Every stack planned on this machine: what a reviewer sees, without an AWS account."""

from __future__ import annotations

import tempfile
from pathlib import Path

from local.aws import Endpoint
from local.clients import client
from local.endpoint_process import EndpointOptions
from local.local_system import deployment
from local.report import Report
from local.system import create_state_bucket, start_endpoint
from review.planning import PLANS, Outcome, conclude, emptied, plan_stack

ENVIRONMENT = "local"
FIRST = "EventProcessingStack"
# What the gateway's client puts into SSM once it has activated the gateway; a plan asks for no more.
GATEWAY = {
    "arn": "arn:aws:storagegateway:eu-west-1:123456789012:gateway/sgw-12A3456B",
    "cacheDiskId": "xen-vbd-51728",
}


def plan(*, report: Report, port: int = 0, plans: Path = PLANS / ENVIRONMENT) -> Outcome:
    """Plan EventProcessingStack and deploy it, for others read its outputs; then plan the others.

    Raises:
        CommandError: It could not be deployed, and why.
    """
    with tempfile.TemporaryDirectory(prefix="vault-plan-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        process = start_endpoint(folder, EndpointOptions(port=port), report=report)
        try:
            where = Endpoint(url=process.url, region=process.region)
            stacks = deployment(folder, where)
            with report.phase("synth", "Synthesising the stacks (cdktf synth)"):
                stacks.synthesise()
            create_state_bucket(where, stacks.state_bucket(FIRST))
            kept = emptied(plans)
            names = [FIRST, *(each for each in stacks.stacks() if each != FIRST)]
            reviewed = []
            for name in names:
                with report.phase("plans", f"Planning {name}"):
                    reviewed.append(plan_stack(stacks, name, folder=kept))
                if name == FIRST:
                    with report.phase("deploy", f"Deploying {name} (cdktf deploy)") as progress:
                        stacks.deploy(name, progress)
                    tell_of_gateway(where)
            return conclude(reviewed, environment=ENVIRONMENT, folder=kept)
        finally:
            process.end()


def tell_of_gateway(where: Endpoint) -> None:
    """Put into SSM what FileShareStack wants to know of an activated gateway."""
    for name, value in GATEWAY.items():
        client(where, "ssm").put_parameter(
            Name=f"/{ENVIRONMENT}/fileGateway/{name}", Value=value, Type="String", Overwrite=True
        )
