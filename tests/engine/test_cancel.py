"""A cancelled run changes nobody, whenever somebody thinks of it, and nothing after it suffers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from rollcall.domain.audit import run_cancelled
from rollcall.domain.errors import Conflict, NotFound, SourceTransient
from rollcall.domain.run import Decision, Run, no_counts
from rollcall.engine.cancel import CANCELLED, REST_CANCELLED, cancel
from tests.engine.faults import MODES, Faults, Mode
from tests.engine.test_holds import leave, town
from tests.engine.test_laws import outcome, small_night
from tests.engine.world import D, World

SLICES = [300, 0]
"""Seconds: the whole run in one slice, and a slice for each checkpoint."""


def cancelled(world: World, run_id: str, by: str = "ann@example.org", comment: str = "Wrong night.") -> Run:
    """What the API does."""
    request = Decision(by, world.clock.now(), comment)
    return cancel(
        world.runs, world.queue, D, run_id, request, lambda run: run_cancelled(run, "request-1", request)
    )


def newest(world: World) -> Run:
    run = world.runs.get(D, world.run_ids()[0])
    assert run is not None
    return run


def store(world: World) -> Any:
    return dict(world.people.items), dict(world.people.photos)


def paused(world: World) -> Run:
    """A scheduled run that waits for a SIS which did not answer, and will now."""

    def silent(name: str) -> None:
        raise SourceTransient("sis_unavailable", "The SIS does not answer.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.sis, "fetch", silent)
        world.post(trigger="schedule")
        world.drain()
    run = newest(world)
    assert (run.state, run.attempts) == ("pulling", 1)
    return run


def told(world: World, run: Run) -> list[tuple[str, str]]:
    """Events of a run, and who had it cancelled by the audit."""
    events = [
        e.type for e in world.runs.outbox.due(world.clock.now(), 100) if e.run and e.run.run_id == run.id
    ]
    audits = [a.actor for a in world.runs.audit.records.values() if a.what == "run.cancelled"]
    return [("event", name) for name in events] + [("audit", actor) for actor in audits]


class Cancelling(Faults):
    """Does something just before call ``at`` of a run, once."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        super().__init__(0)
        self.at, self.act = at, act

    def call(self, name: str, act: Callable[[], Any], error: Callable[[], Exception]) -> Any:
        if len(self.calls) + 1 == self.at:
            self.calls.append(name)
            self.act()
            return act()
        return super().call(name, act, error)


def night_cancelled_at(k: int, seconds: int) -> tuple[World, Run, Any, list[str]]:
    """A night that somebody cancels just before call ``k``, its run, the store before, and what they were told."""
    world = small_night()
    world.slice_seconds = seconds
    before, known, refused = store(world), len(world.run_ids()), list[str]()

    def act() -> None:
        if len(world.run_ids()) == known:
            refused.append("there is no run yet")
            return
        try:
            cancelled(world, newest(world).id)
        except Conflict as error:
            refused.append(error.code)

    world.faults = Cancelling(k, act)
    world.post()
    world.drain()
    world.faults = Faults()
    return world, newest(world), before, refused


@pytest.mark.parametrize("seconds", SLICES)
def test_cancelled_at_any_call_it_changes_nobody_or_is_too_late(seconds: int) -> None:
    """Guards: a run that was said to be cancelled and was applied; and a night after it that misses something."""
    clean = small_night()
    clean.slice_seconds = seconds
    clean.faults.calls.clear()
    clean.sync()
    calls = len(clean.faults.calls)
    clean.sync()
    expected, _ = outcome(clean)
    ends: Counter[tuple[str, str]] = Counter()
    for k in range(1, calls + 1):
        world, run, before, refused = night_cancelled_at(k, seconds)
        ends[run.state, *refused] += 1
        state = world.runs.state(D, "int_1")
        assert (state.active_run, state.waiting_run) == (None, None), k
        if not refused:
            assert run.state == "cancelled", k
            assert store(world) == before, k
            assert (run.error, run.cancellation and run.cancellation.comment) == (
                CANCELLED,
                "Wrong night.",
            ), k
            assert (run.counts, run.holds, run.dropped) == (no_counts(), [], {}), k
            assert told(world, run) == [("event", "RunStopped"), ("audit", "ann@example.org")], k
            assert not any(run.id in key for key in world.blobs.keys("snapshots/")), "nobody would prune it"
        else:
            assert run.state == "completed", k
            assert told(world, run) == [("event", "RunCompleted")], k
        assert world.sync().state == "completed", k
        assert outcome(world)[0] == expected, k
    assert ends["cancelled",] > 20
    assert ends["completed", "applying"] > 5


