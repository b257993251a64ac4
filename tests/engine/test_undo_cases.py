"""What an undo does beside everything else that may happen to a district; and killed at every call it makes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from rollcall.domain.photo import photo_id
from rollcall.domain.run import Run
from rollcall.domain.thresholds import UNLIMITED
from rollcall.engine.blobs import RunFolder
from tests.engine.faults import MODES, Faults
from tests.engine.sis import Sis
from tests.engine.test_delta import feeding
from tests.engine.test_holds import approve, ended, leave, reasons, town
from tests.engine.test_laws import outcome, small_night
from tests.engine.test_photos import PHOTOS, integrate, shown
from tests.engine.test_reapply import reapply
from tests.engine.test_roster import FEEDS, account, host_ids, mother, teacher
from tests.engine.undoing import ask, flagged, stored_run, undo
from tests.engine.world import D, World, student


def failure(run: Run) -> tuple[str, str | None]:
    return run.state, run.error and run.error.code


# Limits and holds --------------------------------------------------------------------------------------------------


def test_nothing_it_does_waits_for_limits() -> None:
    """A person asked for it, and saw what it would do."""
    world = town(drop_percent=50)
    before = dict(world.people.items)
    leave(world, *range(20), *range(60, 80))
    run = world.sync()
    assert len(ended(world)) == 40
    district = world.config.district(D)
    strict = UNLIMITED.model_copy(update={"floor": 0, "drop_percent": 0, "update_percent": 0})
    world.config.put_district(district.model_copy(update={"thresholds": strict, "version": 3}))
    done = undo(world, run)
    assert (done.state, done.counts["student"]["reactivate"]) == ("completed", 40)
    assert done.counts["student"]["unchanged"] == 60
    assert dict(world.people.items) == before
    assert done.dropped == {}


def test_what_was_undone_does_not_count_for_the_limits_of_the_rest() -> None:
    """Guards: one more leaver waiting for good, because ten drops were undone."""
    world = town(drop_percent=10)
    leavers = {*range(6), *range(60, 64)}
    leave(world, *leavers)
    undo(world, world.sync())
    leave(world, 50)
    run = world.sync()
    assert (run.state, reasons(run), run.counts["student"]["held"]) == ("held", ["undone"], 10)
    assert ended(world) == {50}
    assert approve(world, run).state == "completed"
    assert ended(world) == {*leavers, 50}


def test_a_district_that_holds_all_holds_all_beside_it() -> None:
    world = town(hold_everything=True)
    leave(world, 1)
    undo(world, world.sync())
    world.sis.students["200"] = student("north", last="New", phone="5555559999")
    run = world.sync()
    assert (reasons(run), run.counts["student"]["held"]) == (["undone"], 2)
    assert "200" not in world.persons()


@pytest.mark.parametrize("decision", ["rejected", "superseded", "approved"])
def test_of_a_held_run_only_what_was_applied_is_undone(decision: str) -> None:
    """Guards: a drop that a later run made being taken back with a run that had only wanted to."""
    world = town(drop_percent=10)
    leave(world, *range(20))
    world.sis.students["099"]["first"] = "Nori"
    before = dict(world.people.items)
    run = world.sync()
    if decision == "approved":
        approve(world, run)
    else:
        if decision == "rejected":
            world.runs.decide(stored_run(world, run), replace(stored_run(world, run), state="rejected"))
        approve(world, world.sync())
    assert len(ended(world)) == 20
    done = undo(world, run)
    assert done.state == "completed"
    assert done.counts["student"]["reactivate"] == (20 if decision == "approved" else 0)
    assert done.counts["student"]["update"] == 1
    if decision == "approved":
        assert dict(world.people.items) == before
    else:
        assert ended(world) == set(range(20))
    assert done.issue_codes == {}


def test_it_overtakes_a_held_run_which_the_next_sync_holds_again() -> None:
    world = town(drop_percent=10)
    world.sis.students["099"]["first"] = "Nori"
    first = world.sync()
    leave(world, *range(20))
    held = world.sync()
    assert undo(world, first).state == "completed"
    assert failure(stored_run(world, held)) == ("cancelled", "superseded")
    again = world.sync()
    assert (reasons(again), again.counts["student"]["held"]) == (["drops", "undone"], 21)
    assert approve(world, again).counts["student"]["held"] == 0
    assert ended(world) == set(range(20))


def test_a_sis_that_says_what_the_undo_restored_needs_nobody() -> None:
    world = town()
    world.sis.students["001"] |= {"first": "Nori", "last": "Brook", "phone": "5555550000"}
    world.sis.students["002"] |= {"last": "Brook", "phone": "5555550000"}
    undo(world, world.sync())
    assert flagged(world)
    for number in (1, 2):
        world.sis.students[f"{number:03d}"] = student(last=f"L{number}", phone=f"555555{number:04d}")
    world.write_count()
    run = world.sync()
    assert (run.state, world.write_count(), flagged(world)) == ("completed", 0, set())


# Who is touched by something newer ------------------------------------------------------------------------------------


def test_a_pos_id_that_is_somebody_elses_by_now_is_not_given_back(world: World) -> None:
    """Guards: two children with one PIN at the till."""
    world.sis.students["1"]["pin"] = "4711"
    world.sync()
    del world.sis.students["1"]
    run = world.sync()
    world.sis.students["2"]["pin"] = "4711"
    world.sync()
    done = undo(world, run)
    assert done.issue_codes == {"taken_since_run": 1}
    (left,) = [i for i in world.issues(done) if i.code == "taken_since_run"]
    assert (left.source_id, "student 2" in left.message) == ("1", True)
    assert {i for i, p in world.persons().items() if p.pos_id == "4711" and p.status == "active"} == {"2"}
    assert world.persons()["1"].status == "ended"


def test_pos_ids_that_a_run_handed_on_are_handed_back(world: World) -> None:
    world.sis.students["1"]["pin"], world.sis.students["2"]["pin"] = "100", "200"
    world.sync()
    before = dict(world.people.items)
    world.sis.students["1"]["pin"] = "300"
    world.sync()
    world.sis.students["2"]["pin"], world.sis.students["3"]["pin"] = "100", "200"
    run = world.sync()
    assert undo(world, run).issue_codes == {}
    pins = {i: p.pos_id for i, p in world.persons().items() if p.pos_id}
    assert pins == {"1": "300", "2": "200"}
    world.clock.advance(seconds=1)
    assert len(before) == len(world.people.items)


def test_people_of_two_integrations_go_back_to_theirs() -> None:
    """A student whom a run handed over is the first integration's again."""
    world = World(
        sis=Sis(students={"1": student(), "2": student("south", last="Reed")}, schools=("north", "south"))
    )
    world.others["int_2"] = Sis(students={"1": student()}, schools=("north",))
    world.integrate("int_2")
    world.sync("int_2")
    world.sync()
    del world.sis.students["1"]
    world.sis.students["3"] = student(last="Ash")
    before = dict(world.people.items)
    run = world.sync()
    handed = {s.person.source_id: s.integration_id for s in world.people.all(D)}
    assert handed["1"] == "int_2"
    undo(world, run)
    assert {k: v for k, v in world.people.items.items() if k in before} == before
    held = world.sync()
    assert reasons(held) == ["undone"]
    approve(world, held)
    assert {s.person.source_id: s.integration_id for s in world.people.all(D)} == handed | {"3": "int_1"}


