"""A package that we export, read back by our own connector: the same people, as far as OneRoster can tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from local.inprocess import INTEGRATION, InProcess
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.person import Enrollment, Person
from rollcall.domain.plan import StoredPerson
from rollcall.store.memory import MemoryPeople
from tests.exports.test_oneroster import check
from tests.support.exports import Office

FEMALE_AND_MALE = {"female", "male"}
"""OneRoster 1.1 has no other word."""


@dataclass
class Drop:
    """A ``Sender`` behind which an export lies."""

    body: bytes

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        return Answer(200, {"content-type": "application/zip"}, self.body)


def exported(people: list[StoredPerson], **options: Any) -> bytes:
    office = Office(people=MemoryPeople(), integration_ids=(INTEGRATION,))
    office.people.put_many(people)
    return office.file("oneroster", **options)


def read_back(package: bytes, source: InProcess) -> InProcess:
    """A district whose SIS exports just this package, and whose mappings know our buildings by their own names."""
    town = InProcess("oneroster", 50, delivery="csv")
    town.transport = Transport(Drop(package))
    schools = sorted({b for s in source.stored() for b in s.person.buildings()})
    town.map_codes("building", [(school, school) for school in schools])
    run = town.sync()
    assert run.state == "completed", run.error
    assert sum(counts["reject"] for counts in run.counts.values()) == 0
    return town


WORDS = ("parent", "guardian", "relative")
ROLES = {word: word for word in WORDS}
ROLES |= dict.fromkeys(("mother", "father", "stepmother", "stepfather"), "parent")
ROLES |= {"foster_parent": "guardian"}


def roles(people: list[StoredPerson]) -> dict[str, str]:
    """The one word that 1.1 has for each contact, whosever contact they are."""
    said: dict[str, set[str]] = {}
    for link in (link for s in people for link in s.person.contacts):
        said.setdefault(link.person_id, set()).add(ROLES.get(link.relationship or "", "relative"))
    return {contact: min(words, key=WORDS.index) for contact, words in said.items()}


def everybody(people: list[StoredPerson], names: Mapping[str, str]) -> dict[str, Person]:
    """What OneRoster tells of each, by what ``names`` calls them."""
    words = roles(people)
    return {names[s.id]: told(s.person, names, words) for s in people}


def told(person: Person, names: Mapping[str, str], words: Mapping[str, str]) -> Person:
    """What OneRoster tells of somebody."""
    mobile = [phone for phone in person.phones if phone.type == "mobile"][:1]
    other = [msgspec.structs.replace(p, type="other") for p in person.phones if p.type != "mobile"][:1]
    stays = [stay for stay in person.enrollments if stay.drop_date is None]
    return Person(
        type=person.type,
        source_id="",
        local_id=None if person.type == "contact" else person.local_id,
        state_id=person.state_id,
        first_name=person.first_name,
        middle_name=person.middle_name,
        last_name=person.last_name,
        birth_date=person.birth_date if person.type == "student" else None,
        gender=person.gender if person.type == "student" and person.gender in FEMALE_AND_MALE else None,
        ethnicity=person.ethnicity,
        races=person.races,
        email=person.email,
        phones=tuple(sorted((*mobile, *other))),
        grade=person.grade,
        enrollments=tuple(
            Enrollment(school=s.school, school_year=s.school_year, grade=s.grade, primary=s.primary)
            for s in stays
        ),
        schools=person.schools,
        contacts=tuple(
            msgspec.structs.replace(
                link,
                priority=number,
                person_id=names[link.person_id],
                relationship=words[link.person_id],
                lives_with=False,
            )
            for number, link in enumerate(person.contacts, 1)
        ),
    )


@pytest.mark.parametrize("system", ["oneroster", "powerschool_query", "aeries", "illuminate"])
def test_our_own_connector_reads_the_same_people(system: str) -> None:
    source = InProcess(system, people=300)
    source.sync()
    source.generated.withdraw_student(source.generated.students[0].id)
    source.sync()
    # The connector loads nobody who works at no school that it knows; Illuminate tells of such staff.
    people = [
        s
        for s in source.stored()
        if s.person.status == "active" and (s.person.type != "staff" or s.person.schools)
    ]
    package = exported(source.stored())
    check(package)
    back = read_back(package, source)
    found = everybody(back.stored(), {s.id: s.person.source_id for s in back.stored()})
    assert found == everybody(people, {s.id: s.id for s in people})
