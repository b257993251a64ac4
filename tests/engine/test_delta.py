"""A pull of what changed leaves the store as a full one would, but for who is gone: that only a full pull can tell."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.connectors.base import LastPull, Survey
from rollcall.domain.person import Person
from rollcall.domain.run import Run
from rollcall.engine.delta import FULL_EVERY
from rollcall.engine.pull import KEEP_DAYS
from tests.engine.faults import MODES, Mode
from tests.engine.feed import FeedConnector, FeedSis
from tests.engine.test_laws import load, outcome, rosters
from tests.engine.world import D, World, student

LISTS = {"students", "contacts"}


def feeding(**settings: Any) -> World:
    return World(sis=FeedSis(), connector=FeedConnector, **settings)


def feed(world: World) -> FeedSis:
    assert isinstance(world.sis, FeedSis)
    return world.sis


@pytest.fixture
def fed() -> World:
    """Eleven students with contacts, once synced in full, and a night gone by."""
    world = feeding()
    for n in range(1, 12):
        world.sis.students[str(n)] = student(
            "north" if n <= 6 else "south", last=f"Name{n // 2}", phone=f"555555{n // 2:04d}"
        )
        world.sis.contacts[str(n)] = [{"id": f"c{n // 2}", "first": "Tamsin"}]
    world.sis.staff = {"1": {"first": "Orla"}, "2": {"first": "Ilan"}}
    assert night(world).pull == "full"
    return world


def night(world: World, mode: str = "sync") -> Run:
    world.sis.requests.clear()
    world.write_count()
    run = world.sync(mode=mode)
    assert run.state == "completed", run.error
    world.clock.advance(days=1)
    return run


def active(world: World, kind: str) -> dict[str, Person]:
    return {i: p for i, p in world.persons(kind).items() if p.status == "active"}


# ------------------------------------------------------------------------------------------------------ the laws


def plain(person: Person) -> dict[str, Any]:
    """A person without what depends on the night: a minted family, the day on which they were dropped."""
    fields = {name: getattr(person, name) for name in person.__struct_fields__ if name != "family_id"}
    stays = tuple((e.school, e.grade) for e in person.enrollments)
    return fields | {"enrollments": stays}


def families(world: World, students: set[str]) -> set[frozenset[str]]:
    members: dict[str | None, set[str]] = {}
    for i in students:
        members.setdefault(world.persons()[i].family_id, set()).add(i)
    return {frozenset(some) for some in members.values()}


# A rejected student keeps what was stored, so whether they had been dropped before shows for ever; and who is to come
# comes on their day, whatever a feed did not tell of them since.
accepted = rosters.map(
    lambda roster: (
        {i: {**row, "reject": False, "from": None} for i, row in roster[0].items()},
        *roster[1:],
    )
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(accepted, min_size=2, max_size=5),
    st.sampled_from([0, 300]),
    st.sets(st.sampled_from(["0", "1", "5", "nobody"])),
)
def test_a_delta_night_leaves_what_a_full_night_leaves_but_for_leavers(
    history: list[Any], slice_seconds: int, named: set[str]
) -> None:
    delta, full = feeding(slice_seconds=slice_seconds), feeding()
    feed(delta).named, feed(full).feed = named, False
    for roster in history:
        for world in (delta, full):
            load(world.sis, roster)
            world.sis.contacts["anchor-north"] = [{"id": "c0", "first": "Jo"}]
        night(delta)
        night(full)
        for kind in ("student", "staff", "contact"):
            here, there = active(delta, kind), active(full, kind)
            assert {i: plain(here[i]) for i in there} == {i: plain(p) for i, p in there.items()}
        assert (
            not (active(delta, "student").keys() - active(full, "student").keys()) & delta.sis.students.keys()
        )
    feed(delta).feed = False
    night(delta)
    night(full)
    stores = [{s.id: plain(s.person) for s in world.people.all(D)} for world in (delta, full)]
    assert stores[0] == stores[1]
    students = set(active(full, "student"))
    assert families(delta, students) == families(full, students)
    night(delta)
    assert delta.write_count() == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(accepted, min_size=2, max_size=2))
def test_a_preview_of_a_delta_says_what_the_sync_then_does(history: list[Any]) -> None:
    world = feeding()
    load(world.sis, history[0])
    world.sync()
    load(world.sis, history[1])
    world.sis.contacts["anchor-north"] = [{"id": "c0", "first": "Jo"}]
    preview = world.sync(mode="preview")
    run = world.sync()
    assert (preview.pull, run.pull, run.counts) == ("delta", "delta", preview.counts)
    assert [(c.kind, c.after.id, c.fields) for c in world.changes(run)] == [
        (c.kind, c.after.id, c.fields) for c in world.changes(preview)
    ]


def eventful() -> World:
    """A store with a history, and a night with every kind of change, told by the feed or not."""
    world = feeding()
    for n in range(1, 6):
        world.sis.students[str(n)] = student(last=f"N{n // 2}")
        world.sis.contacts[str(n)] = [{"id": f"c{n // 2}", "first": "Tamsin"}]
    world.sis.students["6"] = student("south", last="Reed")
    world.sis.staff = {"1": {"first": "Orla"}}
    world.sync()
    world.clock.advance(days=1)
    world.sis.students["1"]["first"] = "Nori"
    world.sis.students["2"]["last"] = "Reed"
    world.sis.contacts["4"] = [{"id": "c9", "first": "Robin"}]
    world.sis.contacts["5"] = []
    del world.sis.students["3"]
    feed(world).named = {"3"}
    world.sis.students["7"] = student("south", last="Reed")
    world.sis.students["8"] = student("south", reject=True)
    return world


@pytest.mark.parametrize("mode", MODES)
def test_a_delta_killed_at_any_call_and_delivered_again_ends_the_same(mode: Mode) -> None:
    """Guards: a slice that asks for others than the one before it, or loses whom it carried over."""
    clean = eventful()
    clean.faults.calls.clear()
    assert clean.sync().pull == "delta"
    expected, calls = outcome(clean), list(clean.faults.calls)
    assert len(calls) > 30
    failures = []
    for k in range(1, len(calls) + 1):
        world = eventful()
        world.faults.calls.clear()
        world.faults.k, world.faults.mode = k, mode
        world.sync()
        if outcome(world) != expected:
            failures.append((k, calls[k - 1]))
    assert failures == []


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=20, deadline=None)
@given(st.integers(1, 150))
def test_a_sliced_delta_killed_at_any_call_ends_the_same(mode: Mode, k: int) -> None:
    clean = eventful()
    clean.sync()
    world = eventful()
    world.slice_seconds = 0
    world.faults.calls.clear()
    world.faults.k, world.faults.mode = k, mode
    world.sync()
    assert outcome(world)[0] == outcome(clean)[0]


# --------------------------------------------------------------------------------------------------- one by one


def test_a_quiet_night_asks_for_no_list_and_writes_nobody(fed: World) -> None:
    run = night(fed)
    assert (run.pull, fed.write_count()) == ("delta", 0)
    assert fed.sis.requests == ["survey", "staff"]
    assert {kind: c["unchanged"] for kind, c in run.counts.items()} == {
        "student": 11,
        "staff": 2,
        "contact": 6,
    }


def test_only_who_changed_is_asked_for(fed: World) -> None:
    fed.sis.students["3"]["first"] = "Nori"
    fed.sis.contacts["1"] = [{"id": "c0", "first": "Tam"}]
    run = night(fed)
    assert fed.sis.requests == ["survey", *["one of students"] * 2, *["one of contacts"] * 2, "staff"]
    assert (run.counts["student"]["update"], run.counts["contact"]["update"]) == (1, 1)
    assert fed.persons()["3"].first_name == "Nori"


def test_a_deleted_student_is_seen_by_the_full_pull_alone(fed: World) -> None:
    """Guards: a pull that proves nothing of who is gone ending somebody's enrollment."""
    del fed.sis.students["3"]
    feed(fed).named = {"3"}
    for _ in range(FULL_EVERY.days - 1):
        run = night(fed)
        assert (run.pull, run.counts["student"]["inactivate"]) == ("delta", 0)
        assert fed.persons()["3"].status == "active"
    run = night(fed)
    assert (run.pull, run.counts["student"]["inactivate"]) == ("full", 1)
    assert fed.persons()["3"].status == "ended"
    assert night(fed).pull == "delta"


