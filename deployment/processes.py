"""Child processes that end with this process, and whose output is written to a log."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

GRACE_SECONDS = 5.0


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    on_line: Callable[[str], None] = lambda line: None,
    patient: bool = False,
) -> int:
    """Run *command*, write its output to *log* and to *on_line*, and return its exit status.

    The child runs in its own session, so that only this process receives Ctrl-C. An exception in
    this process, also KeyboardInterrupt, ends the child and all its descendants; a *patient* one only
    interrupts the child, and waits for its end.
    """
    process = _started(command, env=env, cwd=cwd, stderr=subprocess.STDOUT)
    with process, log.open("a", encoding="utf-8") as kept:

        def read(on_line: Callable[[str], None]) -> None:
            for line in process.stdout or ():
                kept.write(line)
                on_line(line.rstrip())

        def read_rest() -> None:
            with contextlib.suppress(Exception):
                read(on_line)
            read(lambda line: None)

        try:
            read(on_line)
        except BaseException:
            if patient:
                _interrupt(process, read_rest)
            else:
                end_tree(process)
            raise
    return process.returncode


def captured(
    command: Sequence[str], *, env: Mapping[str, str], cwd: Path
) -> subprocess.CompletedProcess[str]:
    """Run *command*, and return its status and output. An exception interrupts it, and waits for its end."""
    with _started(command, env=env, cwd=cwd, stderr=subprocess.PIPE) as process:
        try:
            out, err = process.communicate()
        except BaseException:
            _interrupt(process, process.communicate)
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def _started(
    command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, stderr: int
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _interrupt(process: subprocess.Popen[str], read: Callable[[], object]) -> None:
    """Send SIGINT to *process* alone, and *read* its output until it ends.

    Terraform then ends the operations that have begun, writes its state and releases the lock, which
    can take minutes. A second Ctrl-C ends it and its descendants within seconds.
    """
    process.send_signal(signal.SIGINT)
    try:
        read()
        process.wait()
    except BaseException:
        end_tree(process)
        raise


def end_tree(process: subprocess.Popen[str]) -> None:
    """End *process* and its descendants, also Terraform, which cdktf starts in another session."""
    tree = [process.pid, *descendants(process.pid)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in tree:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline:
            process.poll()
            if not any(is_running(pid) for pid in tree):
                return
            time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    """List the processes below *pid*, parents first."""
    parents = {child: parent for child, (parent, _) in _processes().items()}
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def is_running(pid: int) -> bool:
    """Return whether *pid* is running; a zombie is not."""
    _, state = _processes().get(pid, (0, "Z"))
    return not state.startswith("Z")


def command_line(pid: int) -> str:
    """Return the command line of *pid*, or an empty text if there is no such process."""
    if Path("/proc/self").exists():
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        return ""
    shown = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout


def _processes() -> dict[int, tuple[int, str]]:
    """Map each process to its parent and state, read from /proc or, if that is missing, from ps."""
    if not Path("/proc/self").exists():
        shown = subprocess.run(
            ["ps", "-axo", "pid=,ppid=,state="], capture_output=True, text=True, check=True
        )
        rows = (line.split() for line in shown.stdout.splitlines())
        return {int(pid): (int(parent), state) for pid, parent, state in rows}
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # The name in parentheses may contain any character: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            found[int(folder.name)] = (int(parent), state)
    return found
