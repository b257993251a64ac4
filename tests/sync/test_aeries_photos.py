"""Photos by an integration of pictures only, beside the one that brings the people, over the Aeries simulator."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.domain.photo import media_type
from rollcall.domain.plan import StoredPerson
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, photo_key
from rollcall.engine.pull import chunk_pages
from simulators.aeries import Options
from simulators.aeries.people import picture

PHOTOS = "int_photos"


def aeries(people: int = 200, member_types: tuple[str, ...] = ("student",), **switches: Any) -> InProcess:
    town = InProcess("aeries", people=people, options=Options(**switches), member_types=member_types)
    town.integrate(PHOTOS, ["building"], pictures_only=True, member_types=("student",))
    return town


def both(town: InProcess) -> tuple[Run, Run]:
    """The people's run, then the photos'."""
    runs = town.sync(), town.sync(integration_id=PHOTOS)
    assert [(run.state, run.error) for run in runs] == [("completed", None)] * 2
    return runs


def kept(town: InProcess) -> dict[str, bytes]:
    """The photos in the bucket, by name."""
    start = photo_key(DISTRICT, "")
    return {key.removeprefix(start): data for key, data in town.blobs.files.items() if key.startswith(start)}


def wanted(town: InProcess) -> dict[str, str]:
    """The name of every stored student's photo, by the generator's truth."""
    students = {str(s.local_id): s for s in town.generated.students if s.photo}
    return {i: hashlib.sha256(picture(students[i])[0]).hexdigest() for i in town.persons() if i in students}


def shown(town: InProcess) -> dict[str, str]:
    return {i: p.photo for i, p in town.persons().items() if p.photo}


def stored(town: InProcess) -> dict[str, StoredPerson]:
    return {s.id: s for s in town.stored()}


@pytest.mark.parametrize(
    "switches",
    [{}, {"no_photo": "absent"}, {"photo_key": "PermanentID"}, {"photo_years": 3}],
    ids=str,
)
def test_everybody_has_their_newest_photo_and_nobody_elses(switches: dict[str, Any]) -> None:
    town = aeries(**switches)
    _, run = both(town)
    assert shown(town) == wanted(town)
    assert 0 < len(shown(town)) < len(town.persons())
    assert run.counts["student"]["update"] == len(shown(town))
    assert all(media_type(kept(town)[name]) for name in shown(town).values())


def test_people_keep_their_owner_and_all_else() -> None:
    town = aeries()
    town.sync()
    before = stored(town)
    town.sync(integration_id=PHOTOS)
    for i, now in stored(town).items():
        assert now.integration_id == INTEGRATION
        assert type(now.person)(**{**fields(now), "photo": None}) == before[i].person


def fields(person: StoredPerson) -> dict[str, Any]:
    return {name: getattr(person.person, name) for name in person.person.__struct_fields__}


def test_a_second_night_writes_nothing() -> None:
    town = aeries()
    both(town)
    town.people.written.clear()
    files = kept(town)
    for key in list(files):
        town.blobs.delete([photo_key(DISTRICT, key)])
    people, photos = both(town)
    assert town.people.written == []
    assert kept(town) == {}, "what has not moved is not stored again"
    assert photos.counts["student"]["unchanged"] == len(shown(town))
    assert people.counts["student"]["unchanged"] == len(town.persons())


def test_one_changed_photo_writes_one_photo_and_one_person() -> None:
    town = aeries()
    both(town)
    town.people.written.clear()
    before = kept(town)
    student = next(
        s for s in town.generated.students if s.active and s.photo and str(s.local_id) in shown(town)
    )
    town.simulator.change("photo", student_id=student.id)
    both(town)
    assert len(town.people.written) == len(kept(town).keys() - before.keys()) == 1
    assert town.persons()[str(student.local_id)].photo == hashlib.sha256(picture(student)[0]).hexdigest()
    assert shown(town) == wanted(town)


def test_photos_that_come_first_are_given_to_people_later_without_being_sent_again() -> None:
    """Guards: a photo that met nobody in its night and is never looked at again."""
    town = aeries()
    first = town.sync(integration_id=PHOTOS)
    assert (first.state, town.stored(), first.counts["student"]["unchanged"]) == ("completed", [], 0)
    for name in kept(town):
        town.blobs.delete([photo_key(DISTRICT, name)])
    both(town)
    assert shown(town) == wanted(town)
    assert kept(town) == {}
    town.people.written.clear()
    both(town)
    assert town.people.written == []


def test_a_new_student_gets_their_photo() -> None:
    town = aeries()
    both(town)
    school = next(s for s in town.generated.schools if not s.holding)
    town.simulator.change("enroll", school_code=school.code)
    both(town)
    assert shown(town) == wanted(town)


@pytest.mark.parametrize("order", [(INTEGRATION, PHOTOS), (PHOTOS, INTEGRATION)])
def test_who_leaves_is_ended_by_the_owner_and_the_photo_stays(order: tuple[str, str]) -> None:
    """Guards: the photos' snapshot taken for a second supplier, to whom a leaver is handed over."""
    town = aeries()
    both(town)
    before = shown(town)
    schools = [s for s in town.generated.schools if not s.holding]
    first = schools[0].site_code
    there = [i for i, p in town.persons().items() if {e.school for e in p.enrollments} == {first}]
    # Not all: a building that empties is refused.
    leavers = there[: len(there) // 2]
    for i in leavers:
        student = town.generated.student_by_local_id(str(town.persons()[i].local_id))
        assert student
        town.generated.delete_student(student.id)
    for integration_id in order:
        assert town.sync(integration_id=integration_id).state == "completed"
    people = {s.person.source_id: s for s in town.stored()}
    assert len(leavers) > 5
    assert {people[i].person.status for i in leavers} == {"ended"}
    assert {people[i].integration_id for i in leavers} == {INTEGRATION}
    assert shown(town) == before


@pytest.mark.parametrize("kind", ["page", "text", "cut"])
def test_what_is_no_image_costs_the_photo_and_is_told_every_night(kind: str) -> None:
    options = Options()
    town = InProcess("aeries", people=200, options=options, member_types=("student",))
    town.integrate(PHOTOS, ["building"], pictures_only=True, member_types=("student",))
    both(town)
    before = shown(town)
    options.photo_data = kind
    for _ in range(2):
        _, run = both(town)
        assert run.issue_codes["photo_not_an_image"] > 10
        assert shown(town) == before, "who had a photo keeps it"
    options.photo_data = "image"
    _, run = both(town)
    assert "photo_not_an_image" not in run.issue_codes


def test_no_photo_at_all_fails_the_run() -> None:
    """Guards: a source that was emptied, or a permission that is gone, taken for a night without photos."""
    town = aeries()
    both(town)
    for student in town.generated.students:
        student.photo = 0
    run = town.sync(integration_id=PHOTOS)
    assert (run.state, run.error and run.error.code) == ("failed", "empty_pull")
    assert len(shown(town)) > 0


def test_without_the_permission_nothing_is_read() -> None:
    town = aeries(areas=frozenset({"Student Data"}))
    run = town.sync(integration_id=PHOTOS)
    assert (run.state, run.error and run.error.code) == ("failed", "permission_missing")
    assert run.error is not None
    assert "Student Pictures" in run.error.message


def test_a_preview_tells_and_stores_nothing() -> None:
    town = aeries()
    town.sync()
    town.people.written.clear()
    run = town.sync("preview", PHOTOS)
    assert run.counts["student"]["update"] == len(wanted(town))
    assert (town.people.written, kept(town)) == ([], {})


def test_no_page_of_a_run_holds_a_photo() -> None:
    """Guards: a district's photos stored again every night, as part of what was received."""
    town = aeries()
    _, run = both(town)
    pages = chunk_pages(town.blobs.get(RunFolder(run).pages(0)))
    assert all(not page.files and b"RawBinary" not in page.body for page in pages)
    assert sum(page.body.count(b'"photo"') for page in pages) > 10
