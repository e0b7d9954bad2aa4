"""Simulated time: a run of days takes seconds, and actions run one at a time."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from threading import Semaphore, Thread

Action = Callable[[], None]


class Clock:
    """Runs actions in the order of their times; an invocation of a handler may sleep in between.

    It replaces the module ``time`` in the handlers.
    """

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self.start = self.now = start
        self._actions: list[tuple[float, int, Action]] = []
        self._number = count()
        self._idle = Semaphore(0)
        self._running: Semaphore | None = None
        self._charged_seconds = 0.0
        self._error: BaseException | None = None

    def time(self) -> float:
        """Return the time in Unix seconds."""
        return self.now + self._charged_seconds

    def charge(self, seconds: float) -> None:
        """Extend the running invocation by *seconds*."""
        self._charged_seconds += seconds

    def at(self, when: float, action: Action) -> None:
        """Run *action* at *when*."""
        heapq.heappush(self._actions, (when, next(self._number), action))

    def run(self) -> None:
        """Run until no action is left."""
        while self._actions:
            when, _, action = heapq.heappop(self._actions)
            self.now = max(self.now, when)
            action()
            if self._error:
                raise self._error

    def spawn(self, invocation: Action) -> None:
        """Run *invocation* now, until it sleeps or ends; it may call :meth:`sleep`."""
        turn = Semaphore(0)

        def body() -> None:
            turn.acquire()
            try:
                invocation()
            except BaseException as error:
                self._error = error
            self._idle.release()

        Thread(target=body, daemon=True).start()
        self._resume(turn)

    def sleep(self, seconds: float) -> None:
        """Suspend the calling invocation for *seconds* and the charged time."""
        turn = self._running
        if turn is None:
            raise RuntimeError("Only an invocation sleeps")
        self.at(self.now + seconds + self._charged_seconds, lambda: self._resume(turn))
        self._idle.release()
        turn.acquire()

    def _resume(self, turn: Semaphore) -> None:
        self._running, self._charged_seconds = turn, 0.0
        turn.release()
        self._idle.acquire()
        self._running, self._charged_seconds = None, 0.0
