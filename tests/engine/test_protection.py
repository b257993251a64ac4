"""What somebody protects of a person: no run touches it, everything else goes on, and a release brings the SIS back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, pack, unpack
from tests.engine.codes import answer, coded
from tests.engine.protecting import protect, release, stored
from tests.engine.sis import Sis
from tests.engine.test_delta import feeding, night
from tests.engine.test_holds import approve, leave, town
from tests.engine.test_photos import integrate as integrate_photos
from tests.engine.test_roster import FEEDS, mother, teacher
from tests.engine.world import D, World, student


@pytest.fixture
def synced(world: World) -> World:
    assert world.sync().state == "completed"
    world.write_count()
    return world


def made_visible(world: World) -> Run:
    """The run that the API asks for after a hand edit."""
    world.sis.requests.clear()
    run = world.sync(trigger="protect")
    assert world.sis.requests == []
    return run


# Fields ---------------------------------------------------------------------------------------------------------------


def test_a_protected_field_stays_and_the_rest_follows_the_sis(synced: World) -> None:
    protect(synced, "1", "first_name")
    synced.sis.students["1"] |= {"first": "Nori", "grade": "4"}
    run = synced.sync()
    assert (synced.persons()["1"].first_name, synced.persons()["1"].grade) == ("Noor", "4")
    (change,) = synced.changes(run)
    assert "first_name" not in change.fields
    assert (run.protected, run.counts["student"]["update"]) == (1, 1)


def test_a_hand_edit_is_visible_at_once_and_the_sis_is_not_asked(synced: World) -> None:
    protect(synced, "1", first_name="Leonora", phones=[{"number": "5555550177", "type": "mobile"}])
    run = made_visible(synced)
    (change,) = synced.changes(run)
    assert (run.state, change.kind, change.fields) == ("completed", "update", ("first_name", "phones"))
    assert synced.persons()["1"].first_name == "Leonora"
    assert synced.write_count() == 1
    for _ in range(2):
        assert synced.sync().state == "completed"
    assert (synced.persons()["1"].first_name, synced.write_count()) == ("Leonora", 0)


def test_a_run_for_a_protection_brings_no_edit_of_a_mapping_before_its_time() -> None:
    """Guards: a corrected name turning a district over whose mappings somebody is in the middle of editing."""
    world = coded()
    world.sync()
    answer(world, "grade_level", {"T": "TK"})
    protect(world, "1", first_name="Leonora")
    run = made_visible(world)
    assert (run.state, run.counts["student"]["update"], run.counts["student"]["add"]) == ("completed", 1, 0)
    assert "9" not in world.persons()
    world.sync()
    assert "9" in world.persons()


def test_a_release_brings_the_sis_back_with_the_next_sync(synced: World) -> None:
    protect(synced, "1", "grade", first_name="Leonora")
    synced.sis.students["1"]["grade"] = "4"
    synced.sync()
    release(synced, "1")
    run = synced.sync()
    assert (synced.persons()["1"].first_name, synced.persons()["1"].grade, run.protected) == ("Noor", "4", 0)
    synced.write_count()
    assert synced.sync().counts["student"]["unchanged"] == 11
    assert synced.write_count() == 0


def test_a_field_that_is_protected_no_longer_follows_again(synced: World) -> None:
    protect(synced, "1", first_name="Leonora", last_name="Lake")
    synced.sync()
    protect(synced, "1", last_name="Lake")
    synced.sync()
    assert (synced.persons()["1"].first_name, synced.persons()["1"].last_name) == ("Noor", "Lake")


def test_the_last_day_is_the_districts_own_and_then_it_is_as_released(synced: World) -> None:
    """Noon in UTC is the same day in Los Angeles; after midnight in UTC it still is."""
    today = synced.clock.now().date()
    protect(synced, "1", until=today, first_name="Leonora")
    synced.clock.advance(hours=6)
    assert synced.clock.now().date() == today + timedelta(days=1)
    synced.sync()
    assert synced.persons()["1"].first_name == "Leonora"
    synced.clock.advance(hours=12)
    run = synced.sync()
    assert (synced.persons()["1"].first_name, run.protected) == ("Noor", 0)


def test_long_after_its_end_the_snapshot_still_knows_of_it(synced: World) -> None:
    """Guards: an integration that slept for a year, and never looks again at who was protected when it last ran."""
    protect(synced, "1", until=synced.clock.now().date(), first_name="Leonora")
    synced.sync()
    synced.clock.advance(days=400)
    synced.sync()
    assert synced.persons()["1"].first_name == "Noor"


# Whole people -------------------------------------------------------------------------------------------------------


def test_a_wholly_protected_person_is_in_no_change(synced: World) -> None:
    before = stored(synced, "1")
    protect(synced, "1")
    for edit in (
        {"first": "Nori"},
        {"last": "Brook", "phone": "5555550199"},
        {"ended": True},
        {"ended": False},
    ):
        synced.sis.students["1"] |= edit
        run = synced.sync()
        assert [c for c in synced.changes(run) if c.after.id == before.id] == []
    assert stored(synced, "1") == before


def test_who_left_and_is_protected_stays_and_is_said_to_be_missing(synced: World) -> None:
    before = synced.persons()
    protect(synced, "1")
    for number in ("1", "2"):
        del synced.sis.students[number]
        del synced.sis.contacts[number]
    for _ in range(2):
        run = synced.sync()
        assert (run.issue_codes, run.protected) == ({"protected_person_missing": 1}, 1)
    assert synced.persons()["1"] == before["1"]
    assert synced.persons()["2"].status == "ended"
    release(synced, "1")
    run = synced.sync()
    assert (synced.persons()["1"].status, run.dropped, run.issue_codes) == ("ended", {"student": 1}, {})


def test_who_is_told_to_have_left_stays_and_is_said_to_be_missing(synced: World) -> None:
    protect(synced, "1", "status")
    synced.sis.students["1"]["ended"] = True
    assert synced.sync().issue_codes == {"protected_person_missing": 1}
    assert synced.persons()["1"].status == "active"
    synced.sis.students["1"] = student("north", out=True)
    run = synced.sync()
    assert run.issue_codes["protected_person_missing"] == 1
    assert synced.persons()["1"].status == "active"


def test_who_has_left_and_is_protected_is_not_brought_back(synced: World) -> None:
    row = synced.sis.students.pop("1")
    synced.sync()
    protect(synced, "1")
    synced.sis.students["1"] = row
    synced.sync()
    assert synced.persons()["1"].status == "ended"
    release(synced, "1")
    synced.sync()
    assert synced.persons()["1"].status == "active"


def test_a_leaver_keeps_what_is_protected_and_is_ended_all_the_same(synced: World) -> None:
    protect(synced, "1", first_name="Leonora")
    del synced.sis.students["1"]
    run = synced.sync()
    assert (synced.persons()["1"].status, run.dropped) == ("ended", {"student": 1, "contact": 1})
    assert synced.persons()["1"].first_name == "Leonora"
    protect(synced, "1", first_name="Nora")
    assert made_visible(synced).counts["student"]["update"] == 1
    assert (synced.persons()["1"].status, synced.persons()["1"].first_name) == ("ended", "Nora")


def test_without_dropping_who_is_missing_is_edited_by_hand_too(synced: World) -> None:
    synced.integrate("int_1", drop_students_not_in_file=False)
    del synced.sis.students["1"]
    protect(synced, "1", first_name="Leonora")
    for _ in range(2):
        synced.sync()
        assert (synced.persons()["1"].first_name, synced.persons()["1"].status) == ("Leonora", "active")


def test_whose_record_is_rejected_is_edited_by_hand_too(synced: World) -> None:
    protect(synced, "1", first_name="Leonora")
    synced.sis.students["1"] |= {"reject": True, "grade": "4"}
    run = synced.sync()
    assert (run.counts["student"]["reject"], run.counts["student"]["update"]) == (1, 1)
    assert (synced.persons()["1"].first_name, synced.persons()["1"].grade) == ("Leonora", "3")


# Others ---------------------------------------------------------------------------------------------------------------


def test_a_frozen_family_holds_and_siblings_are_grouped_as_ever(synced: World) -> None:
    before = synced.persons()
    assert before["2"].family_id == before["3"].family_id
    protect(synced, "2", "family_id")
    for number in ("2", "3"):
        synced.sis.students[number] |= {"last": f"Brook{number}", "phone": f"555555{number}999"}
    synced.sync()
    after = synced.persons()
    assert after["2"].family_id == before["2"].family_id
    assert after["2"].last_name == "Brook2"
    families = {after[n].family_id for n in ("2", "3")}
    release(synced, "2")
    synced.sync()
    assert len({synced.persons()[n].family_id for n in ("2", "3")}) == 2, families


def test_the_parent_of_a_protected_student_who_left_stays_while_a_record_names_them(synced: World) -> None:
    protect(synced, "1")
    synced.sis.students["1"]["out"] = True
    synced.sync()
    assert synced.persons("contact")["c0"].status == "active"
    release(synced, "1")
    synced.sync()
    assert synced.persons("contact")["c0"].status == "ended"


def test_a_protected_parent_stays_without_a_child(synced: World) -> None:
    protect(synced, "c0", kind="contact")
    synced.sis.students["1"]["out"] = True
    synced.sync()
    assert synced.persons("contact")["c0"].status == "active"


def test_a_frozen_pos_id_is_nobody_elses(synced: World) -> None:
    """Guards: two children under one PIN, because the SIS moved it and one of them kept it."""
    synced.sis.students["1"]["pin"] = "4711"
    synced.sync()
    protect(synced, "1", "pos_id")
    synced.sis.students["1"]["pin"] = "4712"
    synced.sis.students["2"]["pin"] = "4711"
    run = synced.sync()
    assert run.issue_codes == {"pos_id_taken": 1}
    assert (synced.persons()["1"].pos_id, synced.persons()["2"].pos_id) == ("4711", None)
    release(synced, "1")
    synced.sync()
    synced.sync()
    assert (synced.persons()["1"].pos_id, synced.persons()["2"].pos_id) == ("4712", "4711")


def test_a_warning_of_a_value_that_is_not_taken_is_none(synced: World) -> None:
    """And so no value for the queue of unmapped ones."""
    world = coded()
    world.sync()
    protect(world, "8", gender="Female")
    run = made_visible(world)
    assert run.issue_codes == {"grade_level_unmapped": 1}
    assert world.persons()["8"].gender == "Female"
    release(world, "8")
    assert world.sync().issue_codes == {"grade_level_unmapped": 1, "gender_unmapped": 1}


def test_an_answer_to_an_unmapped_value_leaves_a_protected_field(synced: World) -> None:
    world = coded()
    world.sync()
    protect(world, "8", gender="Female")
    answer(world, "gender", {"U": "Unknown"})
    assert world.sync(trigger="reapply").state == "completed"
    assert world.persons()["8"].gender == "Female"


def test_a_delta_keeps_to_it_too() -> None:
    world = feeding()
    for number in range(1, 4):
        world.sis.students[str(number)] = student("north", last=f"L{number}")
    night(world)
    protect(world, "1", "grade", first_name="Leonora")
    world.sis.students["1"]["grade"] = "4"
    run = night(world)
    assert (run.pull, world.persons()["1"].first_name, world.persons()["1"].grade) == (
        "delta",
        "Leonora",
        "3",
    )
    release(world, "1")
    run = night(world)
    assert (run.pull, world.persons()["1"].first_name, world.persons()["1"].grade) == ("delta", "Noor", "4")


# Several integrations -------------------------------------------------------------------------------------------------


def test_every_integration_that_brings_a_person_keeps_to_it(synced: World) -> None:
    shared = {"1": dict(synced.sis.students["1"], first="Nori")}
    synced.others["int_2"] = Sis(students=shared, schools=("north",), staff={"1": {"first": "Orla"}})
    synced.integrate("int_2")
    protect(synced, "1", first_name="Leonora")
    for integration_id in ("int_2", "int_1", "int_2"):
        assert synced.sync(integration_id).state == "completed"
        assert synced.persons()["1"].first_name == "Leonora"
    synced.write_count()
    for integration_id in ("int_1", "int_2"):
        synced.sync(integration_id)
    assert synced.write_count() == 0, "neither takes them from the other for nothing"


def test_who_moved_to_another_integration_is_not_missing(synced: World) -> None:
    protect(synced, "1")
    row = synced.sis.students.pop("1")
    synced.others["int_2"] = Sis(students={"1": row}, schools=("north",), staff={"9": {"first": "Ola"}})
    synced.integrate("int_2")
    synced.sync("int_2")
    assert synced.sync().issue_codes == {}
    assert stored(synced, "1").integration_id == "int_2"


def test_a_protected_photo_stays_until_it_is_released(synced: World) -> None:
    integrate_photos(synced)
    synced.sis.photos = {"1": b"first", "2": b"first"}
    synced.sync("int_photos")
    before = synced.persons()
    protect(synced, "1", "photo")
    synced.sis.photos = {"1": b"second", "2": b"second"}
    run = synced.sync("int_photos")
    assert synced.persons()["1"].photo == before["1"].photo
    assert (synced.persons()["2"].photo != before["2"].photo, run.protected) == (True, 1)
    release(synced, "1")
    synced.sync("int_photos")
    assert synced.persons()["1"].photo == synced.persons()["2"].photo


def test_a_place_in_the_media_roster_can_be_kept() -> None:
    """Whatever the SIS does to what it rests on; everybody else is judged as ever."""
    world = World()
    world.sis.students = {"1": student(number="2038788"), "2": student(number="2")}
    world.sis.contacts = {"1": [mother()], "2": []}
    world.sis.staff = {"6786987": teacher()}
    world.integrate("int_1", **FEEDS)
    first = world.sync()
    before = world.persons("contact")["7879870"]
    protect(world, "7879870", "media", kind="contact")
    world.sis.contacts["1"] = [mother(email=None)]
    world.sis.contacts["2"] = [mother("9", last="Lake", email="lake@example.org")]
    for row in world.sis.students.values():
        row["grade"] = "4"  # of students who moved contacts are read at once
    run = world.sync()
    after = world.persons("contact")
    assert (after["7879870"].media, after["7879870"].host_id) == (before.media, before.host_id)
    assert after["7879870"].email is None
    assert run.roster == {**first.roster, "contact": {"invited": 2}}
    release(world, "7879870", kind="contact")
    assert world.sync().issue_codes == {"media_email_missing": 1}


# Runs that began before -----------------------------------------------------------------------------------------------


def test_a_held_plan_that_is_approved_later_leaves_who_was_protected_since() -> None:
    world = town(drop_percent=10)
    leave(world, *range(20))
    run = world.sync()
    protect(world, "007", "status")
    protect(world, "008", "last_name")
    done = approve(world, run)
    assert (done.state, done.counts["student"]["inactivate"]) == ("completed", 19)
    assert [i.code for i in world.issues(done)] == ["protected_since_plan"]
    assert world.persons()["007"].status == "active"
    assert world.persons()["008"].status == "ended"
    release(world, "007")
    world.sync()
    assert world.persons()["007"].status == "ended", "released, they leave with the next sync"


def between(world: World, call: str, act: Callable[[], None]) -> None:
    """Have something done just before a runner's first ``call`` to the people table."""
    real = getattr(world.people, call)

    def first(*args: Any) -> Any:
        setattr(world.people, call, real)
        act()
        return real(*args)

    setattr(world.people, call, first)


