"""An environment for each function, as the tests have it."""

from __future__ import annotations

from dataclasses import asdict

from handlers.aws.lambda_environment import (
    CheckEnvironment,
    ClassifyEnvironment,
    LambdaEnvironment,
    NotifyEnvironment,
    RecordEnvironment,
    TelemetryEnvironment,
)
from tests.unit.fakes import EVENT_TABLE, OUTCOME_TABLE, REPORTS_BUCKET

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
)
CHECK = CheckEnvironment(
    upload_event_table=EVENT_TABLE,
    outcome_table=OUTCOME_TABLE,
    reports_bucket=REPORTS_BUCKET,
    verify_objects=True,
    ignore_unexpected=(),
    expiry_days=30,
)
NOTIFY = NotifyEnvironment(event_bus_name="vault", **asdict(CHECK))

ENVIRONMENTS: dict[str, LambdaEnvironment] = {
    "classify_upload": CLASSIFY,
    "record_upload": RECORD,
    "reconcile_check": CHECK,
    "reconcile_notify": NOTIFY,
}
"""By the function's module; ``reconcile_iterator`` reads no variable."""
VARIABLES = {
    name: value
    for each in (TELEMETRY, *ENVIRONMENTS.values())
    for name, value in each.variables().items()
}
