"""Every stack planned on this machine: what a reviewer sees, without an AWS account."""

from __future__ import annotations

import tempfile
from pathlib import Path

from deployment.deployment import Deployment
from local.aws import Endpoint
from local.endpoint_process import EndpointOptions
from local.gateway_parameters import tell_of_gateway
from local.local_system import EVENT_PROCESSING
from local.report import Report
from local.system import start_endpoint, synthesised
from review.planning import PLANS, Outcome, conclude, emptied, plan_stack

ENVIRONMENT = "local"


def plan(*, report: Report, port: int = 0, plans: Path = PLANS / ENVIRONMENT) -> Outcome:
    """Start an endpoint, plan every stack there, and end it.

    Raises:
        CommandError: EventProcessingStack could not be deployed, and why.
    """
    kept = emptied(plans)
    with tempfile.TemporaryDirectory(prefix="vault-plan-", ignore_cleanup_errors=True) as made:
        process = start_endpoint(Path(made), EndpointOptions(port=port), report=report)
        try:
            where = Endpoint(url=process.url, region=process.region)
            stacks = synthesised(Path(made), where, report=report)
            return plan_all(stacks, where, folder=kept, report=report)
        finally:
            process.end()


def plan_all(stacks: Deployment, where: Endpoint, *, folder: Path, report: Report) -> Outcome:
    """Plan EventProcessingStack and deploy it, for others read its outputs; then plan the others."""
    others = [each for each in stacks.stacks() if each != EVENT_PROCESSING]
    reviewed = []
    for name in (EVENT_PROCESSING, *others):
        with report.phase("plans", f"Planning {name}"):
            reviewed.append(plan_stack(stacks, name, folder=folder))
        if name == EVENT_PROCESSING:
            with report.phase("deploy", f"Deploying {name} (cdktf deploy)") as progress:
                stacks.deploy(name, progress)
            tell_of_gateway(where, ENVIRONMENT)
    return conclude(reviewed, environment=ENVIRONMENT, folder=folder)
