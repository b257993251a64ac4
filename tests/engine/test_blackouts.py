"""Runs in a blackout: none without an administrator's word; in an adds-only time nobody is changed or ended."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rollcall.domain.run import Run
from rollcall.engine.start import start
from tests.engine.sis import Sis
from tests.engine.test_laws import load, rosters
from tests.engine.world import D, World, student

ADDS_ONLY = ("2026-11-01", "2026-11-30", "adds_only")
NO_RUNS = ("2026-11-22T12:00", "2026-11-22T13:00", "no_runs")  # the world begins at noon in Los Angeles


def overridden(world: World) -> Run:
    now = world.clock.now()
    made = Run(
        id="run_override",
        district_id=D,
        integration_id="int_1",
        system="powerschool",
        queued_at=now,
        override=True,
    )
    start(world.runs, world.queue, made)
    world.drain()
    run = world.runs.get(D, "run_override")
    assert run is not None
    return run


def test_a_run_in_a_blackout_is_skipped_before_it_asks_the_sis(world: World) -> None:
    """Guards: a message that any other system put on the queue."""
    world.black_out(NO_RUNS)
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("skipped", "blackout")
    assert (world.sis.requests, world.people.items) == ([], {})
    world.clock.advance(hours=1)
    assert world.sync().state == "completed"


def test_an_administrator_may_override_a_blackout(world: World) -> None:
    world.black_out(NO_RUNS)
    assert overridden(world).state == "completed"


def test_a_run_that_began_before_a_blackout_is_finished(world: World) -> None:
    world.slice_seconds = 0
    world.post()
    world.deliver(world.queue.messages.pop(), "m", world.clock.now())
    world.black_out(NO_RUNS)
    world.drain()
    run = world.runs.get(D, world.run_ids()[0])
    assert run is not None
    assert run.state == "completed"


def test_only_who_is_new_or_back_is_written_in_an_adds_only_time(world: World) -> None:
    world.sis.students["back"] = student()
    world.sync()
    del world.sis.students["back"]
    world.sync()
    before = world.persons()
    world.black_out(ADDS_ONLY)
    world.sis.students["1"]["first"] = "Nori"
    del world.sis.students["2"]
    world.sis.students["3"]["ended"] = True
    world.sis.students["back"] = student(first="Back")
    world.sis.students["new"] = student(last="New", phone="555-555-0199")
    for night in range(2):
        world.write_count()
        preview = world.sync(mode="preview")
        run = world.sync()
        counts = run.counts["student"]
        assert preview.counts == run.counts
        assert (counts["update"], counts["inactivate"], counts["held"]) == (0, 0, 3)
        assert (counts["add"], counts["reactivate"]) == ((1, 1) if night == 0 else (0, 0))
        assert run.issue_codes["changes_postponed"] == 1
        assert world.write_count() == (2 if night == 0 else 0)
        world.clock.advance(days=1)
    now = world.persons()
    assert {i: now[i] for i in "123"} == {i: before[i] for i in "123"}
    assert (now["back"].status, now["back"].first_name, now["new"].status) == ("active", "Back", "active")
    world.black_out()
    run = world.sync()
    counts = run.counts["student"]
    assert (counts["update"], counts["inactivate"], counts["held"]) == (1, 2, 0)
    now = world.persons()
    assert (now["1"].first_name, now["2"].status, now["3"].status) == ("Nori", "ended", "ended")
    assert world.sync().counts["student"]["update"] == 0


def test_an_override_changes_people_in_an_adds_only_time(world: World) -> None:
    world.sync()
    world.black_out(ADDS_ONLY)
    world.sis.students["1"]["first"] = "Nori"
    assert overridden(world).counts["student"]["update"] == 1


def test_whoever_gives_up_a_pos_id_keeps_it_until_the_time_is_over(world: World) -> None:
    """Guards: two children with one keypad PIN, because the new one was added and the old one not changed."""
    world.sis.students["1"]["pin"] = "4711"
    world.sync()
    world.black_out(ADDS_ONLY)
    world.sis.students["1"]["pin"] = "4712"
    world.sis.students["new"] = student(pin="4711")
    run = world.sync()
    assert (run.counts["student"]["add"], run.counts["student"]["reject"]) == (0, 1)
    assert [i for i, p in world.persons().items() if p.pos_id] == ["1"]
    world.black_out()
    world.sync()
    assert {i: p.pos_id for i, p in world.persons().items() if p.pos_id} == {"1": "4712", "new": "4711"}


def test_a_family_is_brought_up_to_date_after_the_time(world: World) -> None:
    """Guards: a sibling added to a household that two families grew into, and the old ones never merged."""
    world.sync()
    world.black_out(ADDS_ONLY)
    for n in "45":
        world.sis.students[n] |= {"last": "Name1", "phone": "5555550001"}  # joins the household of 2 and 3
    world.sis.students["new"] = student(last="Name1", phone="5555550001")
    world.sync()
    world.black_out()
    world.sync()
    people = world.persons()
    assert len({people[n].family_id for n in ("2", "3", "4", "5", "new")}) == 1


def families(world: World) -> Any:
    """Everybody, with those they share a family with in place of its id."""
    people = {s.id: s.person for s in world.people.all(D)}
    together: dict[str | None, list[str]] = {}
    for i, person in people.items():
        if person.status == "active":
            together.setdefault(person.family_id, []).append(i)
    return {
        i: (replace(person, family_id=None), together[person.family_id] if person.family_id else None)
        for i, person in people.items()
        if person.status == "active"
    }


def believable(roster: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """Without rejected records, whose people stay as they were read before, and with contacts of so few students that
    no run is refused because they fell silent: neither has to do with blackouts.
    """
    students, contacts, staff = roster
    loaded = {
        i: {name: value for name, value in row.items() if name != "reject"} for i, row in students.items()
    }
    return loaded, {i: found for i, found in contacts.items() if i < "4"}, staff


believable_rosters = rosters.map(believable)


@settings(max_examples=30, deadline=None)
@given(believable_rosters, st.lists(believable_rosters, min_size=1, max_size=3), st.sampled_from([0, 300]))
def test_after_an_adds_only_time_the_store_is_as_if_there_had_been_none(
    first: Any, history: list[Any], slice_seconds: int
) -> None:
    """And during it nobody is changed or ended."""
    closed, open_ = World(slice_seconds=slice_seconds), World()
    for world in (closed, open_):
        load(world.sis, first)
        world.sync()
    closed.black_out(ADDS_ONLY)
    for roster in history:
        before = {s.id: s.person for s in closed.people.all(D) if s.person.status == "active"}
        for world in (closed, open_):
            load(world.sis, roster)
        assert closed.sync().state == "completed"
        after = {s.id: s.person for s in closed.people.all(D)}
        assert {i: after[i] for i in before} == before
    closed.black_out()
    load(open_.sis, copy.deepcopy(history[-1]))
    # As many nights as every contact needs to be read again, since the two worlds asked for them on other nights.
    for _ in range(3):
        for world in (closed, open_):
            world.clock.advance(days=1)
            assert world.sync().state == "completed"
    # A person known only from rosters in between was added, and is ended now; who is active is the same.
    assert families(closed) == families(open_)


def test_photos_wait_for_the_end_of_an_adds_only_time() -> None:
    world = World(
        sis=Sis(students={"1": student()}, schools=("north",), photos={"1": b"\xff\xd8\xff\xe0 a photo"})
    )
    world.integrate("int_photos", pictures_only=True)
    world.sync()
    world.black_out(ADDS_ONLY)
    run = world.sync("int_photos")
    assert (run.counts["student"]["held"], world.persons()["1"].photo) == (1, None)
    world.black_out()
    assert world.sync("int_photos").counts["student"]["update"] == 1
    assert world.persons()["1"].photo is not None


@pytest.mark.parametrize("delta", [0, 1])
def test_a_blackout_counts_as_it_was_when_the_run_began(world: World, delta: int) -> None:
    """Guards: a run of many slices that changes people in its last ones."""
    world.sync()
    world.slice_seconds = 0
    world.sis.students["1"]["first"] = "Nori"
    world.black_out(("2026-11-22T12:00", "2026-11-22T12:05", "adds_only"))
    world.clock.time = world.clock.time.replace(minute=4 + delta, second=58)
    run = world.sync()
    assert run.slice > 3
    assert run.counts["student"]["update"] == delta
