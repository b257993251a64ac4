"""What a run does to the store, and what it refuses to do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollcall.domain.plan import StoredPerson
from tests.engine.sis import Sis
from tests.engine.world import D, World


def student(school: str = "north", **fields: object) -> dict[str, object]:
    return {"school": school, "first": "Noor", "last": "Rivers", "phone": "555-555-0148", **fields}


@pytest.fixture
def world() -> World:
    world = World()
    for n in range(1, 12):
        world.sis.students[str(n)] = student(
            "north" if n <= 6 else "south", last=f"Name{n // 2}", phone=f"555555{n // 2:04d}"
        )
        world.sis.contacts[str(n)] = [{"id": f"c{n // 2}", "first": "Tamsin"}]
    world.sis.staff = {"1": {"first": "Orla"}, "2": {"first": "Ilan"}}
    return world


def test_a_first_sync_adds_everybody_once(world: World) -> None:
    run = world.sync()
    assert run.state == "completed", run.error
    assert {kind: counts["add"] for kind, counts in run.counts.items()} == {
        "student": 11,
        "staff": 2,
        "contact": 6,
    }
    assert len(world.people.items) == world.write_count() == 19


def test_student_and_staff_of_one_number_are_two_people(world: World) -> None:
    """Guards: the SIS numbers its tables from one on, so ids of students, staff and parents overlap."""
    world.sync()
    assert world.persons("student")["1"].first_name == "Noor"
    assert world.persons("staff")["1"].first_name == "Orla"


def test_a_second_sync_without_a_change_writes_nobody(world: World) -> None:
    world.sync()
    world.write_count()
    run = world.sync()
    assert run.state == "completed"
    assert world.write_count() == 0
    assert {kind: c["unchanged"] for kind, c in run.counts.items()} == {
        "student": 11,
        "staff": 2,
        "contact": 6,
    }
    assert run.checkpoint["plan_files"] == 0


def test_only_what_changed_is_written(world: World) -> None:
    world.sync()
    world.write_count()
    world.sis.students["3"]["first"] = "Nori"
    run = world.sync()
    assert run.counts["student"]["update"] == 1
    assert run.counts["student"]["unchanged"] == 10
    assert world.write_count() == 1
    (change,) = world.changes(run)
    assert change.fields == ("first_name",)
    assert change.before is not None
    assert change.before.person.first_name == "Noor"


def test_a_record_that_changes_back_is_written_again(world: World) -> None:
    """Guards: a snapshot keyed by content skips A→B→A and leaves B in the store."""
    world.sync()
    for name in ("Nori", "Noor"):
        world.sis.students["3"]["first"] = name
        world.sync()
    assert world.persons()["3"].first_name == "Noor"


def test_a_sibling_joining_touches_only_who_changes(world: World) -> None:
    world.sync()
    before = world.persons()
    world.write_count()
    world.sis.students["1"] |= {"last": "Name1", "phone": "5555550001"}  # joins the household of 2 and 3
    world.sync()
    now = world.persons()
    assert now["1"].family_id == now["2"].family_id == now["3"].family_id == before["2"].family_id
    assert world.write_count() == 1


def test_a_merger_rewrites_relatives_who_did_not_move(world: World) -> None:
    world.sync()
    two, four = world.persons()["2"].family_id, world.persons()["4"].family_id
    for n in ("4", "5"):
        world.sis.students[n] |= {"last": "Name1", "phone": "5555550001"}
    world.sis.students["6"] |= {"last": "Name1", "phone": "5555550001"}
    world.write_count()
    run = world.sync()
    family = {world.persons()[n].family_id for n in "23456"}
    assert len(family) == 1
    assert family <= {two, four}
    assert run.counts["student"]["update"] == world.write_count()


def test_leavers_end_and_come_back_as_themselves(world: World) -> None:
    world.sync()
    before = world.persons()["3"]
    gone = world.sis.students.pop("3")
    run = world.sync()
    assert run.counts["student"]["inactivate"] == 1
    ended = world.persons()["3"]
    assert ended.status == "ended"
    assert [e.drop_date for e in ended.enrollments] == ["2026-11-22"]
    world.sis.students["3"] = gone
    run = world.sync()
    assert run.counts["student"]["reactivate"] == 1
    assert world.persons()["3"] == before


def test_without_the_switch_nobody_ends(world: World) -> None:
    world.integrate("int_1", drop_students_not_in_file=False)
    world.sync()
    del world.sis.students["3"]
    world.write_count()
    assert world.sync().counts["student"]["inactivate"] == 0
    assert world.persons()["3"].status == "active"
    assert world.write_count() == 0
    world.integrate("int_1", drop_students_not_in_file=True)
    assert world.sync().counts["student"]["inactivate"] == 1, "the switch also ends who had gone before"


def test_a_student_another_integration_has_is_handed_over(world: World) -> None:
    """Guards: two integrations of one SIS, split by school; a student who changes school must not lose lunch."""
    world.others["int_2"] = Sis(students={"99": student("south")}, schools=("south",))
    world.integrate("int_2")
    world.sync()
    world.sync("int_2")
    moved = world.sis.students.pop("11")
    world.others["int_2"].students["11"] = moved
    assert world.sync("int_2").counts["student"]["update"] == 1
    run = world.sync("int_1")
    assert run.counts["student"]["inactivate"] == 0
    assert world.persons()["11"].status == "active"
    del world.others["int_2"].students["11"]
    assert world.sync("int_2").counts["student"]["inactivate"] == 1, "its new owner may end it"


def test_whom_both_supply_is_dropped_by_neither_alone(world: World) -> None:
    """Guards: ownership by last writer alone ends a student whom the other integration still sends."""
    world.others["int_2"] = Sis(
        students={"11": world.sis.students["11"], "99": student("south")}, schools=("south",)
    )
    world.integrate("int_2")
    world.sync("int_2")
    world.sync("int_1")
    del world.sis.students["11"]
    world.sync("int_1")
    assert world.persons()["11"].status == "active"
    del world.others["int_2"].students["11"]
    world.sync("int_2")
    assert world.persons()["11"].status == "ended"


def test_who_the_sis_ended_is_not_added(world: World) -> None:
    world.sis.students["12"] = student(ended=True)
    world.sync()
    assert "12" not in world.persons()
    world.sis.students["3"]["ended"] = True
    assert world.sync().counts["student"]["inactivate"] == 1


def test_a_rejected_record_is_reported_every_night_and_changes_nobody(world: World) -> None:
    world.sync()
    before = world.persons()["3"]
    world.sis.students["3"] |= {"reject": True, "first": "Nori"}
    world.sis.students["40"] = student(reject=True)
    for _ in range(2):
        world.write_count()
        run = world.sync()
        assert run.counts["student"]["reject"] == 2
        assert run.counts["student"]["unchanged"] == 10
        assert run.issues["error"] == 2
        assert run.issue_codes == {"grade_level_unmapped": 2}
        assert world.write_count() == 0
    assert world.persons()["3"] == before
    assert "40" not in world.persons()
    del world.sis.students["3"]["reject"], world.sis.students["40"]["reject"]
    run = world.sync()
    assert (run.counts["student"]["update"], run.counts["student"]["add"]) == (1, 1)


def test_a_warning_is_reported_until_it_is_mended(world: World) -> None:
    world.sis.students["3"]["warn"] = True
    for _ in range(2):
        assert world.sync().issue_codes == {"gender_unmapped": 1}
    assert world.write_count() == 19


def test_an_existing_pos_id_is_left_alone(world: World) -> None:
    """Guards: the keypad PIN given at the till vanishing with the next change of name."""
    world.sync()
    (stored,) = [s for s in world.people.all(D) if s.person.type == "student" and s.person.source_id == "3"]
    pin = StoredPerson(
        id=stored.id,
        district_id=D,
        integration_id=stored.integration_id,
        person=type(stored.person)(
            **{name: getattr(stored.person, name) for name in stored.person.__struct_fields__}
            | {"pos_id": "4711"}
        ),
    )
    world.people.put_many([pin])
    world.sis.students["3"]["first"] = "Nori"
    world.sync()
    assert (world.persons()["3"].pos_id, world.persons()["3"].first_name) == ("4711", "Nori")


def test_the_second_claimant_of_a_pos_id_is_rejected_and_told_who_has_it(world: World) -> None:
    """Guards: one child's lunches on another's account."""
    world.sis.students["3"]["pin"] = "4711"
    world.sync()
    world.sis.students["2"]["pin"] = "4711"
    for _ in range(2):
        run = world.sync()
        assert run.issue_codes == {"pos_id_taken": 1}
        assert run.counts["student"]["reject"] == 1
        (issue,) = world.issues(run)
        assert (issue.source_id, issue.value) == ("2", "4711")
        assert "student 3" in issue.message
        assert [i for i, p in world.persons().items() if p.pos_id == "4711"] == ["3"]
    del world.sis.students["3"]
    world.sync()
    assert world.sync().counts["student"]["reject"] == 0, "who has left needs it no more"
    assert world.persons()["2"].pos_id == "4711"


def test_of_two_who_ask_in_one_run_the_first_gets_the_pos_id(world: World) -> None:
    for n in ("5", "4", "6"):
        world.sis.students[n]["pin"] = "4711"
    run = world.sync()
    assert run.counts["student"]["reject"] == 2
    assert [i for i, p in world.persons().items() if p.pos_id] == ["4"]


def test_two_students_may_swap_their_pos_ids(world: World) -> None:
    world.sis.students["3"]["pin"], world.sis.students["4"]["pin"] = "1", "2"
    world.sync()
    world.sis.students["3"]["pin"], world.sis.students["4"]["pin"] = "2", "1"
    assert world.sync().counts["student"]["reject"] == 0
    assert {i: p.pos_id for i, p in world.persons().items() if p.pos_id} == {"3": "2", "4": "1"}


def test_a_pos_id_is_unique_across_the_systems_of_a_district(world: World) -> None:
    """Guards: student 3 of another SIS passing for student 3 of this one."""
    world.sis.students["3"]["pin"] = "4711"
    world.sync()
    world.others["int_2"] = Sis(students={"3": student("south", pin="4711")}, schools=("south",))
    world.integrate("int_2", source="aeries:2")
    run = world.sync("int_2")
    assert (run.counts["student"]["reject"], run.issue_codes) == (1, {"pos_id_taken": 1})


def test_an_edit_made_by_the_mapping_reaches_everybody_without_a_changed_record(world: World) -> None:
    world.sync()
    world.write_count()
    world.connector_version = "2"
    run = world.sync()
    assert run.counts["student"]["unchanged"] == 11
    assert world.write_count() == 0, "mapped anew, found equal, left alone"


def test_preview_counts_but_writes_nothing(world: World) -> None:
    world.sync()
    world.sis.students["3"]["first"] = "Nori"
    del world.sis.students["4"]
    world.write_count()
    run = world.sync(mode="preview")
    assert (run.state, run.counts["student"]["update"], run.counts["student"]["inactivate"]) == (
        "completed",
        1,
        1,
    )
    assert world.write_count() == 0
    assert world.sync().counts == run.counts


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


def test_snapshots_are_pruned_to_the_last_two(world: World) -> None:
    for _ in range(4):
        world.sync()
    assert sum(key.startswith("snapshots/") for key in world.blobs.files) == 2


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
