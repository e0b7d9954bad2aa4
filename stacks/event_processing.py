"""EventProcessingStack: from an uploaded file to a reconciled dataset."""

from __future__ import annotations

from constructs import Construct

from handlers.aws.lambda_environment import (
    CheckEnvironment,
    ClassifyEnvironment,
    RecordEnvironment,
)
from stacks.constructs.arns import Arns
from stacks.constructs.dead_letters import DeadLetters
from stacks.constructs.function import Function
from stacks.constructs.function_queue import FunctionQueue
from stacks.constructs.functions import Functions
from stacks.constructs.gateway_alarms import WATCHES, alarm_name
from stacks.constructs.handlers_archive import HandlersArchive
from stacks.constructs.iam import Allow
from stacks.constructs.notices import Notices
from stacks.constructs.published_names import publish_names
from stacks.constructs.reconcile_functions import ReconcileFunctions
from stacks.constructs.reconciliation import Reconciliation
from stacks.constructs.set_sweep import SetSweep
from stacks.constructs.storage import Storage
from stacks.constructs.upload_rule import UploadRule
from stacks.constructs.vault_bus import NOTICES, VaultBus
from stacks.constructs.vault_dashboard import VaultDashboard
from stacks.queue_timing import RECORDS, UPLOADS, QueueTiming
from stacks.settings import Settings
from stacks.vault_stack import VaultStack


