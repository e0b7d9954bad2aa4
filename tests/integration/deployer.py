"""A user who has the policies of ``make deploy-policy`` and ``make state-policy``, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.aws_environment import Endpoint
from local.clients import client
from operations.deploy_policy import Place, deploy_policies, listed_actions
from operations.state_policy import state_policy
from stacks.settings import read_settings

ROOT = Path(__file__).parents[2]
USER = "deployer"


def deployer(where: Endpoint, name: str = USER) -> Endpoint:
    """Create the user of the environment, and return the endpoint with the user's credentials."""
    settings = read_settings(ROOT, where.environment)
    place = Place.of(
        settings,
        partition="aws",
        region=where.region,
        account_id=settings.stacks_account_id or "*",
    )
    return user_of(where, [*deploy_policies(place, listed_actions()), state_policy(settings)], name)


def user_of(where: Endpoint, documents: Iterable[Mapping[str, Any]], name: str = USER) -> Endpoint:
    """Create a user with these policies, and return the endpoint with the user's credentials."""
    iam = client(where, "iam")
    iam.create_user(UserName=name)
    for number, document in enumerate(documents):
        made = iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=json.dumps(document))
        iam.attach_user_policy(UserName=name, PolicyArn=made["Policy"]["Arn"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return replace(
        where, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
    )
