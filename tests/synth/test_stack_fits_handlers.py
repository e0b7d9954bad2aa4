"""The names by which the stack and the handlers refer to each other are the same on both sides."""

from __future__ import annotations

import importlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from handlers.aws.lambda_environment import TelemetryEnvironment
from handlers.core import events, outcome
from handlers.core.outcome import Status
from handlers.core.set_register import SetRow
from stacks.version import VERSION
from tests.shipped import DEFAULTS, FUNCTIONS
from tests.synth.event_patterns import matches, pattern_of, rules_on
from tests.synth.handler_code import environments_read
from tests.synth.template import Block, Template, referred
from tests.unit.fake_sweep import FakeFolders
from tests.unit.fakes import FakeContext, FakeDynamoDB, FakeEvents
from tests.unit.lambda_environments import ENVIRONMENTS, VARIABLES
from tests.unit.samples import aws_event, batch, object_upload, upload
from tests.unit.test_outcome import OUTCOME

BUS = "${aws_cloudwatch_event_bus.bus.name}"
BUCKET = "${aws_s3_bucket.file_upload.bucket}"
MACHINE = "${aws_sfn_state_machine.reconciliation.arn}"


@pytest.fixture(scope="module")
def published() -> list[dict[str, Any]]:
    """Return every kind of event that the handlers publish."""
    classify_upload = importlib.import_module("handlers.classify_upload")
    reconcile_notify = importlib.import_module("handlers.reconcile_notify")
    sweep_sets = importlib.import_module("handlers.sweep_sets")
    set_folders = importlib.import_module("handlers.aws.set_folders")
    folders = set_folders.SetFolders(
        bucket="bucket", job_dir_suffix="-vaultjob", manifest_suffix=".manifest"
    )
    uploads = [object_upload("a-vaultjob/file"), object_upload("a-vaultjob/a.manifest")]
    bus = FakeEvents()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classify_upload, "events", bus)
        patch.setattr(reconcile_notify, "events", bus)
        patch.setattr(sweep_sets, "events", bus)
        patch.setattr(set_folders, "s3", FakeFolders())
        for name, value in {**VARIABLES, "EVENT_BUS_NAME": BUS}.items():
            patch.setenv(name, value)
        classify_upload.handler(batch(*uploads), FakeContext().typed)
        for status in Status:
            reconcile_notify.publish(replace(OUTCOME, status=status).detail())
        sweep_sets.announce(
            SetRow(
                folder="a-vaultjob/", set_id="a", bucket="bucket", first_arrival=1, last_arrival=2
            ),
            folders,
            BUS,
        )
    return [
        {
            "bus": entry["EventBusName"],
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "detail": json.loads(entry["Detail"]),
        }
        for entry in bus.accepted
    ]


def test_each_file_of_the_handlers_is_a_function(dev: Template) -> None:
    assert set(dev.resources("aws_lambda_function")) == set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_the_variables_of_its_environment_and_no_other(
    dev: Template, name: str
) -> None:
    """Otherwise the first call would fail, or a variable would be unused."""
    variables = dict(dev.resource(f"aws_lambda_function.{name}")["environment"]["variables"])
    telemetry = TelemetryEnvironment(
        powertools_service_name=f"vault-dev-{name.replace('_', '-')}",
        powertools_metrics_namespace="StorageGatewayVault",
        version=VERSION,
    ).variables()
    assert variables.items() >= telemetry.items()
    variables = {name: value for name, value in variables.items() if name not in telemetry}
    if name in ENVIRONMENTS:
        environment = type(ENVIRONMENTS[name])
        assert environment.read(variables).variables() == variables
    else:
        assert variables == {}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_reads_each_field_of_its_environment(root: Path, name: str) -> None:
    """A setting that no handler reads would have no effect."""
    classes, names = environments_read(root / "handlers", name)
    own = [type(each) for each in ENVIRONMENTS.values() if type(each).__name__ in classes]
    known = {field.name for field in fields(type(ENVIRONMENTS[name]))} if own else set()
    assert names == known
    assert all(issubclass(type(ENVIRONMENTS[name]), each) for each in own)


