"""PowerSchool people, quirk by quirk of its fact sheet."""

from __future__ import annotations

import copy
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from rollcall.connectors.base import Page
from rollcall.domain.ids import person_id
from rollcall.domain.person import Address, ContactLink, Enrollment, Household, Phone
from tests.connectors.build import TODAY, codes_of, connector, encoded, mapped, survey

STUDENT: dict[str, Any] = {
    "@expansions": "demographics, addresses",
    "@extensions": "s_stu_x,studentcorefields",
    "id": 5011,
    "local_id": 112036,
    "state_province_id": 4412345678,
    "student_username": "nrivers36",
    "name": {"first_name": "Noor", "middle_name": "Ana", "last_name": "Rivers"},
    "demographics": {"gender": "F", "birth_date": "2014-03-09", "projected_graduation_year": 2032},
    "addresses": {
        "physical": {
            "street": "8 Reed Ln",
            "city": "Marsh Point",
            "state_province": "CA",
            "postal_code": 1234,
        },
        "mailing": {
            "street": "PO Box 9",
            "city": "Marsh Point",
            "state_province": "CA",
            "postal_code": 95990,
        },
    },
    "phones": {"main": {"number": "555-555-0148"}},
    "school_enrollment": {
        "enroll_status": "A",
        "enroll_status_code": 0,
        "grade_level": 6,
        "entry_date": "2026-08-18",
        "exit_date": "2027-06-06",
        "school_number": 101,
        "school_id": 53,
    },
    "ethnicity_race": {"federal_ethnicity": "YES", "races": {"district_race_code": "WH"}},
    "contact_info": {"email": "nrivers@stu.example.org"},
    "schedule_setup": {"home_room": "A12", "next_school": 102},
}
DETAIL: dict[str, Any] = {
    "studentContactDetailId": 5076,
    "relationship": "Mother",
    "custodial": True,
    "livesWith": True,
    "startDate": None,
    "endDate": None,
    "active": True,
}
CONTACT: dict[str, Any] = {
    "contactId": 651,
    "firstName": "Tamsin",
    "middleName": None,
    "lastName": "Rivers",
    "gender": None,
    "active": True,
    "emails": [
        {"primary": False, "address": "old@example.com"},
        {"primary": True, "address": "tamsin.rivers@example.com"},
    ],
    "phones": [
        {"sequence": 2, "phoneType": "Home", "phoneNumber": "555-555-0110"},
        {"sequence": 1, "phoneType": "Mobile", "phoneNumber": "555-555-0177"},
    ],
    "addresses": [
        {"sequence": 1, "addressType": "Home", "street": "8 Reed Ln", "linetwo": None, "unit": "2",
         "city": "Marsh Point", "state": "CA", "postalcode": "95990", "startDate": None, "endDate": None}
    ],
    "contactStudents": [{"sequence": 1, "dcid": 5011, "studentDetails": [DETAIL]}],
    "@extensions": "",
}  # fmt: skip
STAFF: dict[str, Any] = {
    "id": 812,
    "local_id": 4410,
    "name": {"first_name": "Orla", "last_name": "Finch"},
    "emails": {"work_email": "ofinch@example.org"},
    "phones": "",
    "school_affiliations": {"school_affiliation": {"school_id": 53, "type": 2, "status": 1}},
    "users_dcid": 377,
}


def having(row: dict[str, Any], **blocks: Any) -> dict[str, Any]:
    """A copy of ``row`` with some fields of its blocks, or whole blocks, replaced; ``...`` removes."""
    found = copy.deepcopy(row)
    for name, value in blocks.items():
        if value is ...:
            del found[name]
        elif isinstance(value, dict) and isinstance(found.get(name), dict):
            found[name] = {k: v for k, v in {**found[name], **value}.items() if v is not ...}
        else:
            found[name] = value
    return found


def answer(contacts: list[Any], student_id: str = "5011") -> bytes:
    """The record of the contacts answer for one student."""
    page = Page(body=encoded(contacts), cursor=None, subject=student_id)
    (found,) = connector("powerschool").split("contacts", page)
    return bytes(found.raw)


def student(row: dict[str, Any] = STUDENT, contacts: list[Any] | None = None, **settings: Any) -> Any:
    records = {"students": [row], **({} if contacts is None else {"contacts": [answer(contacts)]})}
    return mapped(connector("powerschool", **settings), "student:5011", **records)


# ------------------------------------------------------------------------------------------------------- map


