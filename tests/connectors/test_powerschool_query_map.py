"""People from rows of PowerQueries, quirk by quirk."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any

import pytest

from rollcall.connectors.mapping import ISSUES
from rollcall.domain.ids import person_id
from rollcall.domain.person import Address, ContactLink, Enrollment, Household, Mapped, Phone
from tests.connectors.build import codes_of, connector, lookup, lookups, mapped

STUDENT: dict[str, Any] = {
    "_name": "students", "_id": 5011, "student_dcid": "5011", "student_number": "0112036",
    "state_studentnumber": "0412345678", "first_name": "Noor", "middle_name": "Ana", "last_name": "Rivers",
    "dob": "2014-03-09", "gender": "F", "fedethnicity": "1", "schoolid": "101", "grade_level": "6",
    "entrydate": "2026-08-18", "home_room": "A12", "street": "8 Reed Ln", "city": "Marsh Point", "state": "CA",
    "zip": "01234", "mailing_street": "PO Box 9", "mailing_city": "Marsh Point", "mailing_state": "CA",
    "mailing_zip": "95990-1234", "home_phone": "555-555-0148", "email": "nrivers@stu.example.org",
    "primarylanguage": "01", "allergies": "Peanut",
}  # fmt: skip
CONTACT: dict[str, Any] = {
    "detail_id": "5076", "association_id": "70", "student_dcid": "5011", "person_id": "651", "priority_order": "1",
    "relationship": "Mother", "custodial": "1", "lives_with": "1", "detail_active": "1", "person_active": "1",
    "first_name": "Tamsin", "last_name": "Rivers", "suffix": "Jr.", "gender": "F", "email": "tamsin@example.com",
}  # fmt: skip
PHONE: dict[str, Any] = {
    "association_id": "70", "phone_id": "80", "student_dcid": "5011", "person_id": "651", "phone_type": "Home",
    "priority_order": "1", "phone_number": "555-555-0110",
}  # fmt: skip
ADDRESS: dict[str, Any] = {
    "address_id": "33", "person_id": "651", "address_type": "Home", "priority_order": "1", "street": "8 Reed Ln",
    "unit": "2", "city": "Marsh Point", "state": "CA", "postalcode": "01234",
}  # fmt: skip
RACE: dict[str, Any] = {"race_id": "1", "student_dcid": "5011", "racecd": "WH"}
STAFF: dict[str, Any] = {
    "staff_dcid": "812", "users_dcid": "377", "schoolid": "101", "teachernumber": "4410", "first_name": "Orla",
    "last_name": "Finch", "email_addr": "ofinch@example.org",
}  # fmt: skip


def student(codes: Any = None, **fields: Any) -> Mapped:
    row = {name: value for name, value in {**STUDENT, **fields}.items() if value is not ...}
    return mapped(connector("powerschool_query", codes=codes), "student:5011", students=[row])


def contact(**fields: Any) -> Mapped:
    row = {name: value for name, value in {**CONTACT, **fields}.items() if value is not ...}
    return mapped(connector("powerschool_query"), "contact:651", contacts=[row])


def test_a_student() -> None:
    found = mapped(
        connector("powerschool_query"),
        "student:5011",
        students=[STUDENT],
        races=[RACE, {**RACE, "race_id": "2", "racecd": "AS"}],
        contacts=[CONTACT],
        phones=[PHONE],
    )
    assert codes_of(found) == []
    person = found.person
    assert (person.type, person.source_id, person.status) == ("student", "5011", "active")
    assert (person.local_id, person.state_id) == ("0112036", "0412345678"), "zeros survive"
    assert (person.first_name, person.middle_name, person.last_name) == ("Noor", "Ana", "Rivers")
    assert (person.birth_date, person.gender, person.ethnicity) == ("2014-03-09", "Female", "Hispanic")
    assert (person.races, person.language) == (("Asian", "White"), "Spanish")
    assert (person.email, person.grade) == ("nrivers@stu.example.org", "06")
    assert person.phones == (Phone(number="5555550148", type="home"),)
    assert person.allergies == ("Peanut",)
    assert [(a.type, a.postal_code) for a in person.addresses] == [
        ("home", "01234"),
        ("mailing", "95990-1234"),
    ]
    assert person.enrollments == (
        Enrollment(school="LMS", school_year="2026-27", grade="06", homeroom="A12", start_date="2026-08-18"),
    )
    assert person.contacts == (
        ContactLink(
            priority=1,
            person_id=person_id("lakeview", "powerschool_query:1", "contact", "651"),
            relationship="Mother",
            lives_with=True,
        ),
    )
    assert found.household == Household(
        hoh_first_name="Tamsin",
        hoh_last_name="Rivers",
        hoh_home_phone="5555550110",
        household_home_address=person.addresses[0],
    )


@pytest.mark.parametrize(
    ("value", "ethnicity", "codes"),
    [("1", "Hispanic", []), ("0", "Not Hispanic", []), ("-1", None, []), ("2", None, []), (..., None, []),
     ("7", None, ["ethnicity_unmapped"])],
)  # fmt: skip
def test_federal_ethnicity(value: Any, ethnicity: str | None, codes: list[str]) -> None:
    found = student(fedethnicity=value)
    assert (found.person.ethnicity, codes_of(found)) == (ethnicity, codes)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Peanut", ("Peanut",)), (" Milk,egg ; Tree nuts;;, ", ("Milk", "Tree nuts", "egg")),
        ("Soy, Soy", ("Soy",)), (" ", ()), (..., ()), ("Tree\nnuts", ("Tree nuts",)),
    ],
)  # fmt: skip
def test_allergies_are_kept_as_typed_without_a_mapping(written: Any, found: tuple[str, ...]) -> None:
    result = student(allergies=written)
    assert (result.person.allergies, codes_of(result)) == (found, [])


def test_allergies_go_through_the_mapping_where_there_is_one() -> None:
    codes = {
        **lookups(),
        "allergy": lookup("allergy", {"milk": "Dairy", "peanut": "Peanut"}, ignore_case=True),
    }
    result = student(codes, allergies="PEANUT; Milk, Kryptonite")
    assert result.person.allergies == ("Dairy", "Peanut")
    (issue,) = result.issues
    assert (issue.code, issue.severity, issue.field, issue.value) == (
        "allergy_unmapped", "warning", "allergies", "Kryptonite",
    )  # fmt: skip
    assert "allergy mapping" in ISSUES["allergy_unmapped"].fix


def test_an_allergy_of_absurd_length_is_left_out() -> None:
    assert codes_of(student(allergies="x" * 501)) == ["value_too_long"]


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"schoolid": "777"}, ["building_unmapped"]), ({"schoolid": ...}, ["building_missing"]),
        ({"grade_level": "99"}, ["grade_level_unmapped"]), ({"grade_level": ...}, ["grade_level_missing"]),
        ({"first_name": ..., "last_name": ...}, ["name_missing"]), ({"dob": [1]}, ["record_malformed"]),
    ],
)  # fmt: skip
def test_what_keeps_a_student_out(fields: dict[str, Any], codes: list[str]) -> None:
    found = student(**fields)
    assert (found.person, codes_of(found)) == (None, codes)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"dob": "soon"}, "date_invalid"), ({"email": "none"}, "email_invalid"), ({"gender": "Q"}, "gender_unmapped"),
     ({"primarylanguage": "99"}, "language_unmapped"), ({"state": "ZQ"}, "state_unmapped")],
)  # fmt: skip
def test_what_only_costs_the_value(fields: dict[str, Any], code: str) -> None:
    found = student(**fields)
    assert found.person is not None
    assert codes_of(found) == [code]


def test_a_row_with_nothing_but_what_is_needed() -> None:
    row = {"student_dcid": "5011", "last_name": "Rivers", "schoolid": "101", "grade_level": "-1"}
    found = mapped(connector("powerschool_query"), "student:5011", students=[row])
    assert (found.person.grade, codes_of(found)) == ("PK4", [])


def test_a_student_seen_at_two_schools_has_the_later_stay() -> None:
    rows = [STUDENT, {**STUDENT, "schoolid": "102", "entrydate": "2026-10-05"}]
    for some in permutations(rows):
        found = mapped(connector("powerschool_query"), "student:5011", students=some)
        assert found.person.enrollments[0].school == "LHS"


def test_a_contact() -> None:
    sibling = {**CONTACT, "detail_id": "6000", "association_id": "71", "student_dcid": "5012"}
    mobile = {**PHONE, "phone_id": "81", "phone_type": "Mobile", "phone_number": "555 555 0177"}
    found = mapped(
        connector("powerschool_query"),
        "contact:651",
        contacts=[CONTACT, sibling],
        phones=[PHONE, mobile, {**PHONE, "association_id": "71", "student_dcid": "5012"}],
        addresses=[ADDRESS],
    )
    assert codes_of(found) == []
    person = found.person
    assert (person.first_name, person.last_name, person.suffix) == ("Tamsin", "Rivers", "Jr.")
    assert (person.gender, person.email) == ("Female", "tamsin@example.com")
    assert person.phones == (
        Phone(number="5555550110", type="home"),
        Phone(number="5555550177", type="mobile"),
    )
    assert person.addresses == (
        Address(street="8 Reed Ln 2", city="Marsh Point", state="CA", postal_code="01234"),
    )


@pytest.mark.parametrize(
    ("fields", "present", "revisit_on"),
    [
        ({}, True, None),
        ({"detail_active": "0"}, False, None),
        ({"person_active": "0"}, False, None),
        ({"detail_active": ..., "person_active": ...}, True, None),
        ({"end_date": "2026-11-02"}, True, date(2026, 11, 3)),
        ({"end_date": "2026-11-01"}, False, None),
        ({"start_date": "2026-11-03"}, False, date(2026, 11, 3)),
        ({"start_date": "2026-11-02", "end_date": "2027-06-01"}, True, date(2027, 6, 2)),
    ],
)
def test_details_hold_by_date(fields: dict[str, Any], present: bool, revisit_on: date | None) -> None:
    found = contact(**fields)
    assert (found.person is not None, found.revisit_on) == (present, revisit_on)


def test_of_several_details_the_latest_that_holds_counts() -> None:
    old = {**CONTACT, "detail_id": "1", "relationship": "Father", "start_date": "2020-01-01"}
    new = {**CONTACT, "detail_id": "2", "relationship": "Mother", "start_date": "2024-01-01"}
    for rows in permutations([old, new]):
        found = mapped(connector("powerschool_query"), "student:5011", students=[STUDENT], contacts=rows)
        assert [link.relationship for link in found.person.contacts] == ["Mother"]


def test_an_address_that_has_ended_is_not_one() -> None:
    rows = [{**ADDRESS, "end_date": "2026-11-01"}]
    found = mapped(connector("powerschool_query"), "contact:651", contacts=[CONTACT], addresses=rows)
    assert found.person.addresses == ()


def test_the_order_of_rows_does_not_matter() -> None:
    father = {**CONTACT, "detail_id": "2", "association_id": "72", "person_id": "652", "first_name": "Ivo"}
    phones = [PHONE, {**PHONE, "phone_id": "82", "phone_number": "555-555-0199"}]
    results = {
        repr(
            mapped(
                connector("powerschool_query"),
                "student:5011",
                students=[STUDENT],
                contacts=contacts,
                phones=numbers,
            )
        )
        for contacts in permutations([CONTACT, father])
        for numbers in permutations(phones)
    }
    assert len(results) == 1


def test_staff_of_two_schools_are_one_person() -> None:
    rows = [STAFF, {**STAFF, "staff_dcid": "1013", "schoolid": "102", "first_name": "Orla B"}]
    rows.append({**STAFF, "staff_dcid": "1014", "schoolid": "777"})
    for some in permutations(rows):
        person = mapped(connector("powerschool_query"), "staff:377", staff=some).person
        assert (person.schools, person.first_name, person.local_id) == (("LHS", "LMS"), "Orla", "4410")
        assert person.email == "ofinch@example.org"


def test_who_has_no_row_of_their_own_or_is_not_wanted_is_nobody() -> None:
    found = connector("powerschool_query")
    assert mapped(found, "student:5011", contacts=[CONTACT]) == Mapped(person=None)
    assert mapped(found, "contact:651", phones=[PHONE]) == Mapped(person=None)
    students = connector("powerschool_query", member_types=("student",))
    assert mapped(students, "contact:651", contacts=[CONTACT]) == Mapped(person=None)
    assert mapped(students, "student:5011", students=[STUDENT], contacts=[CONTACT]).person.contacts == ()


@pytest.mark.parametrize("bad", [b'{"detail_id":"1"', b'{"detail_id":"1"}', b"\xff"])
def test_a_row_that_cannot_be_read_keeps_out_whom_it_speaks_of(bad: bytes) -> None:
    for key in ("student:5011", "contact:651"):
        found = mapped(connector("powerschool_query"), key, students=[STUDENT], contacts=[CONTACT, bad])
        assert (found.person, codes_of(found)) == (None, ["record_malformed"])
