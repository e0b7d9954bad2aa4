"""S3 -> is an announced key a folder?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

from handlers.core.events import ObjectUpload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

s3: S3Client = boto3.client("s3")


def is_folder(upload: ObjectUpload) -> bool:
    """Return whether *upload* is a folder, which a gateway announces without its slash and with size 0.

    S3 is queried only for a key of size 0: there, a folder ``a`` is the object ``a/``.
    """
    if upload.is_folder or upload.size_bytes:
        return upload.is_folder
    answer = s3.list_objects_v2(Bucket=upload.bucket, Prefix=f"{upload.key}/", MaxKeys=1)
    return answer["KeyCount"] > 0