def test_a_student() -> None:
    person = student().person
    assert person is not None
    assert (person.source_id, person.local_id, person.state_id) == ("5011", "112036", "4412345678")
    assert (person.first_name, person.middle_name, person.last_name) == ("Noor", "Ana", "Rivers")
    assert (person.birth_date, person.gender, person.ethnicity) == ("2014-03-09", "Female", "Hispanic")
    assert (person.races, person.language, person.grad_year) == (("White",), None, 2032)
    assert (person.email, person.phones) == ("nrivers@stu.example.org", (Phone("5555550148", "home"),))
    assert person.addresses == (
        Address(type="home", street="8 Reed Ln", city="Marsh Point", state="CA", postal_code="01234"),
        Address(type="mailing", street="PO Box 9", city="Marsh Point", state="CA", postal_code="95990"),
    )
    assert person.grade == "06"
    assert person.enrollments == (
        Enrollment(school="LMS", school_year="2026-27", grade="06", homeroom="A12", start_date="2026-08-18"),
    )
    assert (person.status, person.pos_id, person.contacts) == ("active", None, ())
    assert student().issues == ()


def test_empty_blocks_are_texts() -> None:
    blocks = ("demographics", "addresses", "phones", "ethnicity_race", "contact_info", "schedule_setup")
    person = student(having(STUDENT, **dict.fromkeys(blocks, ""))).person
    assert person == student(having(STUDENT, **dict.fromkeys(blocks, ...))).person
    assert (person.phones, person.addresses, person.races, person.gender) == ((), (), (), None)
    nothing = having(STUDENT, addresses={"physical": "", "mailing": ...}, phones={"main": ""})
    assert (student(nothing).person.addresses, student(nothing).person.phones) == ((), ())


@pytest.mark.parametrize(
    ("races", "expected"),
    [
        ({"district_race_code": "WH"}, ("White",)),
        ([{"district_race_code": "WH"}, {"district_race_code": "AS"}], ("Asian", "White")),
        ([{"district_race_code": "WH"}, {"district_race_code": "WH"}], ("White",)),
        ("", ()),
        (..., ()),
    ],
)
def test_races_as_object_list_or_nothing(races: Any, expected: tuple[str, ...]) -> None:
    assert student(having(STUDENT, ethnicity_race={"races": races})).person.races == expected


def test_digits_arrive_as_numbers() -> None:
    row = having(STUDENT, phones={"main": {"number": 5555550148}}, schedule_setup={"home_room": 12})
    assert student(row).person.phones == (Phone("5555550148", "home"),)
    assert student(row).person.enrollments[0].homeroom == "12"


@pytest.mark.parametrize(("level", "grade"), [(0, "K"), (-1, "PK4"), (-2, "PK3"), ("6", "06")])
def test_kindergarten_and_before(level: Any, grade: str) -> None:
    assert student(having(STUDENT, school_enrollment={"grade_level": level})).person.grade == grade


def test_an_exit_date_to_come_is_no_drop() -> None:
    assert student().person.enrollments[0].drop_date is None


@pytest.mark.parametrize(
    "status",
    [
        {"enroll_status": "T"},
        {"enroll_status": ..., "enroll_status_code": 2},
        {"enroll_status": ..., "enroll_status_code": ..., "status_code": 3},
        {"enroll_status": ..., "enroll_status_code": 1},
    ],
)
def test_somebody_who_left(status: dict[str, Any]) -> None:
    person = student(having(STUDENT, school_enrollment={**status, "exit_date": "2026-10-01"})).person
    assert (person.status, person.enrollments[0].drop_date) == ("ended", "2026-10-01")
    assert person.buildings() == ()


def test_that_somebody_left_survives_an_unmapped_grade() -> None:
    result = student(having(STUDENT, school_enrollment={"enroll_status": "G", "grade_level": 99}))
    assert result.person.status == "ended"
    assert [(i.code, i.severity) for i in result.issues] == [("grade_level_unmapped", "warning")]


def test_pre_registered_students_are_not_loaded() -> None:
    result = student(having(STUDENT, school_enrollment={"enroll_status": "P"}))
    assert (result.person, result.issues) == (None, ())


