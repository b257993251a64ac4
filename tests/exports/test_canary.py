"""What only the nutrition application may know never reaches media, in any form in which anything leaves."""

import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_api.export_views import projected_change
from local.inprocess import INTEGRATION, InProcess
from rollcall.domain.destinations import ALLOWED
from rollcall.domain.person import Address, ContactLink, Enrollment, MediaAccount, Person, Phone
from rollcall.domain.plan import Change, StoredPerson, changed_fields
from rollcall.exports.records import Exports
from rollcall.store.memory import MemoryPeople
from tests.exports.test_oneroster import check
from tests.support.exports import KINDS, Office, stored, unpacked

CANARY = "CNRY"
HIDDEN = [name for name in Person.__struct_fields__ if name not in ALLOWED["media"]]
_WHOLE: dict[str, Any] = {
    "races": (CANARY,),
    "phones": tuple(Phone(number=CANARY, type=kind) for kind in ("home", "mobile", "work", "other")),
    "addresses": tuple(
        Address(type=kind, street=CANARY, city=CANARY, state=CANARY, postal_code=CANARY)
        for kind in ("home", "mailing")
    ),
    "allergies": (CANARY, "=" + CANARY),
}


def marked(person: Person, names: Iterable[str] = HIDDEN) -> Person:
    """The same with a canary in every field, and part of a field, that media may not know."""
    stays = tuple(msgspec.structs.replace(stay, start_date=CANARY) for stay in person.enrollments)
    fields = {name: _WHOLE.get(name, CANARY) for name in names}
    return msgspec.structs.replace(person, enrollments=stays, **fields)


def media_output(office: Office) -> bytes:
    """Everything that media can get of a district: files, the records beside them, and changes."""
    out = bytearray()
    for kind in KINDS:
        if kind == "nutrition_students":
            continue
        export = office.made(kind, destination="media") if kind == "oneroster" else office.made(kind)
        out += Exports(office.blobs).get(export.district_id, export.id).model_dump_json().encode()
        data = office.file(kind, destination="media") if kind == "oneroster" else office.file(kind)
        out += repr(unpacked(data)).encode() if kind == "oneroster" else data
    for after in office.people.all("lakeview"):
        for before in (None, bare(after)):
            fields = changed_fields(before.person if before else None, after.person)
            change = Change(
                kind="update" if before else "add",
                type=after.person.type,
                after=after,
                before=before,
                fields=fields,
            )
            seen = projected_change(change, "media")
            out += seen.model_dump_json().encode() if seen else b""
    return bytes(out)


def bare(after: StoredPerson) -> StoredPerson:
    """The same person as they were, before everything but the name."""
    before = Person(
        type=after.person.type,
        source_id=after.person.source_id,
        host_id=after.person.host_id,
        media=after.person.media,
    )
    return msgspec.structs.replace(after, person=before)


accounts = st.builds(
    MediaAccount,
    status=st.sampled_from(["invited", "blocked", "uninvited"]),
    opt_out=st.booleans(),
    same_as=st.sampled_from([None, "per_0", "per_3"]),
)


@given(
    st.lists(st.tuples(st.sampled_from(["student", "staff", "contact"]), accounts | st.none()), max_size=8)
)
def test_no_canary_reaches_media(people: list[tuple[Any, MediaAccount | None]]) -> None:
    """Guards every way out at once: whatever somebody is and whatever became of their account."""
    everybody = [
        Person(
            type=kind,
            source_id=str(number),
            host_id=f"H{number}",
            first_name="Noor",
            last_name="Rivers",
            enrollments=(Enrollment(school="ELM", grade="5", homeroom="R1"),) if kind == "student" else (),
            contacts=tuple(
                ContactLink(priority=other + 1, person_id=f"per_{other}", relationship="mother")
                for other in range(len(people))
            )
            if kind == "student"
            else (),
            media=account,
        )
        for number, (kind, account) in enumerate(people)
    ]
    office = Office()
    office.people.put_many([stored(str(n), marked(person)) for n, person in enumerate(everybody)])
    assert CANARY.encode() not in media_output(office)


def test_the_nutrition_files_do_hold_the_canary(office: Office) -> None:
    """Else the test above would prove nothing."""
    office.people.put_many([stored("s1", marked(office.people.all("lakeview")[3].person))])
    assert office.file("nutrition_students").count(CANARY.encode()) > 10
    assert CANARY in str(office.tables())


@pytest.mark.parametrize("system", ["powerschool_query", "aeries"])
def test_a_whole_district_from_the_sis_to_every_file(system: str) -> None:
    town = InProcess(system, people=250, destinations=("nutrition", "media"))
    run = town.sync()
    assert run.state == "completed", run.error
    town.generated.change_some(10, seed=3)
    town.generated.withdraw_student(town.generated.students[0].id)
    town.sync()
    people = town.stored()
    assert {stored.person.type for stored in people} == {"student", "staff", "contact"}
    office = Office(people=MemoryPeople(), integration_ids=(INTEGRATION,))
    office.people.put_many(
        [
            msgspec.structs.replace(s, person=marked(s.person))
            for s in random.Random(1).sample(people, len(people))
        ]
    )
    assert CANARY.encode() not in media_output(office)
    users = {row["host_id"]: row for row in office.rows("media_users")}
    assert {row["status"] for row in users.values()} == {"invited", "uninvited"}
    groups = {row["group_id"] for row in office.rows("media_groups")}
    members = office.rows("media_memberships")
    assert {row["group_id"] for row in members} == groups
    assert {row["host_id"] for row in members} <= set(users)
    for row in office.rows("media_relationships"):
        assert users[row["parent_host_id"]]["type"] in ("contact", "staff")
        assert users[row["student_host_id"]]["type"] == "student"
    check(office.file("oneroster", destination="media"))
    office.people.put_many(people)
    check(office.file("oneroster"))
    active = [s for s in people if s.person.type == "student" and s.person.status == "active"]
    assert len(office.rows("nutrition_students")) == len(active)
