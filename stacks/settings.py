"""The settings of a deployment: read and checked once, in main.py.

Defaults are the ``context`` of cdktf.json; ``environments/<VAULT_ENV>.json`` overrides
them. There is no other source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import ceil
from pathlib import Path
from typing import Any

from stacks.settings_schema import SETTINGS

SECONDS_A_DAY = 86_400
EXPIRY_MARGIN_DAYS = 14
DEFAULT_ENVIRONMENT = "dev"


class SettingsError(Exception):
    """Settings that cannot be used: every problem in a line, with the remedy."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["The settings cannot be used:", *problems]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a deployment may vary; :mod:`stacks.settings_schema` says what each means."""

    environment_name: str
    stacks_account_id: str | None
    stacks_region: str | None
    state_bucket_name: str
    reconcile_count: int
    reconcile_wait_seconds: int
    job_dir_suffix: str
    manifest_suffix: str
    verify_objects: bool
    ignore_unexpected_names: tuple[str, ...]
    expiry_days: int
    log_retention_days: int
    alarm_topic_arn: str | None
    delete_data_with_stacks: bool
    prevent_destroy: bool
    client_operating_system: str
    gateway_time_zone: str
    upload_settling_seconds: int
    client_may_delete_vaulted_data: bool

    @property
    def name_prefix(self) -> str:
        """What every name in the account begins with, so that two environments fit in one."""
        return f"vault-{self.environment_name}"

    def state_key(self, stack: str) -> str:
        """Where the state of *stack* is in the state's bucket."""
        return f"{self.environment_name}/{stack}.tfstate"

    def lock_key(self, stack: str) -> str:
        """Where Terraform keeps the lock of *stack* while it is at work."""
        return f"{self.state_key(stack)}.tflock"

    @property
    def gateway_parameters(self) -> str:
        """The path in SSM below which the client tells of the gateway that it has activated."""
        return f"/{self.environment_name}/fileGateway"


def read_settings(root: Path, environment: str = DEFAULT_ENVIRONMENT) -> Settings:
    """Read cdktf.json and the environment's file below *root*, or raise SettingsError."""
    folder = root / "environments"
    chosen = folder / f"{environment}.json"
    if not re.fullmatch(r"[a-z][a-z0-9-]*", environment) or not chosen.is_file():
        there = ", ".join(sorted(path.stem for path in folder.glob("*.json")))
        raise SettingsError([f"VAULT_ENV is {environment!r}: set it to one of {there}"])
    context = _read(root / "cdktf.json").get("context", {})
    if not isinstance(context, dict):
        raise SettingsError(["The context in cdktf.json is no JSON object: write {...}"])
    given = _read(chosen)
    values = {**context, **given}
    problems = _problems(values)
    if environment != DEFAULT_ENVIRONMENT and "environmentName" not in given:
        problems.insert(0, f"environments/{chosen.name} lacks environmentName: give it one")
    if problems:
        raise SettingsError(problems)
    return _made(values)


def checked(values: Mapping[str, Any]) -> Settings:
    """Return the settings that *values* make, or raise SettingsError with all that is wrong."""
    if problems := _problems(values):
        raise SettingsError(problems)
    return _made(values)


def _made(values: Mapping[str, Any]) -> Settings:
    named = {setting.field: values[key] for key, setting in SETTINGS.items()}
    named["state_bucket_name"] = _state_bucket_name(values)
    named["ignore_unexpected_names"] = tuple(values["ignoreUnexpectedNames"])
    return Settings(**named)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError([f"{path.name} cannot be read: {error}"]) from error
    if not isinstance(content, dict):
        raise SettingsError([f"{path.name} holds no JSON object: write {{...}}"])
    return content


def _problems(values: Mapping[str, Any]) -> list[str]:
    """List all that is wrong; values that are right by themselves are judged together as well."""
    unfit = dict(_unfit(values))
    fit = {key: values[key] for key in SETTINGS if key not in unfit}
    return [*_unknown(values), *unfit.values(), *_conflicts(fit)]


def _unknown(values: Mapping[str, Any]) -> Iterator[str]:
    for key in values.keys() - SETTINGS.keys():
        near = get_close_matches(key, SETTINGS, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"known are {', '.join(SETTINGS)}"
        yield f"{key} is no setting: {remedy}"


def _unfit(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, setting in SETTINGS.items():
        if key not in values:
            yield key, f"{key} is missing: give it in cdktf.json, {setting.rule.told}"
        elif not setting.rule.holds(values[key]):
            yield key, f"{key} is {json.dumps(values[key])}: it must be {setting.rule.told}"


def _conflicts(fit: Mapping[str, Any]) -> Iterator[str]:
    for keys, told in CONFLICTS.items():
        if fit.keys() >= set(keys) and (problem := told(*(fit[key] for key in keys))):
            yield problem


def _expires_too_early(expiry_days: int, count: int, wait_seconds: int) -> str | None:
    least = ceil(count * wait_seconds / SECONDS_A_DAY) + EXPIRY_MARGIN_DAYS
    if expiry_days >= least:
        return None
    return (
        f"expiryDays is {expiry_days}: it must be {least} or more, to outlast"
        f" reconcileCountIterations x reconcileWaitIterations by {EXPIRY_MARGIN_DAYS} days"
    )


def _kept_and_deleted(prevent_destroy: bool, delete_data: bool) -> str | None:
    if not (prevent_destroy and delete_data):
        return None
    return (
        "deleteDataWithStacks is true: it must be false as long as preventDestroy is true,"
        " which keeps what it would delete; choose one of them"
    )


def _alarms_cannot_reach(topic_arn: str | None, region: str | None) -> str | None:
    """A CloudWatch alarm notifies topics of its own region only."""
    if not topic_arn or not region or topic_arn.split(":")[3] == region:
        return None
    return (
        f"alarmTopicArn is {json.dumps(topic_arn)}: it must be a topic of {region}, the stacksRegion,"
        " for no alarm reaches another region"
    )


CONFLICTS: Mapping[tuple[str, ...], Callable[..., str | None]] = {
    ("expiryDays", "reconcileCountIterations", "reconcileWaitIterations"): _expires_too_early,
    ("preventDestroy", "deleteDataWithStacks"): _kept_and_deleted,
    ("alarmTopicArn", "stacksRegion"): _alarms_cannot_reach,
}
"""Settings that are judged together, each of them right by itself: what is wrong, or None."""


def _state_bucket_name(values: Mapping[str, Any]) -> str:
    """Bucket names are global: the account id makes the derived one ours alone."""
    derived = [f"vault-{values['environmentName']}-terraform-state", values["stacksAccountId"]]
    name: str = values["stateBucketName"] or "-".join(part for part in derived if part)
    return name