@pytest.mark.parametrize(
    ("blocks", "code", "field", "value"),
    [
        (
            {"school_enrollment": {"school_number": 103}},
            "building_unmapped",
            "school_enrollment.school_number",
            "103",
        ),
        (
            {"school_enrollment": {"grade_level": 99}},
            "grade_level_unmapped",
            "school_enrollment.grade_level",
            "99",
        ),
        (
            {"school_enrollment": {"school_number": ...}},
            "building_missing",
            "school_enrollment.school_number",
            None,
        ),
        (
            {"school_enrollment": {"grade_level": ""}},
            "grade_level_missing",
            "school_enrollment.grade_level",
            None,
        ),
        ({"name": {"first_name": " ", "last_name": ...}}, "name_missing", "last_name", None),
    ],
)
def test_what_keeps_a_student_out(blocks: dict[str, Any], code: str, field: str, value: str | None) -> None:
    result = student(having(STUDENT, **blocks))
    assert (result.person, result.household) == (None, None)
    (issue,) = result.issues
    assert (issue.severity, issue.code, issue.field, issue.value) == ("error", code, field, value)
    assert (issue.person_type, issue.source_id) == ("student", "5011")
    assert issue.message
    assert issue.fix


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ({"demographics": {"gender": "X"}}, "gender_unmapped"),
        ({"ethnicity_race": {"federal_ethnicity": "MAYBE"}}, "ethnicity_unmapped"),
        ({"ethnicity_race": {"races": {"district_race_code": "ZZ"}}}, "race_unmapped"),
        ({"addresses": {"mailing": {"street": "1 A St", "state_province": "NV"}}}, "state_unmapped"),
        ({"demographics": {"birth_date": "09.03.2014"}}, "date_invalid"),
        ({"contact_info": {"email": "none"}}, "email_invalid"),
        ({"name": {"middle_name": "x" * 501}}, "value_too_long"),
    ],
)
def test_what_costs_only_the_value(blocks: dict[str, Any], code: str) -> None:
    result = student(having(STUDENT, **blocks))
    assert result.person is not None
    assert [(i.severity, i.code) for i in result.issues] == [("warning", code)]


def test_one_name_is_enough() -> None:
    assert student(having(STUDENT, name={"first_name": ...})).issues == ()


@pytest.mark.parametrize("row", [{"name": []}, {"demographics": 5}, {"name": {"first_name": {}}}])
def test_wrong_types_reject_one_record(row: dict[str, Any]) -> None:
    result = student({**STUDENT, **row})
    assert (result.person, codes_of(result)) == (None, ["record_malformed"])


def test_unicode() -> None:
    person = student(having(STUDENT, name={"first_name": "Nu\u0308r 🦉", "last_name": "ריברס"})).person
    assert (person.first_name, person.last_name) == ("Nür 🦉", "ריברס")
    row = encoded(STUDENT).replace(b'"Noor"', b'"\\ud800"')
    assert mapped(connector("powerschool"), "student:5011", students=[row]).person is None


def test_a_transfer_seen_twice_counts_once() -> None:
    later = having(STUDENT, school_enrollment={"school_number": 102, "entry_date": "2026-10-30"})
    left = having(STUDENT, school_enrollment={"enroll_status": "T", "entry_date": "2026-10-31"})
    for rows in permutations([STUDENT, later, left]):
        person = mapped(connector("powerschool"), "student:5011", students=rows).person
        assert person is not None
        assert person.enrollments[0].school == "LHS"


# -------------------------------------------------------------------------------------------------- contacts


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
    assert found.split("contacts", page)[0].people == ("student:5011",)
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


# ----------------------------------------------------------------------------------------------------- staff


def staff(*rows: dict[str, Any]) -> Any:
    return mapped(connector("powerschool"), "staff:377", staff=rows)


def at_school(row_id: int, school_id: int, status: int = 1) -> dict[str, Any]:
    affiliation = {"school_affiliation": {"school_id": school_id, "type": 1, "status": status}}
    return {**STAFF, "id": row_id, "school_affiliations": affiliation}


def test_a_member_of_staff() -> None:
    person = staff(STAFF).person
    assert (person.source_id, person.local_id, person.email) == ("377", "4410", "ofinch@example.org")
    assert (person.schools, person.status) == (("LMS",), "active")


def test_staff_of_two_schools_are_one_person() -> None:
    for rows in permutations([at_school(812, 53), at_school(813, 54), at_school(814, 99)]):
        assert staff(*rows).person.schools == ("LHS", "LMS")
    both = [{"school_id": 53, "status": 1}, {"school_id": 54, "status": 1}]
    assert staff({**STAFF, "school_affiliations": {"school_affiliation": both}}).person.schools == (
        "LHS",
        "LMS",
    )


def test_staff_who_are_no_longer_here() -> None:
    assert staff(at_school(812, 53, status=2), at_school(813, 54)).person.schools == ("LHS",)
    gone = staff(at_school(812, 53, status=2)).person
    assert (gone.status, gone.schools) == ("ended", ())


def test_staff_without_a_school() -> None:
    result = staff({**STAFF, "school_affiliations": ""})
    assert (result.person.status, codes_of(result)) == ("active", ["school_unknown"])