# Other kinds of runs ---------------------------------------------------------------------------------------------


def test_photos_go_back_and_first_ones_go(world: World) -> None:
    integrate(world)
    world.sis.photos = {"1": b"photo 1", "2": b"photo 2"}
    world.sync()
    world.sync(PHOTOS)
    before, people = shown(world), dict(world.people.items)
    world.sis.photos |= {"2": b"another", "3": b"photo 3"}
    run = world.sync(PHOTOS)
    done = undo(world, run)
    assert (done.state, done.counts["student"]["update"]) == ("completed", 2)
    assert (shown(world), dict(world.people.items)) == (before, people)
    assert flagged(world, PHOTOS) == {"student:2", "student:3"}
    held = world.sync(PHOTOS)
    assert (reasons(held), shown(world)) == (["undone"], before)
    assert approve(world, held).state == "completed"
    assert shown(world) == before | {"2": photo_id(b"another"), "3": photo_id(b"photo 3")}
    assert dict(world.people.items) == people
    assert flagged(world, PHOTOS) == set()


def test_a_host_id_stays_and_its_account_is_uninvited() -> None:
    """Guards: pictures lost with an account, and a host ID that goes to two people."""
    world = World()
    world.sis.students = {"1": student(number="2038788")}
    world.sis.contacts = {"1": [mother()]}
    world.sis.staff = {"6786987": teacher()}
    world.sync()
    world.integrate("int_1", **FEEDS)
    run = world.sync()
    hosts = host_ids(world)
    assert all(hosts.values())
    assert undo(world, run).state == "completed"
    assert host_ids(world) == hosts
    assert {account(world, name).status for name in hosts} == {"uninvited"}
    assert {s.person.status for s in world.people.all(D)} == {"active"}
    held = world.sync()
    assert reasons(held) == ["undone"]
    approve(world, held)
    assert host_ids(world) == hosts
    assert {account(world, name).status for name in hosts} == {"invited"}


def test_the_last_pull_can_be_planned_again_after_an_undo_and_an_approval(world: World) -> None:
    """Guards: a snapshot that no run's files stand behind."""
    world.sync()
    world.sis.students["1"]["first"] = "Nori"
    undo(world, world.sync())
    again = reapply(world)
    assert (failure(again), reasons(again)) == (("held", None), ["undone"])
    approve(world, again)
    assert world.persons()["1"].first_name == "Nori"
    assert (failure(reapply(world)), world.write_count()) == (("completed", None), 0)


