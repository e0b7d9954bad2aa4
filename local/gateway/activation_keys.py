"""Activation keys, which assign an appliance to the account that activates it.

Source: https://docs.aws.amazon.com/filegateway/latest/files3/get-activation-key.html
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

from local.gateway.requests import RequestRefusedError

LIVE_SECONDS = 30 * 60
LETTERS = string.ascii_uppercase + string.digits
FORM = re.compile(r"[A-Z0-9]{5}(-[A-Z0-9]{5}){4}")


@dataclass(frozen=True, slots=True)
class HandedOut:
    """The parameters with which a key was requested from an appliance."""

    region: str
    vpc_endpoint: str
    expires: float


class ActivationKeys:
    """Keys that are valid for half an hour and for one activation; *clock* returns seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._handed_out: dict[str, HandedOut] = {}

    def hand_out(self, *, region: str, vpc_endpoint: str) -> str:
        """Create a key for *region*, and remember the endpoint that the gateway will use."""
        key = "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(5))
        self._handed_out[key] = HandedOut(region, vpc_endpoint, self._clock() + LIVE_SECONDS)
        return key

    def use(self, key: str, *, region: str) -> HandedOut:
        """Use *key*, which is valid only once.

        Raises:
            RequestRefusedError: It is not a key of this region, or it is used or expired.
        """
        if not FORM.fullmatch(key):
            raise refusal("is invalid", "ActivationKeyInvalid")
        handed_out = self._handed_out.get(key)
        if handed_out is None or handed_out.region != region:
            raise refusal("was not found", "ActivationKeyNotFound")
        del self._handed_out[key]
        if handed_out.expires <= self._clock():
            raise refusal("has expired", "ActivationKeyExpired")
        return handed_out


def refusal(what: str, code: str) -> RequestRefusedError:
    """Return the refusal of a key in AWS's words.

    Source:
    https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_StorageGatewayError.html
    """
    return RequestRefusedError(f"The specified activation key {what}.", code=code)
