"""The last pull planned again: the store as a fresh sync with today's mappings would leave it, and the SIS in peace."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder
from rollcall.engine.pull import KEEP_DAYS
from tests.engine.codes import answer, coded
from tests.engine.faults import MODES, Mode
from tests.engine.test_delta import feed, feeding, night
from tests.engine.test_holds import approve
from tests.engine.test_laws import load, outcome, rosters
from tests.engine.world import D, World, student

ANSWERS = {"grade_level": {"T": "TK"}, "gender": {"U": "Unknown"}}


@pytest.fixture
def pulled() -> World:
    """Nine students synced; the grade of one and the gender of another are unmapped."""
    world = coded()
    run = night(world)
    assert run.issue_codes == {"grade_level_unmapped": 1, "gender_unmapped": 1}
    return world


def reapply(world: World, mode: str = "sync") -> Run:
    world.sis.requests.clear()
    world.write_count()
    run = world.sync(trigger="reapply", mode=mode)
    assert world.sis.requests == []
    return run


def answer_all(world: World) -> World:
    for entity, entries in ANSWERS.items():
        answer(world, entity, entries)
    return world


def failure(run: Run) -> tuple[str, str | None]:
    return run.state, run.error and run.error.code


def test_an_answer_lets_in_who_was_rejected_and_asks_the_sis_nothing(pulled: World) -> None:
    answer_all(pulled)
    pulled.faults.calls.clear()
    run = reapply(pulled)
    assert (run.state, run.pull, run.issue_codes) == ("completed", None, {})
    assert (pulled.persons()["9"].grade, pulled.persons()["8"].gender) == ("TK", "Unknown")
    assert (run.counts["student"]["add"], run.counts["student"]["update"]) == (1, 1)
    assert run.counts["contact"]["add"] == 1, "a contact comes with their student"
    assert pulled.write_count() == 3
    assert not [c for c in pulled.faults.calls if c.startswith(("sis.", "secrets."))]


def test_it_leaves_the_store_as_a_fresh_sync_would(pulled: World) -> None:
    reapply(answer_all(pulled))
    fresh = answer_all(coded())
    fresh.sync()
    assert outcome(pulled)[0] == outcome(fresh)[0]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([str(n) for n in range(8)]),
        st.fixed_dictionaries(
            {"grade": st.sampled_from(["3", "T", "U", ""]), "gender": st.sampled_from(["F", "U", "V", ""])}
        ),
        min_size=1,
    ),
    st.dictionaries(st.sampled_from(["T", "U", "V"]), st.sampled_from(["A", "B"])),
    st.sampled_from([0, 300]),
)
def test_whatever_is_answered_it_is_as_if_it_had_always_been_mapped(
    codes: dict[str, dict[str, str]], entries: dict[str, str], slice_seconds: int
) -> None:
    def world() -> World:
        made = coded(slice_seconds=slice_seconds)
        for number, fields in codes.items():
            made.sis.students[number] = student("north", last=f"Code{number}", **fields)
        return made

    first, always = world(), world()
    first.sync()
    for entity in ("grade_level", "gender"):
        answer(first, entity, entries)
        answer(always, entity, entries)
    always.sync()
    assert reapply(first).state == "completed"
    assert outcome(first)[0] == outcome(always)[0]
    first.write_count()
    assert first.sync().state == "completed"
    assert first.write_count() == 0, "the next sync finds nothing to do"


@settings(max_examples=40, deadline=None)
@given(st.lists(rosters, min_size=2, max_size=4), st.booleans())
def test_without_an_answer_it_changes_nobody(history: list[Any], feeds: bool) -> None:
    """Whatever the nights before were, and whatever the SIS holds by now; contacts come one by one or from a feed."""
    world = feeding() if feeds else World()
    for roster in history[:-1]:
        world.clock.advance(days=1)
        load(world.sis, roster)
        world.sync()
    load(world.sis, history[-1])
    before = outcome(world)[0]
    run = reapply(world)
    assert (run.state, run.error) == ("completed", None)
    assert world.write_count() == 0
    assert outcome(world)[0] == before


def test_whose_day_has_come_comes_with_it() -> None:
    """The records are those of the last pull; the day is today."""
    world = World()
    world.sis.students["1"] = student(last="Brooks", **{"from": "2026-11-24"})
    world.sync()
    world.clock.advance(days=1)
    assert reapply(world).counts["student"]["add"] == 0
    world.clock.advance(days=1)
    assert reapply(world).counts["student"]["add"] == 1
    assert world.sync().counts["student"]["add"] == 0


def test_what_moved_in_the_sis_waits_for_the_next_sync(pulled: World) -> None:
    pulled.sis.students["1"]["first"] = "Nori"
    reapply(answer_all(pulled))
    assert pulled.persons()["1"].first_name == "Noor"
    pulled.sync()
    assert pulled.persons()["1"].first_name == "Nori"


def test_nobody_is_ended(pulled: World) -> None:
    """Guards: a run that has seen nothing new of anybody, taking a school out of scope for everybody having left."""
    stored = pulled.config.mappings(D, ["map_building"])["map_building"]
    changes = {"entries": stored.entries[:1], "version": stored.version + 1}
    pulled.config.put_mapping(stored.model_copy(update=changes))
    run = reapply(answer_all(pulled))
    assert (run.state, run.counts["student"]["inactivate"]) == ("completed", 0)
    assert {p.status for p in pulled.persons().values()} == {"active"}
    run = pulled.sync()
    assert [hold.reason for hold in run.holds] == ["drops_unmapped_building"]
    assert run.counts["student"]["held"] == 4, "a school that left the scope takes nobody along unasked"


def test_settings_that_were_edited_since_wait_for_the_next_pull(pulled: World) -> None:
    """Guards: a pull that was made for other settings passing for one that was made for these."""
    before = pulled.persons()
    pulled.integrate("int_1", family_identifier=("hoh_home_phone",), url="https://other.example.org")
    run = reapply(answer_all(pulled))
    assert run.state == "completed", run.error
    assert {i: pulled.persons()[i].family_id for i in before} == {i: p.family_id for i, p in before.items()}
    pulled.sync()
    assert len({p.family_id for p in pulled.persons().values()}) == 1, "everybody has one number"


def test_a_preview_says_what_the_run_then_does(pulled: World) -> None:
    preview = reapply(answer_all(pulled), mode="preview")
    assert pulled.write_count() == 0
    run = reapply(pulled)
    assert (run.counts, run.issue_codes) == (preview.counts, preview.issue_codes)


def test_a_school_that_is_mapped_since_is_said_to_be_missing_and_read_by_the_next_sync() -> None:
    """Guards: a feed of changes, which says nothing of a school that was mapped, deciding about the pull after it."""
    world = coded()
    feed(world).feed = True
    world.sis.schools = ("north", "south", "east")
    world.sis.students["20"] = student("east")
    run = night(world)
    assert run.issue_codes["school_not_mapped"] == 1
    answer(world, "building", {"east": "3"})
    run = reapply(world)
    assert run.issue_codes["school_not_pulled"] == 1
    assert "school_not_mapped" not in run.issue_codes
    assert "20" not in world.persons()
    run = night(world)
    assert (run.pull, "20" in world.persons()) == ("full", True)
    assert {"school_not_pulled", "school_not_mapped"}.isdisjoint(run.issue_codes)


def test_pages_of_earlier_nights_are_found(pulled: World) -> None:
    """Guards: records that deltas and reapplied pulls carried over, looked for in the last run's own folder."""
    feed(pulled).feed = True
    for name in ("Nori", "Nora"):
        pulled.sis.students["1"]["first"] = name
        night(pulled)
    answer(pulled, "grade_level", ANSWERS["grade_level"])
    assert reapply(pulled).counts["student"]["add"] == 1
    answer(pulled, "gender", ANSWERS["gender"])
    run = reapply(pulled)
    assert (run.state, run.counts["student"]["update"], run.issue_codes) == ("completed", 1, {})
    assert pulled.persons()["1"].first_name == "Nora"


