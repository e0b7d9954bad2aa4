"""Policy statements that are added, removed or changed, by sid, and those that allow too much."""

from __future__ import annotations

from typing import Any

import pytest

from deployment.review.findings import Findings
from tests.unit.plans import Json, allow, change, constant, found, policy, referring

ROLE_POLICY = "aws_iam_role_policy.check"
DOCUMENT = "data.aws_iam_policy_document.check"


def lines(findings: Findings) -> list[str]:
    return [line for hunk in findings.permissions for line in hunk.lines]


def dangers(findings: Findings) -> list[str]:
    return [danger.text for danger in findings.dangers]


def updated(old: str, new: str, address: str = ROLE_POLICY) -> Findings:
    return found(change(address, "update", before={"policy": old}, after={"policy": new}))


def test_a_statement_is_added_and_another_removed() -> None:
    findings = updated(
        policy(allow("Read", "s3:GetObject", "arn:a"), allow("List", "s3:ListBucket", "arn:b")),
        policy(allow("List", "s3:ListBucket", "arn:b"), allow("Write", "s3:PutObject", "arn:a")),
    )
    assert lines(findings) == [
        "- Read: Allow s3:GetObject",
        "-     on arn:a",
        "+ Write: Allow s3:PutObject",
        "+     on arn:a",
    ]
    assert not findings.dangers


def test_a_changed_statement_reports_only_its_differences() -> None:
    findings = updated(
        policy(allow("Read", ["s3:GetObject", "s3:GetObjectVersion"], ["arn:a", "arn:b"])),
        policy(allow("Read", ["s3:GetObjectVersion", "s3:GetObjectAcl"], ["arn:b", "arn:a"])),
    )
    assert lines(findings) == [
        "! Read: Allow, changed",
        "-     s3:GetObject",
        "+     s3:GetObjectAcl",
    ]


def test_the_order_of_lists_and_statements_is_ignored() -> None:
    findings = updated(
        policy(allow("A", ["s3:a", "s3:b"]), allow("B", "s3:c")),
        policy(allow("B", ["s3:c"]), allow("A", ["s3:b", "s3:a"])),
    )
    assert lines(findings) == ["  policy: its statements stay as they are"]


def test_statements_without_a_sid_are_distinguished_by_their_content() -> None:
    one, two, three = (
        {"Effect": "Allow", "Action": f"s3:{name}", "Resource": "arn:a"} for name in "xyz"
    )
    assert lines(updated(policy(one, two), policy(two, three))) == [
        "- (without a sid): Allow s3:x",
        "-     on arn:a",
        "+ (without a sid): Allow s3:z",
        "+     on arn:a",
    ]


@pytest.mark.parametrize("type_", ["aws_kms_key", "aws_vpc_endpoint", "aws_sqs_queue", "aws_new"])
def test_a_policy_is_found_in_any_argument(type_: str) -> None:
    """It is reported once, among the permissions, also if another section reports its resource."""
    findings = updated(policy(), policy(allow("Use", "kms:Decrypt")), f"{type_}.a")
    assert lines(findings) == ["+ Use: Allow kms:Decrypt", "+     on *"]
    reported = [*findings.data, *findings.network, *findings.rest]
    assert [line for hunk in reported for line in hunk.lines if "policy" in line] == []


def test_who_may_assume_a_role_is_reported_with_the_conditions() -> None:
    trust = {
        "Sid": "AssumeRole",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com", "AWS": ["arn:x"]},
        "Condition": {"ArnEquals": {"aws:SourceArn": ["arn:b", "arn:a"]}},
    }
    role = {"name": "check", "assume_role_policy": policy(trust)}
    assert lines(found(change("aws_iam_role.check", "create", after=role))) == [
        "+ AssumeRole: Allow sts:AssumeRole",
        "+     by AWS arn:x",
        "+     by Service lambda.amazonaws.com",
        "+     if ArnEquals aws:SourceArn = arn:a or arn:b",
    ]


