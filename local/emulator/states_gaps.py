"""Close a gap in the emulator's Step Functions, which ignores the tracing of a state machine.

Terraform would set it again in each plan, and update everything that names the state machine.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

ASKED = "tracingConfiguration"
NOT_TRACED = {"enabled": False}
Request = Mapping[str, Any]
Action = Callable[[Request], Any]


def mend_states(states: Any) -> None:
    """Patch the emulator's module *states* so that it stores and describes the tracing configuration."""
    create, update = states._create_state_machine, states._update_state_machine

    def create_state_machine(request: Request) -> Any:
        answer = create(request)
        status, _, body = answer
        if status == 200:
            machine = states._state_machines[json.loads(body)["stateMachineArn"]]
            machine[ASKED] = request.get(ASKED, NOT_TRACED)
        return answer

    def update_state_machine(request: Request) -> Any:
        answer = update(request)
        status, _, _ = answer
        if status == 200 and ASKED in request:
            states._state_machines[request["stateMachineArn"]][ASKED] = request[ASKED]
        return answer

    states._create_state_machine = create_state_machine
    states._update_state_machine = update_state_machine