def test_who_is_gone_is_not_marked_missing_by_a_delta(fed: World) -> None:
    fed.integrate("int_1", drop_students_not_in_file=False)
    del fed.sis.students["3"]
    feed(fed).named = {"3"}
    assert [night(fed).counts["student"]["unchanged"] for _ in range(2)] == [11, 11]
    feed(fed).feed = False
    assert night(fed).counts["student"]["unchanged"] == 10


def test_a_deleted_contact_leaves_the_student_at_once_and_ends_with_the_full_pull(fed: World) -> None:
    """Guards: a parent who was struck off being called because nothing came for them."""
    fed.sis.contacts["1"] = []
    run = night(fed)
    assert (run.pull, fed.persons()["1"].contacts) == ("delta", ())
    assert active(fed, "contact").keys() >= {"c0"}
    feed(fed).feed = False
    assert night(fed).counts["contact"]["inactivate"] == 1
    assert "c0" not in active(fed, "contact")


def test_what_the_sis_says_of_somebody_counts_at_once(fed: World) -> None:
    """To say that somebody has left is not the same as to say nothing."""
    fed.sis.students["3"]["ended"] = True
    run = night(fed)
    assert (run.pull, run.counts["student"]["inactivate"]) == ("delta", 1)


def test_people_who_are_carried_over_are_reported_and_mapped_again(fed: World) -> None:
    """Guards: a carried record whose page lies in an earlier run's folder, read from this one's."""
    fed.sis.students["3"]["warn"] = True
    assert night(fed).issue_codes == {"gender_unmapped": 1}
    for _ in range(2):
        run = night(fed)
        assert (run.pull, run.issue_codes) == ("delta", {"gender_unmapped": 1})


