"""The environment, account and region that a command works on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Self

from deployment.deployment import Deployment
from deployment.errors import CommandError


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An environment in one account and region."""

    environment: str
    account_id: str
    region: str

    def __str__(self) -> str:
        return f"environment {self.environment}, account {self.account_id}, region {self.region}"

    @classmethod
    def of(cls, stacks: Deployment, environment: str) -> Self:
        """Return the target that synthesised *stacks* have with the caller's credentials.

        Raises:
            CommandError: There are no credentials or no region, the credentials are of an account
                that the stacks do not allow, or the stacks were synthesised for another
                environment.
        """
        written = [stacks.written(stack) for stack in stacks.stacks()]
        for each in written:
            check_environment(each, environment)
        (provider, *_) = written[0]["provider"]["aws"]
        region, account_id = _identity(provider.get("region"))
        allowed = provider.get("allowed_account_ids") or [account_id]
        if account_id not in allowed:
            raise CommandError(
                f"The credentials are of account {account_id}, but the stacks of {environment} are"
                f" for {', '.join(allowed)} (stacksAccountId): use credentials of that account."
            )
        return cls(environment=environment, account_id=account_id, region=region)


def check_environment(written: dict[str, Any], environment: str) -> None:
    """Raise CommandError if a configuration was not synthesised for *environment*."""
    key: str = written["terraform"]["backend"]["s3"]["key"]
    tags: dict[str, str] = written["provider"]["aws"][0]["default_tags"][0]["tags"]
    for found in (key.partition("/")[0], tags["Environment"]):
        if found != environment:
            raise CommandError(
                f"These stacks were synthesised for {found}, not for {environment}: nothing is"
                f" applied. Synthesise them again, with VAULT_ENV={environment}."
            )


def _identity(region: str | None) -> tuple[str, str]:
    """Return the region that Terraform uses and the account of the caller's credentials."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    session: Any = boto3.session.Session()
    region = (
        region
        or os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or session.region_name
    )
    if not region:
        raise CommandError("No region is configured: set AWS_REGION, or the setting stacksRegion.")
    try:
        identity = session.client("sts", region_name=region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise CommandError(
            f"AWS accepts no credentials of this user: {error}. Log in (aws sso login), or set"
            " AWS_PROFILE."
        ) from error
    return region, str(identity["Account"])
