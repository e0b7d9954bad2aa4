"""Activated gateways in the form of the Storage Gateway API, each with one disk for its cache."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle

from local.gateway.activation_keys import ActivationKeys
from local.gateway.requests import Caller, Json, RequestRefusedError

CONNECTING_SECONDS = 0.5  # tens of seconds on AWS
TIME_ZONE = re.compile(r"GMT([+-](0?\d|1[0-4]):[0-5]\d)?")

# The values are those of the workshop's gateway.
DISK_ID = "xen-vbd-51728"
DISK = {
    "DiskId": DISK_ID,
    "DiskPath": "/dev/sdf",
    "DiskNode": "/dev/sdf",
    "DiskStatus": "present",
    "DiskSizeInBytes": 150 * 1024**3,
}
HOST = {
    "GatewayNetworkInterfaces": [{"Ipv4Address": "192.168.1.10"}],
    "Ec2InstanceId": "i-0123456789abcdef0",
    "HostEnvironment": "EC2",
    "EndpointType": "STANDARD",
}
SMB = {
    "SMBGuestPasswordSet": False,
    "FileSharesVisible": False,
    "SMBSecurityStrategy": "ClientSpecified",
    "ActiveDirectoryStatus": "DETACHED",
}
RUNNING = ("RUNNING", "STATE_RUNNING")
CACHE = ("CACHE STORAGE", "CACHE_STORAGE")
"""AWS's documentation, models and responses spell these differently, so the spellings alternate."""
CACHE_USE = {f"Cache{what}Percentage": 0.0 for what in ("Used", "Dirty", "Hit", "Miss")}
LISTED = (
    "GatewayARN",
    "GatewayId",
    "GatewayName",
    "GatewayType",
    "Ec2InstanceId",
    "Ec2InstanceRegion",
    "HostEnvironment",
)


def short_id() -> str:
    """Return eight hexadecimal digits for the id of a gateway or share."""
    return uuid.uuid4().hex[:8].upper()


@dataclass(slots=True)
class Gateway:
    """One activated gateway."""

    arn: str
    information: Json
    tags: list[Json]
    connected_from: float
    cache_disks: list[str] = field(default_factory=list)
    maintenance: Json = field(
        default_factory=lambda: {"HourOfDay": 3, "MinuteOfHour": 15, "DayOfWeek": 0}
    )


