"""An object is read by short GETs, and a GET that breaks off is repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.aws import object_chunks as module
from handlers.aws.object_chunks import ATTEMPTS, object_chunks
from tests.unit.fakes import FakeS3

PLACE = {"Bucket": "bucket", "Key": "key", "VersionId": "version-1"}
BROKEN: dict[str, Callable[[], Exception]] = {
    "too short": lambda: IncompleteReadError(actual_bytes=1, expected_bytes=2),
    "too slow": lambda: ReadTimeoutError(endpoint_url="s3"),
    "reset": lambda: ResponseStreamingError(error="reset"),
}


class BreakingS3(FakeS3):
    """S3 whose first bodies of each range break off while they are read."""

    def __init__(self, error: Exception, times: int) -> None:
        super().__init__()
        self.error, self.times = error, times
        self.tries: dict[str, int] = {}

    def get_object(self, **parameters: Any) -> dict[str, Any]:
        answer = super().get_object(**parameters)
        tries = self.tries.setdefault(parameters["Range"], 0)
        self.tries[parameters["Range"]] += 1
        if tries < self.times:
            error = self.error

            class Body:
                def read(self) -> bytes:
                    raise error

            answer["Body"] = Body()
        return answer


@settings(max_examples=50)
@given(content=st.binary(max_size=40), start=st.integers(0, 45), size=st.integers(1, 9))
def test_the_chunks_together_are_the_object(content: bytes, start: int, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_BYTES", size)
        patch.setattr(module, "LARGEST_GET_BYTES", 2 * size)
        s3 = FakeS3()
        s3.put("key", content)
        chunks = list(object_chunks(s3, PLACE, start=start, end=len(content)))
    assert b"".join(chunks) == content[start:]
    assert all(0 < len(chunk) <= size for chunk in chunks)


@pytest.mark.parametrize("error", BROKEN.values(), ids=BROKEN)
def test_a_get_that_breaks_off_is_repeated(
    error: Callable[[], Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check's earlier work is not lost."""
    monkeypatch.setattr(module, "CHUNK_BYTES", 2)
    s3 = BreakingS3(error(), times=ATTEMPTS - 1)
    s3.put("key", b"01234567")
    assert b"".join(object_chunks(s3, PLACE, start=1, end=8)) == b"1234567"


def test_a_get_that_always_breaks_off_is_an_error() -> None:
    s3 = BreakingS3(ReadTimeoutError(endpoint_url="s3"), times=ATTEMPTS)
    s3.put("key", b"01234567")
    with pytest.raises(ReadTimeoutError):
        list(object_chunks(s3, PLACE, start=0, end=8))