def test_a_queued_run_takes_the_pull_that_is_the_last_when_it_begins(pulled: World) -> None:
    answer_all(pulled)
    pulled.sis.students["1"]["first"] = "Nori"
    pulled.post()
    pulled.post(trigger="reapply")
    pulled.drain()
    assert pulled.persons()["1"].first_name == "Nori"
    runs = [pulled.runs.get(D, i) for i in pulled.run_ids()]
    assert [(run.trigger, run.state) for run in runs if run] == [
        ("reapply", "completed"),
        ("manual", "completed"),
        ("manual", "completed"),
    ]


def test_a_pull_whose_held_part_was_approved_is_planned_again(pulled: World) -> None:
    """Guards: the snapshot that an approval leaves, whose name is not that of its run, passing for no pull at all."""
    district = pulled.config.district(D)
    limits = district.thresholds.model_copy(update={"drop_percent": 0, "floor": 0})
    pulled.config.put_district(district.model_copy(update={"thresholds": limits, "version": 2}))
    del pulled.sis.students["2"]
    assert approve(pulled, pulled.sync()).state == "completed"
    run = reapply(answer_all(pulled))
    assert (run.state, run.error, pulled.persons()["9"].grade) == ("completed", None, "TK")
    assert pulled.persons()["2"].status == "ended"


