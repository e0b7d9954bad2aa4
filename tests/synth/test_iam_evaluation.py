"""The rules of IAM that the proofs in test_arrows.py depend on."""

from __future__ import annotations

import pytest

from tests.synth.iam_evaluation import ASSUME, Policies, Request, Statement, fits, read
from tests.synth.template import Block

ROLE = "arn:aws:iam::ACCOUNT:role/writer"
TABLE = "arn:aws:dynamodb:REGION:ACCOUNT:table/uploads"
QUEUE = "arn:aws:sqs:REGION:ACCOUNT:uploads"
RULE = "arn:aws:events:REGION:ACCOUNT:rule/uploads"
SEND = Request("events.amazonaws.com", "sqs:SendMessage", QUEUE, source=RULE)


def may(
    resource: str = TABLE, action: str = "dynamodb:PutItem", effect: str = "Allow"
) -> Statement:
    """Return a statement of the role's permissions."""
    block = {"effect": effect, "actions": [action], "resources": [resource]}
    return read(block, ROLE, on_resource=False)


def on_queue(**changes: object) -> Statement:
    """Return the statement of the queue's policy that allows the rule to send."""
    block: Block = {
        "actions": ["sqs:SendMessage"],
        "resources": [QUEUE],
        "principals": [{"type": "Service", "identifiers": ["events.amazonaws.com"]}],
        "condition": [{"test": "ArnEquals", "variable": "aws:SourceArn", "values": [RULE]}],
    }
    return read(block | changes, QUEUE, on_resource=True)


def allowed(request: Request, *statements: Statement) -> bool:
    """Decide by these statements only."""
    return Policies(statements).allow(request)


def test_a_request_that_no_statement_allows_is_refused() -> None:
    assert allowed(Request(ROLE, "dynamodb:PutItem", TABLE), may())
    assert not allowed(Request(ROLE, "dynamodb:PutItem", TABLE))
    assert not allowed(Request(ROLE, "dynamodb:DeleteItem", TABLE), may())
    assert not allowed(Request(ROLE, "dynamodb:PutItem", f"{TABLE}-2"), may())
    assert not allowed(Request(f"{ROLE}-2", "dynamodb:PutItem", TABLE), may())


def test_a_deny_statement_wins() -> None:
    request = Request(ROLE, "dynamodb:PutItem", TABLE)
    assert not allowed(request, may(), may(effect="Deny"))
    assert not allowed(request, may(effect="Deny", action="dynamodb:*"), may())


def test_a_request_is_allowed_by_the_role_or_by_the_resource() -> None:
    by_queue = on_queue(principals=[{"type": "AWS", "identifiers": [ROLE]}], condition=[])
    request = Request(ROLE, "sqs:SendMessage", QUEUE)
    assert allowed(request, by_queue)
    assert allowed(request, may(QUEUE, "sqs:SendMessage"))
    assert not allowed(request, on_queue())


def test_a_service_is_allowed_only_for_the_source_in_the_condition() -> None:
    assert allowed(SEND, on_queue())
    for source in ("", f"{RULE}-2", RULE.replace("ACCOUNT", "STRANGER")):
        assert not allowed(
            Request(*("events.amazonaws.com", SEND.action, QUEUE, source)), on_queue()
        )
    assert not allowed(Request("s3.amazonaws.com", SEND.action, QUEUE, RULE), on_queue())


def test_a_queues_policy_does_not_apply_to_another_queue() -> None:
    other = Request("events.amazonaws.com", "sqs:SendMessage", f"{QUEUE}-dead", source=RULE)
    assert not allowed(other, on_queue(resources=["*"]))


def test_only_a_roles_own_trust_policy_allows_assuming_it() -> None:
    """The caller's other permissions do not matter."""
    assert not allowed(Request(ROLE, ASSUME, f"{ROLE}-2"), may("*", "sts:*"))


def test_arns_are_compared_part_by_part() -> None:
    """A wildcard in the account does not match into the name."""
    condition = {"test": "ArnLike", "variable": "aws:SourceArn"}
    wide = on_queue(condition=[condition | {"values": ["arn:aws:events:*:*:rule/up*"]}])
    assert allowed(SEND, wide)
    short = on_queue(condition=[condition | {"values": ["arn:aws:events:*:uploads"]}])
    assert not allowed(SEND, short)


def test_case_matters_in_resources_but_not_in_actions() -> None:
    assert allowed(Request(ROLE, "dynamodb:PutItem", TABLE), may(action="DynamoDB:put*"))
    assert not allowed(Request(ROLE, "dynamodb:PutItem", TABLE), may(TABLE.replace("up", "Up")))


@pytest.mark.parametrize(
    ("pattern", "text", "fit"),
    [
        ("*", "", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a*c", "a/b:c", True),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("a", "aa", False),
        ("a*", "a\nb", True),
    ],
)
def test_only_a_star_and_a_question_mark_are_wildcards(pattern: str, text: str, fit: bool) -> None:
    assert fits(pattern, text) is fit


@pytest.mark.parametrize(
    "wrong",
    [
        {"not_actions": ["s3:*"]},
        {"resources": ["arn:aws:s3:::home/&{aws:username}"]},
        {"effect": "Perhaps"},
    ],
)
def test_a_statement_with_unknown_elements_is_an_error(wrong: Block) -> None:
    """A proof that ignored it would prove nothing."""
    with pytest.raises((AssertionError, KeyError)):
        on_queue(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"condition": [{"test": "IpAddress", "variable": "aws:SourceIp", "values": ["::/0"]}]},
        {"condition": [{"test": "Bool", "variable": "aws:ViaAWSService", "values": ["true"]}]},
        {"principals": [{"type": "AWS", "identifiers": ["arn:aws:iam::ACCOUNT:root"]}]},
    ],
)
def test_unknown_elements_of_a_request_are_an_error(wrong: Block) -> None:
    """Examples: operators, keys and principals that no policy of the stacks has."""
    with pytest.raises((NotImplementedError, KeyError)):
        allowed(SEND, on_queue(**wrong))
