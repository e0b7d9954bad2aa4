"""An environment for each function, with values for tests."""

from __future__ import annotations

from dataclasses import asdict

from handlers.aws.lambda_environment import (
    CheckEnvironment,
    ClassifyEnvironment,
    LambdaEnvironment,
    NotifyEnvironment,
    RecordEnvironment,
    SweepEnvironment,
    TelemetryEnvironment,
    VerifyEnvironment,
)
from tests.unit.fakes import EVENT_TABLE, OUTCOME_TABLE, REPORTS_BUCKET, SET_TABLE

TELEMETRY = TelemetryEnvironment(
    powertools_service_name="tests", powertools_metrics_namespace="Tests", version="1.2.3"
)
CLASSIFY = ClassifyEnvironment(
    event_bus_name="vault",
    job_dir_suffix="-vaultjob",
    manifest_suffix=".manifest",
    upload_queue_url="uploads",
    upload_dead_letters_url="uploads-dead-letters",
)
RECORD = RecordEnvironment(
    upload_event_table=EVENT_TABLE,
    expiry_days=30,
    record_queue_url="records",
    record_dead_letters_url="records-dead-letters",
    set_table=SET_TABLE,
    job_dir_suffix="-vaultjob",
)
SWEEP = SweepEnvironment(
    set_table=SET_TABLE,
    event_bus_name="vault",
    upload_bucket="bucket",
    job_dir_suffix="-vaultjob",
    manifest_suffix=".manifest",
    manifest_due_seconds=86_400,
    state_machine_arn="arn:aws:states:us-east-1:123456789011:stateMachine:reconciliation",
    notify_function="notify",
)
CHECK = CheckEnvironment(
    upload_event_table=EVENT_TABLE,
    outcome_table=OUTCOME_TABLE,
    set_table=SET_TABLE,
    reports_bucket=REPORTS_BUCKET,
    verify_objects=True,
    verify_content="stored",
    ignore_unexpected=(),
    expiry_days=30,
)
NOTIFY = NotifyEnvironment(event_bus_name="vault", **asdict(CHECK))

ENVIRONMENTS: dict[str, LambdaEnvironment] = {
    "classify_upload": CLASSIFY,
    "record_upload": RECORD,
    "sweep_sets": SWEEP,
    "reconcile_check": CHECK,
    "reconcile_notify": NOTIFY,
    "verify_content": VerifyEnvironment(reports_bucket=REPORTS_BUCKET),
}
"""By the function's module; ``reconcile_iterator`` reads no variable."""
VARIABLES = {
    name: value
    for each in (TELEMETRY, *ENVIRONMENTS.values())
    for name, value in each.variables().items()
}