class Gateways:
    """The operations on gateways and their disks; each is the method with its name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._keys = ActivationKeys(clock)
        self._gateways: dict[str, Gateway] = {}
        self._running, self._cache = cycle(RUNNING), cycle(CACHE)

    def __getitem__(self, arn: str) -> Gateway:
        """Return a gateway, or refuse like AWS."""
        try:
            return self._gateways[arn]
        except KeyError:
            raise RequestRefusedError(
                "The specified gateway was not found.", code="GatewayNotFound"
            ) from None

    def connected(self, arn: str) -> Gateway:
        """Return a connected gateway, or refuse like AWS just after the activation."""
        gateway = self[arn]
        if self._clock() < gateway.connected_from:
            raise RequestRefusedError(
                "The specified gateway is not connected.", code="GatewayNotConnected"
            )
        return gateway

    def hand_out_key(self, region: str, vpc_endpoint: str) -> str | None:
        """Return an activation key; None if the only appliance is activated and its gateway not deleted."""
        if self._gateways:
            return None
        return self._keys.hand_out(region=region, vpc_endpoint=vpc_endpoint)

    def remove(self, arn: str) -> Gateway:
        """Remove a gateway and return it, or refuse like AWS."""
        gateway = self[arn]
        del self._gateways[arn]
        return gateway

    def activate_gateway(self, request: Json, caller: Caller) -> Json:
        check_time_zone(request)
        if request["GatewayRegion"] != caller.region:
            raise RequestRefusedError(
                f"The gateway's region is not {caller.region}.", code="RegionInvalid"
            )
        handed_out = self._keys.use(request["ActivationKey"], region=caller.region)
        gateway_id = f"sgw-{short_id()}"
        arn = caller.arn(f"gateway/{gateway_id}")
        information = {
            **HOST,
            "GatewayARN": arn,
            "GatewayId": gateway_id,
            "GatewayName": request["GatewayName"],
            "GatewayTimezone": request["GatewayTimezone"],
            "GatewayType": request.get("GatewayType", "CACHED"),
            "Ec2InstanceRegion": caller.region,
        }
        if handed_out.vpc_endpoint:
            information["VPCEndpoint"] = handed_out.vpc_endpoint
        self._gateways[arn] = Gateway(
            arn, information, request.get("Tags", []), self._clock() + CONNECTING_SECONDS
        )
        return {"GatewayARN": arn}

    def list_gateways(self, request: Json, caller: Caller) -> Json:
        return {
            "Gateways": [
                {name: gateway.information[name] for name in LISTED}
                | {"GatewayOperationalState": "ACTIVE"}
                for gateway in self._gateways.values()
                if gateway.information["Ec2InstanceRegion"] == caller.region
            ]
        }

    def describe_gateway_information(self, request: Json, caller: Caller) -> Json:
        gateway = self.connected(request["GatewayARN"])
        return gateway.information | {"GatewayState": next(self._running), "Tags": gateway.tags}

    def update_gateway_information(self, request: Json, caller: Caller) -> Json:
        gateway = self.connected(request["GatewayARN"])
        check_time_zone(request)
        gateway.information |= request
        return {"GatewayARN": gateway.arn, "GatewayName": gateway.information["GatewayName"]}

    def describe_smb_settings(self, request: Json, caller: Caller) -> Json:
        return SMB | {"GatewayARN": self[request["GatewayARN"]].arn}

    def describe_maintenance_start_time(self, request: Json, caller: Caller) -> Json:
        gateway = self[request["GatewayARN"]]
        zone = gateway.information["GatewayTimezone"]
        return gateway.maintenance | {"GatewayARN": gateway.arn, "Timezone": zone}

    def update_maintenance_start_time(self, request: Json, caller: Caller) -> Json:
        gateway = self[request["GatewayARN"]]
        gateway.maintenance = {name: request[name] for name in request if name != "GatewayARN"}
        return {"GatewayARN": gateway.arn}

    def list_local_disks(self, request: Json, caller: Caller) -> Json:
        gateway = self.connected(request["GatewayARN"])
        use = next(self._cache) if DISK_ID in gateway.cache_disks else "AVAILABLE"
        return {"GatewayARN": gateway.arn, "Disks": [DISK | {"DiskAllocationType": use}]}

    def add_cache(self, request: Json, caller: Caller) -> Json:
        gateway = self.connected(request["GatewayARN"])
        for disk in request["DiskIds"]:
            if disk != DISK_ID:
                raise RequestRefusedError(
                    "The specified disk does not exist.", code="DiskDoesNotExist"
                )
            if disk in gateway.cache_disks:
                raise RequestRefusedError(
                    "The specified disk is already allocated.", code="DiskAlreadyAllocated"
                )
            gateway.cache_disks.append(disk)
        return {"GatewayARN": gateway.arn}

    def describe_cache(self, request: Json, caller: Caller) -> Json:
        gateway = self[request["GatewayARN"]]
        size_bytes = DISK["DiskSizeInBytes"] if gateway.cache_disks else 0
        return CACHE_USE | {
            "GatewayARN": gateway.arn,
            "DiskIds": gateway.cache_disks,
            "CacheAllocatedInBytes": size_bytes,
        }


def check_time_zone(request: Json) -> None:
    """Refuse a time zone that is not GMT, GMT+h:mm or GMT-h:mm."""
    zone = request.get("GatewayTimezone", "GMT")
    if not TIME_ZONE.fullmatch(zone):
        raise RequestRefusedError(f"{zone} is not a time zone.", code="InvalidParameters")
