"""A deployed system: its addresses and names, and functions to access it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, fields, replace
from pathlib import Path
from shlex import quote
from typing import Any, Self

from deployment import terraform
from deployment.deployment import Deployment
from deployment.errors import CommandError
from local import share_setup
from local.aws_environment import Endpoint, pointed_at
from local.clients import client
from local.emulator.endpoint_process import EndpointProcess
from local.gateway_client import GatewayClient
from local.held_back import HeldBack

EVENT_PROCESSING = "EventProcessingStack"
DATA_VAULTING = "DataVaultingStack"
FILE_SHARE = "FileShareStack"

PATHS = ("share_folder", "stack_folder", "client_configuration", "folder")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedSystem:
    """A deployed system, with names that are mostly outputs of its stacks."""

    endpoint: str
    environment: str
    region: str
    access_key_id: str
    secret_access_key: str
    share_folder: Path
    job_dir_suffix: str
    manifest_suffix: str
    bucket: str
    table: str
    bus: str
    queue_url: str
    dead_letter_queue_url: str
    state_machine_arn: str
    outcome_table: str
    set_table: str
    reports_bucket: str
    undelivered_queue_url: str
    stack_folder: Path
    gateway_arn: str
    client_configuration: Path
    folder: Path
    pid: int
    port: int
    appliance_address: str
    token: str
    deployer_access_key_id: str = "local"
    deployer_secret_access_key: str = "local"
    """The credentials of Terraform; those above are the account's own, which may do anything."""

    def client(self, service: str) -> Any:
        """Return a boto3 client of *service* on the endpoint."""
        return client(self._where, service)

    def add_share(
        self,
        prefix: str = "",
        *,
        notify: bool = True,
        settling_seconds: int = share_setup.SETTLING_SECONDS,
    ) -> Path:
        """Create another share, on the bucket or a *prefix* (``team-a/``); return its folder."""
        name = prefix.strip("/").replace("/", "-") or f"share-{uuid.uuid4().hex[:8]}"
        share_setup.create_share(
            self._where,
            self.gateway_arn,
            location_arn=f"arn:aws:s3:::{self.bucket}" + (f"/{prefix}" if prefix else ""),
            name=name,
            settling_seconds=settling_seconds if notify else None,
        )
        return share_folder(self.folder, name)

    def job_folder(self, set_id: str) -> str:
        """Return the name of a set's folder in a file share.

        Raises:
            CommandError: *set_id* is the name of such a folder.
        """
        name = set_id.removesuffix(self.job_dir_suffix)
        if name != set_id:
            raise CommandError(
                f"{set_id} is the name of a set's folder, not of a set: write SET={quote(name)}"
            )
        return f"{set_id}{self.job_dir_suffix}"

    def ignored_names(self) -> list[str]:
        """Return the patterns of the names that are left out of a set."""
        stored = vault_parameter(self.client("ssm"), self.environment)
        return list(stored["ignoreUnexpectedNames"])

    def held_back(self, share: Path | None = None) -> HeldBack:
        """The keys that the gateway holds back in a share, by default in that of the stacks."""
        return HeldBack(self.folder, (share or self.share_folder).name)

    def deployment(self) -> Deployment:
        """The stacks, for ``.terraform(...)`` and ``.cdktf(...)``."""
        deployer = replace(
            self._where,
            access_key_id=self.deployer_access_key_id,
            secret_access_key=self.deployer_secret_access_key,
        )
        return deployment(self.folder, deployer)

    def terraform(
        self, *arguments: str, stack: str = EVENT_PROCESSING
    ) -> subprocess.CompletedProcess[str]:
        """Run ``terraform`` on a stack: ``terraform("plan", "-detailed-exitcode")``."""
        return self.deployment().terraform(stack, *arguments)

    def gateway_client(self) -> GatewayClient:
        """The client of the gateway, with scripts that run on this machine."""
        return gateway_client(self.folder, self._where)

    def process(self) -> EndpointProcess:
        """The endpoint's process."""
        return EndpointProcess(self.pid, self.port, self.token, self.region, self.appliance_address)

    @property
    def _where(self) -> Endpoint:
        return Endpoint(
            url=self.endpoint,
            region=self.region,
            environment=self.environment,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
        )

    def to_json(self) -> dict[str, str | int]:
        """Return every field with its name in camel case."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {
            _camel(name): str(value) if isinstance(value, Path) else value for name, value in values
        }

    @classmethod
    def from_json(cls, shown: dict[str, Any]) -> Self:
        """Read the result of :meth:`to_json`."""
        values = {field.name: shown[_camel(field.name)] for field in fields(cls)}
        return cls(**values | {name: Path(values[name]) for name in PATHS})


def deployment(folder: Path, where: Endpoint) -> Deployment:
    """Return the stacks of the system in *folder*, and the environment of their tools."""
    return Deployment(folder, pointed_at(where, terraform.prepare(folder / "terraform.rc")))


def gateway_client(folder: Path, where: Endpoint) -> GatewayClient:
    """Return the gateway's client of the system in *folder*; ``aws`` is that of tools/setup.sh."""
    own = (Path(sys.prefix, "aws-cli"), Path(sys.executable).parent)
    path = os.pathsep.join([*map(str, own), os.environ.get("PATH", "")])
    return GatewayClient(folder, pointed_at(where, {**os.environ, "PATH": path}))


def vault_parameter(ssm: Any, environment: str) -> dict[str, Any]:
    """Return the names and settings that EventProcessingStack stores for operators."""
    parameter = ssm.get_parameter(Name=f"/{environment}/vault")
    names: dict[str, Any] = json.loads(parameter["Parameter"]["Value"])
    return names


def share_folder(folder: Path, name: str) -> Path:
    """Return the folder that represents the mounted share *name*."""
    path = folder / "shares" / name
    path.mkdir(exist_ok=True)
    return path


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