def test_each_variable_has_the_value_that_its_name_means(dev: Template) -> None:
    """The name of the wrong table would only fail in the account."""
    known: dict[str, set[str]] = {}
    for function in dev.resources("aws_lambda_function").values():
        for name, value in function["environment"]["variables"].items():
            known.setdefault(name, set()).add(value)
    names = {f"vault-dev-{name.replace('_', '-')}" for name in FUNCTIONS}
    assert known.pop("POWERTOOLS_SERVICE_NAME") == names, "alarms watch one environment's metrics"
    assert known == {
        "EVENT_BUS_NAME": {BUS},
        "EXPIRY_DAYS": {"30"},
        "IGNORE_UNEXPECTED": {json.dumps(DEFAULTS["ignoreUnexpectedNames"])},
        "JOB_DIR_SUFFIX": {"-vaultjob"},
        "MANIFEST_SUFFIX": {".manifest"},
        "OUTCOME_TABLE": {"${aws_dynamodb_table.outcomes.name}"},
        "MANIFEST_DUE_SECONDS": {"86400"},
        "NOTIFY_FUNCTION": {"${aws_lambda_function.reconcile_notify.function_name}"},
        "POWERTOOLS_METRICS_NAMESPACE": {"StorageGatewayVault"},
        "RECORD_DEAD_LETTERS_URL": {"${aws_sqs_queue.unrecorded.url}"},
        "RECORD_QUEUE_URL": {"${aws_sqs_queue.records.url}"},
        "REPORTS_BUCKET": {"${aws_s3_bucket.reports.bucket}"},
        "SET_TABLE": {"${aws_dynamodb_table.sets.name}"},
        "STATE_MACHINE_ARN": {MACHINE},
        "UPLOAD_BUCKET": {BUCKET},
        "UPLOAD_DEAD_LETTERS_URL": {"${aws_sqs_queue.unclassified.url}"},
        "UPLOAD_QUEUE_URL": {"${aws_sqs_queue.uploads.url}"},
        "UPLOAD_EVENT_TABLE": {"${aws_dynamodb_table.upload_events.name}"},
        "VERIFY_CONTENT": {"stored"},
        "VERIFY_OBJECTS": {"true"},
        "VERSION": {VERSION},
    }


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_handler_string_names_a_function(dev: Template, name: str) -> None:
    """Lambda resolves the string only at the first call, after a successful deployment."""
    module, _, function = dev.resource(f"aws_lambda_function.{name}")["handler"].rpartition(".")
    assert module == f"handlers.{name}"
    assert callable(getattr(importlib.import_module(module), function))


def test_the_stack_routes_every_event_that_the_handlers_publish() -> None:
    """The two sides define the names separately, because neither imports the other."""
    from stacks.constructs.vault_bus import DETAIL_TYPES, SOURCE

    assert events.SOURCE == SOURCE
    assert set(DETAIL_TYPES.values()) == {
        events.DATA_UPLOADED,
        events.MANIFEST_UPLOADED,
        events.MANIFEST_OVERDUE,
        *outcome.DETAIL_TYPES.values(),
    }


def test_the_names_in_events_are_those_of_the_contract() -> None:
    """Consumers outside this project depend on them; they never change."""
    from stacks.constructs.vault_bus import DETAIL_TYPES, SOURCE

    assert SOURCE == "vault.application"
    assert DETAIL_TYPES == {
        "data_uploaded": "Data File Upload Event",
        "manifest_uploaded": "Manifest File Upload Event",
        "reconciliation_successful": "File Upload Reconciliation Successful",
        "reconciliation_timeout": "File Upload Reconciliation Timeout",
        "reconciliation_failed": "File Upload Reconciliation Failed",
        "manifest_overdue": "Dataset Manifest Overdue",
    }