def test_a_run_that_has_planned_before_leaves_who_is_protected_by_now(synced: World) -> None:
    synced.sis.students["1"] |= {"first": "Nori", "grade": "4"}
    synced.sis.students["2"]["first"] = "Nori"
    between(synced, "get_many", lambda: protect(synced, "1", "first_name"))
    run = synced.sync()
    assert run.issue_codes == {"protected_since_plan": 1}
    assert (run.counts["student"]["update"], run.counts["student"]["unchanged"]) == (1, 10)
    assert (synced.persons()["1"].first_name, synced.persons()["1"].grade) == ("Noor", "3")
    synced.sync()
    assert (synced.persons()["1"].first_name, synced.persons()["1"].grade) == ("Noor", "4")


def test_what_an_older_run_writes_in_the_same_second_is_put_back(synced: World) -> None:
    """Guards: the moment between a runner's last look at the protections and its write."""
    synced.sis.students["1"]["first"] = "Nori"
    between(synced, "put_many", lambda: protect(synced, "1", "first_name"))
    synced.sync()
    assert synced.persons()["1"].first_name == "Nori"
    made_visible(synced)
    assert synced.persons()["1"].first_name == "Noor"


def test_what_an_older_run_wrote_does_not_outlive_a_release(synced: World) -> None:
    """Guards: a snapshot that says that a change was made, of somebody whom the run has left alone."""
    synced.sis.students["1"]["first"] = "Nori"
    between(synced, "get_many", lambda: protect(synced, "1", "first_name"))
    synced.sync()
    release(synced, "1")
    synced.sync()
    assert synced.persons()["1"].first_name == "Nori"


