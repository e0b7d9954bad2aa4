"""Build the reconciliation's states, in the Amazon States Language, from the ARNs of the functions.

The specification defines the names and the edges. An infrastructure error uses up an iteration: after
a failed check comes *Wait*; *Count Failed Iteration* and *Check Failed Count Reached* count the
iteration of a failed iterator. An execution stays below 25,000 history events with 960 iterations, one
retry of each task, 350 continuations and 100 retries of *Reconcile Notify*. An entry of *Verify
Content* counts as two continuations.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from __future__ import annotations

from typing import Any

TICKER, COUNT = "$.iterator.Payload.ticker", "$.iterator.Payload.count"
WHOLE_STATE = {"Payload.$": "$"}
STATE_AND_EXECUTION = {
    "Payload": {
        "execution.$": "$$.Execution.Id",
        "started.$": "$$.Execution.StartTime",
        "state.$": "$",
    }
}
TIMEOUT_SECONDS = 960
"""A minute more than the longest function; a lost response delays an execution by at most this."""
UNUSABLE = ["ManifestError", "MalformedEventError"]
"""Errors that no retry resolves: the manifest, or its event, cannot be used."""
NEVER_RETRIED: dict[str, Any] = {"ErrorEquals": UNUSABLE, "MaxAttempts": 0}
RETRY_ONCE: list[dict[str, Any]] = [
    NEVER_RETRIED,
    {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 1},
]
RETRY_NOTIFY: list[dict[str, Any]] = [
    NEVER_RETRIED,
    # Each attempt continues the last look at the place where the one before ran out of time.
    {
        "ErrorEquals": ["LookUnfinishedError"],
        "IntervalSeconds": 1,
        "BackoffRate": 1,
        "MaxAttempts": 48,
    },
    # 31 minutes in total, which is longer than another call's claim on the outcome.
    {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 4,
        "BackoffRate": 1.07,
        "MaxAttempts": 52,
    },
]


RETRY_SHARD: list[dict[str, Any]] = [
    # Each attempt continues where the one before ran out of time, or was slowed down by S3.
    {
        "ErrorEquals": ["ContentUnfinishedError"],
        "IntervalSeconds": 5,
        "BackoffRate": 1,
        "MaxAttempts": 6000,
    },
    # Lambda throttles while other functions use the account's concurrency.
    {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "MaxAttempts": 8,
    },
]


def definition(
    *,
    iterate_arn: str,
    check_arn: str,
    verify_arn: str,
    notify_arn: str,
    count: int,
    wait_seconds: int,
    verify_concurrency: int,
) -> dict[str, Any]:
    """Return the state machine: at most *count* iterations, *wait_seconds* apart."""
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
                ResultPath="$.iterator",
                Retry=RETRY_ONCE,
                Catch=_catch(otherwise="Count Failed Iteration"),
                Next="Check Count Reached",
            ),
            "Check Count Reached": _if_true(
                {"$.iterator.Payload.continue": "Reconcile Check Upload"},
                otherwise="Reconcile Notify",
            ),
            "Reconcile Check Upload": _invoke(
                check_arn,
                STATE_AND_EXECUTION,
                ResultPath="$.reconcilecheck",
                Retry=RETRY_ONCE,
                Catch=_catch(otherwise="Wait"),
                Next="Reconcile Check Complete",
            ),
            "Reconcile Check Complete": _if_true(
                {
                    "$.reconcilecheck.Payload.reconcileDone": "Reconcile Notify",
                    "$.reconcilecheck.Payload.continueNow": "Reconcile Check Upload",
                    "$.reconcilecheck.Payload.verifyNow": "Verify Content",
                },
                otherwise="Wait",
            ),
            "Wait": {"Type": "Wait", "Seconds": wait_seconds, "Next": "Reconcile Iterator"},
            **_end(notify_arn),
            **_states_after_a_failed_iteration(),
            "Verify Content": _verify_content(verify_arn, verify_concurrency),
            "Reconciliation Failed": {
                "Type": "Fail",
                "Error": "OutcomeNotAnnounced",
                "CausePath": "States.JsonToString($.failure)",
            },
        },
    }


def _end(notify_arn: str) -> dict[str, Any]:
    """Return the states that publish the outcome."""
    return {
        "Reconcile Notify": _invoke(
            notify_arn,
            STATE_AND_EXECUTION,
            ResultPath="$.notify",
            Retry=RETRY_NOTIFY,
            Catch=[_catcher(["States.ALL"], "$.failure", "Reconciliation Failed")],
            Next="Done",
        ),
        "Done": {"Type": "Pass", "End": True},
    }


def _verify_content(verify_arn: str, concurrency: int) -> dict[str, Any]:
    """Return the map whose workers compare shards; the next check reads their results in S3.

    A shard whose worker fails has no result, so it is compared again after the wait.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    """
    return {
        "Type": "Map",
        "Label": "VerifyContent",
        "ItemsPath": "$.reconcilecheck.Payload.verifyShards",
        "ItemSelector": {
            "shard.$": "$$.Map.Item.Value",
            "content.$": "$.reconcilecheck.Payload.content",
        },
        "MaxConcurrency": concurrency,
        "ToleratedFailurePercentage": 100,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Verify Shard",
            "States": {
                "Verify Shard": {
                    **_invoke(verify_arn, WHOLE_STATE, Retry=RETRY_SHARD, End=True),
                    # All outputs together must fit into 256 KB.
                    "ResultSelector": {"verified.$": "$.Payload.verified"},
                }
            },
        },
        "ResultPath": None,
        "Catch": [_catcher(["States.ALL"], "$.lastError", "Wait")],
        "Next": "Reconcile Check Upload",
    }


def _states_after_a_failed_iteration() -> dict[str, Any]:
    """Return the states that count an iteration whose iterator failed."""
    return {
        "Count Failed Iteration": {
            "Type": "Pass",
            "Parameters": {"ticker.$": f"States.MathAdd({TICKER}, 1)", "count.$": COUNT},
            "ResultPath": "$.iterator.Payload",
            "Next": "Check Failed Count Reached",
        },
        "Check Failed Count Reached": _choice(
            [_if_present({"Variable": TICKER, "NumericGreaterThanEqualsPath": COUNT})],
            ["Reconcile Notify"],
            otherwise="Wait",
        ),
    }


def _invoke(function_arn: str, payload: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Return a Task that keeps only the function's response, as ``Payload``."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function_arn, **payload},
        "ResultSelector": {"Payload.$": "$.Payload"},
        "TimeoutSeconds": TIMEOUT_SECONDS,
        **rest,
    }


def _catch(*, otherwise: str) -> list[dict[str, Any]]:
    """Return catchers that notify of an unusable manifest, and continue after any other error."""
    return [
        _catcher(UNUSABLE, "$.failure", "Reconcile Notify"),
        _catcher(["States.ALL"], "$.lastError", otherwise),
    ]


def _catcher(errors: list[str], path: str, state: str) -> dict[str, Any]:
    return {"ErrorEquals": errors, "ResultPath": path, "Next": state}


def _if_true(then: dict[str, str], *, otherwise: str) -> dict[str, Any]:
    """Return a Choice of the first path that is true."""
    tests = [_if_present({"Variable": path, "BooleanEquals": True}) for path in then]
    return _choice(tests, list(then.values()), otherwise=otherwise)


def _if_present(comparison: dict[str, Any]) -> dict[str, Any]:
    """Return a test that is false for a missing path; *comparison* alone would raise an error."""
    paths = [
        path for name, path in comparison.items() if name == "Variable" or name.endswith("Path")
    ]
    return {"And": [*({"Variable": path, "IsPresent": True} for path in paths), comparison]}


def _choice(tests: list[dict[str, Any]], states: list[str], *, otherwise: str) -> dict[str, Any]:
    choices = [{**test, "Next": state} for test, state in zip(tests, states, strict=True)]
    return {"Type": "Choice", "Choices": choices, "Default": otherwise}
