"""tools.audit.skips: failures that a skip covers, and skips that are not needed."""

from __future__ import annotations

from tools.audit.skips import Failure, Skip, judged, skips
from tools.audit.violation import Violation

OPEN = Failure("Stack", "aws_s3_bucket.a", "CKV_1", "is open")


def judge(*skipped: Skip, failures: tuple[Failure, ...] = (OPEN,)) -> list[Violation]:
    return list(judged(failures, skipped))


def skip(reason: str = "there is a reason", **changed: str) -> Skip:
    values = {"stack": OPEN.stack, "address": OPEN.address, "check": OPEN.check} | changed
    return Skip(**values, reason=reason)


def test_a_failure_is_a_finding() -> None:
    assert judge() == [Violation("Stack aws_s3_bucket.a", "CKV_1: is open")]


def test_a_failure_in_several_environments_is_one_finding() -> None:
    assert len(judge(failures=(OPEN, OPEN))) == 1


def test_a_skip_beside_the_resource_covers_its_failure() -> None:
    assert judge(skip()) == []


def test_a_skip_covers_one_check_on_one_resource_of_one_stack() -> None:
    for elsewhere in ({"stack": "Other"}, {"address": "aws_s3_bucket.b"}, {"check": "CKV_2"}):
        found = judge(skip(**elsewhere))
        assert str(found[0]) == "Stack aws_s3_bucket.a: CKV_1: is open"
        assert len(found) == 2


def test_a_skip_without_a_reason_is_a_finding() -> None:
    assert judge(skip(" ")) == [
        Violation("Stack aws_s3_bucket.a", "CKV_1 is skipped without a reason")
    ]


def test_an_unneeded_skip_is_a_finding() -> None:
    assert judge(skip(), failures=()) == [
        Violation("Stack aws_s3_bucket.a", "CKV_1 is skipped, but does not fail: remove the skip")
    ]


def test_skips_are_read_beside_the_resources() -> None:
    comments = {"metadata": {"path": "a"}, "skip": {"CKV_1": "there is a reason"}}
    written = {"resource": {"aws_s3_bucket": {"a": {"//": comments}, "b": {}}}}
    assert list(skips("Stack", written)) == [skip()]
