"""The whole IAM surface on one page: who may do what, to what, and if what."""

from __future__ import annotations

from collections.abc import Iterator

from tests.synth.template import Block, Template, referred

SURFACE = """\
bus_manifest_uploaded_role_permissions
  StartReconciliation: may states:StartExecution
    on ${aws_sfn_state_machine.reconciliation.arn}
bus_manifest_uploaded_role_trust
  AssumeRole: may sts:AssumeRole
    by events.amazonaws.com
    if ArnEquals aws:SourceArn
    ${aws_cloudwatch_event_rule.bus_manifest_uploaded.arn}
bus_may_log
  LogEveryEvent: may logs:CreateLogStream logs:PutLogEvents
    by events.amazonaws.com
    by delivery.logs.amazonaws.com
    on ${aws_cloudwatch_log_group.bus_data_uploaded_logs.arn}:*
    on ${aws_cloudwatch_log_group.bus_manifest_uploaded_logs.arn}:*
    on ${aws_cloudwatch_log_group.bus_reconciliation_successful_logs.arn}:*
    on ${aws_cloudwatch_log_group.bus_reconciliation_timeout_logs.arn}:*
    on ${aws_cloudwatch_log_group.bus_reconciliation_failed_logs.arn}:*
classify_upload_role_permissions
  ConsumeUploadEvents: may sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes
    on arn:aws:sqs:REGION:ACCOUNT:vault-dev-uploads
  PublishOnVaultBus: may events:PutEvents
    on ${aws_cloudwatch_event_bus.bus.arn}
  WriteOwnLogs: may logs:CreateLogStream logs:PutLogEvents
    on ${aws_cloudwatch_log_group.classify_upload_logs.arn}:*
  WriteTraces: may xray:PutTraceSegments xray:PutTelemetryRecords
    on *
classify_upload_role_trust
  AssumeRole: may sts:AssumeRole
    by lambda.amazonaws.com
    if ArnEquals aws:SourceArn
    arn:aws:lambda:REGION:ACCOUNT:function:vault-dev-classify-upload
file_upload_tls_only
  RefuseWithoutTls: may not s3:*
    by *
    on ${aws_s3_bucket.file_upload.arn}
    on ${aws_s3_bucket.file_upload.arn}/*
    if Bool aws:SecureTransport
    false
reconcile_check_role_permissions
  ReadUploads: may dynamodb:GetItem dynamodb:Query
    on ${aws_dynamodb_table.upload_events.arn}
  ReadManifest: may s3:GetObject s3:GetObjectVersion
    on ${aws_s3_bucket.file_upload.arn}/*.manifest
    on ${aws_s3_bucket.reports.arn}/*
  ListObjects: may s3:ListBucket
    on ${aws_s3_bucket.file_upload.arn}
  KeepSortedManifest: may s3:PutObject s3:AbortMultipartUpload
    on ${aws_s3_bucket.reports.arn}/*
  PinManifest: may dynamodb:GetItem dynamodb:PutItem
    on ${aws_dynamodb_table.outcomes.arn}
  WriteOwnLogs: may logs:CreateLogStream logs:PutLogEvents
    on ${aws_cloudwatch_log_group.reconcile_check_logs.arn}:*
  WriteTraces: may xray:PutTraceSegments xray:PutTelemetryRecords
    on *
reconcile_check_role_trust
  AssumeRole: may sts:AssumeRole
    by lambda.amazonaws.com
    if ArnEquals aws:SourceArn
    arn:aws:lambda:REGION:ACCOUNT:function:vault-dev-reconcile-check
reconcile_iterator_role_permissions
  WriteOwnLogs: may logs:CreateLogStream logs:PutLogEvents
    on ${aws_cloudwatch_log_group.reconcile_iterator_logs.arn}:*
  WriteTraces: may xray:PutTraceSegments xray:PutTelemetryRecords
    on *
reconcile_iterator_role_trust
  AssumeRole: may sts:AssumeRole
    by lambda.amazonaws.com
    if ArnEquals aws:SourceArn
    arn:aws:lambda:REGION:ACCOUNT:function:vault-dev-reconcile-iterator
reconcile_notify_role_permissions
  ReadUploads: may dynamodb:Query
    on ${aws_dynamodb_table.upload_events.arn}
  ReadManifest: may s3:GetObjectVersion
    on ${aws_s3_bucket.file_upload.arn}/*.manifest
    on ${aws_s3_bucket.reports.arn}/*
  ListObjects: may s3:ListBucket
    on ${aws_s3_bucket.file_upload.arn}
  WriteReport: may s3:PutObject
    on ${aws_s3_bucket.reports.arn}/*
  DecideOutcome: may dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem
    on ${aws_dynamodb_table.outcomes.arn}
  PublishOnVaultBus: may events:PutEvents
    on ${aws_cloudwatch_event_bus.bus.arn}
  KeepWhatFailed: may sqs:SendMessage
    on arn:aws:sqs:REGION:ACCOUNT:vault-dev-undelivered
  WriteOwnLogs: may logs:CreateLogStream logs:PutLogEvents
    on ${aws_cloudwatch_log_group.reconcile_notify_logs.arn}:*
  WriteTraces: may xray:PutTraceSegments xray:PutTelemetryRecords
    on *
reconcile_notify_role_trust
  AssumeRole: may sts:AssumeRole
    by lambda.amazonaws.com
    if ArnEquals aws:SourceArn
    arn:aws:lambda:REGION:ACCOUNT:function:vault-dev-reconcile-notify
reconciliation_role_permissions
  InvokeReconciliation: may lambda:InvokeFunction
    on ${aws_lambda_function.reconcile_iterator.arn}
    on ${aws_lambda_function.reconcile_check.arn}
    on ${aws_lambda_function.reconcile_notify.arn}
reconciliation_role_trust
  AssumeRole: may sts:AssumeRole
    by states.amazonaws.com
    if ArnEquals aws:SourceArn
    arn:aws:states:REGION:ACCOUNT:stateMachine:vault-dev-reconciliation
record_upload_role_permissions
  RecordUpload: may dynamodb:PutItem
    on ${aws_dynamodb_table.upload_events.arn}
  KeepWhatFailed: may sqs:SendMessage
    on arn:aws:sqs:REGION:ACCOUNT:vault-dev-undelivered
  WriteOwnLogs: may logs:CreateLogStream logs:PutLogEvents
    on ${aws_cloudwatch_log_group.record_upload_logs.arn}:*
  WriteTraces: may xray:PutTraceSegments xray:PutTelemetryRecords
    on *
record_upload_role_trust
  AssumeRole: may sts:AssumeRole
    by lambda.amazonaws.com
    if ArnEquals aws:SourceArn
    arn:aws:lambda:REGION:ACCOUNT:function:vault-dev-record-upload
reports_tls_only
  RefuseWithoutTls: may not s3:*
    by *
    on ${aws_s3_bucket.reports.arn}
    on ${aws_s3_bucket.reports.arn}/*
    if Bool aws:SecureTransport
    false
undelivered_may_send
  KeepWhatFailed: may sqs:SendMessage
    by events.amazonaws.com
    on arn:aws:sqs:REGION:ACCOUNT:vault-dev-undelivered
    if ArnEquals aws:SourceArn
    arn:aws:events:REGION:ACCOUNT:rule/vault-dev-uploads
    arn:aws:events:REGION:ACCOUNT:rule/vault-dev-reconciliation-ended
    arn:aws:events:REGION:ACCOUNT:rule/vault-dev-events/vault-dev-events-data-uploaded
    arn:aws:events:REGION:ACCOUNT:rule/vault-dev-events/vault-dev-events-manifest-uploaded
    arn:aws:events:REGION:ACCOUNT:rule/vault-dev-events/vault-dev-events-reconciliation-successful
    arn:aws:events:REGION:ACCOUNT:rule/vault-dev-events/vault-dev-events-reconciliation-timeout
    arn:aws:events:REGION:ACCOUNT:rule/vault-dev-events/vault-dev-events-reconciliation-failed
uploads_may_send
  BufferUploadEvents: may sqs:SendMessage
    by events.amazonaws.com
    on arn:aws:sqs:REGION:ACCOUNT:vault-dev-uploads
    if ArnEquals aws:SourceArn
    ${aws_cloudwatch_event_rule.uploads_object_uploaded.arn}
"""


