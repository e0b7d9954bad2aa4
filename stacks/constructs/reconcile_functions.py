"""The functions that compare a dataset and decide its outcome, with their permissions."""

from __future__ import annotations

from dataclasses import asdict

from handlers.aws.lambda_environment import CheckEnvironment, NotifyEnvironment
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.function import Function
from stacks.constructs.functions import Functions
from stacks.constructs.iam import Allow
from stacks.constructs.storage import Storage
from stacks.constructs.vault_bus import VaultBus


class ReconcileFunctions:
    """The functions iterate, check and notify, in the order in which an execution invokes them."""

    def __init__(
        self,
        functions: Functions,
        storage: Storage,
        *,
        bus: VaultBus,
        manifest_suffix: str,
        executions_arn: str,
        environment: CheckEnvironment,
        undelivered: DeadLetters,
    ) -> None:
        self._storage = storage
        self._manifests = [
            f"{storage.bucket.arn}/*{manifest_suffix}",
            f"{storage.reports.arn}/*",
        ]
        self._describe_executions = Allow(
            "FindRunningExecutions", ["states:DescribeExecution"], [executions_arn]
        )
        self._list_objects = Allow("ListObjects", ["s3:ListBucket"], [storage.bucket.arn])
        self.iterate = functions.define("reconcile_iterator", timeout_seconds=10, memory_mb=128)
        self.check = self._check(functions, environment)
        self.notify = self._notify(functions, environment, bus, undelivered)

    def _check(self, functions: Functions, environment: CheckEnvironment) -> Function:
        uploads, outcomes, reports = (
            self._storage.uploads.arn,
            self._storage.outcomes.arn,
            self._storage.reports.arn,
        )
        return functions.define(
            "reconcile_check",
            timeout_seconds=900,
            memory_mb=1769,  # one whole vCPU: the code uses one thread
            scratch_mb=4096,  # space to sort an unsorted manifest
            environment=environment,
            allow=[
                Allow("ReadUploads", ["dynamodb:GetItem", "dynamodb:Query"], [uploads]),
                # The first check reads the newest version and pins it; later checks read that version
                Allow("ReadManifest", ["s3:GetObject", "s3:GetObjectVersion"], self._manifests),
                self._list_objects,
                Allow(
                    "KeepSortedManifest",
                    ["s3:PutObject", "s3:AbortMultipartUpload"],
                    [f"{reports}/*"],
                ),
                Allow("RegisterProgress", ["dynamodb:UpdateItem"], [self._storage.sets.arn]),
                Allow(
                    "PinManifest",
                    ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                    [outcomes],
                ),
            ],
        )

    def _notify(
        self,
        functions: Functions,
        environment: CheckEnvironment,
        bus: VaultBus,
        undelivered: DeadLetters,
    ) -> Function:
        storage = self._storage
        return functions.define(
            "reconcile_notify",
            timeout_seconds=900,
            memory_mb=1769,
            environment=NotifyEnvironment(event_bus_name=bus.name, **asdict(environment)),
            allow=[
                Allow("ReadUploads", ["dynamodb:Query"], [storage.uploads.arn]),
                Allow("ReadManifest", ["s3:GetObjectVersion"], self._manifests),
                self._list_objects,
                Allow("WriteReport", ["s3:PutObject"], [f"{storage.reports.arn}/*"]),
                Allow(
                    "DecideOutcome",
                    ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                    [storage.outcomes.arn],
                ),
                self._describe_executions,
                Allow("RegisterOutcome", ["dynamodb:UpdateItem"], [storage.sets.arn]),
                bus.publish,
            ],
            undelivered=undelivered,
        )
