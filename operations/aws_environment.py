"""The choice of the AWS account or local system that a command uses.

boto3 and the handlers' adapters make their clients from the process's environment, so a choice made
here applies to all.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from operations.errors import OperatorError

ROOT = Path(__file__).parents[1]
LOCAL_SYSTEM = Path(".local") / "system" / "system.json"
"""The file in which ``make local-up`` writes endpoint, region and credentials."""
HELD_BACK = "held-back"
"""The file beside it that ``make hold-back`` writes; a line is the share's name, a slash and a key."""
DEFAULT_ENVIRONMENT = "dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The options that every command has."""

    environment: str | None = None
    profile: str | None = None
    region: str | None = None
    local: bool = False

    @property
    def flags(self) -> str:
        """The options that were given, with a space before each; a printed command repeats them."""
        named = _named({"--env": self.environment})
        flags = _named({"--profile": self.profile, "--region": self.region})
        return f"{' --local' if self.local else ''}{named}{flags}"

    @property
    def chosen_region(self) -> str | None:
        """The region: the option, or the environment's setting; None for the caller's own region."""
        if self.region or self.local:
            return self.region
        return configured_region(self.environment_name)

    def aws(self, arguments: str) -> str:
        """Return a command of AWS's command line for the chosen AWS.

        For the local system it has endpoint, region and credentials, because the user's own are for AWS.
        """
        if not self.local:
            place = {"--profile": self.profile, "--region": self.chosen_region}
            return f"aws {arguments}{_named(place)}"
        system = _local_system()
        names = zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), CREDENTIALS, strict=True)
        credentials = " ".join(f"{name}={shlex.quote(system[field])}" for name, field in names)
        where = {"--endpoint-url": system["endpoint"], "--region": self.region or system["region"]}
        return f"{credentials} {_aws_program()} {arguments}{_named(where)}"

    @property
    def environment_name(self) -> str:
        """The environment: the option, that of the local system, ``VAULT_ENV``, or ``dev``."""
        if self.environment:
            return self.environment
        if self.local:
            return str(_local_system()["environment"])
        return os.environ.get("VAULT_ENV") or DEFAULT_ENVIRONMENT

    def held_back(self) -> list[str]:
        """Return the keys that the local system's gateway holds back; none on AWS."""
        if not self.local:
            return []
        system = _local_system()
        share = f"{Path(system['shareFolder']).name}/"
        file = Path(system["folder"], HELD_BACK)
        lines = file.read_text(encoding="utf-8").split("\n") if file.exists() else []
        return [line.removeprefix(share) for line in lines if line.startswith(share)]

    def apply(self) -> None:
        """Point this process at the chosen AWS.

        Raises:
            OperatorError: The local system is chosen, and none is running.
        """
        if self.local:
            point_at(_local_system())
        if self.profile:
            os.environ["AWS_PROFILE"] = self.profile
        # Terraform and the AWS CLI read AWS_REGION, and boto3 reads AWS_DEFAULT_REGION only.
        if region := self.chosen_region or os.environ.get("AWS_REGION"):
            os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = region
        os.environ.setdefault("AWS_RETRY_MODE", "standard")
        os.environ["VAULT_ENV"] = self.environment_name
        boto3.setup_default_session()


def configured_region(environment: str) -> str | None:
    """Return the setting ``stacksRegion`` of *environment*; None without usable settings, or without it."""
    try:
        from stacks.settings import SettingsError, read_settings
    except ImportError:  # sgvault was installed without the checkout
        return None
    try:
        return read_settings(ROOT, environment).stacks_region
    except SettingsError:
        return None


def _named(values: Mapping[str, str | None]) -> str:
    return "".join(f" {name} {shlex.quote(value)}" for name, value in values.items() if value)


def _aws_program() -> str:
    """Return ``aws``, or the path of the one that ``make setup`` installs if the shell finds none."""
    own = Path(sys.prefix, "aws-cli", "aws")
    return shlex.quote(str(own)) if own.exists() and not shutil.which("aws") else "aws"


def _local_system() -> dict[str, Any]:
    for path in dict.fromkeys([Path.cwd() / LOCAL_SYSTEM, ROOT / LOCAL_SYSTEM]):
        try:
            system = json.loads(path.read_text(encoding="utf-8"))
            names = ("endpoint", "environment", "region", "folder", "shareFolder", *CREDENTIALS)
            return {name: system[name] for name in names}
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OperatorError(
                f"{path} is not what 'make local-up' writes ({error!r}): start the system again."
            ) from error
    raise OperatorError("No local system is running: 'make local-up' starts one.")


CREDENTIALS = ("accessKeyId", "secretAccessKey")


def point_at(system: Mapping[str, Any]) -> None:
    """Use the local endpoint, and none of the user's AWS settings, files and proxies."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    direct = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(filter(None, [direct, "127.0.0.1"]))
    os.environ |= {
        "AWS_ENDPOINT_URL": system["endpoint"],
        "AWS_ACCESS_KEY_ID": system["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": system["secretAccessKey"],
        "AWS_REGION": system["region"],
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