def test_a_run_of_before_there_were_protections_is_planned_again(synced: World) -> None:
    """Guards: settings as older runs left them, which end before the protections."""
    run = synced.runs.get(D, synced.run_ids()[0])
    assert run
    key = RunFolder(run).settings()
    synced.blobs.put(key, pack(unpack(synced.blobs.get(key), list[Any])[:5]))
    protect(synced, "1", first_name="Leonora")
    assert made_visible(synced).state == "completed"
    assert synced.persons()["1"].first_name == "Leonora"


def test_where_no_pull_can_be_planned_again_nothing_has_failed(synced: World) -> None:
    """Guards: an alarm in the night because somebody corrected a name."""
    synced.connector_version = "2"
    protect(synced, "1", first_name="Leonora")
    run = made_visible(synced)
    assert (run.state, run.error and run.error.code) == ("skipped", "pull_outdated")
    assert synced.runs.state(D, "int_1").failures == 0
    synced.sync()
    assert synced.persons()["1"].first_name == "Leonora"


def test_two_districts_protections_do_not_meet(synced: World) -> None:
    made = protect(synced, "1", first_name="Leonora")
    synced.config.put_protection(made.released(synced.clock.now().date(), "u", synced.clock.now()))
    synced.config.put_protection(made.model_copy(update={"district_id": "hilltop"}))
    synced.sync()
    assert synced.persons()["1"].first_name == "Noor"


def test_of_another_sis_with_the_same_numbers_nobody_is_protected(synced: World) -> None:
    """Guards: a protection taken by a person's number, which two SIS may both give."""
    protect(synced, "1", first_name="Leonora")
    synced.others["int_2"] = Sis(
        students={"1": student("north", first="Ravi")}, staff={"1": {"first": "Ole"}}
    )
    synced.integrate("int_2", source="aeries:2")
    assert synced.sync("int_2").protected == 0
    names = {s.person.first_name for s in synced.people.all(D) if s.integration_id == "int_2"}
    assert "Ravi" in names
