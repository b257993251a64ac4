"""What a run does to the store, and what it refuses to do."""

from __future__ import annotations

import pytest

from rollcall.domain.plan import StoredPerson
from tests.engine.sis import Sis
from tests.engine.world import D, World, student


def test_a_first_sync_adds_everybody_once(world: World) -> None:
    run = world.sync()
    assert run.state == "completed", run.error
    assert {kind: counts["add"] for kind, counts in run.counts.items()} == {
        "student": 11,
        "staff": 2,
        "contact": 6,
    }
    assert len(world.people.items) == world.write_count() == 19


def test_a_quiet_night_writes_nobody_and_three_files_beside_what_it_received(world: World) -> None:
    """Guards: a bill for a district that has not changed."""
    world.sync()
    world.write_count()
    before = set(world.blobs.files)
    run = world.sync()
    assert run.state == "completed"
    assert world.write_count() == 0
    left = {key.rpartition("/")[2] for key in world.blobs.files.keys() - before if "/pages/" not in key}
    assert left == {"settings.zst", "survey.zst", f"{run.id}.zst", "contacts.zst"}, (
        "how it was set up, what there was to pull, what the next run compares with; "
        "and whom it asked for where the SIS is asked for one student at a time"
    )


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


def test_who_comes_back_gets_their_pos_id_again(world: World) -> None:
    world.sis.students["3"]["pin"] = "4711"
    world.sync()
    gone = world.sis.students.pop("3")
    world.sync()
    world.sis.students["3"] = {**gone, "pin": None}
    world.sync()
    assert (world.persons()["3"].status, world.persons()["3"].pos_id) == ("active", "4711")


@pytest.mark.parametrize("when", ["before", "with", "before and gone"])
def test_who_comes_back_leaves_a_pos_id_to_whom_it_was_given_since(world: World, when: str) -> None:
    """Guards: two children who pay for each other's lunch, one of whom has come back without a PIN."""
    world.sis.students["3"]["pin"] = "4711"
    world.sync()
    first = world.sis.students.pop("3")
    world.sync()
    world.sis.students["4"]["pin"] = "4711"
    if when != "with":
        world.sync()
    if when == "before and gone":
        second = world.sis.students.pop("4")
        world.sync()
        world.sis.students["4"] = {**second, "pin": None}
    world.sis.students["3"] = {**first, "pin": None}
    assert world.sync().counts["student"]["reject"] == 0
    assert {i: p.pos_id for i, p in world.persons().items() if p.pos_id} == {"4": "4711"}


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
