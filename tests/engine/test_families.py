"""What a run does to families: which id stays, what is told of it, and what waits for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rollcall.domain.family_change import Review
from rollcall.domain.run import Approval, Run
from tests.engine.faults import MODES, Faults
from tests.engine.protecting import protect
from tests.engine.town import approve, leave, reasons, town
from tests.engine.undoing import undo
from tests.engine.world import NOON, D, World, student

Partition = set[frozenset[str]]


def house(number: int) -> dict[str, object]:
    return {"last": f"House{number}", "phone": f"555556{number:04d}"}


def siblings(review: Review = "over_limit", **limits: Any) -> World:
    """A town in which 000 to 011 are four families of three; of the last, two go to the north and one to the south."""
    world = town(review=review, **limits)
    for number in range(12):
        world.sis.students[f"{number:03d}"] |= house(number // 3)
    world.sis.students["011"]["school"] = "south"
    stored = world.config.district(D)
    world.config.put_district(stored.model_copy(update={"review_families": "never", "version": 3}))
    assert world.sync().state == "completed"
    world.config.put_district(stored.model_copy(update={"version": 4}))
    return world


def together(world: World) -> Partition:
    """Students who share a family."""
    found: dict[str | None, set[str]] = defaultdict(set)
    for i, person in world.persons().items():
        if person.status == "active":
            found[person.family_id].add(i)
    return {frozenset(members) for members in found.values()}


def truth(world: World) -> Partition:
    """Students who share a household in the SIS."""
    found: dict[Any, set[str]] = defaultdict(set)
    for i, row in world.sis.students.items():
        found[row["last"], row["phone"]].add(i)
    return {frozenset(members) for members in found.values()}


def family_of(world: World) -> dict[str, str | None]:
    return {i: p.family_id for i, p in world.persons().items() if p.status == "active"}


def move(world: World, household: int, *students: str) -> None:
    for number in students:
        world.sis.students[number] |= house(household)


def merge(world: World) -> None:
    move(world, 1, "000", "001", "002")


def split(world: World) -> None:
    move(world, 20, "000")


def change_house(world: World) -> None:
    move(world, 1, "000")


def join(world: World) -> None:
    world.sis.students["200"] = student("north") | house(0)


def depart(world: World) -> None:
    leave(world, 0)


DEEDS: dict[str, Callable[[World], None]] = {
    "merge": merge,
    "split": split,
    "move": change_house,
    "join": join,
    "leave": depart,
}
WAITS = {
    ("always", 100): "families",
    ("always", 0): "household_changes",
    ("over_limit", 0): "household_changes",
}


@pytest.mark.parametrize("decision", ["approved", "left out", "rejected", "overtaken"])
@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("percent", [0, 100])
@pytest.mark.parametrize("review", ["never", "over_limit", "always"])
def test_families_change_only_as_the_district_wants(
    review: Review, percent: int, deed: str, decision: str
) -> None:
    """The oracle: who shares a household in the SIS, once nothing waits; and who did before, while it does."""
    world = siblings(review=review, household_percent=percent)
    before = together(world)
    DEEDS[deed](world)
    run = world.sync()
    reason = WAITS.get((review, percent)) if deed in ("merge", "split", "move") else None
    assert run.families == {deed: 1}
    assert run.state == ("held" if reason else "completed")
    if reason is None:
        assert together(world) == truth(world)
        return
    assert reasons(run)[0] == reason
    assert together(world) == before
    (change,) = world.families(run)
    if decision == "approved":
        assert approve(world, run).state == "completed"
        assert together(world) == truth(world)
        assert world.sync().families == {}
        return
    if decision == "left out":
        assert approve(world, run, leave_out=[change.id]).counts["student"]["held"] == len(change.passing)
    elif decision == "rejected":
        world.runs.decide(run, replace(run, state="rejected", ended_at=world.clock.now()))
    assert together(world) == before
    second = world.sync()
    assert (second.state, second.families) == ("held", {deed: 1})
    assert approve(world, second).state == "completed"
    assert together(world) == truth(world)


def test_a_family_change_names_everybody_and_what_tells_them_apart() -> None:
    world = siblings(review="always")
    ids = family_of(world)
    move(world, 1, "000")
    world.sis.students["006"]["phone"] = None
    join(world)
    run = world.sync()
    found = {change.kind: change for change in world.families(run)}
    assert run.families == {"move": 1, "split": 1}
    moved, parted = found["move"], found["split"]
    assert set(moved.before) == set(moved.after) == {ids["000"], ids["003"]}
    people = {s.id: s.person.source_id for s in world.people.all(D)}
    assert {people[p.person_id]: (p.before, p.after) for p in moved.passing} == {
        "000": (ids["000"], ids["003"]),
        "200": (None, ids["000"]),
    }
    assert {people[s.person_id] for s in moved.staying} == {"001", "002", "003", "004", "005"}
    assert (moved.agree, moved.differ) == ((), ("hoh_home_phone", "hoh_last_name"))
    assert [p.first_name for p in moved.passing] == ["Noor", "Noor"]
    assert (parted.agree, parted.differ) == (("hoh_last_name",), ("hoh_home_phone",))
    assert world.persons()["200"].family_id == ids["000"], "who is new goes on"
    assert "2 active students would change family (split 1, move 1)" in run.holds[0].detail


def test_families_that_come_and_go_whole_are_told_and_a_first_load_is_not() -> None:
    world = town(review="always")
    (first,) = world.run_ids()
    stored = world.runs.get(D, first)
    assert stored is not None
    assert (stored.families, world.families(stored)) == ({}, [])
    for number in ("200", "201"):
        world.sis.students[number] = student("north") | house(9)
    world.sis.students["202"] = student("north") | house(10)
    assert world.sync().families == {"form": 1}
    for number in ("200", "201", "202"):
        del world.sis.students[number]
    run = world.sync()
    assert (run.state, run.families) == ("completed", {"dissolve": 1})


def test_a_family_too_large_is_named_every_night_and_in_its_change() -> None:
    """Guards: a warning of the night on which fourteen strangers became one family, and silence ever after."""
    world = town()
    for number in range(14):
        move(world, 1, f"{number:03d}")
    run = world.sync()
    (change,) = world.families(run)
    assert (change.kind, change.implausible) == ("merge", True)
    for night in (run, world.sync()):
        (found,) = [i for i in world.issues(night) if i.code == "family_implausibly_large"]
        assert found.value == world.persons()["000"].family_id
        assert "14 students" in found.message


# Made whole or not at all ---------------------------------------------------------------------------------------------


def test_what_is_left_out_waits_and_the_rest_is_made() -> None:
    world = siblings(review="always", drop_percent=0)
    move(world, 1, "000", "001", "002")
    move(world, 30, "009")
    leave(world, 50)
    world.sis.students["099"]["first"] = "Nori"
    before = together(world)
    run = world.sync()
    assert set(reasons(run)) == {"families", "drops"}
    merger = next(change for change in world.families(run) if change.kind == "merge")
    done = approve(world, run, leave_out=[merger.id])
    assert (done.state, done.counts["student"]["held"]) == ("completed", 3)
    now = together(world)
    assert frozenset({"009"}) in now
    assert frozenset({"010", "011"}) in now
    assert frozenset({"000", "001", "002"}) in now & before
    assert world.persons()["050"].status == "ended"
    again = world.sync()
    assert [c.kind for c in world.families(again)] == ["merge"]
    assert approve(world, again).state == "completed"
    assert together(world) == truth(world)


def test_what_was_left_out_is_not_undone_with_the_rest() -> None:
    """Guards: an undo of the run in which somebody waited, taking back what a later one made of them."""
    world = siblings(review="always")
    move(world, 1, "000", "001", "002")
    move(world, 30, "009")
    run = world.sync()
    merger = next(change for change in world.families(run) if change.kind == "merge")
    first = approve(world, run, leave_out=[merger.id])
    assert approve(world, world.sync()).state == "completed"
    assert undo(world, first).state == "completed"
    assert frozenset({"000", "001", "002", "003", "004", "005"}) in together(world)
    assert frozenset({"009", "010", "011"}) in together(world)


def test_what_one_of_two_people_leaves_out_is_left_out() -> None:
    world = siblings(review="always")
    move(world, 1, "000", "001", "002")
    run = world.sync()
    (change,) = world.families(run)
    held = world.runs.get(D, run.id)
    assert held is not None
    before = together(world)
    first = replace(held, approvals=[Approval("user@example.org", NOON, "checked", (change.id,))])
    world.runs.decide(held, first)
    assert approve(world, first, by="other@example.org").state == "completed"
    assert together(world) == before


def test_a_family_change_that_waits_in_one_school_waits_in_all() -> None:
    """Guards: two of three siblings moved into another family, as only the third one's school had passed a limit."""
    world = siblings(household_percent=2)
    move(world, 2, "009", "010", "011")
    before = together(world)
    run = world.sync()
    assert reasons(run) == ["household_changes"]
    world = siblings(household_percent=5)
    move(world, 2, "009", "010", "011")
    for number in ("096", "097"):
        world.sis.students[number] |= house(0)
    run = world.sync()
    # 3 of 41 in the south pass the limit, 2 of 59 in the north do not.
    assert reasons(run) == ["household_changes_in_building"]
    assert together(world) == before