def planned_document(**rest: Any) -> Json:
    """Return a policy document with one ARN that is known only after the apply, as Terraform shows it."""
    statement = {
        "sid": "Read",
        "effect": None,
        "actions": ["s3:GetObject"],
        "resources": ["arn:known", None],
        "principals": [],
        "condition": [
            {"test": "StringEquals", "variable": "b", "values": [None]},
            {"test": "StringEquals", "variable": "a", "values": ["1"]},
        ],
        **rest,
    }
    unknown = {"resources": [False, True], "condition": [{"values": [True]}, {"values": [False]}]}
    return change(
        DOCUMENT,
        "read",
        after={"statement": [statement]},
        unknown={"json": True, "statement": [unknown]},
    )


WRITTEN = {
    ROLE_POLICY: {"policy": referring(f"${{{DOCUMENT}.json}}", f"{DOCUMENT}.json")},
    DOCUMENT: {
        "statement": [
            {
                "sid": constant("Read"),
                "actions": constant(["s3:GetObject"]),
                "resources": referring(
                    ["${aws_s3_bucket.old.arn}", "${aws_s3_bucket.new.arn}/*"],
                    "aws_s3_bucket.old.arn",
                    "aws_s3_bucket.new.arn",
                ),
                "condition": [
                    {
                        "test": constant("StringEquals"),
                        "variable": constant("a"),
                        "values": constant(["1"]),
                    },
                    {
                        "test": constant("StringEquals"),
                        "variable": constant("b"),
                        "values": referring(["${aws_x.y.id}"], "aws_x.y.id"),
                    },
                ],
            }
        ]
    },
}


def test_a_policy_that_is_known_only_after_the_apply_is_read_from_its_document() -> None:
    """Known values come from the plan, the others from the configuration."""
    findings = found(
        change(
            "aws_s3_bucket.old", "no-op", before={"arn": "arn:known"}, after={"arn": "arn:known"}
        ),
        planned_document(),
        change(
            ROLE_POLICY,
            "update",
            before={"policy": policy(allow("Read", "s3:GetObject", "arn:known"))},
            unknown={"policy": True},
        ),
        written=WRITTEN,
    )
    assert lines(findings) == [
        "! Read: Allow, changed",
        "+     on ${aws_s3_bucket.new.arn}/*",
        "+     if StringEquals a = 1",
        "+     if StringEquals b = ${aws_x.y.id}",
    ]
    assert not findings.dangers


def test_a_policy_that_cannot_be_read_before_the_apply_is_a_danger() -> None:
    findings = found(
        change(
            ROLE_POLICY,
            "update",
            before={"policy": policy(allow("Read", "s3:GetObject"))},
            unknown={"policy": True},
        ),
        written={ROLE_POLICY: {"policy": referring("${jsonencode(x)}", "local.x")}},
    )
    (text,) = dangers(findings)
    assert "`policy` cannot be read" in text
    assert "local.x" in text or "jsonencode" in text
    assert "has 1 statement now" in lines(findings)[0]


def test_a_sensitive_policy_is_a_danger_and_is_not_shown() -> None:
    findings = found(
        change(
            ROLE_POLICY,
            "create",
            after={"policy": policy(allow("Hunter", "s3:GetObject"))},
            secret={"policy": True},
        )
    )
    assert "Hunter" not in repr(findings)
    assert len(findings.dangers) == 1


def test_a_computed_policy_that_is_not_configured_is_ignored() -> None:
    """Examples: a queue without a policy; a bucket that repeats its ``aws_s3_bucket_policy``."""
    findings = found(
        change("aws_sqs_queue.a", "create", after={"name": "a"}, unknown={"policy": True}),
        change("aws_s3_bucket.a", "delete", before={"policy": policy(allow("A", "s3:a"))}),
    )
    assert findings.permissions == ()


def test_a_lambda_permission_is_a_statement_too() -> None:
    permission = {
        "statement_id": "InvokedByRule",
        "action": "lambda:InvokeFunction",
        "function_name": "record",
        "principal": "events.amazonaws.com",
    }
    findings = found(
        change(
            "aws_lambda_permission.a",
            "create",
            after=permission,
            unknown={"source_arn": True, "id": True},
        ),
        written={"aws_lambda_permission.a": {"source_arn": referring("${aws_rule.a.arn}")}},
    )
    assert lines(findings) == [
        "+ InvokedByRule: Allow lambda:InvokeFunction",
        "+     on function record",
        "+     by Service events.amazonaws.com",
        "+     if ArnLike AWS:SourceArn = ${aws_rule.a.arn}",
    ]


