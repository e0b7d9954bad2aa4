"""Nothing is lost on the way: retries, dead letters, alarms, logs; test_arrows.py: permissions."""

from __future__ import annotations

import json

import pytest

from stacks.queue_policy import RECORDS, UPLOADS
from tests.synth.template import Block, Synthesise, Template, attribute, referred

DEAD_LETTERS = ("unclassified", "undelivered", "unrecorded")
CONSUMERS = {
    "uploads": ("classify_upload", "unclassified", UPLOADS),
    "records": ("record_upload", "unrecorded", RECORDS),
}
"""The function of each queue, its dead letters and its policy."""
LAMBDA_PAYLOAD_BYTES = 6 * 1024 * 1024
RECORD_BYTES = {"uploads": 4_096, "records": 300_000}
"""A gateway's event with a key of 1,024 bytes, and a bundle of 200,000, in SQS's envelope."""


def targets(template: Template) -> dict[str, Block]:
    """Return every target of every rule."""
    return template.resources("aws_cloudwatch_event_target")


def invoked_by_events(template: Template) -> set[str]:
    """Return the functions that a rule invokes, which is asynchronous."""
    leads = {referred(target["arn"]) for target in targets(template).values()}
    return {address for address in leads if address.startswith("aws_lambda_function.")}


@pytest.mark.parametrize("name", CONSUMERS)
def test_what_no_function_can_handle_is_tried_for_days_and_kept(dev: Template, name: str) -> None:
    """Pitfall 48; the policy's own tests have the days."""
    _, dead_letters, policy = CONSUMERS[name]
    text = dev.resource(f"aws_sqs_queue.{name}")["redrive_policy"]
    redrive = json.loads(text)
    assert redrive["maxReceiveCount"] == policy.receives
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
def test_a_queue_hands_over_batches_of_which_a_part_may_fail(dev: Template, name: str) -> None:
    """Pitfall 6: one malformed record must not redeliver the other ones."""
    mapping = dev.resource(f"aws_lambda_event_source_mapping.{name}_mapping")
    assert mapping["function_response_types"] == ["ReportBatchItemFailures"]
    assert referred(mapping["event_source_arn"]) == f"aws_sqs_queue.{name}"
    assert referred(mapping["function_name"]) == f"aws_lambda_function.{CONSUMERS[name][0]}"
    if mapping["batch_size"] > 10:
        assert mapping["maximum_batching_window_in_seconds"] >= 1, "Lambda asks so above ten"
    assert mapping["batch_size"] * RECORD_BYTES[name] < LAMBDA_PAYLOAD_BYTES


def test_a_new_account_has_concurrency_for_all_that_is_polled(dev: Template) -> None:
    """Ten executions at once, of which the state machine and the sweep need some."""
    mappings = dev.resources("aws_lambda_event_source_mapping").values()
    concurrency = [mapping["scaling_config"]["maximum_concurrency"] for mapping in mappings]
    assert all(each >= 2 for each in concurrency), "Lambda takes no less"
    assert sum(concurrency) <= 8


@pytest.mark.parametrize("name", CONSUMERS)
def test_an_alarm_sees_a_message_of_fifteen_minutes(dev: Template, name: str) -> None:
    """SQS measures what was received twice at most, the function measures what it puts back."""
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
def test_dead_letters_are_kept_for_as_long_as_sqs_can(dev: Template, name: str) -> None:
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


def test_every_target_tries_for_a_day_and_then_keeps_the_event(dev: Template) -> None:
    """EventBridge would drop it."""
    for name, target in targets(dev).items():
        assert target["retry_policy"] == {
            "maximum_event_age_in_seconds": 86_400,
            "maximum_retry_attempts": 185,
        }, name
        assert referred(target["dead_letter_config"]["arn"]) == "aws_sqs_queue.undelivered", name


def test_a_function_called_by_events_keeps_what_it_fails_on(dev: Template) -> None:
    """Lambda takes such an event, tries it three times, and would drop it."""
    kept = {
        referred(config["function_name"]): config
        for config in dev.resources("aws_lambda_function_event_invoke_config").values()
    }
    assert set(kept) == invoked_by_events(dev)
    for config in kept.values():
        assert config["maximum_retry_attempts"] == 2
        assert config["maximum_event_age_in_seconds"] == 21_600


def test_the_queue_for_failures_is_made_before_a_function_is_reported_it(dev: Template) -> None:
    """Terraform orders by references; Lambda checks the destination when it is told."""
    for config in dev.resources("aws_lambda_function_event_invoke_config").values():
        destination = config["destination_config"]["on_failure"]["destination"]
        queue = "aws_sqs_queue.undelivered"
        ordered = any(each.startswith(queue) for each in config.get("depends_on", []))
        assert ordered or destination == attribute(queue, "arn")


def test_log_groups_that_rules_write_to_are_named_as_eventbridge_asks(dev: Template) -> None:
    """Pitfall 25: ``/aws/events/``."""
    written = {referred(target["arn"]) for target in targets(dev).values()}
    groups = {address for address in written if address.startswith("aws_cloudwatch_log_group.")}
    assert len(groups) == 6
    assert all(dev.resource(group)["name"].startswith("/aws/events/") for group in groups)


def test_every_function_writes_to_a_log_group_that_is_ours(dev: Template) -> None:
    """Lambda would make one that keeps its logs for ever."""
    for name, function in dev.resources("aws_lambda_function").items():
        group = dev.resource(f"aws_cloudwatch_log_group.{name}_logs")
        assert group["name"] == f"/aws/lambda/{function['function_name']}"
        ordered = [each.rpartition("_")[0] for each in function["depends_on"]]
        assert ordered == [
            f"aws_cloudwatch_log_group.{name}_logs",
            f"aws_iam_role_policy.{name}_role_policy",
        ]


def test_logs_are_kept_for_as_long_as_the_setting_says(
    dev: Template, synthesise: Synthesise
) -> None:
    """For ever is never meant."""
    for stack, days in ((dev, 30), (synthesise(logRetentionDays=400), 400)):
        groups = stack.resources("aws_cloudwatch_log_group")
        assert {group["retention_in_days"] for group in groups.values()} == {days}


@pytest.mark.parametrize("name", DEAD_LETTERS)
def test_an_alarm_sees_the_first_dead_letter(
    dev: Template, synthesise: Synthesise, name: str
) -> None:
    """Pitfall 6; it tells a topic if the settings name one."""
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


def test_every_queue_that_nobody_reads_has_an_alarm(dev: Template) -> None:
    """A dead-letter queue without one is a silent place."""
    read = {
        referred(mapping["event_source_arn"]).partition(".")[2]
        for mapping in dev.resources("aws_lambda_event_source_mapping").values()
    }
    assert set(dev.resources("aws_sqs_queue")) - read == set(DEAD_LETTERS)


def test_functions_run_on_the_newest_python_and_the_cheaper_processor(dev: Template) -> None:
    """And each is traced."""
    for function in dev.resources("aws_lambda_function").values():
        assert function["runtime"] == "python3.13"
        assert function["architectures"] == ["arm64"]
        assert function["tracing_config"] == {"mode": "Active"}
        assert function["timeout"] <= 900