def test_who_is_asked_for_and_does_not_answer_stands_with_all_their_records(fed: World) -> None:
    """Guards: a student nobody looks at any more, because one answer was empty."""
    fed.sis.students["3"]["warn"] = True
    night(fed)
    del fed.sis.students["3"]
    feed(fed).named = {"3"}
    for _ in range(2):
        run = night(fed)
        assert (run.pull, run.issue_codes) == ("delta", {"gender_unmapped": 1})


def test_a_server_that_repeats_a_student_at_every_school_is_no_loop(fed: World) -> None:
    """Guards: the guard against lists that never end stopping a list of questions, which has an end of its own."""

    class Parrot(FeedConnector):
        def survey(self, last: LastPull | None = None) -> Survey:
            found = super().survey(last)
            asking = [part for part in found.parts if "ids" in part.params]
            for part in asking:
                part.params["ids"] = part.params["ids"] * 4
            return found

    fed.connector = Parrot
    fed.sis.students["3"]["first"] = "Nori"
    run = night(fed)
    assert (run.pull, run.counts["student"]["update"]) == ("delta", 1)


def test_a_student_who_is_back_with_the_same_record_is_back(fed: World) -> None:
    before = fed.sis.students.pop("3")
    feed(fed).feed = False
    assert night(fed).counts["student"]["inactivate"] == 1
    feed(fed).feed = True
    fed.sis.students["3"] = copy.deepcopy(before)
    assert night(fed).counts["student"]["reactivate"] == 1


# ------------------------------------------------------------------------------------------------ full after all


@pytest.mark.parametrize(
    "change", [{"family_identifier": ("hoh_last_name",)}, {"url": "https://other.example.org"}], ids=str
)
def test_other_settings_are_a_full_pull(fed: World, change: dict[str, Any]) -> None:
    """Guards: people outside the feed mapped by yesterday's settings, or another server's people taken for known."""
    fed.integrate("int_1", **change)
    assert night(fed).pull == "full"
    assert night(fed).pull == "delta"


def test_another_version_of_the_connector_is_a_full_pull(fed: World) -> None:
    fed.connector_version = "2"
    assert night(fed).pull == "full"


def test_without_a_feed_every_pull_is_full(fed: World) -> None:
    feed(fed).feed = False
    assert [night(fed).pull for _ in range(2)] == ["full", "full"]
    assert set(fed.sis.requests) >= LISTS


def test_a_failed_delta_is_made_up_for_by_the_next(fed: World) -> None:
    """Guards: a marker that moves on although nothing of the night was applied."""
    fed.sis.students["3"]["first"] = "Nori"
    staff, fed.sis.staff = fed.sis.staff, {}
    failed = fed.sync()
    assert (failed.state, failed.error and failed.error.code) == ("failed", "empty_pull")
    fed.sis.staff = staff
    fed.clock.advance(days=1)
    assert (night(fed).pull, fed.persons()["3"].first_name) == ("delta", "Nori")


def test_a_preview_moves_no_marker(fed: World) -> None:
    fed.sis.students["3"]["first"] = "Nori"
    assert night(fed, mode="preview").counts["student"]["update"] == 1
    assert night(fed).counts["student"]["update"] == 1


def test_a_building_that_empties_is_refused_by_the_full_pull_after_deltas(fed: World) -> None:
    """Guards: deltas forgetting how many students a building had."""
    night(fed)
    for row in fed.sis.students.values():
        row["school"] = "south"
    assert night(fed).pull == "delta"
    feed(fed).feed = False
    run = fed.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "empty_building")


def test_no_carried_page_can_have_expired() -> None:
    assert timedelta(days=KEEP_DAYS) > FULL_EVERY
