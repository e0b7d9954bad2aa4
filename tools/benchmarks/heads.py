"""A plain verification of content for comparison: one HEAD after the other, in one process."""

from __future__ import annotations

import base64

import boto3

from tools.benchmarks.synthetic_set import BUCKET, MANIFEST_KEY

s3 = boto3.client("s3")


class Heads:
    """Compares each listed checksum with the one that S3 stores."""

    invocations = 0

    def check(self, iteration: int) -> bool:
        """Return whether the first *iteration* files have the listed content."""
        self.invocations += 1
        manifest = s3.get_object(Bucket=BUCKET, Key=MANIFEST_KEY)["Body"].read().decode()
        for line in manifest.splitlines()[1 : iteration + 1]:
            _, checksum, key = line.split(" ", 2)
            head = s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
            if base64.b64decode(head["ChecksumCRC64NVME"]).hex() != checksum:
                return False
        return True
