"""A run undone: whoever stands as it left them is as they were before, and nothing comes back by itself."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rollcall.domain.person import Person, decode_person
from rollcall.domain.run import Run
from tests.engine.test_delta import feeding
from tests.engine.test_holds import approve, reasons
from tests.engine.test_laws import contacts, load
from tests.engine.undoing import flagged, undo
from tests.engine.world import D, World

Items = dict[tuple[str, str], tuple[str, bytes]]

ids = st.sampled_from([str(n) for n in range(8)])
good = st.fixed_dictionaries(
    {
        "school": st.sampled_from(["north", "south"]),
        "first": st.sampled_from(["Noor", "Ilan", "Zoë"]),
        "last": st.sampled_from(["Rivers", "Reed"]),
        "phone": st.sampled_from(["555-555-0148", "555-555-0149", "000-0000", None]),
    },
    optional={"ended": st.just(True), "warn": st.just(True), "grade": st.sampled_from(["3", "4"])},
)
rough = st.one_of(
    good,
    st.builds(lambda row, pin: row | {"pin": pin}, good, st.sampled_from(["100", "200", "300"])),
    good.map(lambda row: row | {"reject": True}),
    good.map(lambda row: row | {"out": True}),
)


def rosters(rows: Any) -> Any:
    staff = st.fixed_dictionaries({"first": st.sampled_from(["Orla", "Ole"])})
    return st.tuples(
        st.dictionaries(ids, rows),
        st.dictionaries(ids, contacts, max_size=3),
        st.dictionaries(st.sampled_from(["1", "2"]), staff, min_size=1),
    )


def person(item: tuple[str, bytes]) -> Person:
    return decode_person(item[1])


def night(world: World, roster: Any) -> tuple[Run, Items]:
    load(world.sis, roster)
    # in one answer or one by one, contacts may never fall silent
    world.sis.contacts["anchor-north"] = [{"id": "anchor", "first": "Jo"}]
    run = world.sync()
    if run.state == "held":
        run = approve(world, run)
    assert run.state == "completed", run.error
    return run, dict(world.people.items)


def named(world: World, run: Run, *codes: str) -> set[str]:
    """Person ids that issues of these codes name."""
    by_key = {(s.person.type, s.person.source_id): s.id for s in world.people.all(D)}
    return {
        by_key[i.person_type, i.source_id]
        for i in world.issues(run)
        if i.code in codes and i.person_type and i.source_id
    }


def expected(before: Items, after: Items, now: Items) -> tuple[Items, set[str], set[str]]:
    """The store as an undo should leave it: of a run between ``before`` and ``after``, while it is ``now``; who would
    be put back, and who was touched since.
    """
    wanted, back, touched = dict(now), set(), set()
    for key, item in after.items():
        if before.get(key) == item:
            continue
        if now[key] == item and key in before:
            wanted[key] = before[key]
            back.add(key[1])
        elif now[key] == item:
            back.add(key[1])
        elif now[key] != before.get(key):
            touched.add(key[1])
    return wanted, back, touched


def as_leaver(item: tuple[str, bytes]) -> Person:
    """The same person, ended: all that an undo changes in whom a run had added."""
    left = person(item)
    enrollments = tuple(e if e.drop_date else replace(e, drop_date="*") for e in left.enrollments)
    return replace(left, status="ended", enrollments=enrollments)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(rosters(rough), min_size=1, max_size=4),
    st.integers(0, 3),
    st.sampled_from([0, 300]),
    st.booleans(),
)
def test_it_restores_the_store_byte_for_byte(
    history: list[Any], which: int, slice_seconds: int, feeds: bool
) -> None:
    """But for whoever was added, who is ended; and for whoever was touched by something newer, who is named."""
    world = feeding(slice_seconds=slice_seconds) if feeds else World(slice_seconds=slice_seconds)
    nights: list[tuple[Run, Items]] = []
    for roster in history:
        nights.append(night(world, roster))
        world.clock.advance(days=1)
    at = min(which, len(nights) - 1)
    run, after = nights[at]
    before = nights[at - 1][1] if at else {}
    now = dict(world.people.items)
    wanted, back, touched = expected(before, after, now)

    shown = undo(world, run, mode="preview")
    assert dict(world.people.items) == now
    done = undo(world, run)
    assert (done.state, done.error) == ("completed", None)
    assert done.counts == shown.counts

    taken = named(world, done, "taken_since_run")
    assert taken <= back
    assert named(world, done, "changed_since_run") == touched
    for key, item in world.people.items.items():
        if key[1] in taken:
            assert item == now[key]
        elif key[1] in back and key not in before:
            assert item[0] == now[key][0]
            ended = person(item)
            assert as_leaver(item) == ended if not ended.enrollments else True
            assert replace(ended, enrollments=()) == replace(as_leaver(now[key]), enrollments=())
            assert all(e.drop_date for e in ended.enrollments)
        else:
            assert item == wanted[key], key
    assert shared_pins(dict(world.people.items)) <= shared_pins(now)
    changed = {change.after.id for change in world.changes(done)}
    assert changed == back - taken


def shared_pins(items: Items) -> set[str]:
    """POS IDs that two active people have."""
    pins = Counter(p.pos_id for p in map(person, items.values()) if p.status == "active" and p.pos_id)
    return {pin for pin, count in pins.items() if count > 1}


def shape(world: World) -> Any:
    """Who is there and how, in families named by their members; of a leaver, whose fields nobody tells any more, only
    that they have left.
    """
    everybody = {s.id: s.person for s in world.people.all(D)}
    there = {i: p for i, p in everybody.items() if p.status == "active"}
    members: dict[str | None, set[str]] = {}
    for i, found in there.items():
        members.setdefault(found.family_id, set()).add(i)
    active = {
        i: (replace(p, family_id=None), members[p.family_id] if p.family_id else None)
        for i, p in there.items()
    }
    return active, everybody.keys()


@settings(max_examples=100, deadline=None)
@given(st.lists(rosters(good), min_size=1, max_size=4), st.integers(0, 3), st.sampled_from([0, 300]))
def test_what_was_undone_waits_and_comes_back_when_it_is_approved(
    history: list[Any], which: int, slice_seconds: int
) -> None:
    world, twin = World(slice_seconds=slice_seconds), World()
    runs = []
    for roster in history:
        runs.append(night(world, roster)[0])
        night(twin, roster)
        world.clock.advance(days=1)
        twin.clock.advance(days=1)
    done = undo(world, runs[min(which, len(runs) - 1)])
    undone = {change.after.id for change in world.changes(done)}
    kept = {key: item for key, item in world.people.items.items() if key[1] in undone}
    for _ in range(2):
        run = world.sync()
        twin.sync()
        waiting = {c.after.id for c in world.changes(run)} & undone
        assert (run.state, reasons(run)) == (("held", ["undone"]) if waiting else ("completed", []))
        assert sum(c["held"] for c in run.counts.values()) == len(waiting)
        assert {key: world.people.items[key] for key in kept} == kept
    if run.state == "held":
        assert approve(world, run).state == "completed"
    assert shape(world) == shape(twin)
    assert flagged(world) == set()
    world.write_count()
    last = world.sync()
    assert (last.state, world.write_count()) == ("completed", 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(rosters(good), min_size=1, max_size=3), st.sampled_from([0, 300]))
def test_an_undo_undone_is_as_if_nobody_had_undone_anything(history: list[Any], slice_seconds: int) -> None:
    world = World(slice_seconds=slice_seconds)
    runs = [night(world, roster)[0] for roster in history]
    before = dict(world.people.items)
    done = undo(world, runs[-1])
    world.clock.advance(seconds=1)
    if not world.changes(done):
        return
    assert undo(world, done).state == "completed"
    assert dict(world.people.items) == before
    assert flagged(world) == set()
    world.write_count()
    assert (world.sync().state, world.write_count()) == ("completed", 0)
