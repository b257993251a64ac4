"""The pace of a server, against servers made of a clock: how many at once they take, and what too many cost."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.pace import PROBE_AFTER, Pace, Sign, Ticket

Answering = Callable[[float, int], tuple[float, Sign]]
"""Seconds and outcome of a request that is sent at a time, with so many under way."""


@dataclass
class Show:
    """What happened when a pace was kept against a server."""

    pace: Pace
    now: float = 0.0
    sent: int = 0
    refused: int = 0
    most_under_way: int = 0
    limits: list[int] = field(default_factory=list)

    def go(self, requests: int, answering: Answering) -> Show:
        """Send so many that are answered, as many at once and as fast as the pace allows."""
        under_way: list[tuple[float, int, Ticket, Sign]] = []
        answered, next_at = 0, self.now
        while answered < requests:
            while self.pace.free and next_at <= self.now and len(under_way) < requests - answered:
                ticket = self.pace.send(self.now)
                assert self.pace.under_way <= max(self.pace.limit, 1)
                seconds, sign = answering(self.now, self.pace.under_way)
                self.sent += 1
                heapq.heappush(under_way, (self.now + seconds, self.sent, ticket, sign))
                next_at = self.now + self.pace.gap
            self.most_under_way = max(self.most_under_way, len(under_way))
            if not under_way or (self.pace.free and self.now < next_at < under_way[0][0]):
                self.now = next_at
                continue
            self.now, _, ticket, sign = heapq.heappop(under_way)
            self.pace.end(ticket, self.now, sign)
            answered += sign == "fine"
            self.refused += sign == "refused"
            self.limits.append(self.pace.limit)
        while under_way:
            self.now, _, ticket, sign = heapq.heappop(under_way)
            self.pace.end(ticket, self.now, sign)
        return self


def refusing(above: int, seconds: float = 0.15) -> Answering:
    """Answers so many at once, and refuses the rest at once."""
    return lambda now, under_way: (0.01, "refused") if under_way > above else (seconds, "fine")


def queueing(workers: int, seconds: float) -> Answering:
    """Takes whatever comes, but only so many at a time are worked on."""
    free_at = [0.0] * workers

    def answer(now: float, under_way: int) -> tuple[float, Sign]:
        done = max(now, heapq.heappop(free_at)) + seconds
        heapq.heappush(free_at, done)
        return done - now, "fine"

    return answer


def test_it_begins_with_few_and_has_all_it_may_in_no_time() -> None:
    show = Show(Pace(8)).go(100, refusing(above=99))
    assert (show.limits[0], show.limits[12]) == (4, 8)
    assert show.limits[-1] == 8
    steps = [later - earlier for earlier, later in zip(show.limits, show.limits[1:], strict=False)]
    assert set(steps) == {0, 1}
    ideal = 100 * 0.15 / 8
    assert show.now <= ideal / 0.85


@given(most=st.integers(1, 16), above=st.integers(1, 20), requests=st.integers(1, 400))
def test_never_above_the_limit(most: int, above: int, requests: int) -> None:
    show = Show(Pace(most)).go(requests, refusing(above))
    assert show.most_under_way <= most
    assert all(1 <= limit <= most for limit in show.limits)


@given(most=st.integers(2, 16), above=st.integers(1, 16))
def test_it_comes_to_what_the_host_takes(most: int, above: int) -> None:
    """And hardly asks for more than that: what is refused is a few of the first, and a probe now and then."""
    show = Show(Pace(most)).go(600, refusing(above))
    settled = show.limits[-300:]
    assert sorted(settled)[150] == min(most, above)
    assert show.refused <= 0.1 * show.sent


@pytest.mark.parametrize("requests", [60, 100, 200, 1000])
def test_a_host_of_two_at_once_is_hardly_bothered(requests: int) -> None:
    for most in (4, 8, 16):
        show = Show(Pace(most)).go(requests, refusing(above=2))
        assert show.refused <= 0.1 * show.sent


def test_it_comes_back_once_the_host_takes_more() -> None:
    pace = Pace(8)
    assert Show(pace).go(100, refusing(above=1)).limits[-1] == 1
    assert Show(pace).go(6 * PROBE_AFTER, refusing(above=8)).limits[-1] == 8


def test_it_grows_by_one_a_round_once_it_was_cut() -> None:
    pace = Pace(8, first=8)
    pace.end(pace.send(0.0), 0.1, "slow")
    show = Show(pace).go(100, refusing(above=99))
    rounds = [show.limits.count(limit) for limit in (4, 5, 6, 7)]
    assert rounds == [3, 5, 6, 7], "the last of each makes it one more"


def test_one_cut_for_what_was_under_way_together() -> None:
    pace = Pace(8, first=8)
    tickets = [pace.send(0.0) for _ in range(8)]
    for ticket in tickets[:3]:
        pace.end(ticket, 1.0, "slow")
    assert pace.limit == 4
    for ticket in tickets[3:]:
        pace.end(ticket, 1.0, "fine")
    assert pace.limit == 4, "what was sent at the old pace says nothing about the new one"


def test_of_eight_at_once_two_refused_leaves_six() -> None:
    pace = Pace(8, first=8)
    tickets = [pace.send(0.0) for _ in range(8)]
    for ticket in tickets[:2]:
        pace.end(ticket, 0.0, "refused")
    for ticket in tickets[2:]:
        pace.end(ticket, 0.1, "fine")
    show = Show(pace).go(PROBE_AFTER, refusing(above=6))
    assert (show.limits[-1], show.refused) == (6, 0)


def test_who_refuses_even_one_is_left_time_between_two() -> None:
    """A host that counts requests per second refuses them one at a time too."""
    last = [-1.0]

    def answer(now: float, under_way: int) -> tuple[float, Sign]:
        if now < last[0] + 0.5:
            return 0.01, "refused"
        last[0] = now
        return 0.05, "fine"

    show = Show(Pace(4)).go(400, answer)
    assert show.refused <= 0.1 * show.sent
    assert show.pace.limit == 1
    assert show.pace.gap > 0
    Show(show.pace).go(8 * PROBE_AFTER, refusing(above=4))
    assert show.pace.gap == 0


def test_a_host_that_slows_down_gets_fewer() -> None:
    """It refuses nothing, but more than two at once only wait for each other."""
    show = Show(Pace(16)).go(600, queueing(workers=2, seconds=0.6))
    settled = show.limits[-400:]
    assert max(settled) <= 8, "of sixteen"
    assert sum(settled) / len(settled) <= 6
    ideal = 600 * 0.6 / 2
    assert show.now <= ideal * 1.02, "and none of its time is left unused"


def test_a_host_that_is_slow_whatever_we_do_is_not_given_up() -> None:
    pace = Pace(8)
    show = Show(pace).go(200, refusing(above=99, seconds=0.3))
    assert show.limits[-1] == 8
    show = Show(pace, now=show.now).go(400, refusing(above=99, seconds=1.5))
    assert min(show.limits) < 8, "it might have been our doing"
    assert show.limits[-1] == 8


def test_differences_below_half_a_second_are_nothing() -> None:
    seconds = iter([0.02] * 50 + [0.3] * 350)
    show = Show(Pace(8)).go(400, lambda now, under_way: (next(seconds), "fine"))
    assert show.limits[-1] == 8
    assert min(show.limits) == 4


def test_each_kind_of_request_has_a_usual_time_of_its_own() -> None:
    pace = Pace(8)
    now = 0.0
    for at in range(400):
        kind, seconds = ("count", 0.1) if at % 10 else ("page", 3.0)
        tickets = [pace.send(now, kind) for _ in range(pace.limit)]
        now += seconds
        for ticket in tickets:
            pace.end(ticket, now, "fine")
    assert pace.limit == 8


def test_who_asks_for_one_at_a_time_learns_nothing_of_more() -> None:
    pace = Pace(8)
    for at in range(1000):
        pace.end(pace.send(float(at)), at + 0.1, "fine")
    assert pace.limit == 4