def test_each_published_event_matches_its_own_rule(
    dev: Template, published: list[dict[str, Any]]
) -> None:
    """An event that no synthesised rule matches is lost without a trace."""
    rules = rules_on(dev, BUS)
    seen = {
        event["detail-type"]: [
            name for name, rule in rules.items() if matches(pattern_of(rule, {}), event)
        ]
        for event in published
    }
    assert {event["bus"] for event in published} == {BUS}
    assert seen == {
        "Data File Upload Event": ["bus_data_uploaded"],
        "Manifest File Upload Event": ["bus_manifest_uploaded"],
        "File Upload Reconciliation Successful": ["bus_reconciliation_successful"],
        "File Upload Reconciliation Timeout": ["bus_reconciliation_timeout"],
        "File Upload Reconciliation Failed": ["bus_reconciliation_failed"],
        "Dataset Manifest Overdue": ["bus_manifest_overdue"],
    }
    assert set(rules) == {name for names in seen.values() for name in names}


def test_events_of_other_sources_on_the_bus_match_no_rule(
    dev: Template, published: list[dict[str, Any]]
) -> None:
    """A rule recognises the project's events by source and detail type, whoever may write to the bus."""
    for rule in rules_on(dev, BUS).values():
        pattern = pattern_of(rule, {})
        for event in published:
            assert not matches(pattern, {**event, "source": "somebody.else"})
            assert not matches(pattern, {**event, "detail-type": "Something Else"})


def test_each_rule_has_the_specified_targets(dev: Template) -> None:
    """The picture of the system, as targets."""
    from stacks.constructs.vault_bus import NOTICES

    leads: dict[str, list[str]] = {name: [] for name in dev.resources("aws_cloudwatch_event_rule")}
    for target in dev.resources("aws_cloudwatch_event_target").values():
        leads[referred(target["rule"]).partition(".")[2]].append(referred(target["arn"]))
    assert {name: sorted(targets) for name, targets in leads.items()} == {
        "uploads_object_uploaded": ["aws_sqs_queue.uploads"],
        "bus_data_uploaded": [
            "aws_cloudwatch_log_group.bus_data_uploaded_logs",
            "aws_sqs_queue.records",
        ],
        "bus_manifest_uploaded": [
            "aws_cloudwatch_log_group.bus_manifest_uploaded_logs",
            "aws_sfn_state_machine.reconciliation",
            "aws_sqs_queue.records",
        ],
        **{
            f"bus_{notice}": [
                f"aws_cloudwatch_log_group.bus_{notice}_logs",
                "aws_sns_topic.notices",
            ]
            for notice in NOTICES
        },
        "sweep_schedule": ["aws_lambda_function.sweep_sets"],
        "reconciliation_ended": ["aws_lambda_function.reconcile_notify"],
    }


def test_the_topic_gets_a_sentence_of_each_notice(
    dev: Template, published: list[dict[str, Any]]
) -> None:
    """The rule puts what the handler wrote between quotation marks, as JSON's text."""
    from stacks.constructs.vault_bus import DETAIL_TYPES, NOTICES

    sentences = {}
    for route, word in NOTICES.items():
        message = dev.resource(f"aws_cloudwatch_event_target.bus_{route}_to_topic")
        transformer = message["input_transformer"]
        (event,) = (each for each in published if each["detail-type"] == DETAIL_TYPES[route])
        text = transformer["input_template"]
        for name, path in transformer["input_paths"].items():
            value: Any = {"$": event}
            for part in path.split("."):
                value = value[part]
            text = text.replace(f"<{name}>", value)
        sentences[word] = json.loads(text)
    assert [text.partition(": The set a ")[0] for text in sentences.values()] == [
        f"{word} in dev" for word in sentences
    ]
    assert [text.rpartition(" Next: ")[2] for text in sentences.values()] == [
        f"sgvault {command} a --env dev" for command in ("report", "show", "report", "show")
    ]


def test_targets_are_on_the_bus_of_their_rule(dev: Template) -> None:
    """A target on the default bus does not belong to a rule on another bus."""
    rules = dev.resources("aws_cloudwatch_event_rule")
    for name, target in dev.resources("aws_cloudwatch_event_target").items():
        rule = rules[referred(target["rule"]).partition(".")[2]]
        assert target.get("event_bus_name") == rule.get("event_bus_name"), name


def test_an_upload_event_of_the_vaults_bucket_matches(upload_rule: Block) -> None:
    """The event is that in AWS's documentation."""
    pattern = pattern_of(upload_rule, {BUCKET: "bucket"})
    assert matches(pattern, aws_event("object_upload"))