def test_nobody_may_do_more_or_less_than_this(dev: Template) -> None:
    """Every statement of every policy: a diff here is a security review."""
    assert "".join(f"{line}\n" for line in surface(dev)) == SURFACE


def test_every_statement_says_why(dev: Template) -> None:
    """No statement of a document shares its sid: one would be read for the other."""
    for name, statements in dev.policies().items():
        sids = [statement.get("sid") for statement in statements]
        assert all(sids), f"A statement of {name} has no sid"
        assert len(set(sids)) == len(sids), f"{name}: {sids}"


def test_only_traces_are_written_to_any_resource(dev: Template) -> None:
    """X-Ray has no resource to name; everything else has."""
    for name, statement in every_statement(dev):
        on_anything = "*" in statement.get("resources", [])
        assert on_anything is (statement["sid"] == "WriteTraces"), (name, statement["sid"])


def test_a_wildcard_action_is_only_ever_refused(dev: Template) -> None:
    """``s3:*`` is a right word where it is forbidden."""
    for name, statement in every_statement(dev):
        if any("*" in action for action in statement["actions"]):
            assert statement.get("effect") == "Deny", (name, statement["sid"])


def test_what_is_not_said_to_be_done_is_not_allowed(dev: Template) -> None:
    """``not_actions`` and its like allow everything that is not named."""
    for name, statement in every_statement(dev):
        assert not {key for key in statement if key.startswith("not_")}, name


