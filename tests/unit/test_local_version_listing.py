"""What Terraform asks of a bucket's versions, it can read."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

import pytest

from local.version_listing import KEY, encoded


@pytest.mark.parametrize("shown", ["100% certain", "a+b c", "q&amp;a", "отчёты/é", "plain"])
def test_a_key_is_read_back_as_it_was(shown: str) -> None:
    """Terraform decodes each key as a query's value."""
    body = f"<ListVersionsResult><Version><Key>{shown}</Key></Version></ListVersionsResult>"
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-length", b"1")],
    }
    start, answer = encoded([start, {"type": "http.response.body", "body": body.encode()}])

    found = KEY.search(answer["body"].decode())
    assert found is not None
    assert unquote_plus(found["key"]) == shown.replace("&amp;", "&")
    assert dict(start["headers"])[b"content-length"] == str(len(answer["body"])).encode()
