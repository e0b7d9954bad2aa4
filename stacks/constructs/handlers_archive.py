"""The one Lambda archive: handlers/ and the libraries they need, the same bytes everywhere."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

from cdktf import App, AssetType, Fn, TerraformAsset
from constructs import Construct

HANDLERS = Path(__file__).parents[2] / "handlers"
LIBRARIES = ("aws-lambda-powertools", "aws-xray-sdk", "typing-extensions", "wrapt")
"""What Lambda's runtime lacks; it has boto3 and all that comes with it."""
SHIPPED = {".py", ".json"}
"""No compiled parts: wrapt does without its own, and bytecode depends on the machine."""
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


def _libraries() -> Iterator[tuple[str, Path]]:
    for library in LIBRARIES:
        for file in distribution(library).files or ():
            name = PurePosixPath(file)
            if name.suffix in SHIPPED and not name.parts[0].endswith((".dist-info", "-stubs")):
                yield str(name), Path(str(file.locate()))


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
