"""The recording of all requests to one endpoint, which the tests compare with AWS's models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from local.emulator.recording import VARIABLE

T = TypeVar("T")


@contextmanager
def recorded(requests: Path, endpoint: AbstractContextManager[T]) -> Iterator[T]:
    """Enter *endpoint*, which starts one, and record the requests to it until its end."""
    requests.touch()
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(VARIABLE, str(requests))
            entered = stack.enter_context(endpoint)
        yield entered