# ---------------------------------------------------------------------------------------------------- refusals


def test_without_a_pull_there_is_nothing_to_plan() -> None:
    assert failure(reapply(coded())) == ("failed", "nothing_pulled")


@pytest.mark.parametrize(("days", "state"), [(KEEP_DAYS - 1, "completed"), (KEEP_DAYS, "failed")])
def test_a_pull_is_planned_again_while_its_pages_are_sure_to_be_kept(days: int, state: str) -> None:
    world = coded()
    world.sync()
    world.clock.advance(days=days)
    before = dict(world.people.items)
    run = reapply(answer_all(world))
    assert run.state == state
    if state == "failed":
        assert (failure(run), world.people.items) == (("failed", "pull_expired"), before)


@pytest.mark.parametrize("name", ["settings", "survey"])
def test_files_that_are_gone_fail_the_run_and_change_nobody(pulled: World, name: str) -> None:
    (last,) = pulled.run_ids()
    run = pulled.runs.get(D, last)
    assert run
    del pulled.blobs.files[getattr(RunFolder(run), name)()]
    before = dict(pulled.people.items)
    assert failure(reapply(answer_all(pulled))) == ("failed", "pull_expired")
    assert pulled.people.items == before
    assert pulled.sync().state == "completed", "a sync brings all of it"
    assert "9" in pulled.persons()


def test_a_pull_that_an_older_connector_made_is_not_planned_by_a_newer(pulled: World) -> None:
    """Guards: what a survey remembers, read by a connector that would have remembered something else."""
    pulled.connector_version = "2"
    assert failure(reapply(answer_all(pulled))) == ("failed", "pull_outdated")


def test_a_pull_of_last_year_is_not_planned_for_this_year() -> None:
    world = coded()
    world.clock.advance(days=(365 - 145) - 5)  # the last days of June
    world.sync()
    world.clock.advance(days=10)
    assert failure(reapply(answer_all(world))) == ("failed", "pull_outdated")


def test_an_inactive_integration_is_left_alone(pulled: World) -> None:
    pulled.integrate("int_1", active=False)
    assert failure(reapply(answer_all(pulled))) == ("failed", "integration_inactive")


# ------------------------------------------------------------------------------------------------------ crashes


def awaiting() -> World:
    world = coded()
    world.sync()
    world.clock.advance(days=1)
    answer_all(world)
    world.faults.calls.clear()
    return world


@pytest.mark.parametrize("mode", MODES)
def test_killed_at_any_call_and_delivered_again_it_ends_the_same(mode: Mode) -> None:
    clean = awaiting()
    reapply(clean)
    expected, calls = outcome(clean), list(clean.faults.calls)
    assert len(calls) > 20
    failures = []
    for k in range(1, len(calls) + 1):
        world = awaiting()
        world.faults.k, world.faults.mode = k, mode
        reapply(world)
        if outcome(world) != expected:
            failures.append((k, calls[k - 1]))
    assert failures == []


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=15, deadline=None)
@given(st.integers(1, 80))
def test_sliced_and_killed_at_any_call_it_ends_the_same(mode: Mode, k: int) -> None:
    clean: Any = awaiting()
    reapply(clean)
    world = awaiting()
    world.slice_seconds = 0
    world.faults.k, world.faults.mode = k, mode
    reapply(world)
    assert outcome(world)[0] == outcome(clean)[0]
