"""The gateway's client on this machine: its configuration and the output of its scripts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployment.errors import CommandError
from local import gateway_client
from local.aws_environment import Endpoint
from local.deployed_system import gateway_client as client_of_system
from local.gateway_client import GatewayClient, configured


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GatewayClient:
    """Return a client with scripts that a test writes."""
    monkeypatch.setattr(gateway_client, "SCRIPTS", tmp_path)
    return GatewayClient(tmp_path, os.environ)


def script(client: GatewayClient, text: str) -> str:
    path = client.folder / "script.sh"
    path.write_text(f"#!/usr/bin/env bash\n{text}\n")
    path.chmod(0o755)
    return path.name


def test_the_configuration_is_that_of_the_stack_with_local_changes() -> None:
    stack = "# of the stack\n\nENVIRONMENT=local\nGATEWAY_ADDRESS=192.168.1.10\nSHARE_PATH=/a=b\n"

    assert configured(stack, {"GATEWAY_ADDRESS": "127.0.0.1:8080", "NEW": ""}) == (
        "# of the stack\n\nENVIRONMENT=local\nSHARE_PATH=/a=b\nGATEWAY_ADDRESS=127.0.0.1:8080\nNEW=\n"
    )


def test_a_script_reads_the_configuration_and_its_lines_arrive_while_it_runs(
    client: GatewayClient,
) -> None:
    client.configure("KEY=value\n", {})
    shown: list[str] = []

    client.run(script(client, 'cat "$VAULT_CLIENT_CONF"; echo "$1"'), "a b", on_line=shown.append)

    assert shown == ["KEY=value", "a b"]


def test_a_failed_script_is_reported_with_its_last_lines(client: GatewayClient) -> None:
    with pytest.raises(CommandError) as caught:
        client.run(script(client, "echo 'There is no folder x: give one.' >&2; exit 2"))

    assert str(caught.value).splitlines() == [
        "scripts/script.sh ended with status 2:",
        "There is no folder x: give one.",
    ]


def test_lines_that_were_shown_are_not_repeated_in_the_error(client: GatewayClient) -> None:
    shown: list[str] = []
    with pytest.raises(CommandError) as caught:
        client.run(script(client, "echo 'Give one.' >&2; exit 2"), on_line=shown.append)

    assert shown == ["Give one."]
    assert (
        str(caught.value) == "scripts/script.sh ended with status 2: the reason is printed above."
    )


def test_scripts_find_the_aws_cli_of_the_virtual_environment(tmp_path: Path) -> None:
    endpoint = Endpoint(url="http://127.0.0.1:4566", region="eu-west-1")

    client = client_of_system(tmp_path, endpoint)

    # tools/setup.sh moves it out of .venv/bin; an older .venv has it there.
    folders = client.environment["PATH"].split(os.pathsep)[:2]
    assert any((Path(folder) / "aws").exists() for folder in folders)
    assert folders[0].endswith("aws-cli")
    assert client.environment["AWS_ENDPOINT_URL"] == endpoint.url
