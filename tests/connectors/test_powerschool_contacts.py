"""PowerSchool contacts: who stands by a student today, and one person for all children."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from rollcall.connectors.base import Page, records_of
from rollcall.domain.ids import person_id
from rollcall.domain.person import Address, ContactLink, Household, Phone
from tests.connectors.build import TODAY, codes_of, connector, encoded, mapped, survey
from tests.connectors.test_powerschool_map import CONTACT, DETAIL, STUDENT, answer, student


def tied(contact_id: int, sequence: int, *details: dict[str, Any], **fields: Any) -> dict[str, Any]:
    students = [{"dcid": 5011, "sequence": sequence, "studentDetails": list(details)}]
    return {**CONTACT, "contactId": contact_id, "contactStudents": students, **fields}


def test_links_and_household() -> None:
    result = student(contacts=[CONTACT])
    link = ContactLink(
        priority=1,
        person_id=person_id("lakeview", "powerschool:1", "contact", "651"),
        relationship="Mother",
        lives_with=True,
    )
    assert result.person.contacts == (link,)
    assert result.household == Household(
        hoh_first_name="Tamsin",
        hoh_last_name="Rivers",
        hoh_home_phone="5555550110",
        household_home_address=result.person.addresses[0],
    )
    assert result.revisit_on is None


def test_without_contacts_the_household_has_no_head() -> None:
    for contacts in (None, []):
        household = student(contacts=contacts).household
        assert (household.hoh_last_name, household.hoh_home_phone) == (None, "5555550148")


def test_the_head_is_custodial_first_then_first_in_order() -> None:
    grandmother = tied(1, 1, {**DETAIL, "custodial": False}, firstName="Odile")
    father = tied(2, 3, {**DETAIL, "livesWith": False}, firstName="Ivo", phones=[])
    mother = tied(3, 2, {**DETAIL, "livesWith": False}, firstName="Tamsin", phones=[])
    neighbour = tied(4, 1, {**DETAIL, "livesWith": False, "custodial": False}, firstName="Abel")
    household = student(contacts=[father, mother, grandmother, neighbour]).household
    assert (household.hoh_first_name, household.hoh_home_phone) == ("Tamsin", "5555550148")
    assert student(contacts=[grandmother, neighbour]).household.hoh_first_name == "Odile"
    assert student(contacts=[neighbour]).household.hoh_first_name is None


@pytest.mark.parametrize(
    ("start", "end", "active", "linked", "revisit_on"),
    [
        (None, None, True, True, None),
        ("2026-11-02", "2026-11-02", True, True, date(2026, 11, 3)),
        ("2026-11-03", None, True, False, date(2026, 11, 3)),
        (None, "2026-11-01", True, False, None),
        (None, "2026-12-31", True, True, date(2027, 1, 1)),
        (None, None, False, False, None),
        ("2026-12-01", None, False, False, None),
    ],
)
def test_details_hold_between_their_dates(
    start: str | None, end: str | None, active: bool, linked: bool, revisit_on: date | None
) -> None:
    contact = tied(651, 1, {**DETAIL, "startDate": start, "endDate": end, "active": active})
    result = student(contacts=[contact])
    assert (len(result.person.contacts), result.revisit_on) == (int(linked), revisit_on)
    alone = mapped(connector("powerschool"), "contact:651", contacts=[answer([contact])])
    assert (alone.person is not None, alone.issues, alone.revisit_on) == (linked, (), revisit_on)


def test_the_latest_of_several_details_counts() -> None:
    old = {**DETAIL, "startDate": "2020-01-01", "relationship": "Father", "studentContactDetailId": 9}
    new = {**DETAIL, "startDate": "2025-01-01", "relationship": "Mother", "studentContactDetailId": 1}
    for details in ([old, new], [new, old]):
        assert student(contacts=[tied(651, 1, *details)]).person.contacts[0].relationship == "Mother"


@pytest.mark.parametrize(
    "contact",
    [
        {**CONTACT, "active": False},
        {**CONTACT, "contactStudents": [{"sequence": 1, "dcid": 7, "studentDetails": [DETAIL]}]},
        {**CONTACT, "contactStudents": None},
        {"contactId": 651},
        tied(651, 1),
        {**CONTACT, "firstName": None, "lastName": ""},
    ],
    ids=["inactive", "another student", "null", "bare", "no details", "nameless"],
)
def test_contacts_that_are_not_linked(contact: dict[str, Any]) -> None:
    assert student(contacts=[contact]).person.contacts == ()


def test_an_unknown_relationship_keeps_the_link() -> None:
    result = student(contacts=[tied(651, 2, {**DETAIL, "relationship": "Neighbour"})])
    assert (result.person.contacts[0].relationship, codes_of(result)) == (None, ["relationship_unmapped"])
    assert result.issues[0].value == "Neighbour"


def test_a_contact_of_siblings_is_one_person() -> None:
    sibling = {**CONTACT, "contactStudents": [{"sequence": 1, "dcid": 5012, "studentDetails": [DETAIL]}]}
    results = [
        mapped(connector("powerschool"), "contact:651", contacts=records)
        for records in permutations(
            [answer([CONTACT]), answer([sibling], "5012"), answer([{**CONTACT, "contactId": 4}])]
        )
    ]
    assert all(result == results[0] for result in results)
    person = results[0].person
    assert person is not None
    assert (person.first_name, person.email) == ("Tamsin", "tamsin.rivers@example.com")
    assert person.phones == (Phone("5555550110", "home"), Phone("5555550177", "mobile"))
    assert person.addresses == (
        Address(type="home", street="8 Reed Ln 2", city="Marsh Point", state="CA", postal_code="95990"),
    )


def test_a_contact_stands_only_by_the_students_asked_for() -> None:
    """The answer for one student may name the contact's other children, who need not be ours any more."""
    other = {**CONTACT, "contactStudents": [{"sequence": 1, "dcid": 7, "studentDetails": [DETAIL]}]}
    result = mapped(connector("powerschool"), "contact:651", contacts=[answer([other])])
    assert (result.person, result.issues) == (None, ())


