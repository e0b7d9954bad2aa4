"""The archive of all functions: handlers/ and its libraries, with the same bytes on every machine."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

from cdktf import App, AssetType, Fn, TerraformAsset
from constructs import Construct

HANDLERS = Path(__file__).parents[2] / "handlers"
LIBRARIES = (
    "aws-lambda-powertools",
    "aws-xray-sdk",
    "typing-extensions",
    "wrapt",
    # Lambda's runtime has boto3, but its version changes without notice, and handlers/aws/pages.py
    # depends on botocore's internals.
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "six",
    "urllib3",
)
SHIPPED = {".py", ".json", ".gz", ".pem"}
"""Compiled parts are left out: wrapt works without its own, and bytecode depends on the machine."""
CLIENT = re.compile(r"""\b(?:boto3\.|create_)client\(\s*["']([a-z0-9-]+)["']""")
"""The calls in the handlers that make a client of a service."""
UNUSED = re.compile(
    r"boto3/(data|examples)/|botocore/data/.*/examples-1\.json|dateutil/zoneinfo/.*\.gz"
)
"""Models of boto3's resources, examples, and time zone data."""
MODEL = re.compile(r"botocore/data/([^/]+)/")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time in a zip file, so that file times do not change the archive."""


def write_archive(target: Path) -> Path:
    """Write the archive to *target*.

    Entries are not compressed: the output of a compressor depends on its zlib.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted([*_handlers(), *_libraries()]):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, whatever the machine
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return target


def _handlers() -> Iterator[tuple[str, Path]]:
    for path in HANDLERS.rglob("*.py"):
        yield path.relative_to(HANDLERS.parent).as_posix(), path


def services() -> frozenset[str]:
    """Return the services whose models are needed; the models of all four hundred would fill the archive."""
    called = {
        service for _, path in _handlers() for service in CLIENT.findall(path.read_text("utf-8"))
    }
    return frozenset(called | {"xray"})  # X-Ray's SDK makes a client when it is imported


def _libraries() -> Iterator[tuple[str, Path]]:
    used = services()
    for library in LIBRARIES:
        for file in distribution(library).files or ():
            name = PurePosixPath(file)
            if name.suffix in SHIPPED and _needed(name, used):
                yield str(name), Path(str(file.locate()))


def _needed(name: PurePosixPath, used: frozenset[str]) -> bool:
    """Return whether the file of a library is needed; scripts, metadata and other models are not."""
    if name.parts[0] == ".." or name.parts[0].endswith((".dist-info", "-stubs")):
        return False
    model = MODEL.match(str(name))
    return not UNUSED.match(str(name)) and (model is None or model[1] in used)


class HandlersArchive(Construct):
    """The archive as an asset, shared by all functions of the stack."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        outdir = Path(App.of(self).outdir)
        asset = TerraformAsset(
            self, "zip", path=str(write_archive(outdir / "handlers.zip")), type=AssetType.FILE
        )
        self.path = asset.path
        self.sha256 = Fn.filebase64sha256(asset.path)
