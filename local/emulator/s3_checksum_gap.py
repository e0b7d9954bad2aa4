"""Close a gap in the emulator's S3: an object that is uploaded without a checksum has none.

S3 computes a CRC64NVME of the full object, also of a multipart upload, and returns it if a request
has ``x-amz-checksum-mode: ENABLED``:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
from typing import Any

from awscrt.checksums import crc64nvme

ALGORITHM = "CRC64NVME"


def mend_checksums(s3: Any) -> None:
    """Patch the emulator's module *s3* so that each object has the checksum that S3 computes."""
    response_headers = s3._object_response_headers

    def with_checksum(
        obj: dict[str, Any], *where: Any, include_checksums: bool = False
    ) -> dict[str, str]:
        if include_checksums and obj.get("checksums", {}).keys() <= {ALGORITHM}:
            obj = obj | {
                "checksums": {ALGORITHM: checksum(obj["body"])},
                "checksum_type": "FULL_OBJECT",
            }
        headers: dict[str, str] = response_headers(obj, *where, include_checksums=include_checksums)
        return headers

    s3._object_response_headers = with_checksum


def checksum(body: bytes) -> str:
    """Return the CRC64NVME of *body* in base64, as S3 does."""
    return base64.b64encode(crc64nvme(body).to_bytes(8, "big")).decode()