def test_nobody_is_moved_alone_when_another_of_them_was_changed_meanwhile() -> None:
    """Guards: half of a merger."""
    world = siblings(review="always")
    move(world, 1, "000", "001", "002")
    move(world, 30, "009")
    run = world.sync()
    (other,) = [s for s in world.people.all(D) if s.person.source_id == "001"]
    world.people.put_many([replace(other, person=replace(other.person, pos_id="4711"))])
    before = together(world)
    done = approve(world, run)
    assert together(world) == before - {frozenset({"009", "010", "011"})} | {
        frozenset({"009"}),
        frozenset({"010", "011"}),
    }
    told = {(i.code, i.source_id) for i in world.issues(done) if i.source_id in ("000", "001", "002")}
    assert told == {
        ("family_change_kept_back", "000"),
        ("changed_since_hold", "001"),
        ("family_change_kept_back", "002"),
    }
    again = world.sync()
    assert (again.state, again.families) == ("held", {"merge": 1})
    assert approve(world, again).state == "completed"
    assert together(world) == truth(world)


def test_nobody_is_moved_alone_when_another_of_them_is_protected_meanwhile() -> None:
    world = siblings(review="always")
    move(world, 1, "000", "001", "002")
    run = world.sync()
    before = together(world)
    protect(world, "001")
    done = approve(world, run)
    assert together(world) == before
    told = {(i.code, i.source_id) for i in world.issues(done) if i.source_id in ("000", "001", "002")}
    assert told == {
        ("family_change_kept_back", "000"),
        ("protected_since_plan", "001"),
        ("family_change_kept_back", "002"),
    }


