"""Every drop carries its three proofs, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config_api.judgement import Judgement
from rollcall.domain.mapping import Entry
from rollcall.domain.proofs import DropProofs
from rollcall.domain.run import Run
from rollcall.domain.thresholds import Thresholds
from tests.engine.test_preview import district, limits
from tests.engine.town import approve, ended, leave, reasons, town
from tests.engine.world import D, World, student


def judged(world: World, run: Run) -> Judgement:
    return Judgement(world.blobs, run)


def proofs(world: World, run: Run) -> dict[str, DropProofs | None]:
    """By source id, of all who are ended."""
    judgement = judged(world, run)
    return {
        c.after.person.source_id: judgement.proofs(c) for c in world.changes(run) if c.kind == "inactivate"
    }


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=district, after=district, allowed=limits, lets_go=st.booleans(), counts=st.booleans())
def test_every_drop_that_was_made_carries_all_three(
    before: dict[str, Any], after: dict[str, Any], allowed: Thresholds, lets_go: bool, counts: bool
) -> None:
    world = World()
    stored = world.config.district(D)
    world.config.put_district(stored.model_copy(update={"thresholds": allowed, "version": 2}))
    world.sis.announce = 0 if counts else None
    both = {"98": student("north", last="Stays"), "99": student("south", last="Stays")}
    world.sis.staff = {"1": {"first": "Orla"}, "2": {"first": "Ole"}}
    world.sis.students = {**before, **both}
    world.sync()
    world.sis.students = {**after, **both}
    del world.sis.staff["2"]
    run = world.sync()
    if run.state == "held" and lets_go:
        run = approve(world, run)
    judgement = judged(world, run)
    there = {*(("student", i) for i in world.sis.students), ("staff", "1")}
    received = len(there) + run.coverage["contacts"].fetched
    for change in world.changes(run):
        found = judgement.proofs(change)
        dropped = change.kind == "inactivate" and (change.type, change.after.person.source_id) not in there
        assert (found is not None) is dropped
        if found is None:
            continue
        person = world.persons(change.type)[change.after.person.source_id]
        made = judgement.held_as(change) in (None, "approved")
        assert (person.status == "ended") is made
        assert found.complete_pull.run_id == run.id
        assert found.complete_pull.parts == 4
        assert found.complete_pull.records == received
        assert found.complete_pull.announced == (received if counts else None)
        assert found.mapped_building.schools == tuple(stay.school for stay in person.enrollments)
        assert found.mapped_building.mapped
        assert found.threshold.shares
        assert not made or found.threshold.within or found.approvals
        assert bool(found.approvals) is (judgement.held_as(change) == "approved")


def test_the_limits_are_told_with_the_figures() -> None:
    world = town(drop_percent=10, grades=dict.fromkeys(range(50, 60), "4"))
    leave(world, 0, 1, 50)
    found = proofs(world, world.sync())["050"]
    assert found is not None
    shares = [(s.building, s.grade, s.ended, s.of) for s in found.threshold.shares]
    assert shares == [(None, None, 3, 100), ("north", None, 3, 60), ("north", "4", 1, 10)]
    assert (found.threshold.drop_percent, found.threshold.within) == (10, True)
    assert (found.mapped_building.mapping_id, found.mapped_building.version) == ("map_building", 1)


def test_a_drop_that_waits_has_no_approval_yet_and_then_has_it() -> None:
    world = town(drop_percent=2)
    leave(world, 0, 1, 2)
    run = world.sync()
    waiting = proofs(world, run)["000"]
    assert waiting is not None
    assert (waiting.threshold.within, waiting.approvals) == (False, ())
    done = approve(world, run)
    made = proofs(world, done)["000"]
    assert made is not None
    assert [approval.by for approval in made.approvals] == ["user@example.org"]


@pytest.mark.parametrize("hold_everything", [False, True])
def test_a_building_that_left_the_mapping_takes_nobody_along_unasked(hold_everything: bool) -> None:
    """Guards: a row of the building mapping deleted by mistake, and all students of a small school dropped for it."""
    world = town(hold_everything=hold_everything)
    for number in range(100):
        world.sis.students[f"{number:03d}"]["school"] = "south" if number >= 98 else "north"
    world.sync()
    world.sis.schools = ("north",)
    mapping = world.config.mappings(D, ["map_building"])["map_building"]
    world.config.put_mapping(
        mapping.model_copy(update={"entries": (Entry(external="north", value="north"),), "version": 2})
    )
    leave(world, 5)
    run = world.sync()
    assert reasons(run) == ["drops_unmapped_building"]
    assert "2 active students of south" in run.holds[0].detail
    assert ended(world) == (set() if hold_everything else {5})
    done = approve(world, run)
    assert ended(world) == {5, 98, 99}
    made = proofs(world, done)
    closed, there = made["098"], made["005"]
    assert closed is not None
    assert there is not None
    assert (closed.mapped_building.mapped, closed.mapped_building.version, len(closed.approvals)) == (
        False,
        2,
        1,
    )
    assert there.mapped_building.mapped
