"""EventProcessingStack: from an uploaded file to a reconciled dataset."""

from __future__ import annotations

import json
from typing import Any

from cdktf import TerraformOutput
from cdktf_cdktf_provider_aws.ssm_parameter import SsmParameter
from constructs import Construct

from stacks.constructs.arns import Arns
from stacks.constructs.check_skips import skip_check
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.function import Function
from stacks.constructs.handlers_archive import HandlersArchive
from stacks.constructs.iam import Allow
from stacks.constructs.private_bucket import PrivateBucket
from stacks.constructs.reconciliation import Reconciliation
from stacks.constructs.upload_queue import UploadQueue
from stacks.constructs.vault_bus import VaultBus
from stacks.constructs.vault_table import VaultTable
from stacks.settings import Settings
from stacks.vault_stack import VaultStack


class EventProcessingStack(VaultStack):
    """Classify, record and reconcile what an S3 File Gateway uploads."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_, settings=settings)
        prefix = settings.name_prefix
        deletable = settings.delete_data_with_stacks
        prevent_destroy = settings.prevent_destroy
        arns = Arns(self, "arns")
        code = HandlersArchive(self, "handlers")

        # Where datasets, their uploads and their outcomes are kept
        bucket = PrivateBucket(
            self,
            "file_upload",
            name_prefix=f"{prefix}-uploads",
            old_versions_days=settings.expiry_days,
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )
        reports = PrivateBucket(
            self,
            "reports",
            name_prefix=f"{prefix}-reports",
            old_versions_days=settings.expiry_days,
            objects_days=settings.expiry_days,
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )
        uploads = VaultTable(
            self,
            "upload_events",
            name=f"{prefix}-upload-events",
            partition_key="setId",
            sort_key="objectKey",
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )
        outcomes = VaultTable(
            self,
            "outcomes",
            name=f"{prefix}-outcomes",
            partition_key="id",
            deletable=deletable,
            prevent_destroy=prevent_destroy,
        )

        # What nobody could handle is kept, and raises an alarm
        bus = VaultBus(
            self,
            "bus",
            name=f"{prefix}-events",
            arns=arns,
            log_retention_days=settings.log_retention_days,
        )
        ended_rule_name = f"{prefix}-reconciliation-ended"
        undelivered = DeadLetters(
            self,
            "undelivered",
            name=f"{prefix}-undelivered",
            arns=arns,
            rule_arns=[
                arns.rule(f"{prefix}-uploads"),
                arns.rule(ended_rule_name),
                *bus.rule_arns(),
            ],
            alarm_topic_arn=settings.alarm_topic_arn,
            prevent_destroy=prevent_destroy,
        )
        unclassified = DeadLetters(
            self,
            "unclassified",
            name=f"{prefix}-uploads-dead-letters",
            arns=arns,
            queue_arns=[arns.queue(f"{prefix}-uploads")],
            alarm_topic_arn=settings.alarm_topic_arn,
            prevent_destroy=prevent_destroy,
        )
        routes = bus.routes(undelivered=undelivered)

        def function(module: str, **rest: Any) -> Function:
            return Function(
                self,
                module,
                name=f"{prefix}-{module.replace('_', '-')}",
                module=module,
                arns=arns,
                code=code,
                log_retention_days=settings.log_retention_days,
                **rest,
            )

        # 1. The gateway says that an object is in S3: is it data or a manifest?
        classify_timeout_seconds = 60
        queue = UploadQueue(
            self,
            "uploads",
            name=f"{prefix}-uploads",
            arns=arns,
            bucket=bucket.name,
            consumer_timeout_seconds=classify_timeout_seconds,
            dead_letters=unclassified,
            undelivered=undelivered,
            prevent_destroy=prevent_destroy,
        )
        publish = Allow("PublishOnVaultBus", ["events:PutEvents"], [bus.arn])
        classify = function(
            "classify_upload",
            timeout_seconds=classify_timeout_seconds,
            memory_mb=256,
            environment={
                "EVENT_BUS_NAME": bus.name,
                "JOB_DIR_SUFFIX": settings.job_dir_suffix,
                "MANIFEST_SUFFIX": settings.manifest_suffix,
            },
            allow=[queue.consume, publish],
        )
        queue.deliver_to(classify)

        # 2. Every classified upload is recorded
        expiry = {"EXPIRY_DAYS": str(settings.expiry_days)}
        record = function(
            "record_upload",
            timeout_seconds=60,
            memory_mb=256,
            environment={"UPLOAD_EVENT_TABLE": uploads.name, **expiry},
            allow=[Allow("RecordUpload", ["dynamodb:PutItem"], [uploads.arn])],
            undelivered=undelivered,
        )
        routes["data_uploaded"].to_function("record", record)
        routes["manifest_uploaded"].to_function("record", record)

        # 3. A manifest starts the reconciliation of its dataset, which ends in one outcome
        look_environment = {
            "UPLOAD_EVENT_TABLE": uploads.name,
            "OUTCOME_TABLE": outcomes.name,
            "REPORTS_BUCKET": reports.name,
            "VERIFY_OBJECTS": json.dumps(settings.verify_objects),
            "IGNORE_UNEXPECTED": json.dumps(settings.ignore_unexpected_names),
            **expiry,
        }
        manifests = [f"{bucket.arn}/*{settings.manifest_suffix}", f"{reports.arn}/*"]
        list_objects = Allow("ListObjects", ["s3:ListBucket"], [bucket.arn])
        iterate = function("reconcile_iterator", timeout_seconds=10, memory_mb=128)
        check = function(
            "reconcile_check",
            timeout_seconds=900,
            memory_mb=1769,  # a whole processor: the work is one thread's
            scratch_mb=4096,  # an unsorted manifest is sorted there
            environment=look_environment,
            allow=[
                Allow("ReadUploads", ["dynamodb:GetItem", "dynamodb:Query"], [uploads.arn]),
                # Of no version where the newest is found out, and of that one from then on
                Allow("ReadManifest", ["s3:GetObject", "s3:GetObjectVersion"], manifests),
                list_objects,
                Allow(
                    "KeepSortedManifest",
                    ["s3:PutObject", "s3:AbortMultipartUpload"],
                    [f"{reports.arn}/*"],
                ),
                Allow("PinManifest", ["dynamodb:GetItem", "dynamodb:PutItem"], [outcomes.arn]),
            ],
        )
        notify = function(
            "reconcile_notify",
            timeout_seconds=900,
            memory_mb=1769,
            environment={"EVENT_BUS_NAME": bus.name, **look_environment},
            allow=[
                Allow("ReadUploads", ["dynamodb:Query"], [uploads.arn]),
                Allow("ReadManifest", ["s3:GetObjectVersion"], manifests),
                list_objects,
                Allow("WriteReport", ["s3:PutObject"], [f"{reports.arn}/*"]),
                Allow(
                    "DecideOutcome",
                    ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
                    [outcomes.arn],
                ),
                publish,
            ],
            undelivered=undelivered,
        )
        reconciliation = Reconciliation(
            self,
            "reconciliation",
            name=f"{prefix}-reconciliation",
            arns=arns,
            iterate=iterate,
            check=check,
            notify=notify,
            count=settings.reconcile_count,
            wait_seconds=settings.reconcile_wait_seconds,
            log_retention_days=settings.log_retention_days,
            undelivered=undelivered,
            ended_rule_name=ended_rule_name,
        )
        routes["manifest_uploaded"].to_state_machine(reconciliation.arn)

        # 4. What others need to know
        parameter = SsmParameter(
            self,
            "file_upload_bucket_name",
            name=f"/{settings.environment_name}/fileUploadBucketName",
            type="String",
            value=bucket.name,
        )
        skip_check(
            parameter, "CKV2_AWS_34", "A bucket's name is no secret: it is an output as well"
        )
        for output, value in {
            "fileUploadBucketName": bucket.name,
            "reportsBucketName": reports.name,
            "uploadEventTableName": uploads.name,
            "outcomeTableName": outcomes.name,
            "vaultBusName": bus.name,
            "uploadQueueUrl": queue.queue.url,
            "uploadDeadLetterQueueUrl": unclassified.queue.url,
            "undeliveredQueueUrl": undelivered.queue.url,
            "stateMachineArn": reconciliation.arn,
        }.items():
            TerraformOutput(self, output, value=value)
