"""The reconciliation's states, in the Amazon States Language. Pure: ARNs in, a dict out.

The names and their order are those of the specification; the retries, the catches and
*Reconciliation Failed* are there so that no reconciliation ends in silence.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

from typing import Any

WHOLE_STATE = {"Payload.$": "$"}
STATE_AND_EXECUTION = {
    "Payload": {
        "execution.$": "$$.Execution.Id",
        "started.$": "$$.Execution.StartTime",
        "state.$": "$",
    }
}
TIMEOUT_SECONDS = 960
"""A minute more than the longest function: an answer that got lost holds up nothing for ever."""
NEVER_CURED = {"ErrorEquals": ["ManifestError", "MalformedEventError"], "MaxAttempts": 0}
ON_FAILURE_NOTIFY = [
    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Reconcile Notify"}
]


def definition(
    *, iterate_arn: str, check_arn: str, notify_arn: str, count: int, wait_seconds: int
) -> dict[str, Any]:
    """Return the state machine: *count* iterations at most, *wait_seconds* apart."""
    return {
        "Comment": "Wait until every file that a dataset's manifest lists is in S3",
        "StartAt": "Configure Count",
        "States": {
            "Configure Count": {
                "Type": "Pass",
                "Result": {"ticker": 0, "count": count},
                "ResultPath": "$.iterator.Payload",
                "Next": "Reconcile Iterator",
            },
            "Reconcile Iterator": _invoke(
                iterate_arn,
                WHOLE_STATE,
                retries=3,
                TimeoutSeconds=TIMEOUT_SECONDS,
                ResultPath="$.iterator",
                Catch=ON_FAILURE_NOTIFY,
                Next="Check Count Reached",
            ),
            "Check Count Reached": _if_true(
                {"$.iterator.Payload.continue": "Reconcile Check Upload"},
                otherwise="Reconcile Notify",
            ),
            "Reconcile Check Upload": _invoke(
                check_arn,
                STATE_AND_EXECUTION,
                retries=3,
                TimeoutSeconds=TIMEOUT_SECONDS,
                ResultPath="$.reconcilecheck",
                Catch=ON_FAILURE_NOTIFY,
                Next="Reconcile Check Complete",
            ),
            "Reconcile Check Complete": _if_true(
                {
                    "$.reconcilecheck.Payload.reconcileDone": "Reconcile Notify",
                    "$.reconcilecheck.Payload.continueNow": "Reconcile Check Upload",
                },
                otherwise="Wait",
            ),
            "Wait": {"Type": "Wait", "Seconds": wait_seconds, "Next": "Reconcile Iterator"},
            "Reconcile Notify": _invoke(
                notify_arn,
                STATE_AND_EXECUTION,
                # Long enough for another execution's claim on the outcome to end.
                retries=6,
                TimeoutSeconds=TIMEOUT_SECONDS,
                ResultPath="$.notify",
                Catch=[
                    {
                        "ErrorEquals": ["States.ALL"],
                        "ResultPath": "$.failure",
                        "Next": "Reconciliation Failed",
                    }
                ],
                Next="Done",
            ),
            "Done": {"Type": "Pass", "End": True},
            "Reconciliation Failed": {
                "Type": "Fail",
                "Error": "OutcomeNotAnnounced",
                "Cause": "Reconcile Notify could not announce an outcome",
            },
        },
    }


def _invoke(
    function_arn: str, payload: dict[str, Any], *, retries: int, **rest: Any
) -> dict[str, Any]:
    """Return a Task that keeps only the function's answer, under ``Payload``."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function_arn, **payload},
        "ResultSelector": {"Payload.$": "$.Payload"},
        "Retry": [
            NEVER_CURED,
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": 2,
                "BackoffRate": 2,
                "MaxAttempts": retries,
            },
        ],
        **rest,
    }


def _if_true(then: dict[str, str], *, otherwise: str) -> dict[str, Any]:
    """Return a Choice of the first path that is true; one that is missing cannot fail it."""
    return {
        "Type": "Choice",
        "Choices": [
            {
                "And": [
                    {"Variable": path, "IsPresent": True},
                    {"Variable": path, "BooleanEquals": True},
                ],
                "Next": state,
            }
            for path, state in then.items()
        ],
        "Default": otherwise,
    }
