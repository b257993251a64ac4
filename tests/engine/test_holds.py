"""What a run may change before a person must look, and what becomes of a run that is held."""

from __future__ import annotations

from itertools import count, product
from typing import Any

import pytest
from msgspec.structs import replace

from rollcall.domain.errors import Conflict
from rollcall.domain.run import Run
from tests.engine.faults import MODES, Faults
from tests.engine.sis import Sis
from tests.engine.town import approve, ended, leave, reasons, town
from tests.engine.world import D, World, student

# Limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "leavers", "expected"),
    [
        # of 60 in the north and 40 in the south
        ({"drop_percent": 10}, [*range(5), *range(60, 64)], []),
        ({"drop_percent": 10}, [*range(5), 50, *range(60, 64)], []),
        ({"drop_percent": 10}, [*range(6), *range(60, 65)], ["drops"]),
        ({"drop_percent": 10}, range(7), ["drops_in_building"]),
        ({"drop_percent": 10, "floor": 10}, range(11), ["drops"]),
        ({"drop_percent": 10, "floor": 11}, range(11), []),
        ({"drop_percent": 0}, [0], ["drops"]),
        ({"drop_percent": 0, "floor": 1}, [0], []),
        ({"drop_percent": 0, "floor": 1}, [0, 1], ["drops"]),
        ({"drop_building_count": 8}, range(8), []),
        ({"drop_building_count": 8}, range(9), ["drops_in_building"]),
        ({"drop_building_count": 8}, [*range(8), *range(60, 68)], []),
        # ten of the north are in grade 4
        ({"drop_percent": 30}, range(50, 53), []),
        ({"drop_percent": 30}, range(50, 54), ["drops_in_grade"]),
        ({"drop_percent": 30, "floor": 4}, range(50, 54), []),
    ],
)
def test_the_limits_of_drops_are_exact(limits: dict[str, Any], leavers: Any, expected: list[str]) -> None:
    world = town(grades=dict.fromkeys(range(50, 60), "4"), **limits)
    leave(world, *leavers)
    run = world.sync()
    assert reasons(run) == expected
    assert run.state == ("held" if expected else "completed")
    assert ended(world) == (set() if expected else set(leavers))


def test_what_is_dangerous_waits_and_the_rest_goes_on() -> None:
    world = town(drop_percent=10)
    leave(world, *range(20))
    world.sis.students["099"]["first"] = "Nori"
    world.sis.students["200"] = student("north", last="New", phone="5555559999")
    run = world.sync()
    assert (run.state, run.ended_at) == ("held", None)
    assert ended(world) == set()
    assert world.persons()["099"].first_name == "Nori"
    assert world.persons()["200"].status == "active"
    counts = run.counts["student"]
    assert (counts["add"], counts["update"], counts["inactivate"], counts["held"]) == (1, 1, 0, 20)
    assert "20 of 100 active students would be ended (20.0 %); the limit is 10 %." in run.holds[0].detail


def test_one_building_waits_and_the_other_does_not() -> None:
    world = town(drop_building_count=5)
    leave(world, *range(6), 70, 71)
    run = world.sync()
    assert reasons(run) == ["drops_in_building"]
    assert ended(world) == {70, 71}


def test_a_district_may_hold_everything() -> None:
    world = town(drop_percent=10, hold_everything=True)
    leave(world, *range(20))
    world.sis.students["200"] = student("north", last="New", phone="5555559999")
    run = world.sync()
    assert run.counts["student"]["held"] == 21
    assert "200" not in world.persons()
    done = approve(world, run)
    assert done.counts["student"] == {**done.counts["student"], "held": 0, "add": 1, "inactivate": 20}
    assert world.persons()["200"].status == "active"


@pytest.mark.parametrize(
    ("limits", "edit", "reason"),
    [
        ({"update_percent": 5}, {"first": "Nori"}, "updates"),
        ({"move_percent": 5}, {"school": "south"}, "moves"),
        ({"household_percent": 4}, {"last": "Brook", "phone": "5555550148"}, "household_changes"),
    ],
)
def test_other_dangers_wait_too(limits: dict[str, Any], edit: dict[str, Any], reason: str) -> None:
    world = town(**limits)
    for number in range(6):
        world.sis.students[f"{number:03d}"] |= edit
    before = world.persons()
    run = world.sync()
    assert run.state == "held"
    assert reasons(run)[0] == reason
    changed = {i: p for i, p in world.persons().items() if p != before[i]}
    if reason == "household_changes":
        # One of them keeps the family that the others join.
        assert all(p.family_id == before[i].family_id for i, p in changed.items())
    else:
        assert changed == {}
    done = approve(world, run)
    assert (done.state, done.counts["student"]["held"]) == ("completed", 0)
    for number in range(6):
        assert world.persons()[f"{number:03d}"] != before[f"{number:03d}"]
    world.write_count()
    assert world.sync().state == "completed"
    assert world.write_count() == 0, "what was approved is done"


