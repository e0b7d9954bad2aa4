"""The simulated appliance: it uploads files from a share to the bucket, then announces them.

It behaves as an S3 File Gateway does. Some files appear in the bucket half written before they are
complete. A file is announced when it is complete in S3 and has not changed for the share's settling
time. A file that is written again is uploaded and announced again. Files that *held_back* lists are
stuck in the gateway: they are not uploaded. After a restart, the gateway uploads and announces the
files that its journal lacks.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any

from local.gateway.announcements import Announcer, Emit
from local.gateway.file_shares import FileShare
from local.gateway.folder_scan import FolderScan, ScannedPath, Settling
from local.gateway.journal import Journal
from local.gateway.storage_gateway import StorageGateway

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
POLL_SHARE_OF_TIME = 0.1  # the largest fraction of time for scans, for any number of files
UPLOAD_THREADS = 4
OVERTAKES = 200
BATCH = 50  # uploads between two rounds of announcements
ONE_PART_BYTES = 8 * 1024**2  # larger files are uploaded in parts
UNANNOUNCED_SETTLING_SECONDS = 1.0
PARTIAL = 0.05  # the fraction of files that first appear half written

S3Client = Any
Clock = Callable[[], float]


class ShareWatcher:
    """One share: its folder, its bucket, and its pending announcements."""

    def __init__(
        self,
        share: FileShare,
        folder: Path,
        *,
        held_back: Path,
        journal: Journal,
        s3: S3Client,
        emit: Emit,
        random: Random,
        clock: Clock,
    ) -> None:
        self.share = share
        self._s3 = s3
        self._random = random
        self._clock = clock
        self._scan = FolderScan(str(folder))
        self._held_back = held_back
        self._journal = journal
        self._settling = Settling(journal.read())
        self._announcer = Announcer(emit, random, announced=journal.announced)

    def look(self, upload_threads: ThreadPoolExecutor) -> float:
        """Upload settled files, send the announcements that are due, and return the seconds of the scan."""
        wait = self.share.settling_seconds
        started = self._clock()
        settled, gone = self._settling.look(
            self._scan.entries(),
            now=started,
            settling_seconds=UNANNOUNCED_SETTLING_SECONDS if wait is None else wait,
        )
        scan_seconds = self._clock() - started
        for entry in gone:
            self._s3.delete_object(Bucket=self.share.bucket, Key=self._object_key(entry))
        self._journal.gone(gone)
        stuck = self._stuck()
        settled = self._disordered([entry for entry in settled if entry.key not in stuck])
        growing = [
            entry for entry in settled if entry.size_bytes > 1 and self._random.random() < PARTIAL
        ]
        list(upload_threads.map(self._upload_half, growing))
        for start in range(0, len(settled), BATCH):
            batch = settled[start : start + BATCH]
            for entry, is_complete in zip(
                batch, upload_threads.map(self._upload, batch), strict=True
            ):
                if is_complete and wait is not None:
                    self._announcer.add(self.share, entry, now=self._clock())
            self._announcer.flush(self.share, now=self._clock())
        self._announcer.flush(self.share, now=self._clock())
        return scan_seconds

    def _stuck(self) -> set[str]:
        """Read the keys that are held back from their file, which ``make hold-back`` writes."""
        if not self._held_back.exists():
            return set()
        listed = self._held_back.read_text(encoding="utf-8").split("\n")
        share = f"{self.share.export}/"
        return {line.removeprefix(share) for line in listed if line.startswith(share)}

    def _disordered(self, entries: list[ScannedPath]) -> list[ScannedPath]:
        """Reorder uploads as parallel uploads do, within a limited distance."""
        place = {
            entry.key: at + self._random.uniform(0, OVERTAKES) for at, entry in enumerate(entries)
        }
        return sorted(entries, key=lambda entry: place[entry.key])

    def _upload_half(self, entry: ScannedPath) -> None:
        with open(entry.path, "rb") as file:
            half = file.read(entry.size_bytes // 2)
        self._s3.put_object(Bucket=self.share.bucket, Key=self._object_key(entry), Body=half)

    def _upload(self, entry: ScannedPath) -> bool:
        """Upload *entry*; return False if it changed or disappeared, and must settle again."""
        target = {"Bucket": self.share.bucket, "Key": self._object_key(entry)}
        if entry.is_folder:
            self._s3.put_object(**target, Body=b"")
        else:
            try:
                with open(entry.path, "rb") as file:
                    if entry.size_bytes > ONE_PART_BYTES:
                        self._s3.upload_fileobj(file, **target)
                    else:
                        self._s3.put_object(**target, Body=file.read())
                info = os.stat(entry.path)
            except FileNotFoundError:
                return False
            seen = (info.st_size, info.st_mtime_ns, info.st_ino, info.st_ctime_ns)
            if seen != entry.signature:
                return False
        self._settling.done(entry)
        return True

    def _object_key(self, entry: ScannedPath) -> str:
        return f"{self.share.prefix}{entry.key}{'/' if entry.is_folder else ''}"


class FileGateway:
    """Serves every NFS share of the API, each with a thread and a folder.

    The folder is the share's export (its name) below *exports*.
    """

    def __init__(
        self,
        api: StorageGateway,
        *,
        exports: Path,
        held_back: Path,
        journals: Path,
        s3: S3Client,
        emit: Emit,
        seed: int = 0,
    ) -> None:
        self._api = api
        self._exports = exports
        self._held_back = held_back
        self._journals = journals
        self._s3 = s3
        self._emit = emit
        self._seed = seed
        self._stop = Event()
        self._threads: dict[str, Thread] = {}

    def start(self) -> None:
        """Serve in the background until :meth:`stop`."""
        Thread(target=self._serve_all, name="file-gateway", daemon=True).start()

    def stop(self) -> None:
        """Stop watching the folders."""
        self._stop.set()

    def _serve_all(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            for share in self._api.nfs_shares():
                if share.arn not in self._threads:
                    self._threads[share.arn] = self._serve_in_thread(share)

    def _serve_in_thread(self, share: FileShare) -> Thread:
        folder = self._exports / share.export
        folder.mkdir(parents=True, exist_ok=True)
        share_id = share.arn.rpartition("/")[2]  # a share of the same name has another journal
        watcher = ShareWatcher(
            share,
            folder,
            held_back=self._held_back,
            journal=Journal(self._journals / f"{share_id}.jsonl"),
            s3=self._s3,
            emit=self._emit,
            random=Random(f"{self._seed}/{share.export}"),
            clock=time.monotonic,
        )
        thread = Thread(target=self._serve, args=(watcher,), name=share.export, daemon=True)
        thread.start()
        return thread

    def _serve(self, watcher: ShareWatcher) -> None:
        with ThreadPoolExecutor(UPLOAD_THREADS) as upload_threads:
            for _ in self._while_share_exists(watcher.share):
                try:
                    scan_seconds = watcher.look(upload_threads)
                except Exception:  # the appliance continues if the bucket is missing
                    logger.exception(
                        "share %s: the upload failed and will be retried", watcher.share.export
                    )
                    scan_seconds = 1.0 * POLL_SHARE_OF_TIME
                self._stop.wait(max(POLL_SECONDS, scan_seconds / POLL_SHARE_OF_TIME))

    def _while_share_exists(self, share: FileShare) -> Iterator[None]:
        while not self._stop.is_set() and share in self._api.nfs_shares():
            yield
