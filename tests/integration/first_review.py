"""The review of a first plan, for a stack that is deployed."""

from __future__ import annotations

from dataclasses import replace

from deployment.deployment import Deployment
from deployment.review.findings import find
from deployment.review.plan import Action, read_plan
from deployment.review.text import code
from local.deployed_system import DeployedSystem


def first_review(system: DeployedSystem, stack: str) -> tuple[int, list[str]]:
    """Return the number of resources to create, and the lines under *Look at this first*.

    The plan has a workspace of its own, where nothing is deployed. The deployer's policies do not
    allow the state of that workspace, so the account's own credentials are used.
    """
    stacks = replace(
        system,
        deployer_access_key_id=system.access_key_id,
        deployer_secret_access_key=system.secret_access_key,
    ).deployment()
    first = Deployment(stacks.folder, {**stacks.environment, "TF_WORKSPACE": "first"})
    findings = find(read_plan(first.plan(stack, "first.tfplan", "-lock=false")))
    assert set(findings.counts) == {Action.CREATE}
    lines = [f"{code(each.address)} {each.text}" for each in findings.dangers]
    return findings.counts[Action.CREATE], lines