def test_families_that_wait_are_found_again() -> None:
    """Guards: a merge that was held once and never heard of again."""
    world = town(household_percent=2)
    for number in range(4):
        world.sis.students[f"{number:03d}"] |= {"last": "Brook", "phone": "5555550148"}
    first = world.sync()
    second = world.sync()
    assert reasons(first) == reasons(second)
    assert first.counts["student"]["held"] == second.counts["student"]["held"] > 2
    done = approve(world, second)
    assert done.state == "completed"
    assert len({world.persons()[f"{n:03d}"].family_id for n in range(4)}) == 1


def test_the_turn_of_the_school_year_is_called_by_its_name() -> None:
    world = town(move_percent=10)
    for row in world.sis.students.values():
        row["grade"] = "4"
    run = world.sync()
    assert reasons(run)[0] == "rollover"


# Deciding ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def held() -> tuple[World, Run]:
    world = town(drop_percent=10)
    leave(world, *range(20))
    return world, world.sync()


def test_what_is_approved_is_done_and_done_once(held: tuple[World, Run]) -> None:
    world, run = held
    done = approve(world, run)
    assert (done.state, done.counts["student"]["inactivate"], done.counts["student"]["held"]) == (
        "completed",
        20,
        0,
    )
    assert ended(world) == set(range(20))
    world.write_count()
    again = world.sync()
    assert (again.state, again.holds, world.write_count()) == ("completed", [], 0)


def test_what_nobody_approves_is_held_again_and_overtakes_the_older(held: tuple[World, Run]) -> None:
    world, run = held
    second = world.sync()
    assert (second.state, second.counts["student"]["held"]) == ("held", 20)
    older = world.runs.get(D, run.id)
    assert older is not None
    assert older.error is not None
    assert (older.state, older.error.code) == ("cancelled", "superseded")
    assert ended(world) == set()
    assert approve(world, second).state == "completed"


def test_an_approval_that_comes_too_late_changes_nobody(held: tuple[World, Run]) -> None:
    """Even one that slips in before the newer run has closed the held one."""
    world, run = held
    stored = world.runs.get(D, run.id)
    world.sis.students |= {
        f"{n:03d}": student("north", last=f"L{n}", phone=f"555555{n:04d}") for n in range(20)
    }
    assert world.sync().state == "completed"
    assert stored is not None
    world.runs._write(stored)
    late = approve(world, run)
    assert late.error is not None
    assert (late.state, late.error.code) == ("cancelled", "superseded")
    assert ended(world) == set()


def test_a_message_that_comes_again_does_not_approve(held: tuple[World, Run]) -> None:
    """Guards: SQS delivering the last slice's message twice, and dropping a thousand students by it."""
    world, run = held
    world.queue.send(run.message(), dedup="again")
    world.drain()
    stored = world.runs.get(D, run.id)
    assert stored is not None
    assert (stored.state, ended(world)) == ("held", set())


def test_two_clicks_at_once_are_one_approval(held: tuple[World, Run]) -> None:
    world, run = held
    before = world.runs.get(D, run.id)
    assert before is not None
    approve(world, run)
    with pytest.raises(Conflict):
        world.runs.decide(before, replace(before, state="applying", slice=before.slice + 1))


def test_who_was_changed_by_somebody_else_meanwhile_is_left_alone(held: tuple[World, Run]) -> None:
    world, run = held
    (other,) = [s for s in world.people.all(D) if s.person.source_id == "007"]
    world.people.put_many([replace(other, person=replace(other.person, pos_id="4711"))])
    done = approve(world, run)
    assert (done.counts["student"]["inactivate"], done.counts["student"]["held"]) == (19, 1)
    assert ended(world) == set(range(20)) - {7}
    assert world.issues(done)[-1].code == "changed_since_hold"


