"""Where requests wait for their turn: one gate for each SIS host, which everything in this process goes through.

``rollcall.domain.pace`` says how many may be under way. A host that says when to come back is left alone until then by
all, and whoever then goes on goes by the new pace, so that it is not met by all of them at once.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError

from rollcall.domain.pace import FEW, Pace, Sign, Ticket


class Gate:
    """The pace of one host, kept by threads. ``clock`` counts seconds."""

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._pace = Pace(most)
        self._clock = clock
        self._changed = threading.Condition()
        self._closed_until = -math.inf
        self._next = -math.inf

    @property
    def limit(self) -> int:
        """How many requests may be under way."""
        return self._pace.limit

    @property
    def most(self) -> int:
        """How many may ever be."""
        return self._pace.most

    def enter(
        self,
        kind: str,
        stop: threading.Event,
        sleep: Callable[[float], object],
        not_before: float = -math.inf,
    ) -> Ticket:
        """Wait until one more request may be sent, and not before a time by the clock.

        Raises ``CancelledError`` once ``stop`` is set.
        """
        rested = -math.inf  # by how far ``sleep`` has come, whatever the clock says
        while True:
            with self._changed:
                if stop.is_set():
                    raise CancelledError
                now = max(self._clock(), rested)
                opens = max(self._closed_until, self._next, not_before)
                if opens <= now:
                    if self._pace.free:
                        self._next = now + self._pace.gap
                        return self._pace.send(self._clock(), kind)
                    self._changed.wait()
                    continue
            sleep(opens - now)
            rested = opens

    def leave(self, ticket: Ticket, sign: Sign, closed_seconds: float = 0.0) -> None:
        """Say how a request ended, and for how long the host wants none."""
        with self._changed:
            now = self._clock()
            self._pace.end(ticket, now, sign)
            if closed_seconds:
                self._closed_until = max(self._closed_until, now + closed_seconds)
            self._changed.notify_all()


class Gates:
    """The gates of one process, by host. ``most`` requests may be under way to each."""

    def __init__(self, most: int = FEW, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._gates: dict[str, Gate] = {}

    def of(self, origin: str) -> Gate:
        """The gate of a host, given as scheme, name and port."""
        with self._lock:
            return self._gates.setdefault(origin, Gate(self.most, self._clock))
