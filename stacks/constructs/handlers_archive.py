"""The archives of the functions: handlers/ and its libraries, with the same bytes on every machine.

The archive of ``verify_content`` also has awscrt, which computes CRC64NVME, as compiled for Lambda.
"""

from __future__ import annotations

import re
import sys
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
ARM64 = Path(sys.prefix) / "arm64"
"""The folder of the wheel of awscrt for Lambda's processor, which ``make setup`` downloads."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time in a zip file, so that file times do not change the archive."""


class CompiledLibraryError(Exception):
    """The wheel for Lambda's processor is not there."""


def write_archive(target: Path, *, compiled: bool = False) -> Path:
    """Write the archive to *target*, with awscrt for Lambda's processor if *compiled*.

    Entries are not compressed: the output of a compressor depends on its zlib.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    files = {name: path.read_bytes() for name, path in [*_handlers(), *_libraries()]}
    files |= _compiled() if compiled else {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, whatever the machine
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return target


def _compiled() -> dict[str, bytes]:
    """Return awscrt's files by their names in the archive, below a folder for Lambda's processor."""
    wheels = list(ARM64.glob("awscrt-*.whl"))
    if len(wheels) != 1:
        raise CompiledLibraryError(
            f"{ARM64} holds {len(wheels)} wheels of awscrt, not one: run 'make setup', which downloads"
            " the one that verify_content needs in Lambda"
        )
    with zipfile.ZipFile(wheels[0]) as wheel:
        return {
            f"arm64/{name}": wheel.read(name)
            for name in wheel.namelist()
            if name.startswith(("awscrt/", "_awscrt.")) and not name.endswith("/")
        }


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
    """The archive as an asset: one for ``verify_content``, and one that all other functions share."""

    def __init__(self, scope: Construct, id_: str, *, compiled: bool = False) -> None:
        super().__init__(scope, id_)
        target = Path(App.of(self).outdir) / f"{id_}.zip"
        written = write_archive(target, compiled=compiled)
        asset = TerraformAsset(self, "zip", path=str(written), type=AssetType.FILE)
        self.path = asset.path
        self.sha256 = Fn.filebase64sha256(asset.path)
