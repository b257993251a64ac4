"""What a run refuses, how it waits, and how it goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.engine.world import D, World, student


@pytest.mark.parametrize("kind", ["students", "staff"])
def test_an_emptied_stream_fails_and_changes_nobody(world: World, kind: str) -> None:
    world.sync()
    before = dict(world.people.items)
    getattr(world.sis, kind).clear()
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "empty_pull")
    assert world.people.items == before


def test_an_empty_first_pull_fails(world: World) -> None:
    world.sis.students.clear()
    assert world.sync().error.code == "empty_pull"  # type: ignore[union-attr]


def test_an_integration_of_staff_alone_needs_no_students(world: World) -> None:
    world.integrate("int_1", member_types=("staff",))
    world.sis.schools = ()
    run = world.sync()
    assert (run.state, run.counts["staff"]["add"]) == ("completed", 2)
    assert world.persons("student") == {}


def test_a_type_that_is_not_asked_for_any_more_is_left_alone(world: World) -> None:
    """Guards: unticking "contact" ending every parent of the district."""
    world.sync()
    world.write_count()
    world.integrate("int_1", member_types=("student", "staff"))
    run = world.sync()
    assert run.counts["contact"]["inactivate"] == 0
    assert {p.status for p in world.persons("contact").values()} == {"active"}


def test_a_lost_snapshot_fails_the_run_and_changes_nobody(world: World) -> None:
    world.sync()
    before = dict(world.people.items)
    for key in [key for key in world.blobs.files if key.startswith("snapshots/")]:
        del world.blobs.files[key]
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "file_missing")
    assert world.people.items == before


def test_an_emptied_building_fails(world: World) -> None:
    world.sync()
    world.sis.students = {i: row for i, row in world.sis.students.items() if row["school"] == "south"}
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "empty_building")
    world.sis.schools = ("south",)
    run = world.sync()
    assert run.state == "completed", "taken out of the mapping, it may go"
    assert run.counts["student"]["inactivate"] == 6


@pytest.mark.parametrize(("asked", "state"), [(5, "failed"), (4, "completed")])
def test_answers_that_fall_silent_fail_the_run(world: World, asked: int, state: str) -> None:
    """Guards: a SIS that may not tell of contacts any more, and answers that nobody has any."""
    world.sis.contacts = {i: [{"id": f"c{i}", "first": "Jo"}] for i in world.sis.students}
    world.sync()
    before = dict(world.people.items)
    world.sis.contacts.clear()
    for i in sorted(world.sis.students)[:asked]:
        world.sis.students[i]["first"] = "Nori"
    run = world.sync()
    assert run.state == state
    if state == "failed":
        assert (run.error and run.error.code, world.people.items) == ("empty_pull", before)


@pytest.mark.parametrize("announce", [1, -1, 5000])
def test_a_count_that_does_not_match_is_read_again_and_then_fails(world: World, announce: int) -> None:
    world.sync()
    before = dict(world.people.items)
    world.sis.announce = announce
    world.sis.students["3"]["first"] = "Nori"
    world.sis.requests.clear()
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "count_mismatch")
    assert world.people.items == before
    assert world.sis.requests.count("students") == 4, "two pages, twice"


def test_rows_that_move_while_they_are_read_are_read_again(world: World) -> None:
    """Guards: where nothing is announced, whoever was left out for a row that came twice being ended."""
    world.sis.announce = None
    world.sync()
    before = dict(world.people.items)
    world.sis.moving = 1
    run = world.sync()
    assert (run.state, world.people.items) == ("completed", before)


def test_rows_that_keep_moving_fail_the_run(world: World) -> None:
    world.sis.announce = None
    world.sync()
    before = dict(world.people.items)
    world.sis.moving = 4
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "rows_moving")
    assert world.people.items == before


def test_rows_left_out_the_same_way_twice_end_nobody(world: World) -> None:
    """Guards: an order that the SIS does not keep from page to page, which looks like duplicates when read again."""
    world.sis.announce = None
    world.sync()
    world.sis.unsorted = True
    del world.sis.students["1"]
    run = world.sync()
    assert run.state == "completed"
    assert run.issue_codes["drop_withheld"] > 0
    assert {p.status for p in world.persons().values()} == {"active"}
    world.sis.unsorted = False
    world.sync()
    assert {i for i, p in world.persons().items() if p.status == "ended"} == {"1"}, (
        "the next good night drops"
    )


def test_a_page_that_never_ends_is_stopped(world: World) -> None:
    world.sis.endless = True
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "paging_loop")
    assert len(world.sis.requests) < 20
    assert not world.people.items


def test_contacts_are_asked_for_new_and_moved_students_and_a_share_of_the_rest(world: World) -> None:
    world.sync()
    assert world.sis.requests.count("contacts") == 11
    world.sis.requests.clear()
    world.sync()
    assert world.sis.requests.count("contacts") == 0, "all of them are fresh today"
    world.clock.advance(days=1)
    world.sis.students["3"]["first"] = "Nori"
    world.sis.students["50"] = student()
    world.sis.contacts["50"] = [{"id": "c50", "first": "Jo"}]
    world.sis.requests.clear()
    run = world.sync()
    assert world.sis.requests.count("contacts") == 2 + 4, "new, moved, and a third of twelve"
    coverage = run.coverage["contacts"]
    assert (coverage.fetched, coverage.of, coverage.oldest) == (6, 12, "2026-11-22")
    assert len(world.persons("contact")) == 7


def test_every_contact_is_read_again_within_the_stated_nights(world: World) -> None:
    world.sync()
    for contacts in world.sis.contacts.values():
        contacts[0]["first"] = "Tam"
    for _ in range(3):
        world.clock.advance(days=1)
        world.sync()
    assert {p.first_name for p in world.persons("contact").values()} == {"Tam"}


def test_contacts_carried_over_survive_a_remapping(world: World) -> None:
    """Guards: a student mapped anew from this night's pages alone would lose the contacts not asked for tonight."""
    world.sync()
    world.clock.advance(days=1)
    world.connector_version = "2"
    world.write_count()
    world.sync()
    assert world.write_count() == 0
    assert all(p.contacts for p in world.persons().values())


