"""Every system as the source of a media roster: generated districts, real connectors, and the generator's truth."""

from __future__ import annotations

import pytest

from local.inprocess import InProcess
from rollcall.domain.media import folded_email
from rollcall.domain.person import Person
from rollcall.domain.systems import SYSTEMS
from simulators.district.truth import truth

systems = pytest.mark.parametrize("system", SYSTEMS)


def town(system: str, people: int = 500) -> InProcess:
    made = InProcess(system, people, destinations=("nutrition", "media"))
    run = made.sync()
    assert run.state == "completed", run.error
    return made


def invited(made: InProcess) -> list[Person]:
    """Whoever has an account of their own."""
    people = [s.person for s in made.stored()]
    return [p for p in people if p.media and p.media.status == "invited" and not p.media.same_as]


@systems
def test_host_ids_are_unique_and_so_are_addresses(system: str) -> None:
    people = invited(town(system))
    ids = [p.host_id for p in people]
    assert None not in ids
    assert len(set(ids)) == len(ids)
    addresses = [mail for p in people if (mail := folded_email(p))]
    assert len(set(addresses)) == len(addresses)
    assert all(p.email for p in people if p.type != "student")
    assert {p.host_id[0] for p in people if p.host_id} == {"S", "T", "P"}


def test_powerschools_numbers_are_those_that_the_source_document_names() -> None:
    made = town("powerschool")
    numbers = {str(s.id): str(s.local_id) for s in made.generated.students}
    for person in invited(made):
        number = numbers[person.source_id] if person.type == "student" else person.source_id
        assert person.host_id == {"student": "S", "staff": "T", "contact": "P"}[person.type] + number


@systems
def test_a_second_sync_changes_nothing(system: str) -> None:
    made = town(system)
    before = {s.id: s for s in made.stored()}
    made.people.written.clear()
    assert made.sync().state == "completed"
    assert made.people.written == []
    assert {s.id: s for s in made.stored()} == before


@systems
def test_everybody_who_signs_in_has_an_account_or_a_reason(system: str) -> None:
    people = [s.person for s in town(system).stored()]
    for p in people:
        assert p.media is not None
        assert (p.media.status == "invited") == (not p.media.reasons)
    assert any(p.media and p.media.reasons == ("media_email_missing",) for p in people)


@pytest.mark.parametrize("system", ["powerschool", "powerschool_query", "aeries", "illuminate", "oneroster"])
def test_staff_who_are_parents_are_one_person(system: str) -> None:
    """Exactly those whom the office knows under one name and one e-mail address."""
    made = town(system)
    facts = made.generated
    same = {
        (g.first, g.last)
        for g in facts.guardians
        if g.staff_id and (s := facts.staff_member(g.staff_id)) and s.active and s.email == g.email
    }
    people = {s.id: s.person for s in made.stored()}
    merged = {p.source_id: p for p in people.values() if p.media and p.media.same_as}
    assert {(p.first_name, p.last_name) for p in merged.values()} <= same
    assert merged
    for parent in merged.values():
        assert parent.media is not None
        teacher = people[parent.media.same_as or ""]
        assert (teacher.type, teacher.email) == ("staff", parent.email)


@systems
def test_every_student_has_a_graduation_year(system: str) -> None:
    made = town(system)
    years = {str(s["local_id"]): s["graduation_year"] for s in truth(made.generated)["students"]}
    for person in made.persons().values():
        assert person.grad_year == years[str(person.local_id)]


@systems
def test_leavers_are_uninvited_and_come_back_under_their_host_id(system: str) -> None:
    made = town(system)
    student = next(s for s in made.generated.students if s.active and len(made.generated.guardians) > 10)
    (before,) = [p for p in made.persons().values() if p.local_id == str(student.local_id)]
    made.generated.delete_student(student.id)
    made.sync()
    gone = made.persons()[before.source_id]
    assert gone.media is not None
    assert (gone.status, gone.media.status, gone.host_id) == ("ended", "uninvited", before.host_id)
    made.generated.add_student(student)
    made.generated.version += 1
    made.sync()
    back = made.persons()[before.source_id]
    assert back.media is not None
    assert (back.status, back.media.status, back.host_id) == ("active", "invited", before.host_id)
