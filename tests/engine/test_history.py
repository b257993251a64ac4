"""What a run says of the one before it, of its stages, and of whom it dropped."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from rollcall.domain.audit import AuditRecord, FieldChange
from rollcall.domain.run import Run, Trend
from tests.engine.feed import FeedConnector, FeedSis
from tests.engine.world import World, student


def night(world: World, **how: Any) -> Run:
    run = world.sync(**how)
    assert run.state == "completed", run.error
    world.clock.advance(days=1)
    return run


def trend(new: int, persisting: int, fixed: int) -> Trend:
    return Trend(new=new, persisting=persisting, fixed=fixed)


def test_issues_come_stay_and_go(world: World) -> None:
    world.sis.students["1"]["warn"] = "Q"
    world.sis.students["2"]["reject"] = True
    assert night(world).trend == trend(2, 0, 0)
    assert night(world).trend == trend(0, 2, 0), "nothing moved, and both are still wrong"
    world.sis.students["1"]["warn"] = "Z"
    assert night(world).trend == trend(1, 1, 1), "another value is another issue"
    world.sis.students["3"]["warn"] = "Z"
    del world.sis.students["2"]
    assert night(world).trend == trend(1, 1, 1)
    world.sis.students["1"]["warn"] = world.sis.students["3"]["warn"] = None
    assert night(world).trend == trend(0, 0, 2)


def test_somebody_who_was_not_looked_at_again_is_not_fixed(world: World) -> None:
    """Guards: a student who stays out of the store, so that nobody looks at them until they move, and whose issue would
    be called fixed each quiet night.
    """
    world.sis.students["12"] = {**student("south"), "out": True}
    assert night(world).trend == trend(1, 0, 0)
    for _ in range(2):
        quiet = night(world)
        assert (quiet.trend, quiet.issues["warning"]) == (trend(0, 1, 0), 0)
    world.sis.students["12"]["first"] = "Nori"
    assert night(world).trend == trend(0, 1, 0)
    del world.sis.students["12"]
    assert night(world).trend == trend(0, 0, 1), "whoever is gone has no issue"


def test_a_delta_leaves_the_issues_of_others_alone() -> None:
    world = World(sis=FeedSis(), connector=FeedConnector)
    for number in ("1", "2"):
        world.sis.students[number] = {**student(), "out": True}
    world.sis.students["3"] = student()
    world.sis.staff = {"1": {"first": "Orla"}}
    world.sis.schools = ("north",)
    assert night(world).trend == trend(2, 0, 0)
    world.sis.students["1"]["out"] = False
    run = night(world)
    assert (run.pull, run.trend) == ("delta", trend(0, 1, 1))


def test_a_preview_compares_and_remembers_nothing(world: World) -> None:
    night(world)
    world.sis.students["1"]["warn"] = "Q"
    assert night(world, mode="preview").trend == trend(1, 0, 0)
    assert night(world).trend == trend(1, 0, 0)


def test_a_run_that_plans_nothing_has_no_trend_and_the_next_compares_with_the_one_before(
    world: World,
) -> None:
    world.sis.students["1"]["warn"] = "Q"
    night(world)
    kept, world.sis.students = world.sis.students, {}
    failed = world.sync()
    assert (failed.state, failed.trend) == ("failed", None)
    world.sis.students = kept
    assert night(world).trend == trend(0, 1, 0)


@pytest.mark.parametrize(
    ("mode", "stages"),
    [("sync", ["survey", "pull", "map", "diff", "apply"]), ("preview", ["survey", "pull", "map", "diff"])],
)
def test_stages_follow_one_another_without_a_gap(world: World, mode: str, stages: list[str]) -> None:
    world.slice_seconds = 0
    run = world.sync(mode=mode)
    assert [stage.stage for stage in run.stages] == stages
    assert all(before.ended_at == after.started_at for before, after in pairwise(run.stages))
    assert (run.stages[0].started_at, run.stages[-1].ended_at) == (run.started_at, run.ended_at)
    assert all(stage.ended_at is not None for stage in run.stages)


def test_a_failed_run_ends_its_stage(world: World) -> None:
    world.sis.students = {}
    run = world.sync()
    assert [(stage.stage, stage.ended_at) for stage in run.stages][-1] == ("pull", run.ended_at)


def told(world: World, what: str) -> list[AuditRecord]:
    return [record for record in world.runs.audit.records.values() if record.what == what]


def test_a_drop_is_told_once_with_its_numbers(world: World) -> None:
    night(world)
    assert told(world, "people.dropped") == []
    del world.sis.students["1"], world.sis.students["2"], world.sis.staff["2"]
    assert night(world, mode="preview").dropped == {"student": 2, "staff": 1, "contact": 1}
    assert told(world, "people.dropped") == [], "a preview drops nobody"
    run = night(world, trigger="schedule")
    (record,) = told(world, "people.dropped")
    assert (record.subject, record.request_id) == (run.id, run.id)
    assert record.changes == (
        FieldChange(field="dropped.student", after=2),
        FieldChange(field="dropped.staff", after=1),
        FieldChange(field="dropped.contact", after=1),
    )
    night(world)
    assert len(told(world, "people.dropped")) == 1


def test_who_left_by_the_sis_or_stays_with_the_switch_off_was_not_dropped(world: World) -> None:
    night(world)
    world.sis.students["2"]["ended"] = True
    run = night(world)
    assert (run.counts["student"]["inactivate"], run.dropped) == (1, {})
    world.integrate("int_1", drop_students_not_in_file=False)
    del world.sis.students["4"]
    assert night(world).dropped == {}
    assert told(world, "people.dropped") == []


def test_only_a_run_that_somebody_asked_for_is_told(world: World) -> None:
    night(world, trigger="schedule")
    assert told(world, "run.started") == []
    run = night(world, mode="preview")
    (record,) = told(world, "run.started")
    assert (record.subject, record.changes[1]) == (run.id, FieldChange(field="mode", after="preview"))
