"""Step Functions, a Distributed Map -> compare the content of one shard of a set's files -> S3.

If a call runs out of time, or S3 slows it down, it saves its progress and raises
ContentUnfinishedError; the next call continues there. May run twice: the results are the same.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from handlers.aws.lambda_environment import VerifyEnvironment
from handlers.aws.object_chunks import object_chunks
from handlers.aws.object_content import RANGE_BYTES, SLOW_DOWN, ObjectContent, Reading
from handlers.aws.shard_results import ShardResults
from handlers.aws.telemetry import count, instrumented, logger
from handlers.aws.time_limit import time_limit
from handlers.core import json_fields
from handlers.core.content import Comparison, Content, shard_text
from handlers.core.errors import ContentUnfinishedError
from handlers.core.manifest_entries import EMPTY_FOLDER, Entry
from handlers.core.tidy_entries import TidyEntries

RESERVE_SECONDS = 60
WORKERS = 16
BATCH = 256
"""The number of objects between two checks of the remaining time."""

if sys.platform == "linux" and platform.machine() == "aarch64":
    # The archive has a separate folder with awscrt for Lambda; other machines install their own.
    sys.path.append(str(Path(__file__).resolve().parents[1] / "arm64"))

s3: Any = boto3.client(
    "s3",
    config=Config(
        max_pool_connections=WORKERS, retries={"mode": "adaptive", "total_max_attempts": 8}
    ),
)


def entries_of(content: Content, number: int) -> list[Entry]:
    """Return the entries in shard *number* of the listing of *content*."""
    listing = content.listing

    def read(start: int, end: int) -> Iterator[bytes]:
        return object_chunks(s3, listing.place, start=start, end=end)

    text = shard_text(read, listing, number, content.shards)
    return list(TidyEntries([text], listing, offset=0).entries()) if text else []


def compare_all(
    entries: Iterable[Entry],
    objects: ObjectContent,
    results: ShardResults,
    out_of_time: Callable[[], bool],
) -> bool:
    """Compare *entries*; return whether all are compared, large objects included."""
    ahead = iter(entries)
    with ThreadPoolExecutor(WORKERS) as workers:
        while batch := list(islice(ahead, BATCH)):
            if out_of_time():
                return False
            compare = partial(_compare, objects, out_of_time=out_of_time)
            if not _keep(results, workers.map(compare, batch)):
                return False
        return _read_large(objects, results, workers, out_of_time)


def _compare(
    objects: ObjectContent, entry: Entry, out_of_time: Callable[[], bool]
) -> Comparison | Reading | None:
    """Compare one object; return a Reading if it is large and must be read, None if S3 is slow."""
    try:
        found = objects.compare(entry)
        if isinstance(found, Reading) and (entry.size_bytes or 0) <= RANGE_BYTES:
            return objects.read(found, None, out_of_time)
    except (ClientError, HTTPClientError) as error:
        if not _is_passing(error):
            raise
        return None
    else:
        return found


def _keep(results: ShardResults, found: Iterable[Comparison | Reading | None]) -> bool:
    """Add the results; return whether none of them is None."""
    lacking = 0
    for each in found:
        if each is None:
            lacking += 1
        else:
            results.add(each)
    if lacking:
        count("ContentThrottled", lacking)
    return not lacking


def _read_large(
    objects: ObjectContent,
    results: ShardResults,
    workers: Executor,
    out_of_time: Callable[[], bool],
) -> bool:
    """Read large objects one after the other; an object whose reading has begun is the first."""
    for reading in sorted(results.readings.values(), key=lambda each: not _has_begun(each)):
        if out_of_time():
            return False
        try:
            found = objects.read(reading, workers, out_of_time)
        except (ClientError, HTTPClientError) as error:
            if not _is_passing(error):
                raise
            return False
        results.add(found)
        if isinstance(found, Reading):
            return False
    return True


def _has_begun(reading: Reading) -> bool:
    return bool(reading.bytes_read or reading.began_anew or reading.confirms)


def _is_passing(error: ClientError | HTTPClientError) -> bool:
    """Return whether *error* is temporary: S3 slows requests down, or a connection broke."""
    if not isinstance(error, ClientError):
        return True
    return error.response["Error"]["Code"] in SLOW_DOWN


@instrumented
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Compare a shard; return how many entries it has and how many are verified.

    Raises:
        ContentUnfinishedError: The time ran out, or S3 is slow; the next call continues.
    """
    content = Content.from_payload(json_fields.mapping(event, "content"))
    number = json_fields.whole_number(event, "shard")
    environment = VerifyEnvironment.read()
    results = ShardResults(
        bucket=environment.reports_bucket,
        folder=content.round_folder,
        number=number,
    )
    results.resume()
    listed = entries_of(content, number)
    files = [entry for entry in listed if entry.checksum != EMPTY_FOLDER]
    results.folders = len(listed) - len(files)
    known = results.comparisons.keys() | results.readings.keys()
    objects = ObjectContent(
        s3=s3,
        bucket=content.bucket,
        algorithm=content.listing.checksum_algorithm or "",
        mode=content.mode,
    )
    finished = False
    try:
        finished = compare_all(
            [entry for entry in files if entry.key not in known],
            objects,
            results,
            time_limit(context, reserve_seconds=RESERVE_SECONDS),
        )
    finally:
        if not finished:
            results.suspend()
    if not finished:
        raise ContentUnfinishedError(
            f"Shard {number} has {len(results.comparisons)} of {len(files)} files compared"
        )
    counts = results.close()
    count("ObjectsVerified", counts["verified"])
    logger.info("Compared", extra={"shard": number, "round": content.round, **counts})
    return counts