def test_an_upload_event_of_another_bucket_does_not_match(upload_rule: Block) -> None:
    """Pitfall 7: events of all gateways of the account arrive on the default bus."""
    assert BUCKET in upload_rule["event_pattern"]
    pattern = pattern_of(upload_rule, {BUCKET: "our-bucket"})
    assert not matches(pattern, aws_event("object_upload"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source", "aws.s3"),
        ("source", "vault.application"),
        ("detail-type", "Storage Gateway File Upload Event"),
        ("detail-type", "Storage Gateway Refresh Cache Event"),
        ("detail", {}),
    ],
)
def test_another_event_of_the_gateway_does_not_match(
    upload_rule: Block, field: str, value: Any
) -> None:
    """A file has arrived only when it is completely in S3."""
    event = {**aws_event("object_upload"), field: value}
    assert not matches(pattern_of(upload_rule, {BUCKET: "bucket"}), event)


@pytest.mark.parametrize(
    ("status", "seen"),
    [
        ("ABORTED", True),
        ("FAILED", True),
        ("TIMED_OUT", True),
        ("RUNNING", False),
        ("SUCCEEDED", False),
    ],
)
def test_an_execution_that_ended_without_an_outcome_matches(
    ended_rule: Block, status: str, seen: bool
) -> None:
    """Pitfall 20: no Catch covers the limits of an execution, or its being stopped."""
    event = aws_event("execution_status_change")
    event["detail"]["status"] = status
    machine = event["detail"]["stateMachineArn"]
    assert matches(pattern_of(ended_rule, {MACHINE: machine}), event) is seen


def test_the_end_of_another_machines_execution_does_not_match(ended_rule: Block) -> None:
    """All state machines of the account send events to the same bus."""
    pattern = pattern_of(ended_rule, {MACHINE: "arn:of:ours"})
    assert not matches(pattern, aws_event("execution_status_change"))


def test_recorded_rows_have_the_tables_keys_and_expire(dev: Template) -> None:
    """The rows that the writer writes fit the table."""
    upload_rows = importlib.import_module("handlers.aws.upload_rows")
    row = upload_rows.UploadRow(message_id="m", set_id="a", upload=upload("a-vaultjob/file"))
    item = upload_rows.UploadRows(table="uploads", expiry_days=30).item(row)
    assert keys_and_expiry(dev, "upload_events") == {
        "setId": "S",
        "objectKey": "S",
        "expiresAt": "N",
    }
    assert types_of(item).items() >= keys_and_expiry(dev, "upload_events").items()


def test_pinned_versions_have_the_tables_key_and_expire(
    dev: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same function writes decisions and pins."""
    outcome_store = importlib.import_module("handlers.aws.outcome_store")
    dynamodb = FakeDynamoDB()
    monkeypatch.setattr(outcome_store, "dynamodb", dynamodb)
    outcome_store.OutcomeStore(table="outcomes", expiry_days=30).pin("arn", "version")
    assert keys_and_expiry(dev, "outcomes") == {"id": "S", "expiresAt": "N"}
    (row,) = dynamodb.rows("outcomes")
    assert types_of(dict(row)).items() >= keys_and_expiry(dev, "outcomes").items()


@pytest.fixture
def upload_rule(dev: Template) -> Block:
    """Return the rule on the default bus for events of Storage Gateway."""
    return rules_on(dev, None)["uploads_object_uploaded"]


@pytest.fixture
def ended_rule(dev: Template) -> Block:
    """Return the rule for ended executions."""
    return rules_on(dev, None)["reconciliation_ended"]


def keys_and_expiry(template: Template, name: str) -> dict[str, str]:
    """Return the names and types of a table's keys and of its expiry attribute."""
    table = template.resource(f"aws_dynamodb_table.{name}")
    keys = {each["name"]: each["type"] for each in table["attribute"]}
    assert list(keys) == [table[key] for key in ("hash_key", "range_key") if table.get(key)]
    return {**keys, table["ttl"]["attribute_name"]: "N"}


def types_of(item: dict[str, Any]) -> dict[str, str]:
    """Return the type of each attribute of an item."""
    return {name: next(iter(value)) for name, value in item.items()}