def test_who_was_passed_over_is_planned_again(held: tuple[World, Run]) -> None:
    """Guards: the snapshot took the plan's row of somebody who was not written, who then stayed active for good."""
    world, run = held
    (other,) = [s for s in world.people.all(D) if s.person.source_id == "007"]
    world.people.put_many([replace(other, person=replace(other.person, pos_id="4711"))])
    approve(world, run)
    again = world.sync()
    assert again.counts["student"]["inactivate"] == 1
    assert ended(world) == set(range(20))


def test_a_runner_that_dies_while_it_applies_an_approval_leaves_the_same() -> None:
    """Killed before and after every call of the approved slice, and called again."""
    reference = town(drop_percent=10)
    leave(reference, *range(20))
    approve(reference, reference.sync())
    expected = dict(reference.people.items)
    for mode in MODES:
        for k in count(1):
            world = town(drop_percent=10)
            leave(world, *range(20))
            run = world.sync()
            world.faults = Faults(k, mode)
            done = approve(world, run)
            if len(world.faults.calls) < k:
                break
            assert done.state == "completed", (mode, k)
            assert dict(world.people.items) == expected
            assert done.counts["student"]["inactivate"] == 20


# Drop safety: a table -------------------------------------------------------------------------------------------------

CASES = list(
    product(
        (True, False),
        ("complete", "partial", "empty", "building empty"),
        ("below", "at", "above"),
        (1, 2),
        ("nobody", "approved", "late", "twice"),
    )
)
# By size, who leaves: under, at and over a tenth of everybody. Without the three whom another integration has, it is
# under, and never over a tenth of one school.
LEAVERS = {
    "below": {*range(5), *range(60, 64)},
    "at": {*range(6), *range(60, 64)},
    "above": {*range(7), *range(60, 64)},
}


def test_the_table_is_large_enough() -> None:
    assert len(CASES) >= 150


def night(world: World, pull: str, staying: dict[str, Any]) -> Run:
    """The SIS without the leavers, as a pull of this kind sees it."""
    seen = {
        "empty": {},
        "building empty": {i: row for i, row in staying.items() if row["school"] == "north"},
    }
    world.sis.students = seen.get(pull, staying)
    world.sis.announce = 1 if pull == "partial" else 0
    return world.sync()


@pytest.mark.parametrize(("switch", "pull", "size", "integrations", "decision"), CASES)
def test_nobody_is_dropped_wrongly(
    switch: bool, pull: str, size: str, integrations: int, decision: str
) -> None:
    """The oracle: who left, by a complete pull with the switch on, and above the limit only once approved.

    Who is in another integration's last pull has not left: the first three, where there are two integrations.
    """
    world = town(drop_percent=10)
    world.integrate("int_1", drop_students_not_in_file=switch)
    if integrations == 2:
        shared = {f"{n:03d}": dict(world.sis.students[f"{n:03d}"]) for n in range(3)}
        world.others["int_2"] = Sis(students=shared, schools=("north",), staff={"1": {"first": "Orla"}})
        world.integrate("int_2")
        world.sync("int_2")
        world.sync()
    staying = {i: row for i, row in world.sis.students.items() if int(i) not in LEAVERS[size]}
    gone = LEAVERS[size] - (set(range(3)) if integrations == 2 else set())
    gone = gone if switch and pull == "complete" else set()
    over = len(gone) > 10
    run = night(world, pull, staying)
    assert run.state == ("failed" if pull != "complete" else "held" if over else "completed")
    assert ended(world) == (set() if over else gone)
    if over:
        decide(world, run, decision, gone, staying)


def decide(world: World, run: Run, decision: str, gone: set[int], staying: dict[str, Any]) -> None:
    if decision in ("approved", "twice"):
        assert approve(world, run).state == "completed"
        assert ended(world) == gone
    if decision == "twice":
        assert world.sync().state == "completed"
        assert ended(world) == gone
    if decision == "late":
        back = sorted(gone)[:5]
        world.sis.students = staying | {
            f"{n:03d}": student("north", last=f"L{n}", phone=f"555555{n:04d}") for n in back
        }
        assert world.sync().state == "completed"
        stored = world.runs.get(D, run.id)
        assert stored is not None
        assert stored.state == "cancelled"
        assert ended(world) == gone - set(back)
