"""The functions that compare a dataset and decide its outcome, with their permissions."""

from __future__ import annotations

from dataclasses import asdict

from handlers.aws.lambda_environment import (
    CheckEnvironment,
    NotifyEnvironment,
    VerifyEnvironment,
)
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.function import Function
from stacks.constructs.functions import Functions
from stacks.constructs.handlers_archive import HandlersArchive
from stacks.constructs.iam import Allow
from stacks.constructs.storage import Storage
from stacks.constructs.vault_bus import VaultBus


class ReconcileFunctions:
    """Iterate, check, verify and notify, in the order in which an execution invokes them."""

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
        self._manifests = f"{storage.bucket.arn}/*{manifest_suffix}"
        self._reports = f"{storage.reports.arn}/reports/*"
        self._content = f"{storage.reports.arn}/content/*"
        self._receipts = f"{storage.reports.arn}/receipts/*"
        self._describe_executions = Allow(
            "FindRunningExecutions", ["states:DescribeExecution"], [executions_arn]
        )
        self._list_objects = Allow(
            "ListObjects", ["s3:ListBucket"], [storage.bucket.arn, storage.reports.arn]
        )
        self.iterate = functions.define("reconcile_iterator", timeout_seconds=10, memory_mb=128)
        self.check = self._check(functions, environment)
        self.verify = self._verify(functions)
        self.notify = self._notify(functions, environment, bus, undelivered)

    @property
    def arns(self) -> list[str]:
        """The ARNs of all four."""
        return [each.arn for each in (self.iterate, self.check, self.verify, self.notify)]

    def _check(self, functions: Functions, environment: CheckEnvironment) -> Function:
        uploads, outcomes = self._storage.uploads.arn, self._storage.outcomes.arn
        return functions.define(
            "reconcile_check",
            timeout_seconds=900,
            memory_mb=1769,  # one whole vCPU: the code uses one thread
            scratch_mb=4096,  # space to sort an unsorted manifest
            environment=environment,
            allow=[
                Allow("ReadUploads", ["dynamodb:GetItem", "dynamodb:Query"], [uploads]),
                # The first check reads the newest version and pins it; later checks read that version
                Allow(
                    "ReadManifest",
                    ["s3:GetObject", "s3:GetObjectVersion"],
                    [self._manifests, self._reports],
                ),
                Allow("ReadResults", ["s3:GetObject"], [self._content]),
                self._list_objects,
                Allow(
                    "KeepListings",
                    ["s3:PutObject", "s3:AbortMultipartUpload"],
                    [self._reports, self._content],
                ),
                Allow(
                    "RegisterProgress",
                    ["dynamodb:GetItem", "dynamodb:UpdateItem"],
                    [self._storage.sets.arn],
                ),
                Allow(
                    "PinManifest",
                    ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                    [outcomes],
                ),
            ],
        )

    def _verify(self, functions: Functions) -> Function:
        return functions.define(
            "verify_content",
            code=HandlersArchive(functions.scope, "verify_content_code", compiled=True),
            timeout_seconds=900,
            memory_mb=1769,
            environment=VerifyEnvironment(reports_bucket=self._storage.reports.name),
            allow=[
                Allow(
                    "ReadContent",
                    ["s3:GetObject", "s3:GetObjectVersion"],
                    [f"{self._storage.bucket.arn}/*"],
                ),
                Allow("ReadListings", ["s3:GetObjectVersion"], [self._reports]),
                Allow("KeepResults", ["s3:GetObject", "s3:PutObject"], [self._content]),
                self._list_objects,
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
                Allow("PinManifest", ["s3:GetObject"], [self._manifests]),
                Allow("ReadManifest", ["s3:GetObjectVersion"], [self._manifests, self._reports]),
                Allow("ReadResults", ["s3:GetObject"], [self._content]),
                self._list_objects,
                Allow("WriteReport", ["s3:PutObject"], [self._reports, self._receipts]),
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