def test_in_a_pull_of_what_changed_the_undone_are_looked_at_too() -> None:
    world = feeding()
    world.sis.students = {str(n): student(last=f"N{n}", phone=None) for n in range(1, 5)}
    world.sis.students["9"] = student("south", last="N9", phone=None)
    world.sis.contacts = {"1": [{"id": "c1", "first": "Jo"}]}
    world.sis.staff = {"1": {"first": "Orla"}}
    world.sync()
    world.sis.students["1"]["first"] = "Nori"
    world.sis.students["5"] = student(last="N5", phone=None)
    undo(world, world.sync())
    run = world.sync()
    assert (run.pull, reasons(run), run.counts["student"]["held"]) == ("delta", ["undone"], 2)


def test_an_undo_is_no_success_and_no_failure(world: World) -> None:
    """Guards: a district thought to be in step because somebody undid something."""
    world.sync()
    world.sis.students["1"]["first"] = "Nori"
    run = world.sync()
    state = world.runs.state(D, "int_1")
    undo(world, run)
    after = world.runs.state(D, "int_1")
    assert (after.last_success_at, after.failures) == (state.last_success_at, 0)
    assert after.snapshot != state.snapshot


# What refuses ------------------------------------------------------------------------------------------------------


def test_it_begins_only_when_the_run_names_it(world: World) -> None:
    """Two who ask at once have two runs, of which the run names one."""
    world.sync()
    world.sis.students["1"]["first"] = "Nori"
    run = world.sync()
    first, second = ask(world, run), None
    world.clock.advance(seconds=1)
    second = ask(world, run)
    world.drain()
    assert failure(stored_run(world, first)) == ("failed", "undone_already")
    assert failure(stored_run(world, second)) == ("completed", None)
    assert world.persons()["1"].first_name == "Noor"


def test_a_message_that_asks_for_an_undo_of_nothing_fails(world: World) -> None:
    world.sync()
    assert failure(world.sync(trigger="undo")) == ("failed", "run_missing")


def test_files_that_went_meanwhile_fail_it_before_anybody_is_changed(world: World) -> None:
    world.sync()
    for number in world.sis.students:
        world.sis.students[number]["first"] = "Nori"
    run = world.sync()
    before = dict(world.people.items)
    world.blobs.delete([RunFolder(run).plan(0)])
    assert failure(undo(world, run)) == ("failed", "file_missing")
    assert dict(world.people.items) == before


def test_a_blackout_stops_it_and_a_switched_off_integration_does_not(world: World) -> None:
    world.sync()
    world.sis.students["1"]["first"] = "Nori"
    run = world.sync()
    world.integrate("int_1", active=False)
    world.black_out(("2026-11-22", "2026-11-22", "no_runs"))
    assert failure(undo(world, run)) == ("skipped", "blackout")
    world.clock.advance(days=1)
    assert failure(undo(world, run)) == ("completed", None)
    assert world.persons()["1"].first_name == "Noor"


# At any crash ------------------------------------------------------------------------------------------------------


def people_night() -> tuple[World, Run]:
    """A run to undo with every kind of change, and a newer one that touched one of its people."""
    world = small_night()
    run = world.sync()
    world.sis.students["1"]["last"] = "Ash"
    world.sync()
    return world, run


def photo_night() -> tuple[World, Run]:
    world = small_night()
    integrate(world)
    world.sync()
    world.sis.photos = {"1": b"photo 1", "2": b"photo 2"}
    world.sync(PHOTOS)
    world.sis.photos |= {"2": b"another", "4": b"photo 4"}
    return world, world.sync(PHOTOS)


@pytest.mark.parametrize("night", [people_night, photo_night])
@pytest.mark.parametrize("slice_seconds", [300, 0])
def test_an_undo_killed_at_any_call_and_delivered_again_ends_the_same(
    night: Callable[[], tuple[World, Run]], slice_seconds: int
) -> None:
    def drive(faults: Faults) -> tuple[World, Any]:
        world, run = night()
        world.slice_seconds = slice_seconds
        made = ask(world, run)
        world.faults = faults
        world.drain()
        done = stored_run(world, made)
        assert done.state == "completed", (faults.k, faults.mode)
        facts = (done.counts, done.issue_codes, len(world.changes(done)), flagged(world, run.integration_id))
        return world, (outcome(world)[0], shown(world), facts)

    _, expected = drive(Faults())
    assert expected[2][2] > 0
    for mode in MODES:
        for k in count(1):
            world, found = drive(Faults(k, mode))
            if len(world.faults.calls) < k:
                break
            assert found == expected, (mode, k)
        assert k > 25
