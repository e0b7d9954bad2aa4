"""local.emulator.s3_checksum_gap: the checksum that S3 computes, tested on the emulator's own functions."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator.s3_checksum_gap import mend_checksums

BODY = b"123456789"
CHECK_VALUE = "rosUhgp5mIg="
"""The CRC64NVME of BODY in base64; the published check value of CRC-64/NVME is ae8b14860a799888."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S3_PERSIST", "0")
        yield importlib.import_module("ministack.services.s3")


@pytest.fixture
def s3(emulator: Any) -> Any:
    mended = SimpleNamespace(**vars(emulator))
    mend_checksums(mended)
    return mended


def headers(s3: Any, **changes: Any) -> dict[str, str]:
    obj = s3._build_object_record(BODY, {}, checksums={}) | changes
    found: dict[str, str] = s3._object_response_headers(
        obj, "bucket", "key", include_checksums=True
    )
    return {name: found[name] for name in found if name.startswith("x-amz-checksum")}


def test_the_emulator_still_lacks_the_checksum(emulator: Any) -> None:
    """When this fails, the patch is no longer needed."""
    assert headers(emulator) == {}


def test_an_object_without_a_checksum_gets_a_crc64nvme_of_the_full_object(s3: Any) -> None:
    assert headers(s3) == {
        "x-amz-checksum-crc64nvme": CHECK_VALUE,
        "x-amz-checksum-type": "FULL_OBJECT",
    }


def test_a_crc64nvme_of_a_multipart_upload_is_of_the_full_object(s3: Any) -> None:
    composite = {"checksums": {"CRC64NVME": "AAAA-2"}, "checksum_type": "COMPOSITE", "parts": [1]}
    assert headers(s3, **composite)["x-amz-checksum-crc64nvme"] == CHECK_VALUE


def test_a_checksum_that_the_client_sent_is_the_only_one(s3: Any) -> None:
    sent = {"checksums": {"SHA256": "b58k-3"}, "checksum_type": "COMPOSITE"}
    assert headers(s3, **sent) == {
        "x-amz-checksum-sha256": "b58k-3",
        "x-amz-checksum-type": "COMPOSITE",
    }


def test_a_request_without_checksum_mode_gets_no_checksum(s3: Any) -> None:
    found = s3._object_response_headers(s3._build_object_record(BODY, {}), "bucket", "key")
    assert not [name for name in found if name.startswith("x-amz-checksum")]
