"""The settings of a deployment: read and checked once, in main.py.

Defaults are the ``context`` of cdktf.json; ``environments/<VAULT_ENV>.json`` overrides
them. Nothing else changes a setting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import environments
from stacks.settings_conflicts import conflicts
from stacks.settings_schema import SETTINGS


class SettingsError(Exception):
    """Settings that cannot be used: a line for each problem, with the remedy."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["The settings cannot be used:", *problems]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one environment; :mod:`stacks.settings_schema` defines each of them."""

    environment_name: str
    stacks_account_id: str | None
    stacks_region: str | None
    state_bucket_name: str
    state_bucket_is_guessable: bool
    """Whether another account could guess and take the bucket's name: it is not set and has no account id.
    """
    reconcile_count: int
    reconcile_wait_seconds: int
    job_dir_suffix: str
    manifest_suffix: str
    verify_objects: bool
    verify_content: str
    verify_concurrency: int
    ignore_unexpected_names: tuple[str, ...]
    expiry_days: int
    archive_days: int
    manifest_due_hours: float
    log_retention_days: int
    alarm_topic_arn: str | None
    notify_emails: tuple[str, ...]
    delete_data_with_stacks: bool
    prevent_destroy: bool
    client_operating_system: str
    gateway_time_zone: str
    upload_settling_seconds: int
    client_may_delete_vaulted_data: bool
    gateway_instance_type: str
    client_instance_type: str
    s3_interface_endpoint: bool
    tags: Mapping[str, str]

    @property
    def name_prefix(self) -> str:
        """The prefix of every name, so that one account can hold several environments."""
        return f"vault-{self.environment_name}"

    def state_key(self, stack: str) -> str:
        """Return the key of the state of *stack* in the state's bucket."""
        return f"{self.environment_name}/{stack}.tfstate"

    def lock_key(self, stack: str) -> str:
        """Return the key of the lock that Terraform holds while it changes *stack*."""
        return f"{self.state_key(stack)}.tflock"

    @property
    def gateway_parameters(self) -> str:
        """The path in SSM below which the client stores the gateway parameters that FileShareStack reads."""
        return f"/{self.environment_name}/fileGateway"


def read_settings(root: Path, environment: str = environments.DEFAULT) -> Settings:
    """Read cdktf.json and the environment's file below *root*.

    Raises:
        SettingsError: There is no such environment, or its settings cannot be used.
    """
    try:
        chosen = environments.settings_file(root, environment)
    except environments.UnknownEnvironmentError as error:
        raise SettingsError([str(error)]) from error
    context = _read(root / "cdktf.json", root).get("context", {})
    if not isinstance(context, dict):
        raise SettingsError(["The context in cdktf.json is not a JSON object: write {...}"])
    given = _read(chosen, root)
    values = {**context, **given}
    if problems := [*_wrong_name(environment, given, values), *_problems(values)]:
        raise SettingsError(problems)
    return _settings(values)


def checked(values: Mapping[str, Any]) -> Settings:
    """Return the settings that *values* contain.

    Raises:
        SettingsError: At least one of them cannot be used.
    """
    if problems := _problems(values):
        raise SettingsError(problems)
    return _settings(values)


def _settings(values: Mapping[str, Any]) -> Settings:
    fields = {setting.field: values[key] for key, setting in SETTINGS.items()}
    fields["state_bucket_name"] = _state_bucket_name(values)
    for name in ("ignore_unexpected_names", "notify_emails"):
        fields[name] = tuple(fields[name])
    guessable = values["stateBucketName"] is values["stacksAccountId"] is None
    return Settings(**fields, state_bucket_is_guessable=guessable)


def _read(path: Path, root: Path) -> dict[str, Any]:
    name = path.relative_to(root)
    try:
        content = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
    except (OSError, ValueError) as error:
        remedy = "write one JSON object, in UTF-8 without a byte order mark"
        raise SettingsError([f"{name} cannot be read: {error}: {remedy}"]) from error
    if not isinstance(content, dict):
        raise SettingsError([f"{name} is not a JSON object: write {{...}}"])
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, or raise ValueError for a repeated key, of which ``json`` uses the last."""
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"{key} appears twice: keep one")
        values[key] = value
    return values


def _wrong_name(
    environment: str, given: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[str]:
    """Yield an error if the file would change the state and resources of another environment."""
    name = values.get("environmentName")
    if name == environment or not SETTINGS["environmentName"].rule.holds(name):
        return
    file = f"environments/{environment}.json"
    if "environmentName" not in given:
        yield f"{file} lacks environmentName: add {json.dumps(environment)}"
    else:
        yield (
            f"environmentName in {file} is {json.dumps(name)}: it must be {json.dumps(environment)},"
            " like the file's name, because it selects the state and the names of all resources"
        )


def _problems(values: Mapping[str, Any]) -> list[str]:
    """List all problems: unknown keys, invalid values, and conflicts among the valid values."""
    invalid = dict(_invalid(values))
    valid = {key: values[key] for key in SETTINGS if key not in invalid}
    return [*_unknown(values), *invalid.values(), *conflicts(valid)]


def _unknown(values: Mapping[str, Any]) -> Iterator[str]:
    for key in values.keys() - SETTINGS.keys():
        near = get_close_matches(key, SETTINGS, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(SETTINGS)}"
        yield f"{key} is not a setting: {remedy}"


def _invalid(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, setting in SETTINGS.items():
        if key not in values:
            yield (
                key,
                f"{key} is missing: add it to the context in cdktf.json. It must be {setting.rule.must_be}",
            )
        elif not setting.rule.holds(values[key]):
            yield key, f"{key} is {json.dumps(values[key])}: it must be {setting.rule.must_be}"


def _state_bucket_name(values: Mapping[str, Any]) -> str:
    """Return the chosen name, or one with environment and account, because names are global."""
    derived = [f"vault-{values['environmentName']}-terraform-state", values["stacksAccountId"]]
    name: str = values["stateBucketName"] or "-".join(part for part in derived if part)
    return name
