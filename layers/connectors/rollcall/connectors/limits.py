"""A sender that stops at a deadline, for whoever has somebody waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from rollcall.connectors.wire import Answer, Request, Sender
from rollcall.domain.errors import OutOfTime, SourceTransient


class Limited:
    """Passes requests on for so many ``seconds`` from now, then raises ``OutOfTime``, which nobody tries again."""

    def __init__(
        self,
        sender: Sender,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._sender = sender
        self._clock = clock
        self._sleep = sleep
        self._deadline = clock() + seconds

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        """One attempt, in what time there is. What fails because that was too little is no fault of the SIS."""
        if self._left() <= 0:
            raise OutOfTime
        try:
            return self._sender.exchange(url, request, headers, min(seconds, self._left()))
        except SourceTransient:
            if self._left() <= 0:
                raise OutOfTime from None
            raise

    def sleep(self, seconds: float) -> None:
        """The pause before another try, no longer than there is time."""
        self._sleep(max(0.0, min(seconds, self._left())))

    def _left(self) -> float:
        return self._deadline - self._clock()
