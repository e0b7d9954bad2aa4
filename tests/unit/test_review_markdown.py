"""The report in a pull request: dangers first and never cut, no sensitive values, no broken Markdown."""

from __future__ import annotations

import re

import pytest

from deployment.review.markdown import LONGEST_COMMENT, Reviewed, single, summary
from tests.unit.plans import Json, allow, bucket_replaced, change, found, policy

HOSTILE = "a`b``|c\n```\n# d</details><img src=x onerror=alert(1)> @everyone \u202e\x1b[2J"


def report(*changes: Json, allowed: tuple[str, ...] = (), is_destroy: bool = False) -> str:
    reviewed = Reviewed(stack="Stack", findings=found(*changes), is_destroy=is_destroy)
    return single(reviewed, allowed=allowed)


def outside_of_code(markdown: str) -> str:
    """Return the text outside of fenced blocks and inline code, by CommonMark's rules."""
    without = re.sub(r"^(`{3,})[a-z]*\n.*?^\1$", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", without)


def test_no_change_is_reported_in_a_line() -> None:
    assert (
        report(change("aws_sqs_queue.a", "no-op"))
        == "## Plan of `Stack`\n\n**Nothing to change.**\n"
    )


def test_the_headline_counts_what_an_apply_would_do() -> None:
    text = report(
        change("aws_a.a", "create"),
        change("aws_a.b", "create"),
        change("aws_a.c", "update", before={"x": 1}, after={"x": 2}),
        change("aws_a.d", "delete"),
        change("data.aws_b.e", "read"),
        bucket_replaced(),
    )
    assert "**2 to create, 1 to change, 1 to replace, 1 to destroy.**" in text


def test_dangers_come_before_everything_else() -> None:
    text = report(
        change("aws_a.c", "update", before={"x": 1}, after={"x": 2}),
        change("aws_iam_role_policy.p", "create", after={"policy": policy(allow("All", "*"))}),
        bucket_replaced(),
    )
    reported = ["Data would be lost", "Look at this first", "#### Data", "#### Permissions", "else"]
    assert [text.index(each) for each in reported] == sorted(text.index(each) for each in reported)


def test_a_loss_is_reported_with_the_way_to_allow_it() -> None:
    assert "\nALLOW=aws_s3_bucket.reports\n" in report(bucket_replaced())


def test_an_allowed_loss_is_still_reported() -> None:
    text = report(bucket_replaced(), allowed=("aws_s3_bucket.reports",))
    assert "Data will be lost, as allowed." in text
    assert "ALLOW=" not in text


def test_a_destroy_names_what_is_lost_and_asks_for_nothing_that_it_cannot_take() -> None:
    """It has no ALLOW, and the bucket whose protection ends is destroyed too."""
    text = report(
        change("aws_s3_bucket.a", "delete", before={"bucket": "b"}),
        change("aws_s3_bucket_versioning.a", "delete", before={}),
        is_destroy=True,
    )
    assert "**Data will be lost.**\n> - `aws_s3_bucket.a` (`b`)" in text
    assert "aws_s3_bucket_versioning.a is destroyed" in text
    for absent in ("ALLOW", "as allowed", "Look at this first"):
        assert absent not in text


def test_an_allowed_name_that_no_loss_needs_is_reported() -> None:
    reviewed = [Reviewed(stack="A", findings=found(bucket_replaced()))]
    allowed = ["aws_s3_bucket.reports", "aws_s3_bucket.report"]
    text = summary(reviewed, environment="dev", allowed=allowed)
    assert "Allowed, but not lost by this plan: `aws_s3_bucket.report`." in text


@pytest.mark.parametrize(
    "one",
    [
        change("aws_s3_bucket.a", "delete", "create", before={"bucket": HOSTILE}, after={}),
        change(f'aws_s3_bucket.a["{HOSTILE}"]', "delete", before={}),
        change("aws_a.a", "update", before={HOSTILE: 1}, after={HOSTILE: HOSTILE}),
        change("aws_iam_role_policy.a", "create", after={"policy": policy(allow(HOSTILE, "*"))}),
        change(
            "aws_iam_role_policy.a", "create", after={"policy": policy(allow("A", HOSTILE + ":*"))}
        ),
        change("aws_a.a", "create", after={"name": HOSTILE}),
        change(
            "aws_security_group_rule.a",
            "create",
            after={"type": "ingress", "cidr_blocks": ["0.0.0.0/0"], "description": HOSTILE},
        ),
    ],
)
def test_a_hostile_name_is_shown_as_code(one: Json) -> None:
    text = report(one)
    assert "onerror" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    rest = outside_of_code(text)
    assert "onerror" not in rest
    assert "@everyone" not in rest
    assert "</details><img" not in rest


def test_a_sensitive_value_is_never_shown() -> None:
    secret = {"value": True, "name": True}
    text = report(
        change(
            "aws_ssm_parameter.a",
            "update",
            before={"value": "hunter1", "name": "hunter3", "x": 1},
            after={"value": "hunter2", "name": "hunter3", "x": 2},
            secret=secret,
            secret_before=secret,
        )
    )
    assert "hunter" not in text
    assert "+ value = (sensitive)" in text


def test_a_long_value_is_cut_with_a_count() -> None:
    text = report(change("aws_a.a", "update", before={"x": "old"}, after={"x": "y" * 10_000}))
    assert len(text) < 1_000
    assert "more characters)" in text


def test_a_huge_plan_is_cut_to_a_comment_with_counts_of_the_omitted_parts() -> None:
    changes = [
        change(f"aws_a.number_{number}", "update", before={"x": 1}, after={"x": "y" * 150})
        for number in range(2_000)
    ]
    text = report(*changes)
    assert LONGEST_COMMENT - 4_000 < len(text) <= LONGEST_COMMENT
    shown = text.count("@@ aws_a.")
    assert f"Left out: {2_000 - shown:,} of Everything else that changes." in text


def test_dangers_are_never_cut() -> None:
    buckets = [bucket_replaced(f"aws_s3_bucket.number_{number}") for number in range(150)]
    others = [
        change(f"aws_sqs_queue.number_{number}", "update", before={"x": 1}, after={"x": "y" * 150})
        for number in range(500)
    ]
    text = summary(
        [Reviewed(stack=name, findings=found(*others, *buckets)) for name in "AB"],
        environment="dev",
    )
    assert text.count("> - `aws_s3_bucket.number_") == 300
    assert len(text) <= LONGEST_COMMENT
    assert "Left out" in text


def test_the_summary_has_a_row_for_each_stack() -> None:
    text = summary(
        [
            Reviewed(stack="Quiet", findings=found()),
            Reviewed(stack="Losing", findings=found(bucket_replaced())),
            Reviewed(stack="Broken", error="terraform plan failed:\nError: no ```credentials"),
        ],
        environment="dev",
    )
    assert "| `Quiet` |  |  |  |  | nothing to change |" in text
    assert "| `Losing` |  |  | 1 |  | **refused: 1 loss of data** |" in text
    assert "| `Broken` |  |  |  |  | **not planned** |" in text
    assert "````text\nterraform plan failed:\nError: no ```credentials\n````" in text


def test_a_removed_output_is_reported_with_its_effect_on_readers() -> None:
    removed = {"actions": ["delete"], "before": "x", "after": None}
    findings = found(outputs={"fileUploadBucketName": removed})
    text = single(Reviewed(stack="Stack", findings=findings))
    assert "- fileUploadBucketName: a stack that reads it would fail" in text


def test_a_plan_that_is_not_whole_is_reported_as_such() -> None:
    text = single(Reviewed(stack="Stack", findings=found(errored=True)))
    assert "not complete" in text
    assert "Nothing to change" not in text


def test_a_move_is_reported() -> None:
    text = report(change("aws_sqs_queue.b", "no-op", previous_address="aws_sqs_queue.a"))
    assert "1 to move or import" in text
    assert "! moved from aws_sqs_queue.a" in text
