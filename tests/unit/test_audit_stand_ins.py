"""tools.audit.stand_ins: placeholders for values that a plan does not know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tools.audit.errors import AuditError
from tools.audit.stand_ins import documents, filled, known, texts

STATEMENT = {
    "sid": "Read",
    "actions": ["s3:GetObject"],
    "resources": ["${aws_s3_bucket.a.arn}/*"],
    "principals": [{"type": "Service", "identifiers": ["events.amazonaws.com"]}],
    "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
}
READ = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Sid": "Read",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::a/*"],
            "Principal": {"Service": ["events.amazonaws.com"]},
            "Condition": {"Bool": {"aws:SecureTransport": ["true"]}},
        }
    ],
}
WRITTEN = {
    "data": {"aws_iam_policy_document": {"read": {"statement": [STATEMENT]}}},
    "resource": {
        "aws_s3_bucket_policy": {
            "a": {
                "bucket": "${aws_s3_bucket.a.id}",
                "policy": "${data.aws_iam_policy_document.read.json}",
            }
        },
        "aws_sfn_state_machine": {"m": {"definition": '{"StartAt": "${aws_sqs_queue.q.name}"}'}},
    },
}


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("${data.aws_partition.here.partition}", "aws"),
        ("${data.aws_caller_identity.me.account_id}", "123456789012"),
        ("${aws_sqs_queue.q.arn}", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("${aws_iam_role.r.arn}", "arn:aws:iam::123456789012:role/r"),
        ("${aws_cloudwatch_event_rule.r.arn}", "arn:aws:events:eu-west-1:123456789012:rule/r"),
        ("${aws_ssm_parameter.p.arn}", "arn:aws:ssm:eu-west-1:123456789012:parameter/p"),
        (
            "${aws_storagegateway_nfs_file_share.s.arn}",
            "arn:aws:storagegateway:eu-west-1:123456789012:share/s",
        ),
        ("${aws_sqs_queue.q.url}", "q-url"),
        ("a${aws_sqs_queue.q.url}b${aws_sqs_queue.r.url}", "aq-urlbr-url"),
        ('${join(",", [1])}', "stand-in"),
        ("*", "*"),
    ],
)
def test_each_reference_gets_a_value_of_its_form(reference: str, value: str) -> None:
    assert filled(reference) == value


@pytest.mark.parametrize(
    "reference", ["${aws_nothing.n.arn}", "${aws_lambda_function.f.invoke_arn}"]
)
def test_an_arn_of_unknown_format_is_an_error(reference: str) -> None:
    with pytest.raises(AuditError, match=r"^The audit has no format for \w+ of aws_\w+: add it to"):
        filled(reference)


def test_a_document_reads_as_iam_reads_it() -> None:
    assert documents(WRITTEN) == {"read": READ}


def test_a_wildcard_principal_is_kept() -> None:
    anybody = {**STATEMENT, "effect": "Deny", "principals": [{"type": "*", "identifiers": ["*"]}]}
    written = {"data": {"aws_iam_policy_document": {"read": {"statement": [anybody]}}}}
    (statement,) = documents(written)["read"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")


def test_a_document_made_of_others_is_an_error() -> None:
    merged = {"statement": [], "source_policy_documents": ["{}"]}
    with pytest.raises(AuditError, match="source_policy_documents of read"):
        documents({"data": {"aws_iam_policy_document": {"read": merged}}})


def test_policies_and_definitions_are_found_by_their_form() -> None:
    assert list(texts(WRITTEN)) == [
        ("aws_s3_bucket_policy.a", "policy", json.dumps(READ)),
        ("aws_sfn_state_machine.m", "definition", '{"StartAt": "q-name"}'),
    ]


def test_unknown_values_of_a_plan_are_filled_in() -> None:
    policy, machine = "aws_s3_bucket_policy.a", "aws_sfn_state_machine.m"
    plan: dict[str, Any] = {
        "planned_values": {
            "root_module": {"resources": [{"address": policy, "values": {}}, {"address": machine}]}
        },
        "resource_changes": [
            {"address": policy, "change": {"after": {}, "after_unknown": {"policy": True}}},
            {"address": machine, "change": {"after": {"definition": "{}"}, "after_unknown": {}}},
        ],
    }
    reported = known(plan, WRITTEN)
    values = [each["values"] for each in reported["planned_values"]["root_module"]["resources"]]
    assert values == [{"policy": json.dumps(READ)}, {}]
    assert reported["resource_changes"][0]["change"] == {
        "after": {"policy": json.dumps(READ)},
        "after_unknown": {},
    }
    assert reported["resource_changes"][1] == plan["resource_changes"][1]
