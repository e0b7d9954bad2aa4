"""Child processes end with this process, and errors are reported."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deployment import processes
from deployment.errors import CommandError
from local import __main__ as command
from local import left_running
from local.deployed_system import PATHS, DeployedSystem
from local.emulator import endpoint_process
from local.emulator.endpoint_process import EndpointOptions, EndpointProcess
from local.phases import Phases

GRANDCHILD_IN_ITS_OWN_SESSION = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""


def an_endpoint(pid: int, token: str = "a-token") -> EndpointProcess:
    return EndpointProcess(pid, 4566, token, "eu-west-1", "127.0.0.1:8080")


def a_system(folder: Path, process: EndpointProcess) -> DeployedSystem:
    words = dict.fromkeys(DeployedSystem.__dataclass_fields__, "word")
    paths = dict.fromkeys(PATHS, folder)
    known = {"pid": process.pid, "port": process.port, "token": process.token}
    known |= {"region": process.region, "appliance_address": process.appliance_address}
    values: dict[str, Any] = words | paths | known
    return DeployedSystem(**values)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    """Return a process whose command line contains ``a-token``."""
    with subprocess.Popen(
        [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", "a-token"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        process.stdout.readline()  # its command line is empty until the program has begun
        yield process
        process.kill()


def run_script(
    folder: Path, script: str, on_line: Callable[[str], None], *, patient: bool = False
) -> int:
    """Run *script* by Python in *folder*, and return its exit status."""
    command = [sys.executable, "-c", script]
    log = folder / "log"
    return processes.run(
        command, env=os.environ, cwd=folder, log=log, on_line=on_line, patient=patient
    )


def test_output_is_kept_and_reported_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "print('one'); print('two'); raise SystemExit(3)"

    status = run_script(tmp_path, script, lines.append)

    assert status == 3
    assert lines == ["one", "two"]
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_an_interruption_ends_grandchildren_in_sessions_of_their_own_too(tmp_path: Path) -> None:
    """cdktf runs Terraform in a pseudo-terminal and thus in another session."""
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_script(tmp_path, GRANDCHILD_IN_ITS_OWN_SESSION, interrupt)

    assert not processes.is_running(pids[0])


TERRAFORM = """
import pathlib, signal, subprocess, sys, time
plugin = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
def interrupted(number, frame):
    print("Gracefully shutting down", flush=True)
    time.sleep(0.5)  # an operation that has begun
    assert plugin.poll() is None, "its provider is ended"
    plugin.kill()
    pathlib.Path("state").write_text("written")
    raise SystemExit(1)
signal.signal(signal.SIGINT, interrupted)
print(plugin.pid, flush=True)
pathlib.Path("started").touch()
time.sleep(60)
"""


@pytest.mark.parametrize("interruptions", [1, 2])
def test_terraform_writes_its_state_after_an_interruption(
    tmp_path: Path, interruptions: int
) -> None:
    """Its provider's process is not ended before. Only a second Ctrl-C ends both at once."""
    lines: list[str] = []

    def interrupt(line: str) -> None:
        lines.append(line)
        if len(lines) <= interruptions:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_script(tmp_path, TERRAFORM, interrupt, patient=True)
    assert (tmp_path / "state").exists() is (interruptions == 1)
    assert not processes.is_running(int(lines[0]))


