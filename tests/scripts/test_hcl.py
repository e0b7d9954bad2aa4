"""tools/hcl.py: repairs of the HCL that CDKTF writes."""

from __future__ import annotations

import json

import pytest

from tools.hcl import mended

PATTERN = '{"detail": {"bucket-name": ["${aws_s3_bucket.uploads.bucket}"]}}'


def test_a_text_with_quotes_and_a_reference_is_escaped() -> None:
    """CDKTF does not escape the quotes, and Terraform cannot read the text."""
    template = {"resource": {"aws_cloudwatch_event_rule": {"a": {"event_pattern": PATTERN}}}}
    assert mended(f'event_pattern = "{PATTERN}"\n', template) == (
        f"event_pattern = {json.dumps(PATTERN)}\n"
    )


def test_a_text_with_only_a_call_is_not_changed() -> None:
    """Its quotes belong to the call."""
    call = '${filebase64sha256("assets/handlers.zip")}'
    hcl = f'source_code_hash = "{call}"\n'
    assert mended(hcl, {"source_code_hash": call}) == hcl


@pytest.mark.parametrize(("text", "written"), [("a\nb\n", "<<EOF\na\nb\nEOF"), ("a\nb", '"a\\nb"')])
def test_a_text_of_several_lines_gets_no_additional_line(text: str, written: str) -> None:
    """Otherwise an object with one more line would be uploaded again."""
    hcl = f"content = <<EOF\n{text}\nEOF\n"
    assert mended(hcl, {"content": text}) == f"content = {written}\n"


def test_a_reference_has_no_quotes() -> None:
    """Terraform prints a warning for each dependency in quotes."""
    hcl = 'role = "${aws_iam_role.a.arn}"\ndepends_on = [\n"aws_iam_role_policy.a",\n]\n'
    assert (
        mended(hcl, {}) == "role = aws_iam_role.a.arn\ndepends_on = [\naws_iam_role_policy.a,\n]\n"
    )


def test_the_name_of_an_argument_has_no_quotes() -> None:
    hcl = 'lifecycle {\n  ignore_changes = [\n"ami",\n"user_data",\n]\n}\n'
    assert mended(hcl, {}) == "lifecycle {\n  ignore_changes = [\nami,\nuser_data,\n]\n}\n"


def test_a_condition_is_a_block() -> None:
    one = 'condition = "${self.a == 1}"\nerror_message = "{}, see A."\n'
    hcl = f"lifecycle {{\n  postcondition = [\n{{\n{one}}},\n{{\n{one}}},\n]\n}}\n"
    block = f"postcondition {{\n{one}}}\n"
    assert mended(hcl, {}) == f"lifecycle {{\n{block}{block}\n}}\n"


def test_other_texts_and_lists_keep_their_quotes() -> None:
    hcl = 'architectures = [\n"arm64"\n]\nfilename = "assets/${local.name}.zip"\n'
    assert mended(hcl, {"filename": "assets/${local.name}.zip"}) == hcl
