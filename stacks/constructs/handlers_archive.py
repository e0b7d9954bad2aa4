"""The one Lambda archive: handlers/ and the libraries they need, the same bytes everywhere."""

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
    # Lambda's runtime has boto3, but of a version that changes without notice: the pages that
    # handlers/aws/pages.py decodes depend on botocore's internals.
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "six",
    "urllib3",
)
SHIPPED = {".py", ".json", ".gz", ".pem"}
"""No compiled parts: wrapt does without its own, and bytecode depends on the machine."""
CLIENT = re.compile(r"""\b(?:boto3\.|create_)client\(\s*["']([a-z0-9-]+)["']""")
"""How the handlers make a client of a service."""
UNUSED = re.compile(
    r"boto3/(data|examples)/|botocore/data/.*/examples-1\.json|dateutil/zoneinfo/.*\.gz"
)
"""Models of boto3's resources, examples, and time zones."""
MODEL = re.compile(r"botocore/data/([^/]+)/")
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip file can hold: when a file was written must not show."""


def write_archive(target: Path) -> Path:
    """Write the archive to *target*.

    Stored, not deflated: what a compressor makes differs from one zlib to another.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, path in sorted([*_handlers(), *_libraries()]):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, also where the machine is not
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return target


def _handlers() -> Iterator[tuple[str, Path]]:
    for path in HANDLERS.rglob("*.py"):
        yield path.relative_to(HANDLERS.parent).as_posix(), path


def services() -> frozenset[str]:
    """Return the services whose models are needed: four hundred of them would fill the archive."""
    called = {
        service for _, path in _handlers() for service in CLIENT.findall(path.read_text("utf-8"))
    }
    return frozenset(called | {"xray"})  # X-Ray's SDK makes a client where it is imported


def _libraries() -> Iterator[tuple[str, Path]]:
    used = services()
    for library in LIBRARIES:
        for file in distribution(library).files or ():
            name = PurePosixPath(file)
            if name.suffix in SHIPPED and _needed(name, used):
                yield str(name), Path(str(file.locate()))


def _needed(name: PurePosixPath, used: frozenset[str]) -> bool:
    """Return whether a library's file is of use: no command, no note, no model of another service."""
    if name.parts[0] == ".." or name.parts[0].endswith((".dist-info", "-stubs")):
        return False
    model = MODEL.match(str(name))
    return not UNUSED.match(str(name)) and (model is None or model[1] in used)


class HandlersArchive(Construct):
    """The archive as an asset of the stack, shared by all its functions."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        outdir = Path(App.of(self).outdir)
        asset = TerraformAsset(
            self, "zip", path=str(write_archive(outdir / "handlers.zip")), type=AssetType.FILE
        )
        self.path = asset.path
        self.sha256 = Fn.filebase64sha256(asset.path)