def test_a_plan_that_is_interrupted_ends_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It releases the lock of the state."""
    monkeypatch.setattr(subprocess.Popen, "communicate", interrupted_once(tmp_path / "started"))
    with pytest.raises(KeyboardInterrupt):
        processes.captured([sys.executable, "-c", TERRAFORM], env=os.environ, cwd=tmp_path)
    assert (tmp_path / "state").exists()


def interrupted_once(started: Path) -> Any:
    """Return a replacement of ``communicate`` that is interrupted once, when *started* exists."""
    communicate = subprocess.Popen.communicate
    interruptions = iter([KeyboardInterrupt()])

    def communicating(process: subprocess.Popen[str]) -> Any:
        if interruption := next(interruptions, None):
            while not started.exists():
                time.sleep(0.01)
            raise interruption
        return communicate(process)

    return communicating


def test_a_process_is_known_by_the_token_in_its_arguments(
    sleeper: subprocess.Popen[str],
) -> None:
    assert an_endpoint(sleeper.pid).is_running()
    assert not an_endpoint(sleeper.pid, "another").is_running()


def test_another_process_with_the_same_number_is_not_ended(sleeper: subprocess.Popen[str]) -> None:
    """The operating system may reuse the number of an ended process."""
    an_endpoint(sleeper.pid, "another").end()

    assert sleeper.poll() is None


def test_the_endpoints_process_is_ended(sleeper: subprocess.Popen[str]) -> None:
    an_endpoint(sleeper.pid).end()

    assert sleeper.wait(timeout=5) == -signal.SIGTERM


def test_a_taken_port_is_reported_in_a_sentence(tmp_path: Path) -> None:
    """The sentence is from the endpoint's log."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        with pytest.raises(CommandError, match=rf"^Port {port} of 127.0.0.1 .* with --port\.$"):
            endpoint_process.start(tmp_path, EndpointOptions(port=port))


def test_a_system_is_equal_after_writing_and_reading_it(tmp_path: Path) -> None:
    system = a_system(tmp_path, an_endpoint(1))

    shown = json.loads(json.dumps(system.to_json()))

    assert DeployedSystem.from_json(shown) == system
    assert shown.keys() >= {
        "endpoint",
        "region",
        "accessKeyId",
        "secretAccessKey",
        "shareFolder",
        "bucket",
        "table",
        "reportsBucket",
        "bus",
        "queueUrl",
        "deadLetterQueueUrl",
        "stateMachineArn",
    }


def test_a_system_left_running_is_found_and_a_second_one_refused(
    tmp_path: Path, sleeper: subprocess.Popen[str]
) -> None:
    system = a_system(tmp_path, an_endpoint(sleeper.pid))
    (tmp_path / left_running.STATE).write_text(json.dumps(system.to_json()))

    assert left_running.get(tmp_path) == system
    with pytest.raises(CommandError, match="runs already"):
        left_running.up(port=0, environment="local", phases=Phases(), folder=tmp_path)


def test_a_system_whose_process_has_ended_is_not_running(tmp_path: Path) -> None:
    system = a_system(tmp_path, an_endpoint(2**22 + 1))
    (tmp_path / left_running.STATE).write_text(json.dumps(system.to_json()))

    for ask in (left_running.get, left_running.down):
        with pytest.raises(CommandError, match="'make local-up' starts one"):
            ask(tmp_path)


@pytest.mark.parametrize("state", ["", "{", "{}", "[]"])
def test_an_unreadable_state_is_ignored(tmp_path: Path, state: str) -> None:
    (tmp_path / left_running.STATE).write_text(state)

    assert left_running.find(tmp_path) is None


@pytest.mark.parametrize(
    ("error", "status", "reported"),
    [
        (CommandError("This, and do that."), 1, "This, and do that."),
        (
            OSError(28, "No space left on device", "/a/file"),
            1,
            "The disk that holds /a/file is full",
        ),
        (KeyboardInterrupt(), 130, "everything that this command started is stopped"),
    ],
)
def test_an_error_is_reported_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    status: int,
    reported: str,
) -> None:
    def fail(options: object) -> int:
        raise error

    monkeypatch.setattr(command, "run", fail)
    monkeypatch.setattr(command, "arguments", lambda: argparse.Namespace(command="up"))
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)

    assert command.main() == status
    shown = capsys.readouterr()
    assert reported in shown.err
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    "line", ["demo", "up", "down", "status", "plan", "vault --data d --new --checksum sha256"]
)
def test_each_command_is_read(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """A command that is defined twice stops all of them."""
    monkeypatch.setattr("sys.argv", ["local", *line.split()])
    assert command.arguments().command == line.split(maxsplit=1)[0]
