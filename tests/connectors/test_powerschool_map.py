"""PowerSchool people, quirk by quirk of its fact sheet."""

from __future__ import annotations

import copy
from itertools import permutations
from typing import Any

import pytest

from rollcall.connectors.base import Page, records_of
from rollcall.domain.person import Address, Enrollment, Phone
from tests.connectors.build import codes_of, connector, encoded, mapped

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
    (found,) = records_of(connector("powerschool"), "contacts", page)
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


LANGUAGE = {"name": "primarylanguage", "type": "String", "value": "01"}
ALLERGIES = {"name": "allergies", "type": "String", "value": "Peanut"}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"name": "studentcorefields", "_field": [ALLERGIES, LANGUAGE]}, "Spanish"),
        ([{"name": "s_stu_x", "_field": []}, {"name": "StudentCoreFields", "_field": LANGUAGE}], "Spanish"),
        ({"name": "studentcorefields", "recordFound": False}, None),
        ({"name": "s_stu_x", "_field": LANGUAGE}, None),
        ("", None),
    ],
)
def test_the_language_stands_in_an_extended_table(tables: Any, expected: str | None) -> None:
    assert student({**STUDENT, "_extension_data": {"_table_extension": tables}}).person.language == expected


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
