"""Environment variables that point AWS clients to an endpoint on this machine only."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An emulated AWS: its address, its region, and credentials that are valid only there."""

    url: str
    region: str
    environment: str = "local"
    """The environment that is deployed there: a name in ``environments/``."""
    access_key_id: str = "local"
    secret_access_key: str = "local"


def pointed_at(endpoint: Endpoint, base: Mapping[str, str]) -> dict[str, str]:
    """Return *base* with variables for *endpoint*, and without any that lead to a real account."""
    made = {name: value for name, value in base.items() if not name.startswith("AWS_")}
    direct = ",".join(filter(None, [base.get("NO_PROXY") or base.get("no_proxy"), "127.0.0.1"]))
    return made | {
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_ACCESS_KEY_ID": endpoint.access_key_id,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret_access_key,
        "AWS_REGION": endpoint.region,
        "AWS_DEFAULT_REGION": endpoint.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "CI": "1",  # so that no tool asks a question
        "TF_IN_AUTOMATION": "1",
        "VAULT_ENV": endpoint.environment,
    }
