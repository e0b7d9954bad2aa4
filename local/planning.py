"""Plan every stack on this machine, for a review without an AWS account."""

from __future__ import annotations

import tempfile
from pathlib import Path

from deployment.deployment import Deployment
from deployment.review.planning import PLANS, PlanReview, conclude, emptied, plan_stack
from local.aws_environment import Endpoint
from local.deployed_system import EVENT_PROCESSING
from local.emulator.endpoint_process import EndpointOptions
from local.gateway_parameters import put_gateway_parameters
from local.phases import Phases
from local.start_system import start_endpoint, synthesised

ENVIRONMENT = "local"


def plan(*, phases: Phases, port: int = 0, plans: Path = PLANS / ENVIRONMENT) -> PlanReview:
    """Start an endpoint, plan every stack there, and stop the endpoint.

    Raises:
        CommandError: EventProcessingStack could not be deployed; the text has the reason.
    """
    kept = emptied(plans)
    with tempfile.TemporaryDirectory(prefix="vault-plan-", ignore_cleanup_errors=True) as made:
        process = start_endpoint(Path(made), EndpointOptions(port=port), phases=phases)
        try:
            where = Endpoint(url=process.url, region=process.region, environment=ENVIRONMENT)
            stacks = synthesised(Path(made), where, phases=phases)
            return plan_all(stacks, where, folder=kept, phases=phases)
        finally:
            process.end()


def plan_all(stacks: Deployment, where: Endpoint, *, folder: Path, phases: Phases) -> PlanReview:
    """Plan EventProcessingStack and apply this plan; then plan the others, which read its outputs.

    If it cannot be planned, the others are not planned either.
    """
    others = [each for each in stacks.stacks() if each != EVENT_PROCESSING]
    reviewed = []
    for name in (EVENT_PROCESSING, *others):
        with phases.phase("plans", f"Planning {name}"):
            reviewed.append(plan_stack(stacks, name, folder=folder))
        if name == EVENT_PROCESSING:
            if reviewed[0].findings is None:
                break
            with phases.phase("deploy", f"Deploying {name} (terraform apply)"):
                stacks.apply(name, folder / f"{name}.tfplan")
            put_gateway_parameters(where)
    return conclude(reviewed, environment=ENVIRONMENT, folder=folder)