def test_snapshots_are_kept_as_long_as_their_pages_and_the_last_two_for_good(world: World) -> None:
    """Guards: a lineage that is lost with the next night, and a snapshot that a dormant integration still needs."""
    runs = []
    for days in (0, 1, 1, 57, 61):
        world.clock.advance(days=days)
        runs.append(world.sync().id)
        kept = [key.rpartition("/")[2].removesuffix(".zst") for key in world.blobs.keys("snapshots/")]
        if days == 57:
            assert kept == runs[:4], "60 days are not over"
    assert kept == runs[3:]


def test_a_run_sliced_anywhere_gives_the_same_store() -> None:
    def build(slice_seconds: float) -> World:
        world = World(slice_seconds=slice_seconds)
        for n in range(40):
            world.sis.students[str(n)] = student("north", last=f"N{n // 2}", phone=f"555555{n // 2:04d}")
            world.sis.contacts[str(n)] = [{"id": f"c{n // 2}", "first": "Tamsin"}]
        return world

    whole, sliced = build(300), build(0)
    assert whole.sync().slice == 0
    run = sliced.sync()
    assert run.state == "completed"
    assert run.slice > 20, "a deadline that is always near stops the run at every checkpoint"
    assert sliced.people.items.keys() == whole.people.items.keys()
    families = [{i: p.family_id for i, p in w.persons().items()} for w in (whole, sliced)]
    assert len(set(families[0].values())) == len(set(families[1].values())) == 20


def test_a_second_run_waits_and_a_third_is_skipped(world: World) -> None:
    world.slice_seconds = 0
    for _ in range(3):
        world.post()
    world.drain()
    states = sorted(run.state for run_id in world.run_ids() if (run := world.runs.get(D, run_id)))
    assert states == ["completed", "completed", "skipped"]


def test_an_inactive_integration_does_not_run(world: World) -> None:
    world.integrate("int_1", active=False)
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "integration_inactive")


def test_settings_edited_half_way_count_for_the_next_run(world: World) -> None:
    world.slice_seconds = 0
    world.post()
    message = world.queue.messages.pop()
    world.deliver(message, "m", world.clock.now())
    world.integrate("int_1", family_identifier=())
    world.drain()
    first = world.persons()
    assert first["2"].family_id == first["3"].family_id
    world.sync()
    assert world.persons()["2"].family_id != world.persons()["3"].family_id


def test_an_address_changed_half_way_ends_the_run(world: World) -> None:
    """Guards: new secrets being sent to the old server."""
    world.slice_seconds = 0
    world.post()
    world.deliver(world.queue.messages.pop(), "m", world.clock.now())
    world.integrate("int_1", url="https://elsewhere.example.org")
    world.drain()
    (run_id,) = world.run_ids()
    run = world.runs.get(D, run_id)
    assert run is not None
    assert (run.state, run.error and run.error.code) == ("failed", "configuration_changed")


def test_runs_say_how_far_they_are(world: World) -> None:
    world.slice_seconds = 0
    world.post()
    seen = set()
    while world.queue.messages:
        world.deliver(world.queue.messages.pop(0), "m", world.clock.now())
        run = world.runs.get(D, world.run_ids()[0])
        assert run is not None
        seen.add(run.progress.stage)
        world.clock.advance(seconds=1)
        if not run.ended:
            assert run.check_at is not None
            assert run.check_at - world.clock.now() < timedelta(minutes=10)
    assert seen >= {"pull", "map", "diff", "apply", "completed"}


def test_a_night_without_changes_writes_no_person_and_three_files_beside_its_pages(world: World) -> None:
    """Guards: what most nights cost. Whom a stream was asked about, one by one, is part of its pages."""
    world.sync()
    world.people.written.clear()
    before = set(world.blobs.files)
    run = world.sync()
    fresh = {key.partition(run.id)[2] for key in world.blobs.files.keys() - before}
    assert {name for name in fresh if not name.startswith(("/pages/", "/subjects/"))} == {
        "/settings.zst",
        "/survey.zst",
        ".zst",
    }
    assert world.people.written == []
