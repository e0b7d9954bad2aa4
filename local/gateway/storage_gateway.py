"""The operations of the Storage Gateway API that Terraform, scripts and boto3 call, in memory.

Operations, required fields and error formats are AWS's
(https://docs.aws.amazon.com/storagegateway/latest/APIReference/API_Operations.html).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from botocore import xform_name

from local.gateway.file_shares import FileShare, FileShares
from local.gateway.gateways import Gateway, Gateways
from local.gateway.requests import Caller, Json, RequestRefusedError, check_request


class StorageGateway:
    """Runs one operation at a time: the method with its name, here or in one of the two parts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._gateways = Gateways(clock)
        self._shares = FileShares(self._gateways)

    def answer(self, operation: str, request: Json, caller: Caller) -> Json:
        """Run *operation*.

        Raises:
            RequestRefusedError: AWS would refuse it, or it is not simulated.
        """
        check_request(operation, request)
        with self._lock:
            return self._method(operation)(request, caller)

    def nfs_shares(self) -> list[FileShare]:
        """The existing shares, which the appliance serves."""
        with self._lock:
            return list(self._shares)

    def hand_out_key(self, region: str, vpc_endpoint: str) -> str | None:
        """Return an activation key; None once the appliance is activated."""
        with self._lock:
            return self._gateways.hand_out_key(region, vpc_endpoint)

    def _method(self, operation: str) -> Callable[[Json, Caller], Json]:
        name = xform_name(operation)
        for part in (self, self._gateways, self._shares):
            method: Callable[[Json, Caller], Json] | None = getattr(part, name, None)
            if method is not None:
                return method
        raise RequestRefusedError(f"{operation} is not simulated here.", code="NotImplemented")

    def delete_gateway(self, request: Json, caller: Caller) -> Json:
        gateway = self._gateways.remove(request["GatewayARN"])
        self._shares.remove_all_of(gateway.arn)
        return {"GatewayARN": gateway.arn}

    def list_tags_for_resource(self, request: Json, caller: Caller) -> Json:
        return {"ResourceARN": request["ResourceARN"], "Tags": self._resource(request).tags}

    def add_tags_to_resource(self, request: Json, caller: Caller) -> Json:
        resource, added = self._resource(request), {tag["Key"] for tag in request["Tags"]}
        resource.tags = [tag for tag in resource.tags if tag["Key"] not in added] + request["Tags"]
        return {"ResourceARN": request["ResourceARN"]}

    def remove_tags_from_resource(self, request: Json, caller: Caller) -> Json:
        resource = self._resource(request)
        resource.tags = [tag for tag in resource.tags if tag["Key"] not in request["TagKeys"]]
        return {"ResourceARN": request["ResourceARN"]}

    def _resource(self, request: Json) -> Gateway | FileShare:
        arn: str = request["ResourceARN"]
        return self._shares[arn] if ":share/" in arn else self._gateways[arn]
