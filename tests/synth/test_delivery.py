"""No event is lost: retries, dead letters, alarms, logs. test_arrows.py checks the permissions."""

from __future__ import annotations

import json

import pytest

from stacks.queue_timing import RECORDS, UPLOADS
from tests.synth.template import Block, Synthesise, Template, attribute, referred

DEAD_LETTERS = ("unclassified", "undelivered", "unrecorded")
CONSUMERS = {
    "uploads": ("classify_upload", "unclassified", UPLOADS),
    "records": ("record_upload", "unrecorded", RECORDS),
}
"""By queue: its function, its dead-letter queue and its timing."""
LAMBDA_PAYLOAD_BYTES = 6 * 1024 * 1024
RECORD_BYTES = {"uploads": 4_096, "records": 300_000}
"""The size in SQS of a gateway's event with a key of 1,024 bytes, and of a bundle of 200,000 bytes."""


def targets(template: Template) -> dict[str, Block]:
    """Return every target of every rule."""
    return template.resources("aws_cloudwatch_event_target")


def invoked_by_events(template: Template) -> set[str]:
    """Return the functions that a rule invokes, which is asynchronous."""
    leads = {referred(target["arn"]) for target in targets(template).values()}
    return {address for address in leads if address.startswith("aws_lambda_function.")}


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_message_that_no_function_can_process_is_retried_for_days_and_kept(
    dev: Template, name: str
) -> None:
    """Pitfall 48; the unit tests of the timing have the exact days."""
    _, dead_letters, timing = CONSUMERS[name]
    text = dev.resource(f"aws_sqs_queue.{name}")["redrive_policy"]
    redrive = json.loads(text)
    assert redrive["maxReceiveCount"] == timing.receives
    assert referred(redrive["deadLetterTargetArn"]) == f"aws_sqs_queue.{dead_letters}"
    assert text == json.dumps(redrive, separators=(",", ":")), "SQS answers so: else a plan differs"


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_message_stays_invisible_for_longer_than_its_function_may_take(
    dev: Template, name: str
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    mapping = dev.resource(f"aws_lambda_event_source_mapping.{name}_mapping")
    function = dev.resource(referred(mapping["function_name"]))
    queue = dev.resource(referred(mapping["event_source_arn"]))
    least = 6 * function["timeout"] + mapping.get("maximum_batching_window_in_seconds", 0)
    assert queue["visibility_timeout_seconds"] >= least


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_batch_may_fail_in_part(dev: Template, name: str) -> None:
    """Pitfall 6: one malformed record must not redeliver the others."""
    mapping = dev.resource(f"aws_lambda_event_source_mapping.{name}_mapping")
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    assert referred(mapping["event_source_arn"]) == f"aws_sqs_queue.{name}"
    assert referred(mapping["function_name"]) == f"aws_lambda_function.{CONSUMERS[name][0]}"
    if mapping["batch_size"] > 10:
        assert mapping["maximum_batching_window_in_seconds"] >= 1, "Lambda asks so above ten"
    assert mapping["batch_size"] * RECORD_BYTES[name] < LAMBDA_PAYLOAD_BYTES


def test_the_queues_leave_concurrency_of_a_new_account_for_other_functions(dev: Template) -> None:
    """A new account has ten concurrent executions; the state machine and the sweep need some."""
    mappings = dev.resources("aws_lambda_event_source_mapping")
    assert mappings.keys() == {f"{queue}_mapping" for queue in CONSUMERS}
    concurrency = [each["scaling_config"]["maximum_concurrency"] for each in mappings.values()]
    assert all(each >= 2 for each in concurrency), "Lambda takes no less"
    assert sum(concurrency) <= 8


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_message_of_fifteen_minutes_raises_an_alarm(dev: Template, name: str) -> None:
    """SQS's metric covers messages received once or twice, the function's metric those that it puts back."""
    function = dev.resource(f"aws_lambda_function.{CONSUMERS[name][0]}")
    variables = function["environment"]["variables"]
    by_sqs = dev.resource(f"aws_cloudwatch_metric_alarm.{name}_oldest_message")
    by_function = dev.resource(f"aws_cloudwatch_metric_alarm.{name}_oldest_put_back")
    assert by_sqs["namespace"] == "AWS/SQS"
    assert by_sqs["metric_name"] == "ApproximateAgeOfOldestMessage"
    assert by_sqs["dimensions"] == {"QueueName": dev.resource(f"aws_sqs_queue.{name}")["name"]}
    assert by_function["namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert by_function["metric_name"] == "OldestMessagePutBackAge"
    assert by_function["dimensions"] == {"service": variables["POWERTOOLS_SERVICE_NAME"]}
    for alarm in (by_sqs, by_function):
        assert (alarm["comparison_operator"], alarm["threshold"], alarm["statistic"]) == (
            "GreaterThanOrEqualToThreshold",
            900,
            "Maximum",
        )


@pytest.mark.parametrize("name", DEAD_LETTERS)
def test_dead_letters_are_kept_for_the_longest_time_in_sqs(dev: Template, name: str) -> None:
    """Fourteen days."""
    queue = dev.resource(f"aws_sqs_queue.{name}")
    assert queue["message_retention_seconds"] == 14 * 86_400


@pytest.mark.parametrize("name", CONSUMERS)
def test_dead_letters_outlive_the_queue_that_they_come_from(dev: Template, name: str) -> None:
    """A message's age counts from its first queue on.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    queue = dev.resource(f"aws_sqs_queue.{name}")["message_retention_seconds"]
    dead = dev.resource(f"aws_sqs_queue.{CONSUMERS[name][1]}")["message_retention_seconds"]
    assert (queue, dead) == (10 * 86_400, 14 * 86_400)


def test_every_target_retries_for_a_day_and_then_keeps_the_event(dev: Template) -> None:
    """Otherwise EventBridge would drop it."""
    for name, target in targets(dev).items():
        assert target["retry_policy"] == {
            "maximum_event_age_in_seconds": 86_400,
            "maximum_retry_attempts": 185,
        }, name
        assert referred(target["dead_letter_config"]["arn"]) == "aws_sqs_queue.undelivered", name


def test_a_function_invoked_by_events_keeps_failed_events(dev: Template) -> None:
    """Lambda accepts such an event, tries it three times, and would then drop it."""
    kept = {
        referred(config["function_name"]): config
        for config in dev.resources("aws_lambda_function_event_invoke_config").values()
    }
    assert set(kept) == invoked_by_events(dev)
    for config in kept.values():
        assert config["maximum_retry_attempts"] == 2
        assert config["maximum_event_age_in_seconds"] == 21_600


def test_the_failure_destination_is_created_before_the_function_refers_to_it(dev: Template) -> None:
    """Terraform orders by references, and Lambda checks the destination when it is set."""
    for config in dev.resources("aws_lambda_function_event_invoke_config").values():
        destination = config["destination_config"]["on_failure"]["destination"]
        queue = "aws_sqs_queue.undelivered"
        ordered = any(each.startswith(queue) for each in config.get("depends_on", []))
        assert ordered or destination == attribute(queue, "arn")


def test_log_groups_of_rules_have_the_prefix_that_eventbridge_requires(dev: Template) -> None:
    """Pitfall 25: ``/aws/events/``."""
    written = {referred(target["arn"]) for target in targets(dev).values()}
    groups = {address for address in written if address.startswith("aws_cloudwatch_log_group.")}
    assert len(groups) == 6
    assert all(dev.resource(group)["name"].startswith("/aws/events/") for group in groups)


def test_every_function_writes_to_a_log_group_of_the_stack(dev: Template) -> None:
    """Otherwise Lambda would create one that keeps its logs for ever."""
    for name, function in dev.resources("aws_lambda_function").items():
        group = dev.resource(f"aws_cloudwatch_log_group.{name}_logs")
        assert group["name"] == f"/aws/lambda/{function['function_name']}"
        ordered = [each.rpartition("_")[0] for each in function["depends_on"]]
        assert ordered == [
            f"aws_cloudwatch_log_group.{name}_logs",
            f"aws_iam_role_policy.{name}_role_policy",
        ]


def test_log_retention_is_a_setting(dev: Template, synthesise: Synthesise) -> None:
    """No log is kept for ever."""
    for stack, days in ((dev, 30), (synthesise(logRetentionDays=400), 400)):
        groups = stack.resources("aws_cloudwatch_log_group")
        assert {group["retention_in_days"] for group in groups.values()} == {days}


@pytest.mark.parametrize("name", DEAD_LETTERS)
def test_the_first_dead_letter_raises_an_alarm(
    dev: Template, synthesise: Synthesise, name: str
) -> None:
    """Pitfall 6; the alarm notifies a topic if the settings name one."""
    topic = "arn:aws:sns:eu-west-1:123456789012:operators"
    alarm = dev.resource(f"aws_cloudwatch_metric_alarm.{name}_not_empty")
    assert alarm["dimensions"] == {"QueueName": dev.resource(f"aws_sqs_queue.{name}")["name"]}
    assert alarm["namespace"] == "AWS/SQS"
    assert alarm["metric_name"] == "ApproximateNumberOfMessagesVisible"
    assert alarm["comparison_operator"] == "GreaterThanOrEqualToThreshold"
    assert alarm["threshold"] == 1
    assert alarm["alarm_actions"] == ["${aws_sns_topic.notices.arn}"]
    assert "see Dead letters in docs/operations.md" in alarm["alarm_description"]
    reported = synthesise(alarmTopicArn=topic).resource(
        f"aws_cloudwatch_metric_alarm.{name}_not_empty"
    )
    assert reported["alarm_actions"] == [topic]


def test_every_dead_letter_queue_has_an_alarm(dev: Template) -> None:
    """Without an alarm nobody would notice a dead letter."""
    read = {
        referred(mapping["event_source_arn"]).partition(".")[2]
        for mapping in dev.resources("aws_lambda_event_source_mapping").values()
    }
    assert set(dev.resources("aws_sqs_queue")) - read == set(DEAD_LETTERS)


def test_functions_run_on_the_newest_python_and_the_cheaper_processor(dev: Template) -> None:
    """Each function is traced."""
    for function in dev.resources("aws_lambda_function").values():
        assert function["runtime"] == "python3.13"
        assert function["architectures"] == ["arm64"]
        assert function["tracing_config"] == {"mode": "Active"}
        assert function["timeout"] <= 900
