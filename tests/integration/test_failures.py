"""Failures end in a dead-letter queue or in an outcome."""

from __future__ import annotations

import json

from local.deployed_system import EVENT_PROCESSING, DeployedSystem
from tests.integration.driver import Driver, eventually, outcome, silent


def test_malformed_events_become_dead_letters_and_delay_nothing(
    driver: Driver, system: DeployedSystem
) -> None:
    """Pitfalls 6 and 49: each one is set aside at once, and the other messages of its batch are recorded."""
    good = driver.event("mixed-vaultjob/a", size=1, time_="2026-11-20T12:00:00Z")
    no_key = {**good, "detail": {**good["detail"], "object-key": ""}}
    no_time = {key: value for key, value in good.items() if key != "time"}
    bad = ["no JSON", "[]", json.dumps(no_key), json.dumps(no_time)]
    driver.send([*bad[:2], json.dumps(good), *bad[2:]])

    assert eventually(lambda: driver.rows("mixed"))
    dead: list[str] = []

    def all_dead() -> bool:
        dead.extend(driver.dead_letters(system.dead_letter_queue_url))
        return len(dead) >= len(bad)

    eventually(all_dead, seconds=90)
    assert sorted(dead) == sorted(bad)
    assert list(driver.rows("mixed")) == ["mixed-vaultjob/a"]


def test_an_empty_manifest_fails_with_its_reason(driver: Driver) -> None:
    """Pitfall 13: it never counts as complete; the topic's subscribers receive a sentence."""
    with driver.outcomes("empty") as outcomes, driver.notices() as notices:
        driver.manifest("empty", [])
        event = outcome(outcomes)
        assert silent(outcomes)
        (sentence,) = notices()
    where = driver.system.environment
    assert sentence.startswith(f'"Failed in {where}: The set empty could not be reconciled. ')
    assert event["detail"]["reason"] in sentence
    assert sentence.endswith(f' Next: sgvault report empty --env {where}"')

    assert event["detail-type"] == "File Upload Reconciliation Failed"
    assert "The manifest is empty" in event["detail"]["reason"]
    assert event["detail"]["iterations"] == 1


def test_one_manifest_delivered_twice_has_one_outcome(driver: Driver) -> None:
    """Pitfall 18: EventBridge and SQS deliver at least once."""
    with driver.outcomes("twice") as outcomes:
        driver.put("twice-vaultjob/a")
        driver.announce("twice-vaultjob/a")
        key = driver.manifest("twice", ["twice-vaultjob/a"])
        driver.announce(key, size=17)
        event = outcome(outcomes)
        assert eventually(
            lambda: [each["status"] for each in driver.executions("twice")] == ["SUCCEEDED"] * 2
        )
        assert silent(outcomes)

    assert event["detail"]["status"] == "Successful"


def test_an_execution_stopped_by_hand_has_failed(driver: Driver) -> None:
    """Pitfall 20: an end that no Catch receives is announced exactly once."""
    with driver.outcomes("stopped") as outcomes:
        driver.manifest("stopped", ["stopped-vaultjob/never"])
        (execution,) = eventually(lambda: driver.executions("stopped"))
        driver.stepfunctions.stop_execution(
            executionArn=execution["executionArn"], error="Operator", cause="by hand"
        )
        event = outcome(outcomes)
        assert silent(outcomes)

    assert event["detail"]["status"] == "Failed"
    assert "ABORTED" in event["detail"]["reason"]
    assert event["detail"]["execution"] == execution["executionArn"]


def test_an_unreadable_record_is_set_aside_at_once(driver: Driver, system: DeployedSystem) -> None:
    """Pitfall 49: it does not wait for five attempts of six minutes each."""
    outputs = system.deployment().outputs(EVENT_PROCESSING)
    driver.sqs.send_message(QueueUrl=outputs["recordQueueUrl"], MessageBody="no JSON")
    kept = eventually(lambda: driver.dead_letters(outputs["recordDeadLetterQueueUrl"]))

    assert kept == ["no JSON"]


def test_an_asynchronous_call_that_fails_is_kept(driver: Driver, system: DeployedSystem) -> None:
    """The event arrives in the queue of undelivered events.

    The test calls the function like the rule for ended executions: the emulator's own EventBridge
    does not retry.
    """
    unreadable = {"detail": {"set-id": "unreadable", "bucket-name": system.bucket}}
    system.client("lambda").invoke(
        FunctionName="vault-demo-reconcile-notify",
        InvocationType="Event",
        Payload=json.dumps(unreadable),
    )
    kept = eventually(lambda: driver.dead_letters(system.undelivered_queue_url))

    assert [json.loads(body)["requestPayload"] for body in kept] == [unreadable]
