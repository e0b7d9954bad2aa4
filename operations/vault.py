"""The SSM parameter ``/<environmentName>/vault``: names and ARNs that the commands need."""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields
from typing import Self

import boto3
from botocore.exceptions import ClientError

from handlers.core.naming import Naming
from operations.errors import NotAVaultError


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """One environment, as EventProcessingStack describes it; unknown fields are ignored."""

    environment_name: str
    file_upload_bucket_name: str
    reports_bucket_name: str
    upload_event_table_name: str
    outcome_table_name: str
    state_machine_arn: str
    upload_rule_arn: str
    upload_queue_url: str
    upload_dead_letter_queue_url: str
    undelivered_queue_url: str
    gateway_parameters: str
    """The SSM path below which the client stores its gateway's parameters."""
    job_dir_suffix_name: str
    manifest_suffix_name: str
    reconcile_count_iterations: int
    reconcile_wait_iterations: int
    upload_settling_seconds: int
    expiry_days: int
    verify_objects: bool
    ignore_unexpected_names: list[str]
    set_table_name: str | None = None
    """The register of sets."""
    record_queue_url: str | None = None
    record_dead_letter_queue_url: str | None = None
    upload_archive_arn: str | None = None
    """The EventBridge archive of upload events; None where ``archiveDays`` is 0."""
    prevent_destroy: bool | None = None
    """The setting ``preventDestroy``; None before release 0.2.0."""

    @classmethod
    def from_json(cls, name: str, text: str) -> Self:
        """Read the value of the parameter *name*.

        Raises:
            NotAVaultError: It is not a JSON object with every required field.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise NotAVaultError(f"The SSM parameter {name} holds no JSON: {error}") from error
        required = {each.name for each in fields(cls) if each.default is MISSING}
        if not isinstance(values, dict) or not {_camel(each) for each in required} <= set(values):
            lacking = ", ".join(sorted({_camel(each) for each in required} - set(values)))
            raise NotAVaultError(
                f"The SSM parameter {name} lacks {lacking}: deploy EventProcessingStack again, with"
                " the version that this command is of."
            )
        known = {each.name: _camel(each.name) for each in fields(cls)}
        return cls(**{each: values[key] for each, key in known.items() if key in values})

    @property
    def naming(self) -> Naming:
        """The names of datasets' folders and manifests."""
        return Naming(
            job_dir_suffix=self.job_dir_suffix_name, manifest_suffix=self.manifest_suffix_name
        )

    @property
    def partition(self) -> str:
        """The partition of the state machine, which is that of the whole system."""
        return self.state_machine_arn.split(":")[1]

    @property
    def region(self) -> str:
        """The region of the state machine, which is that of the whole system."""
        return self.state_machine_arn.split(":")[3]

    @property
    def account_id(self) -> str:
        """The account of the state machine, which is that of the whole system."""
        return self.state_machine_arn.split(":")[4]

    @property
    def health_log_group(self) -> str:
        """The log group of the gateway's health log."""
        return f"/aws/storagegateway/vault-{self.environment_name}"

    def manifest_key(self, set_id: str, *, share_prefix: str = "") -> str:
        """Return the S3 key of a dataset's manifest."""
        return (
            f"{self.folder(set_id, share_prefix=share_prefix)}{set_id}{self.manifest_suffix_name}"
        )

    def folder(self, set_id: str, *, share_prefix: str = "") -> str:
        """Return the prefix of every S3 key of a dataset."""
        return f"{share_prefix}{set_id}{self.job_dir_suffix_name}/"


def parameter_name(environment: str) -> str:
    """Return the name of the SSM parameter of *environment*."""
    return f"/{environment}/vault"


def find_vault(environment: str) -> Vault:
    """Read the parameter of *environment*.

    Raises:
        NotAVaultError: There is none in this account and region.
    """
    name = parameter_name(environment)
    ssm = boto3.client("ssm")
    try:
        answer = ssm.get_parameter(Name=name)
    except ClientError as error:
        if error.response["Error"].get("Code") != "ParameterNotFound":
            raise
        raise NotAVaultError(
            f"There is no SSM parameter {name} in {ssm.meta.region_name}: give --env, --region,"
            " --profile or --local, or deploy EventProcessingStack there."
        ) from error
    return Vault.from_json(name, answer["Parameter"]["Value"])


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
