"""Illuminate records as people, on literal rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rollcall.connectors.base import Survey
from rollcall.domain.ids import person_id
from rollcall.domain.person import Address, ContactLink, Mapped, Phone, person_key
from tests.connectors.build import TODAY, codes_of, connector, encoded, lookups

STUDENT: dict[str, Any] = {
    "student_id": 40711, "local_student_id": "200145", "state_student_id": 8123456709, "first_name": "Ines",
    "middle_name": None, "last_name": "Okafor", "name_suffix": None, "birth_date": "2017-03-09", "gender": "F",
    "is_hispanic": True, "primary_ethnicity": 700, "primary_language": 1, "email": "ines.okafor@example.org",
    "grade_level_id": 4, "address": "40 Mill Lane", "city": "Alder Creek", "state": "CA", "zip": 1234,
    "phone": "(555) 555-0101",
}  # fmt: skip
STAY: dict[str, Any] = {
    "student_id": 40711, "stu_sess_id": 9, "site_id": 410, "school": "Alder Creek Elementary",
    "grade_level_id": 4, "academic_year": 2027, "entry_date": "2026-08-17", "leave_date": "2027-06-11",
    "is_primary_ada": True,
}  # fmt: skip
CONTACT: dict[str, Any] = {
    "student_id": 40711, "contact_id": 901, "household_id": 5, "contact_type": "Mother",
    "primary_household": True, "primary_contact": True, "resides_with": True, "is_legal": True,
    "emergency_contact": None, "restraining_order": None, "correspondance_language_id": 1,
    "first_name": "Tamsin", "last_name": "Okafor", "email_address": "tamsin@example.org",
    "phones": [
        {"phone": "555 555 0102", "phone_type": "Work", "is_primary": False},
        {"phone": "5555550101", "phone_type": "Home", "is_primary": True},
        {"phone": "5555550103", "phone_type": "Cellular", "is_primary": None},
    ],
    "addresses": [
        {"address": "1 Old Road", "city": "Reed", "state": "CA", "zip": "90001", "is_primary": True,
         "is_mailing": False, "moveout_date": "2025-01-01"},
        {"address": "40 Mill Lane", "address_2": "Apt 2", "city": "Alder Creek", "state": "CA", "zip": 90009,
         "is_primary": True, "is_mailing": False, "moveout_date": None},
        {"address": "PO Box 7", "city": "Alder Creek", "state": "CA", "zip": "90009", "is_primary": False,
         "is_mailing": True, "moveout_date": None},
    ],
}  # fmt: skip
USER: dict[str, Any] = {
    "user_id": 77, "local_user_id": "4001", "first_name": "Ravi", "last_name": "Ives", "suffix": "Jr",
    "email1": "ravi@example.org", "phone1": "5555550104", "gender": "M", "active": True, "exit_date": None,
    "job_title": "Teacher",
}  # fmt: skip
GRADES = {"1": "K", "4": "3", "7": "6", "99": "14"}
CODES = lookups(language={"1": "English"}, building={"410": "LES", "420": "RES"})


def survey(roster: bool = True) -> Survey:
    return Survey(parts=[], reference={"year": 2027, "grades": GRADES, "roster": roster})


def mapped(
    key: str, today: date = TODAY, with_roster: bool = True, **records: list[dict[str, Any]]
) -> Mapped:
    raw = {name: [encoded(row) for row in rows] for name, rows in records.items()}
    return connector("illuminate", codes=CODES).map(key, raw, survey(with_roster), today)


def student(
    row: dict[str, Any] | None = None,
    stays: list[dict[str, Any]] | None = None,
    ties: list[dict[str, Any]] | None = None,
    today: date = TODAY,
) -> Mapped:
    return mapped(
        "student:40711",
        today,
        students=[{**STUDENT, **(row or {})}],
        enrollment=[{**STAY, **stay} for stay in ([{}] if stays is None else stays)],
        contacts=[{**CONTACT, **tie} for tie in ties or []],
    )


def contact(*ties: dict[str, Any]) -> Mapped:
    return mapped("contact:901", contacts=[{**CONTACT, **tie} for tie in ties])


def staff(row: dict[str, Any] | None = None, sites: tuple[Any, ...] = (410,), **options: Any) -> Mapped:
    roster = [{"user_id": "77", "site_id": str(site)} for site in sites]
    return mapped("staff:77", staff=[{**USER, **(row or {})}], roster=roster, **options)


# ------------------------------------------------------------------------------------------------------ students


def test_a_student() -> None:
    result = student()
    assert result.issues == ()
    found = result.person
    assert found is not None
    assert (found.source_id, found.local_id, found.state_id) == ("40711", "200145", "8123456709")
    assert (found.first_name, found.last_name, found.birth_date) == ("Ines", "Okafor", "2017-03-09")
    assert (found.gender, found.ethnicity, found.races, found.language) == (
        "Female", "Hispanic", ("White",), "English",
    )  # fmt: skip
    assert found.phones == (Phone(number="5555550101", type="home"),)
    assert found.addresses == (
        Address(street="40 Mill Lane", city="Alder Creek", state="CA", postal_code="01234"),
    )
    (stay,) = found.enrollments
    assert (stay.school, stay.school_year, stay.grade, stay.start_date) == (
        "LES",
        "2026-27",
        "03",
        "2026-08-17",
    )
    assert stay.drop_date is None
    assert stay.primary
    assert result.revisit_on == date(2027, 6, 12)


def test_the_fields_of_a_student_that_working_clients_have_seen_are_enough() -> None:
    stay = {"student_id": "40711", "district_student_id": 200145, "site_id": "410", "grade_level_id": "4"}
    raw = {"students": [encoded({"student_id": "40711", "district_student_id": 200145, "last_name": "O"})],
           "enrollment": [encoded(stay)]}  # fmt: skip
    found = connector("illuminate", codes=CODES).map("student:40711", raw, survey(), TODAY)
    assert found.person is not None
    assert (found.person.local_id, found.person.grade) == ("200145", "03")
    assert found.revisit_on is None


def test_a_grade_is_not_its_id() -> None:
    result = student(stays=[{"grade_level_id": 3}])
    assert codes_of(result) == ["grade_level_unmapped"]
    assert result.issues[0].value == "grade_level_id 3"
    assert student(stays=[{"grade_level_id": None}]).person.grade == "03"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("stays", "today", "outcome"),
    [
        ([{"leave_date": "2026-11-02"}], TODAY, ["LES"]),
        ([{"entry_date": "2026-11-02"}], TODAY, ["LES"]),
        ([{"entry_date": "2026-11-03"}], TODAY, None),
        ([{"academic_year": 2026}], TODAY, None),
        ([{"academic_year": "2026-2027"}], TODAY, ["LES"]),
        ([{"site_id": 12}], TODAY, None),
        ([], TODAY, None),
        ([{}, {"site_id": 420, "is_primary_ada": False, "entry_date": "2026-10-01"}], TODAY, ["LES", "RES"]),
        ([{"is_primary_ada": None}, {"site_id": 420, "is_primary_ada": None, "entry_date": "2026-10-01"}],
         TODAY, ["RES", "LES"]),
        ([{}, {"stu_sess_id": 10, "session_type": "summer"}], TODAY, ["LES"]),
        ([{"site_id": 12}, {"site_id": 420, "is_primary_ada": False}], TODAY, ["RES"]),
    ],
)  # fmt: skip
def test_where_a_student_is_today(
    stays: list[dict[str, Any]], today: date, outcome: list[str] | None
) -> None:
    result = student(stays=stays, today=today)
    assert codes_of(result) == []
    if outcome is None:
        assert result.person is None
    else:
        assert result.person is not None
        assert [e.school for e in result.person.enrollments] == outcome
        assert [e.primary for e in result.person.enrollments] == [True, False][: len(outcome)]


def test_a_student_to_come_is_looked_at_again_on_the_day() -> None:
    assert student(stays=[{"entry_date": "2026-11-09"}]).revisit_on == date(2026, 11, 9)


def test_a_leaver_has_a_first_day_away() -> None:
    result = student(stays=[{"leave_date": "2026-10-16"}, {"site_id": 12}])
    assert result.person is not None
    assert result.person.status == "ended"
    assert [(e.school, e.drop_date) for e in result.person.enrollments] == [("LES", "2026-10-17")]


def test_an_enrollment_without_a_school_is_an_error() -> None:
    assert codes_of(student(stays=[{"site_id": None}])) == ["building_missing"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"first_name": None, "last_name": " "}, "name_missing"),
        ({"first_name": [1]}, "record_malformed"),
        ({"birth_date": "03/09/2017"}, "date_invalid"),
        ({"primary_ethnicity": 900}, "race_unmapped"),
        ({"is_hispanic": False}, "ethnicity_unmapped"),
        ({"primary_language": "Klingon"}, "language_unmapped"),
        ({"email": "none"}, "email_invalid"),
        ({"addresses": [1]}, "record_malformed"),
    ],
)
def test_what_is_wrong_with_a_student(row: dict[str, Any], code: str) -> None:
    assert codes_of(student(row)) == [code]


def test_a_student_without_an_address_lives_with_their_guardian() -> None:
    own = dict.fromkeys(("address", "city", "state", "zip", "phone"))
    result = student(own, ties=[{}])
    assert result.person is not None
    assert [(a.type, a.street) for a in result.person.addresses] == [
        ("home", "40 Mill Lane Apt 2"), ("mailing", "PO Box 7"),
    ]  # fmt: skip
    assert result.household is not None
    assert (result.household.hoh_last_name, result.household.hoh_home_phone) == ("Okafor", "5555550101")
    assert result.household.household_home_address == result.person.addresses[0]


def link(contact_id: str, **fields: Any) -> ContactLink:
    return ContactLink(person_id=person_id("lakeview", "illuminate:1", "contact", contact_id), **fields)


def test_links_to_contacts() -> None:
    father = {"contact_id": "902", "contact_type": None, "primary_contact": False, "resides_with": False}
    barred = {"contact_id": 903, "restraining_order": True, "primary_contact": True}
    nameless = {
        "contact_id": 904,
        "first_name": None,
        "last_name": "",
        "primary_contact": None,
        "is_legal": None,
    }
    result = student(ties=[nameless, father, barred, {}])
    assert result.person is not None
    assert result.person.contacts == (
        link("901", priority=1, relationship="Mother", lives_with=True),
        link("902", priority=2),
    )
    assert codes_of(result) == []


def test_the_head_of_the_household() -> None:
    stepfather = {"contact_id": 902, "first_name": "Ivo", "primary_contact": True, "primary_household": None}
    mother = {"primary_contact": None}
    away = {"contact_id": 903, "first_name": "Zed", "resides_with": None}
    result = student(ties=[stepfather, mother, away])
    assert result.household is not None
    assert result.household.hoh_first_name == "Tamsin"


# ------------------------------------------------------------------------------------------------------ contacts


def test_a_contact() -> None:
    result = contact({}, {"student_id": 40712, "email_address": None})
    assert result.issues == ()
    found = result.person
    assert found is not None
    assert (found.first_name, found.email, found.language) == ("Tamsin", "tamsin@example.org", "English")
    assert found.phones == (
        Phone(number="5555550101", type="home"),
        Phone(number="5555550102", type="work"),
        Phone(number="5555550103", type="mobile"),
    )
    assert [(a.type, a.street, a.postal_code) for a in found.addresses] == [
        ("home", "40 Mill Lane Apt 2", "90009"), ("mailing", "PO Box 7", "90009"),
    ]  # fmt: skip


def test_a_contact_kept_away_from_all_children_is_nobody() -> None:
    assert contact({"restraining_order": True}).person is None
    assert contact({"restraining_order": True}, {"student_id": 2}).person is not None


@pytest.mark.parametrize(
    "address", [{"address": "9 Elm", "zip": "90001"}, [{"address": "9 Elm", "zip": "90001"}]]
)
def test_an_address_may_be_an_object_or_a_list(address: Any) -> None:
    flat = {"address": "9 Elm", "zip": "90001"}
    for fields in ({"address": address}, flat):
        found = contact({"addresses": None, **fields}).person
        assert found is not None
        assert [(a.street, a.postal_code) for a in found.addresses] == [("9 Elm", "90001")]


# --------------------------------------------------------------------------------------------------------- staff


def test_staff() -> None:
    result = staff(sites=(410, 420, 12))
    assert result.issues == ()
    found = result.person
    assert found is not None
    assert (found.local_id, found.email, found.suffix) == ("4001", "ravi@example.org", "Jr")
    assert found.schools == ("LES", "RES")


@pytest.mark.parametrize(
    ("row", "sites", "roster", "status", "codes"),
    [
        ({}, (), True, "active", ["school_unknown"]),
        ({}, (), False, "active", []),
        ({}, (12,), True, None, []),
        ({"site_id": 410}, (), True, "active", []),
        ({"active": False}, (410,), True, "ended", []),
        ({"active": 0}, (410,), True, "ended", []),
        ({"active": None}, (410,), True, "active", []),
        ({"exit_date": "2026-11-01"}, (410,), True, "ended", []),
        ({"exit_date": "2026-11-02"}, (410,), True, "active", []),
    ],
)
def test_which_staff_are_there(
    row: dict[str, Any], sites: tuple[Any, ...], roster: bool, status: str | None, codes: list[str]
) -> None:
    result = staff(row, sites, with_roster=roster)
    assert (result.person and result.person.status, codes_of(result)) == (status, codes)


def test_staff_who_will_leave_are_looked_at_again() -> None:
    assert staff({"exit_date": "2026-11-30"}).revisit_on == date(2026, 12, 1)


def test_people_without_a_row_of_their_own_are_nobody() -> None:
    for key in (person_key("student", "1"), person_key("staff", "1"), person_key("contact", "1")):
        assert mapped(key).person is None
