"""local.emulator.states_gaps: the tracing of a state machine is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator.states_gaps import mend_states

ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:a"
TRACED = {"enabled": True}


class Emulator(SimpleNamespace):
    """The patched functions of an emulator that ignores tracing."""

    def __init__(self) -> None:
        super().__init__(
            _state_machines={},
            _create_state_machine=self.create,
            _update_state_machine=self.update,
        )

    def create(self, request: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if "definition" not in request:
            return 400, {}, b"{}"
        self._state_machines[ARN] = {"definition": request["definition"]}
        return 200, {}, json.dumps({"stateMachineArn": ARN}).encode()

    def update(self, request: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return (200 if request["stateMachineArn"] in self._state_machines else 400), {}, b"{}"


@pytest.fixture
def states() -> Emulator:
    emulator = Emulator()
    mend_states(emulator)
    return emulator


def test_a_machine_is_traced_if_requested(states: Emulator) -> None:
    states._create_state_machine({"definition": "{}", "tracingConfiguration": TRACED})
    assert states._state_machines[ARN] == {"definition": "{}", "tracingConfiguration": TRACED}


def test_an_update_changes_tracing_only_if_it_contains_it(states: Emulator) -> None:
    states._create_state_machine({"definition": "{}"})
    assert states._state_machines[ARN]["tracingConfiguration"] == {"enabled": False}
    states._update_state_machine({"stateMachineArn": ARN, "tracingConfiguration": TRACED})
    states._update_state_machine({"stateMachineArn": ARN, "definition": "{}"})
    assert states._state_machines[ARN]["tracingConfiguration"] == TRACED


def test_a_refused_request_stays_refused(states: Emulator) -> None:
    assert states._create_state_machine({})[0] == 400
    request = {"stateMachineArn": ARN, "tracingConfiguration": TRACED}
    assert states._update_state_machine(request)[0] == 400
    assert states._state_machines == {}
