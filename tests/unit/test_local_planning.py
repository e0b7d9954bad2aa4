"""local.planning: the order in which the stacks are planned, and the exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployment.review.planning import PlanReview, emptied
from local import planning
from local.aws_environment import Endpoint
from local.deployed_system import DATA_VAULTING, EVENT_PROCESSING, FILE_SHARE
from local.phases import Phases
from tests.unit.fake_deployment import FakeDeployment, synthesised
from tests.unit.plans import bucket_replaced, shown

ENDPOINT = Endpoint(url="http://127.0.0.1:9", region="eu-west-1")


def planned(
    monkeypatch: pytest.MonkeyPatch, folder: Path, **plans: Any
) -> tuple[FakeDeployment, PlanReview]:
    """Plan stacks, where EventProcessingStack is not the first."""
    stacks = synthesised(
        folder,
        **{FILE_SHARE: shown(), EVENT_PROCESSING: shown(), DATA_VAULTING: shown(), **plans},
    )

    def put(where: Endpoint) -> None:
        stacks.ran.append(["the gateway of", where.environment])

    monkeypatch.setattr(planning, "put_gateway_parameters", put)
    kept = emptied(folder / "plans")
    return stacks, planning.plan_all(stacks, ENDPOINT, folder=kept, phases=Phases())


def test_event_processing_is_planned_and_deployed_before_the_stacks_that_read_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The plan in its review is applied."""
    stacks, outcome = planned(monkeypatch, tmp_path)
    plan = str(tmp_path / "plans" / f"{EVENT_PROCESSING}.tfplan")
    assert f"-out={plan}" in stacks.ran[1]
    assert [each for each in stacks.ran if "apply" in each] == [
        [EVENT_PROCESSING, "apply", "-input=false", "-no-color", plan]
    ]
    assert [ran[:2] for ran in stacks.ran if ran[1] not in {"init", "show"}] == [
        [EVENT_PROCESSING, "plan"],
        [EVENT_PROCESSING, "apply"],
        ["the gateway of", "local"],
        [FILE_SHARE, "plan"],
        [DATA_VAULTING, "plan"],
    ]
    assert outcome.status == 0


@pytest.mark.parametrize(
    ("stack", "plan", "status"),
    [
        (EVENT_PROCESSING, "Error: x", 1),
        (DATA_VAULTING, "Error: x", 1),
        (FILE_SHARE, shown(bucket_replaced()), 3),
    ],
)
def test_the_status_is_that_of_a_review(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stack: str, plan: Any, status: int
) -> None:
    """If EventProcessingStack has no plan, it is not deployed, and the others are not planned."""
    stacks, outcome = planned(monkeypatch, tmp_path, **{stack: plan})
    assert outcome.status == status
    others = stack != EVENT_PROCESSING
    assert any("apply" in ran for ran in stacks.ran) == others
    assert len(outcome.reviewed) == (3 if others else 1)
