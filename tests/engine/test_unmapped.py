"""The queue of unmapped values: complete every night, whatever moved, and empty of what was answered or mended."""

from __future__ import annotations

import pytest

from rollcall.domain.ids import person_id
from rollcall.domain.run import Run
from rollcall.domain.unmapped import UnmappedValue
from rollcall.engine.blobs import RunFolder
from rollcall.engine.unmapped import read_unmapped
from tests.engine.codes import answer, coded
from tests.engine.test_delta import feed, night
from tests.engine.world import D, World, student


def left(world: World, run: Run) -> list[UnmappedValue]:
    return read_unmapped(world.blobs, run).values


def counts(world: World, run: Run) -> dict[str, int]:
    return {f"{value.entity} {value.value}": value.count for value in left(world, run)}


def sample(world: World, number: str) -> str:
    return person_id(D, world.config.integration(D, "int_1").source, "student", number)


@pytest.fixture
def world() -> World:
    return coded()


def test_a_value_says_whom_it_keeps_out_and_who_only_loses_it(world: World) -> None:
    run = night(world)
    assert left(world, run) == [
        UnmappedValue(
            entity="grade_level",
            value="T",
            severity="error",
            count=1,
            samples=[sample(world, "9")],
            first_run=run.id,
        ),
        UnmappedValue(entity="gender", value="U", count=1, samples=[sample(world, "8")], first_run=run.id),
    ]


def test_nights_in_which_nobody_moved_count_the_same(world: World) -> None:
    """Guards: a queue of what is new, which would be empty on the second night with nothing answered."""
    first = night(world)
    for _ in range(2):
        run = night(world)
        assert left(world, run) == left(world, first)
        assert left(world, run)[0].first_run == first.id


def test_a_pull_of_what_changed_counts_who_did_not(world: World) -> None:
    feed(world).feed = True
    world.sis.schools = ("north", "south", "east")
    first = night(world)
    world.sis.students["7"]["gender"] = "U"
    run = night(world)
    assert run.pull == "delta"
    assert counts(world, run) == {"grade_level T": 1, "gender U": 2, "building east": 0}
    assert {value.first_run for value in left(world, run)} == {first.id}


def test_a_school_that_was_left_out_is_told_by_its_name(world: World) -> None:
    world.sis.schools = ("north", "south", "east")
    (found,) = (value for value in left(world, night(world)) if value.entity == "building")
    assert (found.value, found.label, found.whole_school) == ("east", "East", True)
    assert (found.severity, found.count) == ("warning", 0), "to leave a school out may be what is wanted"


def test_what_is_answered_or_mended_is_gone(world: World) -> None:
    night(world)
    answer(world, "gender", {"U": "Unknown"})
    assert counts(world, world.sync(trigger="reapply")) == {"grade_level T": 1}
    world.sis.students["9"]["grade"] = "4"
    run = night(world)
    assert (left(world, run), run.checkpoint["unmapped"]) == ([], 0)
    assert RunFolder(run).unmapped() not in world.blobs.files, "a night with nothing to tell writes nothing"


def test_who_is_gone_is_not_counted(world: World) -> None:
    night(world)
    del world.sis.students["9"]
    assert counts(world, night(world)) == {"gender U": 1}


def test_who_is_not_to_be_loaded_is_not_counted(world: World) -> None:
    """Guards: a count that falls the next night, since nobody looks again at who left before they ever came."""
    world.sis.students["12"] = student(ended=True, gender="V")
    for _ in range(2):
        assert "gender V" not in counts(world, night(world))


def test_a_preview_and_a_failed_run_leave_the_queue_alone(world: World) -> None:
    run = night(world)
    preview = world.sync(mode="preview")
    assert preview.checkpoint["unmapped"] == 0
    world.sis.staff.clear()
    assert world.sync().state == "failed"
    assert world.runs.state(D, "int_1").snapshot == run.id


def test_a_value_that_the_last_run_no_longer_tells_of_is_new(world: World) -> None:
    """Guards: a sync that fails because the files of one long ago are no longer kept."""
    first = night(world)
    del world.blobs.files[RunFolder(first).unmapped()]
    run = night(world)
    assert {value.first_run for value in left(world, run)} == {run.id}
