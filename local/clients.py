"""boto3 clients that send requests to the endpoint only."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from local.aws_environment import Endpoint

# Uploads have no checksum of the SDK, so that S3 computes it, as presumably for a gateway.
DIRECT = Config(
    proxies={}, retries={"total_max_attempts": 3}, request_checksum_calculation="when_required"
)
# Ignore this machine's profile and files: https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html
NOTHING_CONFIGURED = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@cache
def client(endpoint: Endpoint, service: str) -> Any:
    """Return a cached client of *service* that ignores the AWS settings of this machine."""
    # boto3-stubs only types clients of literal service names.
    session: Any = boto3.session.Session(
        botocore_session=botocore.session.Session(session_vars=NOTHING_CONFIGURED),
        aws_access_key_id=endpoint.access_key_id,
        aws_secret_access_key=endpoint.secret_access_key,
        region_name=endpoint.region,
    )
    return session.client(service, endpoint_url=endpoint.url, config=DIRECT)
