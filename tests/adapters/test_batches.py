"""Batches under way together: all is done, at a pace that is kept, and patience ends."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.errors import StoreError, StoreThrottled
from rollcall.engine.job import SAFETY
from rollcall.store import aws
from rollcall.store.batches import AT_ONCE, SECONDS, TRIES, Batches


class Server:
    """Does what it is asked to, but hands back so many of each batch as the next of ``undone`` says."""

    def __init__(self, undone: list[int] | None = None, seconds: float = 0.0) -> None:
        self.undone = list(undone or ())
        self.seconds = seconds
        self.done: list[int] = []
        self.sizes: list[int] = []
        self.at_once = self.most = 0
        self.lock = threading.Lock()

    def ask(self, batch: list[int]) -> list[int]:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            self.sizes.append(len(batch))
            back = min(self.undone.pop(), len(batch)) if self.undone else 0
        time.sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
            self.done += batch[back:]
        return batch[:back]


def batches(size: int = 25, **options: Any) -> Batches:
    return Batches(size, **{"sleep": lambda seconds: None, **options})


@given(
    things=st.integers(0, 400),
    size=st.integers(1, 30),
    undone=st.lists(st.integers(0, 30), max_size=TRIES - 1),
)
def test_everything_is_done_once_whatever_is_handed_back(things: int, size: int, undone: list[int]) -> None:
    server = Server([min(back, size - 1) for back in undone])
    batches(size).do(list(range(things)), server.ask)
    assert sorted(server.done) == list(range(things))
    assert all(0 < asked <= size for asked in server.sizes)


def test_what_is_handed_back_is_asked_for_in_full_batches() -> None:
    server = Server([1] * 40)
    batches().do(list(range(1000)), server.ask)
    assert len(server.sizes) <= 40 + 3


def test_several_are_under_way_but_never_more_than_may_be() -> None:
    server = Server(seconds=0.002)
    writes = batches()
    for _ in range(3):
        writes.do(list(range(2000)), server.ask)
    assert server.most == AT_ONCE


def test_a_table_that_hands_back_gets_fewer_at_once() -> None:
    writes = batches()

    class Busy(Server):
        def ask(self, batch: list[int]) -> list[int]:
            self.undone = [1] if len(batch) > 1 else []
            return super().ask(batch)

    writes.do(list(range(2000)), Busy(seconds=0.001).ask)
    settled = Busy(seconds=0.001)
    writes.do(list(range(200)), settled.ask)
    assert settled.most < AT_ONCE / 2
    calm = Server(seconds=0.001)
    writes.do(list(range(2000)), calm.ask)
    assert calm.most == AT_ONCE, "and more again when it takes all"


def test_a_throttled_batch_is_asked_again() -> None:
    server, refused = Server(), [1, 1, 1]

    def ask(batch: list[int]) -> list[int]:
        if refused:
            refused.pop()
            raise StoreThrottled("store_throttled", "busy")
        return server.ask(batch)

    batches().do(list(range(120)), ask)
    assert sorted(server.done) == list(range(120))


@pytest.mark.parametrize("things", [1, 25, 400])
def test_patience_ends_when_nothing_gets_through(things: int) -> None:
    slept: list[float] = []
    server = Server([25] * 1000)
    with pytest.raises(StoreThrottled):
        batches(sleep=slept.append).do(list(range(things)), server.ask)
    assert TRIES <= len(server.sizes) <= 2 * TRIES
    assert all(0 < pause <= 2 for pause in slept)
    assert len(slept) >= TRIES - 1


def test_patience_ends_by_the_clock_though_a_little_gets_through() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += 1.0

    class Trickle(Server):
        def ask(self, batch: list[int]) -> list[int]:
            self.undone = [len(batch) - 1]
            return super().ask(batch)

    server = Trickle()
    with pytest.raises(StoreThrottled):
        batches(100, sleep=sleep, clock=lambda: now[0]).do(list(range(100)), server.ask)
    assert now[0] == SECONDS
    assert len(server.done) == SECONDS + 1


def test_a_refusal_ends_it_and_leaves_nothing_counted_as_under_way() -> None:
    writes = batches()

    def refuse(batch: list[int]) -> list[int]:
        raise StoreError("store_refused", "no")

    for _ in range(3 * AT_ONCE):
        with pytest.raises(StoreError):
            writes.do(list(range(300)), refuse)
    server = Server(seconds=0.002)
    writes.do(list(range(2000)), server.ask)
    assert server.most > 1


def test_two_who_write_at_the_same_time_both_come_to_their_end() -> None:
    writes, server = batches(), Server([3] * 30, seconds=0.001)
    both = [threading.Thread(target=writes.do, args=(list(range(500)), server.ask)) for _ in range(6)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    assert sorted(server.done) == sorted(list(range(500)) * 6)


def test_the_last_answer_is_there_before_a_slice_ends() -> None:
    config = aws.client("dynamodb").meta.config
    last = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)
    assert SECONDS + last < SAFETY.total_seconds()