def test_a_runner_that_dies_in_a_partial_approval_leaves_the_same() -> None:
    """Killed before and after every call of the approved slice, and called again."""

    def evening() -> tuple[World, Run, str]:
        world = siblings(review="always")
        move(world, 1, "000", "001", "002")
        move(world, 2, "009", "010", "011")
        run = world.sync()
        change = next(c for c in world.families(run) if any(s.first_name for s in c.passing))
        world.faults = Faults()
        return world, run, change.id

    reference, run, left_out = evening()
    approve(reference, run, leave_out=[left_out])
    expected, counts = together(reference), reference.runs.get(D, run.id)
    assert counts is not None
    assert counts.counts["student"]["held"] == 3
    for mode in MODES:
        for k in count(1):
            world, run, left_out = evening()
            world.faults = Faults(k, mode)
            done = approve(world, run, leave_out=[left_out])
            if len(world.faults.calls) < k:
                break
            assert (done.state, done.counts) == ("completed", counts.counts), (mode, k)
            assert together(world) == expected
            world.faults = Faults()
            assert world.sync().families == {"merge": 1}


# Who waits keeps what they have ---------------------------------------------------------------------------------------


def test_a_merger_that_is_taken_back_leaves_every_family_its_id() -> None:
    """Guards: families of a merger that was held and then withdrawn in the SIS, under new ids."""
    world = siblings(review="always")
    ids = family_of(world)
    move(world, 1, "000", "001", "002")
    assert world.sync().state == "held"
    move(world, 0, "000", "001", "002")
    run = world.sync()
    assert (run.state, run.families, family_of(world)) == ("completed", {}, ids)


