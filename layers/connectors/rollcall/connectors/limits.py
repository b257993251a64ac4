"""A sender that stops at a deadline, for whoever has somebody waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rollcall.connectors.wire import Answer, Request, Sender
from rollcall.domain.errors import OutOfTime


class Limited:
    """Passes requests on until ``clock`` shows ``deadline``, then raises ``OutOfTime``, which nobody tries again."""

    def __init__(self, sender: Sender, deadline: float, clock: Callable[[], float]) -> None:
        self._sender = sender
        self._deadline = deadline
        self._clock = clock

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        """One attempt, in what time there is."""
        left = self._deadline - self._clock()
        if left <= 0:
            raise OutOfTime
        return self._sender.exchange(url, request, headers, min(seconds, left))
