"""A sender with a deadline: what it passes on, and when it says that the time is over."""

from __future__ import annotations

from typing import Any

import pytest

from rollcall.connectors.limits import Limited
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import OutOfTime, SourceTransient

REQUEST = Request(path="/x", template="/x")


class Slow:
    """Each exchange takes ``cost`` seconds, or as many as it is given, and then fails."""

    def __init__(self, cost: float) -> None:
        self.time = 0.0
        self.given: list[float] = []
        self._cost = cost

    def clock(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def exchange(self, url: str, request: Request, headers: Any, seconds: float) -> Answer:
        self.given.append(seconds)
        self.time += min(self._cost, seconds)
        if self._cost > seconds:
            raise SourceTransient("source_timeout", "The SIS took too long to answer.")
        raise SourceTransient("source_unavailable", "Nobody answers.")


def test_an_exchange_gets_no_more_time_than_there_is() -> None:
    slow = Slow(3)
    limited = Limited(slow, 10, slow.clock, slow.sleep)
    for _ in range(3):
        with pytest.raises(SourceTransient):
            limited.exchange("https://x", REQUEST, {}, 12)
    assert slow.given == [10, 7, 4]
    with pytest.raises(OutOfTime):
        limited.exchange("https://x", REQUEST, {}, 12)
    with pytest.raises(OutOfTime):
        limited.exchange("https://x", REQUEST, {}, 12)
    assert slow.given == [10, 7, 4, 1], "and nobody is called any more"


def test_tries_and_pauses_together_keep_the_deadline() -> None:
    """A pause that outlasts the function would leave whoever waits without an answer."""
    slow = Slow(0.1)
    limited = Limited(slow, 3, slow.clock, slow.sleep)
    transport = Transport(limited, patience=60, sleep=limited.sleep, clock=slow.clock, rng=lambda: 1.0)
    with pytest.raises(OutOfTime):
        transport.unsigned("https://sis.example.org")(REQUEST, {})
    assert slow.time <= 3.1