def test_who_comes_back_does_not_share_with_a_sibling_who_moved_out_meanwhile() -> None:
    """Guards: a drop that waited, a sibling who took the family's id along, and both in one family for good."""
    world = siblings(drop_percent=0)
    leave(world, 0, 1)
    move(world, 40, "002")
    assert reasons(world.sync())[0] == "drops"
    for number in ("000", "001"):
        world.sis.students[number] = student("north") | house(0)
    assert world.sync().state == "completed"
    assert together(world) == truth(world)


def allow(world: World, **limits: int) -> None:
    stored = world.config.district(D)
    thresholds = stored.thresholds.model_copy(update=limits)
    world.config.put_district(
        stored.model_copy(update={"thresholds": thresholds, "version": stored.version + 1})
    )


def test_who_stays_keeps_the_id_though_another_change_of_theirs_waits() -> None:
    """Guards: a household that forgets who stayed, because its students' new names wait for a person."""
    world = siblings()
    ids = family_of(world)
    allow(world, update_percent=0)
    world.sis.students["001"]["first"] = "Nori"
    assert reasons(world.sync())[0] == "updates"
    allow(world, update_percent=100)
    del world.sis.students["002"]
    move(world, 50, "000")
    assert world.sync().state == "completed"
    assert family_of(world)["001"] == ids["001"] != family_of(world)["000"]


# Ids ------------------------------------------------------------------------------------------------------------------

events = st.lists(
    st.tuples(
        st.sampled_from(["leave", "phone", "name", "rerun", "order", "blank", "other"]), st.integers(0, 4)
    ),
    min_size=1,
    max_size=6,
)


def happen(world: World, what: str, n: int, step: int, own: list[str]) -> None:
    """Something that happens to the whole of a family with these members, or to none of it."""
    if what == "leave" and len(own) > 1:
        del world.sis.students[own.pop(step % len(own))]
    elif what == "order":
        world.sis.order += 1
    elif what == "other":
        world.sis.students[f"new{step}"] = student("north", last=f"New{step}", phone=f"555558{step:04d}")
    changed: dict[str, dict[str, object]] = {
        "phone": {"phone": f"555557{n:02d}{step:02d}"},
        "name": {"last": f"Other{n}-{step}"},
        "blank": {"phone": None} if len(own) == 1 else {},
    }
    for i in own:
        world.sis.students[i] |= changed.get(what, {})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.integers(1, 4), min_size=2, max_size=5),
    events,
    st.integers(1, 7),
    st.integers(0, 3),
    st.sampled_from([0, 300]),
)
def test_a_family_keeps_its_id_through_whatever_all_of_it_goes_through(
    sizes: list[int], happenings: list[tuple[str, int]], page_size: int, order: int, slice_seconds: int
) -> None:
    """A sibling leaving, all siblings' phone or name changing, another run, another order of records, other people's
    doings: the id stays, and nobody else is told of a change of families.
    """
    world = World(slice_seconds=slice_seconds)
    world.sis.page_size, world.sis.order = page_size, order
    world.sis.staff = {"1": {"first": "Orla"}}
    members = {n: [f"{n}{i}" for i in range(size)] for n, size in enumerate(sizes)}
    for n, ids in members.items():
        for i in ids:
            world.sis.students[i] = student(("north", "south")[int(i[1]) % 2]) | house(n)
    for school in ("north", "south"):
        world.sis.students[f"anchor-{school}"] = student(school, last=school, phone=None)
    world.sync()
    ids_before = family_of(world)
    for step, (what, n) in enumerate(happenings):
        happen(world, what, n, step, members.get(n, []))
        run = world.sync()
        assert run.state == "completed"
        assert not {"merge", "split", "move"} & set(run.families)
        now = family_of(world)
        assert {i: now[i] for i in ids_before if i in now} == {
            i: ids_before[i] for i in ids_before if i in now
        }
        ids_before |= now