@pytest.mark.parametrize("mode", MODES)
def test_a_runner_killed_on_its_way_to_the_end_ends_it_all_the_same(mode: Mode) -> None:
    """Guards: a request that is forgotten with the runner who saw it; an event or record twice."""

    def night() -> World:
        world = small_night()
        world.slice_seconds = 0
        world.post()
        for _ in range(3):
            world.deliver(world.queue.messages.pop(0), "d", world.clock.now())
        cancelled(world, newest(world).id)
        world.faults.calls.clear()
        return world

    clean = night()
    clean.drain()
    for k in range(1, len(clean.faults.calls) + 1):
        world = night()
        before = store(world)
        world.faults.k, world.faults.mode = k, mode
        world.drain()
        run = newest(world)
        assert (run.state, store(world) == before) == ("cancelled", True), k
        assert told(world, run) == [("event", "RunStopped"), ("audit", "ann@example.org")], k
        assert world.runs.state(D, "int_1").active_run is None


def test_a_paused_run_is_looked_at_at_once_and_lets_the_next_one_on() -> None:
    """Guards: a run that waits half an hour for a SIS to tell that nobody wants it, while another waits for it."""
    world = small_night()
    pausing = paused(world)
    world.post()
    world.drain()
    assert newest(world).state == "queued", "behind the one that is paused"
    cancelled(world, pausing.id)
    world.drain()
    ended = [world.runs.get(D, run_id) for run_id in world.run_ids()[:2]]
    assert [run.state for run in ended if run] == ["completed", "cancelled"]
    assert world.persons()["1"].first_name == "Nori"


def test_who_waits_behind_another_ends_at_once() -> None:
    world = small_night()
    paused(world)
    world.post()
    world.drain()
    waiting = newest(world)
    sent = len(world.queue.messages)
    assert cancelled(world, waiting.id).state == "cancelled"
    assert len(world.queue.messages) == sent, "there is nobody to look at it"
    assert told(world, waiting) == [("event", "RunStopped"), ("audit", "ann@example.org")]
    third = world.sync()
    assert third.state == "queued", "the place of the one that was cancelled is free"


def test_what_waited_for_approval_is_not_done_and_comes_again() -> None:
    world = town(drop_percent=10)
    leave(world, *range(20))
    world.sis.students["099"]["first"] = "Nori"
    held = world.sync()
    after = cancelled(world, held.id)
    assert (after.state, after.error, after.counts) == ("cancelled", REST_CANCELLED, held.counts)
    assert [hold.reason for hold in after.holds] == ["drops"]
    assert world.persons()["099"].first_name == "Nori", "it did not have to wait"
    assert world.persons()["000"].status == "active"
    again = world.sync()
    assert (again.state, again.counts["student"]["held"]) == ("held", 20)


def test_a_preview_can_be_cancelled() -> None:
    world = small_night()
    world.slice_seconds = 0
    world.post(mode="preview")
    world.deliver(world.queue.messages.pop(0), "d", world.clock.now())
    cancelled(world, newest(world).id)
    world.drain()
    assert newest(world).state == "cancelled"


def test_who_asked_first_is_kept() -> None:
    world = small_night()
    world.slice_seconds = 0
    world.post()
    world.deliver(world.queue.messages.pop(0), "d", world.clock.now())
    run = newest(world)
    cancelled(world, run.id)
    cancelled(world, run.id, "bo@example.org", "Me too.")
    world.drain()
    ended = newest(world)
    assert ended.cancellation
    assert ended.cancellation.by == "ann@example.org"
    assert told(world, ended) == [("event", "RunStopped"), ("audit", "ann@example.org")]


def test_what_is_over_or_unknown_is_not_cancelled() -> None:
    world = small_night()
    run = world.sync()
    with pytest.raises(Conflict) as refused:
        cancelled(world, run.id)
    assert refused.value.code == "run_ended"
    with pytest.raises(NotFound):
        cancelled(world, "run_none")


def test_a_plan_that_is_being_written_is_finished() -> None:
    world = small_night()
    world.slice_seconds = 0
    world.post()
    while newest(world).state != "applying":
        world.deliver(world.queue.messages.pop(0), "d", world.clock.now())
    with pytest.raises(Conflict) as refused:
        cancelled(world, newest(world).id)
    assert refused.value.code == "applying"
    world.drain()
    assert newest(world).state == "completed"
