"""Waiting for one's turn at a host: by the clock, and among threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import pytest

from rollcall.connectors.auth import HeaderAuth
from rollcall.connectors.gate import Gate, Gates
from rollcall.connectors.transport import TRIES, Client, Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import SourceTransient

NEVER = threading.Event()
GET = Request(path="/x", template="/x")


class Clock:
    """Time that passes while somebody sleeps, and never else."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_who_was_told_to_come_back_later_is_not_alone_in_waiting() -> None:
    clock = Clock()
    gate = Gate(4, clock)
    first, second = (gate.enter("page", NEVER, clock.sleep) for _ in range(2))
    gate.leave(first, "refused", closed_seconds=7)
    gate.leave(second, "fine")
    gate.enter("page", NEVER, clock.sleep)
    assert clock.now == 7


def test_a_longer_wait_is_not_cut_short_by_a_shorter_one() -> None:
    clock = Clock()
    gate = Gate(4, clock)
    first, second = (gate.enter("page", NEVER, clock.sleep) for _ in range(2))
    gate.leave(first, "refused", closed_seconds=7)
    gate.leave(second, "refused", closed_seconds=2)
    gate.enter("page", NEVER, clock.sleep)
    assert clock.now == 7


def test_a_host_that_refuses_one_at_a_time_gets_them_spaced() -> None:
    clock = Clock()
    gate = Gate(1, clock)
    gate.leave(gate.enter("page", NEVER, clock.sleep), "refused")
    sent = []
    for _ in range(3):
        gate.leave(gate.enter("page", NEVER, clock.sleep), "fine")
        sent.append(clock.now)
    assert sent == pytest.approx([0.0, 0.1, 0.2])


def test_a_clock_that_stands_still_holds_up_nobody() -> None:
    """Whoever has slept as long as it takes has waited, whatever the clock says."""
    slept: list[float] = []
    gate = Gate(4, lambda: 0.0)
    gate.leave(gate.enter("page", NEVER, slept.append), "refused", closed_seconds=7)
    gate.enter("page", NEVER, slept.append)
    gate.enter("page", NEVER, slept.append, not_before=9)
    assert slept == [7, 9]


def test_who_is_given_up_does_not_wait() -> None:
    stop = threading.Event()
    gate = Gate(1, Clock())
    held = gate.enter("page", NEVER, Clock().sleep)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gate.enter, "page", stop, Clock().sleep)
        stop.set()
        gate.leave(held, "fine")
        with pytest.raises(CancelledError):
            waiting.result(5)


def test_hosts_have_gates_of_their_own() -> None:
    gates = Gates(4)
    assert gates.of("https://a.example.org") is gates.of("https://a.example.org")
    assert gates.of("https://a.example.org") is not gates.of("https://b.example.org")


# ------------------------------------------------------------------------------------------- through a client


class Host:
    """Takes so many at once, each for ``seconds``, and has 429 for the rest, with ``headers``."""

    def __init__(self, takes: int, seconds: float = 0.002, **headers: str) -> None:
        self.takes, self.seconds, self.headers = takes, seconds, headers
        self.lock = threading.Lock()
        self.at_once = self.most = self.answered = self.refused = 0

    def exchange(self, url: str, request: Request, headers: Any, seconds: float) -> Answer:
        with self.lock:
            if self.at_once >= self.takes:
                self.refused += 1
                return Answer(429, self.headers, b"")
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
            self.answered += 1
        return Answer(200, {}, b"[]")


def client_of(host: Any, gates: Gates, **options: Any) -> Client:
    options = {"sleep": lambda _: time.sleep(0.001), "rng": lambda: 0.5, **options}
    return Transport(host, gates=gates, **options).client(
        "https://sis.example.org/api", HeaderAuth("X-Key", "k3y")
    )


def pages(count: int) -> Iterator[Request]:
    return (Request(path=f"/p/{n}", template="/p/{n}") for n in range(count))


@pytest.mark.parametrize("connections", [1, 4, 8])
def test_a_host_never_gets_more_at_once_than_it_is_given(connections: int) -> None:
    host = Host(takes=99)
    assert len(list(client_of(host, Gates(connections)).fetch_ordered(pages(120)))) == 120
    assert host.most == connections


def test_all_clients_of_a_host_share_its_gate() -> None:
    host, gates = Host(takes=99), Gates(4)
    with ThreadPoolExecutor(3) as pool:
        found = [pool.submit(lambda: list(client_of(host, gates).fetch_ordered(pages(60)))) for _ in range(3)]
        assert [len(f.result(30)) for f in found] == [60] * 3
    assert host.most == 4


@pytest.mark.parametrize("connections", [4, 8])
def test_a_host_that_refuses_more_than_two_fails_no_run(connections: int) -> None:
    host = Host(takes=2)
    assert len(list(client_of(host, Gates(connections)).fetch_ordered(pages(300)))) == 300
    assert host.refused <= 0.1 * (host.answered + host.refused)


@pytest.mark.parametrize("connections", [1, 4, 8])
def test_as_many_are_asked_for_ahead_as_the_host_is_given(connections: int) -> None:
    asked: list[Request] = []

    def counted() -> Iterator[Request]:
        for request in pages(1000):
            asked.append(request)
            yield request

    answers = client_of(Host(takes=99), Gates(connections)).fetch_ordered(counted())
    next(answers)
    assert connections < len(asked) <= 1 + 2 * connections
    answers.close()


def test_a_closed_host_gets_nothing_from_anybody_until_it_opens() -> None:
    """Guards: all who were about to ask coming to a host that has told one of them to wait."""
    clock = Clock()
    sent: list[tuple[str, float]] = []

    class Busy:
        def exchange(self, url: str, request: Request, headers: Any, seconds: float) -> Answer:
            sent.append((request.path, clock.now))
            return Answer(429, {"retry-after": "20"}, b"") if len(sent) == 1 else Answer(200, {}, b"[]")

    gates = Gates(4, clock)
    hasty = client_of(Busy(), gates, clock=clock, sleep=clock.sleep, patience=10)
    with pytest.raises(SourceTransient):
        hasty.send(GET)
    client_of(Busy(), gates, clock=clock, sleep=clock.sleep).send(Request(path="/other", template="/other"))
    assert sent == [("/x", 0.0), ("/other", 20.0)]


def test_tries_are_counted_and_paused_for_in_one_layer_alone() -> None:
    clock = Clock()
    sent: list[float] = []

    class Down:
        def exchange(self, url: str, request: Request, headers: Any, seconds: float) -> Answer:
            sent.append(clock.now)
            return Answer(503, {"retry-after": "5"}, b"")

    client = client_of(Down(), Gates(4, clock), clock=clock, sleep=clock.sleep, rng=lambda: 0.0)
    with pytest.raises(SourceTransient):
        client.send(GET)
    assert sent == [0, 5, 10, 15]
    assert len(sent) == TRIES