def test_a_managed_policy_is_reported_by_its_arn() -> None:
    attached = {"role": "client", "policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    findings = found(change("aws_iam_role_policy_attachment.a", "create", after=attached))
    assert '+ policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"' in lines(findings)


DENY = {
    "Sid": "RefuseWithoutTls",
    "Effect": "Deny",
    "Action": "s3:*",
    "Resource": ["arn:a", "arn:a/*"],
    "Principal": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        ([], [allow("A", "*")], "allows every action"),
        ([], [allow("A", "dynamodb:*")], "every action of `dynamodb`"),
        ([], [allow("A", "iam:PassRole")], "extend its own permissions"),
        (
            [],
            [allow("A", "s3:GetObject", Principal={"AWS": "*"})],
            "everybody, without a condition",
        ),
        ([], [{"Sid": "A", "Effect": "Allow", "NotAction": "s3:x"}], "NotAction"),
        ([DENY], [], "no longer denies `s3:*`"),
        ([DENY], [DENY | {"Condition": {}}], "is changed"),
        (
            [allow("A", "s3:x", Condition={"Bool": {"a": "b"}})],
            [allow("A", "s3:x")],
            "no longer has a condition",
        ),
    ],
)
def test_a_statement_that_allows_too_much_is_a_danger(
    old: list[Json], new: list[Json], reported: str
) -> None:
    assert reported in "; ".join(dangers(updated(policy(*old), policy(*new))))


@pytest.mark.parametrize(
    "statement",
    [
        DENY,
        allow("A", "s3:GetObject"),
        allow("A", "iam:GetRole"),
        allow("A", "s3:GetObject", Principal="*", Condition={"StringEquals": {"a": "b"}}),
    ],
)
def test_a_narrow_statement_is_no_danger(statement: Json) -> None:
    assert dangers(updated(policy(), policy(statement))) == []


def test_a_statement_that_was_wide_before_is_no_danger() -> None:
    old = allow("A", "s3:*", "arn:a")
    assert dangers(updated(policy(old), policy(old | {"Resource": "arn:b"}))) == []


def test_a_deny_statement_that_follows_its_replaced_bucket_is_no_danger() -> None:
    """The ARN of a replaced bucket is known only after the apply; the rest of the statement is unchanged."""
    address = "aws_s3_bucket_policy.a"
    document = "data.aws_iam_policy_document.tls"
    pending = {
        "sid": "RefuseWithoutTls",
        "effect": "Deny",
        "actions": ["s3:*"],
        "resources": [None, None],
        "principals": [{"type": "*", "identifiers": ["*"]}],
        "condition": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}],
    }
    arn = "${aws_s3_bucket.a.arn}"
    written = {
        address: {"policy": referring(f"${{{document}.json}}", f"{document}.json")},
        document: {"statement": [{"resources": referring([arn, f"{arn}/*"])}]},
    }

    def judged(**statement: Any) -> list[str]:
        changed = change(
            address, "update", before={"policy": policy(DENY)}, unknown={"policy": True}
        )
        read = change(
            document,
            "read",
            after={"statement": [pending | statement]},
            unknown={"json": True, "statement": [{"resources": [True, True]}]},
        )
        return dangers(found(read, changed, written=written))

    assert judged() == []
    assert len(judged(actions=["s3:GetObject"])) == 1
    assert len(judged(condition=[])) == 1


def test_a_deny_statement_narrowed_by_a_policy_variable_is_a_danger() -> None:
    """IAM's ``${...}`` is a policy variable, not a value that is known after the apply."""
    old = {**DENY, "Resource": ["arn:aws:s3:::a/*"]}
    new = {**DENY, "Resource": ["arn:aws:s3:::a/${aws:username}/*"]}
    assert len(dangers(updated(policy(old), policy(new)))) == 1