def test_a_service_acts_for_our_own_resources_alone(dev: Template) -> None:
    """A confused deputy could act for others; AWS shows the log policy without a condition."""
    for name, statement in every_statement(dev):
        services = [
            principal
            for principal in statement.get("principals", [])
            if principal["type"] == "Service"
        ]
        if services and name != "bus_may_log":
            (condition,) = statement["condition"]
            assert condition["variable"] == "aws:SourceArn", name
            assert condition["test"] == "ArnEquals", name
            assert "*" not in "".join(condition["values"]), name


def test_the_log_policy_is_narrowed_by_the_names_of_our_log_groups(dev: Template) -> None:
    """It cannot be narrowed by a condition."""
    (statement,) = dev.policies()["bus_may_log"]
    for resource in statement["resources"]:
        group = dev.resource(referred(resource.removesuffix(":*")))
        assert group["name"].startswith("/aws/events/vault-dev-")


def test_each_function_has_a_role_of_its_own(dev: Template) -> None:
    """What one function may do must not be what another one needs."""
    roles = {
        name: referred(function["role"])
        for name, function in dev.resources("aws_lambda_function").items()
    }
    machine = dev.resource("aws_sfn_state_machine.reconciliation")
    roles["reconciliation"] = referred(machine["role_arn"])
    assert roles == {name: f"aws_iam_role.{name}_role" for name in roles}


def test_each_role_has_one_inline_policy_and_nothing_else(dev: Template) -> None:
    """A managed policy, or a second one attached elsewhere, would not stand on the page above."""
    roles = dev.resources("aws_iam_role")
    written = {
        referred(policy["role"]): referred(policy["policy"])
        for policy in dev.resources("aws_iam_role_policy").values()
    }
    assert written == {
        f"aws_iam_role.{name}": f"aws_iam_policy_document.{name}_permissions" for name in roles
    }
    assert {name: set(role) for name, role in roles.items()} == {
        name: {"assume_role_policy", "name"} for name in roles
    }
    assert {type_ for type_ in dev.written["resource"] if type_.startswith("aws_iam_")} == {
        "aws_iam_role",
        "aws_iam_role_policy",
    }


def test_no_policy_is_written_but_as_a_document(dev: Template) -> None:
    """The page above shows documents; a policy in JSON text would escape it."""
    for type_, attribute in {
        "aws_iam_role": "assume_role_policy",
        "aws_iam_role_policy": "policy",
        "aws_s3_bucket_policy": "policy",
        "aws_sqs_queue": "policy",
        "aws_cloudwatch_log_resource_policy": "policy_document",
    }.items():
        for resource in dev.resources(type_).values():
            if attribute in resource:
                assert referred(resource[attribute]).startswith("aws_iam_policy_document.")


def test_a_role_is_trusted_to_what_it_is_made_for(dev: Template) -> None:
    """The trust policy of one role on another one would lock the function out, or in."""
    for name, role in dev.resources("aws_iam_role").items():
        trust = referred(role["assume_role_policy"])
        assert trust == f"aws_iam_policy_document.{name}_trust"


def every_statement(template: Template) -> Iterator[tuple[str, Block]]:
    """Yield each statement with the name of its document."""
    for name, statements in template.policies().items():
        yield from ((name, statement) for statement in statements)


def surface(template: Template) -> Iterator[str]:
    """Yield the lines of the page, documents in the order of their names."""
    for name, statements in sorted(template.policies().items()):
        yield name
        for statement in statements:
            yield from told(statement)


def told(statement: Block) -> Iterator[str]:
    """Yield a statement's lines: sid and actions, by whom, on which resources, if what holds."""
    may = {"Allow": "may", "Deny": "may not"}[statement.get("effect", "Allow")]
    yield f"  {statement['sid']}: {may} {' '.join(statement['actions'])}"
    for principal in statement.get("principals", []):
        yield from (f"    by {each}" for each in principal["identifiers"])
    yield from (f"    on {resource}" for resource in statement.get("resources", []))
    for condition in statement.get("condition", []):
        yield f"    if {condition['test']} {condition['variable']}"
        yield from (f"    {value}" for value in condition["values"])
