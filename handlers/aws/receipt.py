"""The receipt of a verified set: the version and the content of each object.

Objects under ``receipts/<set id>/<execution>/<call>/`` of the reports bucket do not expire. The parts
are the workers' results, with one JSON object a line; if a key repeats, its last line counts. The
index contains the SHA-256 of each part, and the outcome contains the SHA-256 of the index.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

from handlers.aws import dataset as streams
from handlers.aws import report as reports
from handlers.aws.pages import KEYS, object_pages
from handlers.aws.report import Report
from handlers.core.execution import Checked, Execution

COPIERS = 16
PART = ".jsonl.gz"


def write_receipt(execution: Execution, checked: Checked, report: Report) -> dict[str, str]:
    """Write the receipt of a verified set; return the outcome's fields."""
    folder = report.receipt_folder

    def copied(key: str) -> dict[str, str]:
        body = reports.s3.get_object(Bucket=report.bucket, Key=key)["Body"].read()
        name = key.removeprefix(f"{report.content_folder}/").replace("/", "-")
        reports.s3.put_object(Bucket=report.bucket, Key=f"{folder}/{name}", Body=body)
        return {"key": f"{folder}/{name}", "sha256": hashlib.sha256(body).hexdigest()}

    with ThreadPoolExecutor(COPIERS) as copiers:
        parts = list(copiers.map(copied, _results(report)))
    content = checked.content
    index = {
        **execution.manifest.detail(),
        "manifest-version-id": checked.listing.manifest_version_id,
        "attempt": execution.manifest.attempt,
        "execution": execution.arn,
        "checksum-algorithm": checked.listing.checksum_algorithm,
        "verify-content": content and content.mode,
        "verified": content and content.verified,
        "unverified": content and content.unverified,
        "parts": parts,
    }
    body = json.dumps(index, ensure_ascii=False, indent=2).encode()
    reports.s3.put_object(Bucket=report.bucket, Key=f"{folder}/index.json", Body=body)
    return {
        "receipt": f"s3://{report.bucket}/{folder}/index.json",
        "receipt-sha256": hashlib.sha256(body).hexdigest(),
    }


def _results(report: Report) -> list[str]:
    """Return the keys of all shards' results, those of the first round first."""
    prefix = f"{report.content_folder}/"
    found: list[tuple[int, str]] = []
    for page in object_pages(streams.s3, Bucket=report.bucket, Prefix=prefix):
        for key in page[KEYS]:
            round_, _, name = key.removeprefix(prefix).partition("/")
            if name.removesuffix(PART).isdecimal() and name.endswith(PART):
                found.append((int(round_), key))
    return [key for _, key in sorted(found)]
