"""The appliance's web server, which returns activation keys until the gateway is activated.

As AWS documents (https://docs.aws.amazon.com/filegateway/latest/files3/get-activation-key.html), it
redirects to the console with the key in the query or, with ``no_redirect``, returns the key only.
Port 80 serves "only during activation". AWS does not document later responses; here they are 404.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

GATEWAY_TYPE = "FILE_S3"

HandOut = Callable[[str, str], str | None]
"""A function that returns a key for a region and a VPC endpoint; None once the gateway is activated."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A response of the web server."""

    status: int
    text: str
    location: str = ""


def reply(target: str, hand_out: HandOut) -> Reply:
    """Return the response to a GET of *target*, the path with its query."""
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)
    region = query.get("activationRegion", [""])[-1]
    vpc_endpoint = query.get("vpcEndpoint", [""])[-1]
    gateway_type = query.get("gatewayType", [GATEWAY_TYPE])[-1]
    if not region:
        return Reply(400, "The query lacks activationRegion.")
    if gateway_type != GATEWAY_TYPE:
        return Reply(400, f"This is a gateway of the type {GATEWAY_TYPE}, not {gateway_type}.")
    key = hand_out(region, vpc_endpoint)
    if key is None:
        return Reply(404, "The gateway is activated: it returns no more keys.")
    if "no_redirect" in query:
        return Reply(200, key)
    parameters = {"gatewayType": gateway_type, "activationRegion": region, "activationKey": key}
    if vpc_endpoint:
        parameters["vpcEndpoint"] = vpc_endpoint
    console = f"https://{region}.console.aws.amazon.com/storagegateway/home"
    return Reply(302, "", f"{console}?{urlencode(parameters)}")


class Appliance:
    """Serves from a thread, on a free port of the loopback interface."""

    def __init__(self, hand_out: HandOut) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = reply(self.path, hand_out)
                body = answer.text.encode()
                self.send_response(answer.status)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if answer.location:
                    self.send_header("Location", answer.location)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        """The server's address, as ``host:port``."""
        return f"127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Serve in the background until :meth:`stop`."""
        Thread(target=self._server.serve_forever, name="appliance", daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