def test_an_address_of_yesterday_is_left_out() -> None:
    address = {**CONTACT["addresses"][0], "endDate": "2026-11-01"}
    coming = {**CONTACT["addresses"][0], "street": "1 Elm St", "startDate": "2026-11-09"}
    contact = {**CONTACT, "addresses": [address, coming]}
    result = mapped(connector("powerschool"), "contact:651", contacts=[answer([contact])])
    assert result.person is not None
    assert (result.person.addresses, result.revisit_on) == ((), date(2026, 11, 9))


def test_a_nameless_contact_is_rejected() -> None:
    contact = {**CONTACT, "firstName": None, "lastName": None}
    result = mapped(connector("powerschool"), "contact:651", contacts=[answer([contact])])
    assert (result.person, codes_of(result)) == (None, ["name_missing"])


def test_contacts_only_for_the_household() -> None:
    found = connector("powerschool", member_types=("student",), family_identifier=("hoh_last_name",))
    assert [s.name for s in found.streams] == ["students", "contacts"]
    result = mapped(found, "student:5011", students=[STUDENT], contacts=[answer([CONTACT])])
    assert result.person is not None
    assert (result.person.contacts, result.household.hoh_last_name) == ((), "Rivers")  # type: ignore[union-attr]
    page = Page(body=encoded([CONTACT]), cursor=None, subject="5011")
    assert records_of(found, "contacts", page)[0].people == ("student:5011",)
    assert mapped(found, "contact:651", contacts=[answer([CONTACT])]).person is None


@pytest.mark.parametrize(
    ("types", "family", "streams"),
    [
        (("student", "staff", "contact"), (), ["students", "staff", "contacts"]),
        (("student",), ("household_home_address",), ["students"]),
        (("staff",), ("hoh_last_name",), ["staff"]),
        (("contact",), (), ["students", "contacts"]),
    ],
)
def test_only_streams_that_are_wanted(types: Any, family: Any, streams: list[str]) -> None:
    found = connector("powerschool", member_types=types, family_identifier=family)
    assert [s.name for s in found.streams] == streams
    assert found.map("student:5011", {}, survey(), TODAY).person is None