class EventProcessingStack(VaultStack):
    """Classify, record and reconcile the uploads of an S3 File Gateway."""

    def __init__(self, scope: Construct, id_: str, *, settings: Settings) -> None:
        super().__init__(scope, id_, settings=settings)
        self._prefix = settings.name_prefix
        self._arns = Arns(self, "arns")
        self._functions = Functions(
            scope=self,
            name_prefix=self._prefix,
            code=HandlersArchive(self, "handlers"),
            log_retention_days=settings.log_retention_days,
        )
        self._storage = Storage(
            self,
            name_prefix=self._prefix,
            expiry_days=settings.expiry_days,
            deletable=settings.delete_data_with_stacks,
            prevent_destroy=settings.prevent_destroy,
        )
        self._route_events()
        self._classify_uploads()
        self._record_uploads()
        self._reconcile_datasets()
        self._notices.publish(
            {word: self._routes[route] for route, word in NOTICES.items()},
            other_alarms=[alarm_name(self._prefix, watch) for watch in WATCHES],
        )
        VaultDashboard(self, "dashboard", name=self._prefix, arns=self._arns, bus=self._bus)
        self._publish_names()

    def _route_events(self) -> None:
        """Define the bus and its routes, and the queues for undelivered events."""
        self._notices = Notices(
            self,
            "notices",
            name=f"{self._prefix}-notices",
            arns=self._arns,
            environment=self._settings.environment_name,
            emails=self._settings.notify_emails,
            alarm_topic_arn=self._settings.alarm_topic_arn,
            needed=self._settings.prevent_destroy,
        )
        self._bus = VaultBus(
            self,
            "bus",
            name=f"{self._prefix}-events",
            arns=self._arns,
            log_retention_days=self._settings.log_retention_days,
        )
        self._undelivered = DeadLetters(
            self,
            "undelivered",
            arns=self._arns,
            alarm_topic_arn=self._notices.alarm_topic_arn,
            prevent_destroy=self._settings.prevent_destroy,
            name=f"{self._prefix}-undelivered",
            rule_arns=[
                self._arns.rule(f"{self._prefix}-uploads"),
                self._arns.rule(f"{self._prefix}-reconciliation-ended"),
                self._arns.rule(f"{self._prefix}-sweep"),
                *self._bus.rule_arns(),
            ],
        )
        self._routes = self._bus.routes(undelivered=self._undelivered)

    def _classify_uploads(self) -> None:
        """1. The gateway announces an object in S3, which is data or a manifest."""
        queue = self._function_queue("uploads", UPLOADS, dead_letters_id="unclassified")
        self._upload_rule = UploadRule(
            queue,
            name=f"{self._prefix}-uploads",
            arns=self._arns,
            bucket=self._storage.bucket.name,
            archive_days=self._settings.archive_days,
            undelivered=self._undelivered,
        )
        queue.receive_from([self._upload_rule])
        look_for_folder = Allow("LookForFolder", ["s3:ListBucket"], [self._storage.bucket.arn])
        classify = self._functions.define(
            "classify_upload",
            timeout_seconds=UPLOADS.function_timeout_seconds,
            memory_mb=256,
            environment=ClassifyEnvironment(
                event_bus_name=self._bus.name,
                job_dir_suffix=self._settings.job_dir_suffix,
                manifest_suffix=self._settings.manifest_suffix,
                upload_queue_url=queue.url,
                upload_dead_letters_url=queue.dead_letters_url,
            ),
            allow=[*queue.consume, look_for_folder, self._bus.publish],
        )
        queue.deliver_to(classify)
        self._upload_queue = queue

    def _record_uploads(self) -> None:
        """2. Every classified upload is recorded."""
        queue = self._function_queue("records", RECORDS, dead_letters_id="unrecorded")
        queue.receive_from([self._routes["data_uploaded"], self._routes["manifest_uploaded"]])
        uploads = self._storage.uploads
        record = self._functions.define(
            "record_upload",
            timeout_seconds=RECORDS.function_timeout_seconds,
            memory_mb=256,
            environment=RecordEnvironment(
                upload_event_table=uploads.name,
                expiry_days=self._settings.expiry_days,
                record_queue_url=queue.url,
                record_dead_letters_url=queue.dead_letters_url,
                set_table=self._storage.sets.name,
                job_dir_suffix=self._settings.job_dir_suffix,
            ),
            allow=[
                *queue.consume,
                Allow("RegisterSets", ["dynamodb:UpdateItem"], [self._storage.sets.arn]),
                Allow(
                    "RecordUpload",
                    ["dynamodb:BatchGetItem", "dynamodb:PutItem"],
                    [self._storage.uploads.arn],
                ),
            ],
        )
        queue.deliver_to(record)
        self._record_queue = queue

    def _reconcile_datasets(self) -> None:
        """3. A manifest starts the reconciliation of its dataset, which ends in one outcome."""
        functions = ReconcileFunctions(
            self._functions,
            self._storage,
            bus=self._bus,
            manifest_suffix=self._settings.manifest_suffix,
            executions_arn=self._arns.executions(f"{self._prefix}-reconciliation"),
            environment=CheckEnvironment(
                upload_event_table=self._storage.uploads.name,
                outcome_table=self._storage.outcomes.name,
                set_table=self._storage.sets.name,
                reports_bucket=self._storage.reports.name,
                verify_objects=self._settings.verify_objects,
                verify_content=self._settings.verify_content,
                ignore_unexpected=self._settings.ignore_unexpected_names,
                expiry_days=self._settings.expiry_days,
            ),
            undelivered=self._undelivered,
        )
        self._reconciliation = Reconciliation(
            self,
            "reconciliation",
            name=f"{self._prefix}-reconciliation",
            arns=self._arns,
            functions=functions,
            count=self._settings.reconcile_count,
            wait_seconds=self._settings.reconcile_wait_seconds,
            verify_concurrency=self._settings.verify_concurrency,
            log_retention_days=self._settings.log_retention_days,
            undelivered=self._undelivered,
        )
        self._routes["manifest_uploaded"].to_state_machine(self._reconciliation.arn)
        self._sweep_sets(functions.notify)

    def _sweep_sets(self, notify: Function) -> None:
        """4. The sweep carries out or announces the actions that are overdue."""
        SetSweep(
            self,
            "sweep",
            name=f"{self._prefix}-sweep",
            functions=self._functions,
            storage=self._storage,
            bus=self._bus,
            settings=self._settings,
            state_machine_arn=self._reconciliation.arn,
            executions_arn=self._arns.executions(f"{self._prefix}-reconciliation"),
            notify=notify,
            undelivered=self._undelivered,
        )

    def _publish_names(self) -> None:
        """5. Other stacks, the gateway's client and operators need the names."""
        storage = self._storage
        outputs = {
            "fileUploadBucketName": storage.bucket.name,
            "reportsBucketName": storage.reports.name,
            "uploadEventTableName": storage.uploads.name,
            "outcomeTableName": storage.outcomes.name,
            "vaultBusName": self._bus.name,
            "uploadQueueUrl": self._upload_queue.url,
            "uploadDeadLetterQueueUrl": self._upload_queue.dead_letters_url,
            "recordQueueUrl": self._record_queue.url,
            "recordDeadLetterQueueUrl": self._record_queue.dead_letters_url,
            "undeliveredQueueUrl": self._undelivered.queue.url,
            "stateMachineArn": self._reconciliation.arn,
            "setTableName": storage.sets.name,
            "noticesTopicArn": self._notices.arn,
        }
        publish_names(
            self,
            settings=self._settings,
            bucket=storage.bucket.name,
            outputs=outputs,
            others=self._upload_rule.names,
        )

    def _function_queue(
        self, id_: str, timing: QueueTiming, *, dead_letters_id: str
    ) -> FunctionQueue:
        return FunctionQueue(
            self,
            id_,
            name=f"{self._prefix}-{id_}",
            arns=self._arns,
            timing=timing,
            dead_letters_id=dead_letters_id,
            alarm_topic_arn=self._notices.alarm_topic_arn,
            prevent_destroy=self._settings.prevent_destroy,
        )
