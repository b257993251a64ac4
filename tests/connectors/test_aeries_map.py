"""Aeries people, quirk by quirk of its fact sheet."""

from __future__ import annotations

from datetime import date
from itertools import permutations
from typing import Any, get_args

import pytest

from rollcall.connectors.base import Page, records_of
from rollcall.domain.forms import EnrollmentCodeField
from rollcall.domain.person import Address, Enrollment, Household, Phone
from tests.connectors.build import codes_of, connector, encoded, mapped

STUDENT: dict[str, Any] = {
    "StudentID": 88400123, "OldStudentID": 0, "SchoolCode": 410, "StudentNumber": 57,
    "StateStudentID": "4412345678  ", "LastName": "Rivers", "FirstName": "Noor", "MiddleName": "Ana",
    "Gender": "F", "Grade": 3, "Birthdate": "2017-03-09T00:00:00", "ParentGuardianName": "Ms T Rivers",
    "HomePhone": "5555550148", "StudentMobilePhone": "",
    "MailingAddress": "PO Box 9", "MailingAddressCity": "Marsh Point", "MailingAddressState": "CA",
    "MailingAddressZipCode": "95990", "MailingAddressZipExt": "",
    "ResidenceAddress": "8 Reed Ln", "ResidenceAddressCity": "Marsh Point", "ResidenceAddressState": "CA",
    "ResidenceAddressZipCode": "95990", "ResidenceAddressZipExt": " ",
    "EthnicityCode": "Y", "RaceCode1": "700", "RaceCode2": "201", "RaceCode3": "", "RaceCode4": " ", "RaceCode5": "",
    "SchoolEnterDate": "2026-08-18T00:00:00", "SchoolLeaveDate": None, "AttendanceProgramCodePrimary": "",
    "InactiveStatusCode": " ", "FamilyKey": 2207, "HomeLanguageCode": "01",
    "StudentEmailAddress": "nrivers@stu.example.org", "HomeRoomTeacherNumber": "12",
}  # fmt: skip
CONTACT: dict[str, Any] = {
    "StudentID": 88400123, "SequenceNumber": 1, "SchoolCode": 410, "MailingName": "Tamsin Rivers",
    "NamePrefix": "", "FirstName": "Tamsin", "LastName": "Rivers", "MiddleName": "", "NameSuffix": " ",
    "Address": "", "AddressCity": "", "AddressState": "CA", "AddressZipCode": " ", "AddressZipExt": "",
    "RelationshipToStudentCode": "10", "LivesWithStudentIndicator": "Y", "RedFlag": False,
    "HomePhone": "5555550199", "WorkPhone": "", "CellPhone": "5555550177",
    "EmailAddress": "Tamsin.Rivers@example.com", "ContactOrder": 1, "CorrespondenceLanguageCode": "01",
}  # fmt: skip
STAFF: dict[str, Any] = {
    "SchoolAccessPermissions": [{"SchoolCode": 410}, {"SchoolCode": 999}], "Gender": "F", "EthnicityCode": "N",
    "RaceCode1": "", "NameSuffix": " ", "Address": "", "AddressState": "CA", "AddressZipCode": " ",
    "HomePhone": "", "ID": 410612, "FirstName": "Orla", "LastName": "Finch", "MiddleName": "", "BirthDate": None,
    "LeaveDate": None, "InactiveStatusCode": "", "StateEducatorID": "", "EmailAddress": "ofinch@example.org",
    "PrimaryAeriesSchool": 420, "CellPhone": "",
}  # fmt: skip


def student(*rows: dict[str, Any], contacts: tuple[dict[str, Any], ...] = (), **settings: Any) -> Any:
    records = {"students": rows or (STUDENT,), **({"contacts": contacts} if contacts else {})}
    return mapped(connector("aeries", **settings), "student:88400123", **records)


def at(school: int, **fields: Any) -> dict[str, Any]:
    return {**STUDENT, "SchoolCode": school, "StudentNumber": school + 1, **fields}


def places(result: Any) -> list[tuple[str, bool]]:
    return [(e.school, e.primary) for e in result.person.enrollments]


# -------------------------------------------------------------------------------------------------- students


def test_a_student() -> None:
    result = student()
    person = result.person
    assert result.issues == ()
    assert (person.source_id, person.local_id, person.state_id) == ("88400123", "88400123", "4412345678")
    assert (person.first_name, person.middle_name, person.last_name) == ("Noor", "Ana", "Rivers")
    assert (person.birth_date, person.gender, person.ethnicity) == ("2017-03-09", "Female", "Hispanic")
    assert (person.races, person.language, person.grade) == (("Asian", "White"), "Spanish", "03")
    assert (person.email, person.phones) == ("nrivers@stu.example.org", (Phone("5555550148", "home"),))
    assert [a.type for a in person.addresses] == ["home", "mailing"]
    assert person.enrollments == (
        Enrollment(school="LES", school_year="2026-27", grade="03", homeroom="12", start_date="2026-08-18"),
    )
    assert (person.pos_id, person.status) == (None, "active")
    assert result.household == Household(
        family_key="2207",
        hoh_first_name="T",
        hoh_last_name="Rivers",
        hoh_home_phone="5555550148",
        household_home_address=Address(
            street="8 Reed Ln", city="Marsh Point", state="CA", postal_code="95990"
        ),
    )


def test_the_local_id_as_pin() -> None:
    assert student(use_local_id_as_pin=True).person.pos_id == "88400123"


def test_zero_means_none() -> None:
    result = student(at(410, FamilyKey=0, HomeRoomTeacherNumber="0"))
    assert (result.household.family_key, result.person.enrollments[0].homeroom) == (None, None)


def test_null_and_missing_fields_are_no_values() -> None:
    bare = {
        "StudentID": "88400123",
        "SchoolCode": "410",
        "StudentNumber": "5",
        "LastName": "Rivers",
        "Grade": "3",
    }
    result = student(bare)
    assert (result.issues, result.person.addresses, result.person.races) == ((), (), ())
    nulls = {**dict.fromkeys(STUDENT), **bare}
    assert student(nulls) == result


def test_without_a_residence_the_household_lives_where_the_mail_goes() -> None:
    result = student(at(410, ResidenceAddress="", ResidenceAddressZipCode=" "))
    assert result.household.household_home_address.street == "PO Box 9"


@pytest.mark.parametrize(
    ("line", "first", "last"),
    [
        ("Ms T Rivers", "T", "Rivers"), ("M/M A Rivers", "A", "Rivers"), ("Mr. & Mrs. A B Rivers", "A B", "Rivers"),
        ("Tamsin Rivers", "Tamsin", "Rivers"), ("Rivers, Tamsin", "Tamsin", "Rivers"), ("Rivers", None, "Rivers"),
        ("Ana & Ivo Reed", "Ana Ivo", "Reed"), ("Ms", None, None), ("", None, None), (None, None, None),
    ],
)  # fmt: skip
def test_the_guardians_line(line: str | None, first: str | None, last: str | None) -> None:
    household = student(at(410, ParentGuardianName=line)).household
    assert (household.hoh_first_name, household.hoh_last_name) == (first, last)


# ---------------------------------------------------------------------------------- several rows per student


def test_the_later_of_two_schools_is_primary() -> None:
    rows = [at(410), at(420, SchoolEnterDate="2026-09-01T00:00:00")]
    for order in permutations(rows):
        assert places(student(*order)) == [("RES", True), ("LES", False)]


def test_at_a_tie_the_lowest_school_is_primary() -> None:
    for order in permutations([at(420), at(410)]):
        assert places(student(*order)) == [("LES", True), ("RES", False)]


def test_a_school_that_was_left_gives_no_enrollment() -> None:
    left = at(
        420, InactiveStatusCode="I", SchoolEnterDate="2026-10-01", SchoolLeaveDate="2026-10-20T00:00:00"
    )
    for order in permutations([left, at(410)]):
        result = student(*order)
        assert (places(result), result.person.status) == ([("LES", True)], "active")


def test_a_student_who_left_every_school_is_ended() -> None:
    first = at(410, InactiveStatusCode="N", SchoolLeaveDate="2026-09-01T00:00:00")
    last = at(420, InactiveStatusCode="I", SchoolLeaveDate="2026-10-20T00:00:00", Grade=17)
    for order in permutations([first, last, at(410, InactiveStatusCode="*", StudentNumber=9)]):
        result = student(*order)
        assert result.person.status == "ended"
        assert [(e.school, e.drop_date) for e in result.person.enrollments] == [("RES", "2026-10-20")]
        assert [(i.code, i.severity) for i in result.issues] == [("grade_level_unmapped", "warning")]


def test_pre_enrolled_rows_are_ignored() -> None:
    assert (
        student(at(410, InactiveStatusCode="*")).person,
        student(at(410, InactiveStatusCode="*")).issues,
    ) == (
        None,
        (),
    )
    assert places(student(at(410), at(420, InactiveStatusCode="* "))) == [("LES", True)]


BLANK, PRIMARY, ALTERNATE, OTHER = "", "P", "A", "X"


@pytest.mark.parametrize(
    ("primary", "alternate", "codes", "expected"),
    [
        ((), (), (BLANK, OTHER), [("LES", True), ("RES", False)]),
        ((), (), (OTHER, BLANK), [("RES", True), ("LES", False)]),
        ((), (ALTERNATE,), (ALTERNATE, BLANK), [("RES", True), ("LES", False)]),
        ((), (ALTERNATE,), (OTHER, BLANK), [("RES", True)]),
        ((), (ALTERNATE,), (ALTERNATE, OTHER), [("LES", True)]),
        ((PRIMARY,), (), (BLANK, PRIMARY), [("RES", True)]),
        ((PRIMARY,), (), (PRIMARY, PRIMARY), [("LES", True), ("RES", False)]),
        ((PRIMARY,), (ALTERNATE,), (ALTERNATE, PRIMARY), [("RES", True), ("LES", False)]),
        ((PRIMARY,), (ALTERNATE,), (ALTERNATE, ALTERNATE), [("LES", True), ("RES", False)]),
        ((BLANK, PRIMARY), (ALTERNATE,), (ALTERNATE, BLANK), [("RES", True), ("LES", False)]),
    ],
)
def test_primary_and_alternate_codes(
    primary: tuple[str, ...],
    alternate: tuple[str, ...],
    codes: tuple[str, str],
    expected: list[tuple[str, bool]],
) -> None:
    rows = [
        at(school, AttendanceProgramCodePrimary=code) for school, code in zip((410, 420), codes, strict=True)
    ]
    for order in permutations(rows):
        result = student(*order, primary_enrollment_codes=primary, alternate_enrollment_codes=alternate)
        assert places(result) == expected
        assert sum(e.primary for e in result.person.enrollments) == 1


CODE_FIELDS = get_args(EnrollmentCodeField)


@pytest.mark.parametrize("field", CODE_FIELDS)
def test_a_program_in_neither_list_is_not_loaded(field: str) -> None:
    result = student(at(410, **{field: "X "}), primary_enrollment_codes=("P",), enrollment_code_field=field)
    assert result.person is None
    assert [(i.severity, i.code, i.field, i.value) for i in result.issues] == [
        ("warning", "program_not_listed", field, "X")
    ]


@pytest.mark.parametrize("field", CODE_FIELDS)
def test_codes_are_read_from_the_chosen_field_alone(field: str) -> None:
    """Guards: the home building taken from a field that the district uses for something else."""
    others = {name: "A" for name in CODE_FIELDS if name != field}
    rows = (at(410, **others, **{field: "A"}), at(420, **others, **{field: "P"}))
    result = student(
        *rows,
        primary_enrollment_codes=("P",),
        alternate_enrollment_codes=("A",),
        enrollment_code_field=field,
    )
    assert places(result) == [("RES", True), ("LES", False)]


# ---------------------------------------------------------------------------------------------------- issues


@pytest.mark.parametrize(
    ("fields", "code", "severity"),
    [
        ({"SchoolCode": 430}, "building_unmapped", "error"),
        ({"Grade": 18}, "grade_level_unmapped", "error"),
        ({"Grade": None}, "grade_level_missing", "error"),
        ({"FirstName": " ", "LastName": ""}, "name_missing", "error"),
        ({"Gender": "N"}, "gender_unmapped", "warning"),
        ({"RaceCode3": "999"}, "race_unmapped", "warning"),
        ({"HomeLanguageCode": "77"}, "language_unmapped", "warning"),
        ({"EthnicityCode": "Q"}, "ethnicity_unmapped", "warning"),
        ({"ResidenceAddressState": "NV"}, "state_unmapped", "warning"),
        ({"Birthdate": "8/3/2020 12:00:00 AM"}, "date_invalid", "warning"),
        ({"StudentEmailAddress": "n/a"}, "email_invalid", "warning"),
        ({"LastName": ["Rivers"]}, "record_malformed", "error"),
        ({"Grade": {}}, "record_malformed", "error"),
    ],
)
def test_issues(fields: dict[str, Any], code: str, severity: str) -> None:
    result = student({**STUDENT, **fields})
    assert [(i.code, i.severity, i.source_id) for i in result.issues] == [(code, severity, "88400123")]
    assert (result.person is None) == (severity == "error")


# -------------------------------------------------------------------------------------------------- contacts


def keys(*rows: dict[str, Any]) -> list[str]:
    records = records_of(connector("aeries"), "contacts", Page(body=encoded(rows), cursor=None))
    return [record.people[1] for record in records]


def test_a_parent_of_three_children_is_one_person() -> None:
    rows = [
        CONTACT,
        {**CONTACT, "StudentID": 2, "SequenceNumber": 3, "EmailAddress": "tamsin.rivers@example.com "},
        {**CONTACT, "StudentID": 3, "FirstName": "TAMSIN ", "CellPhone": "", "HomePhone": ""},
    ]
    assert len(set(keys(*rows))) == 1
    assert keys(CONTACT)[0].startswith("contact:c-")
    assert len(keys(CONTACT)[0]) == len("contact:c-") + 16


def test_without_mail_the_telephone_tells() -> None:
    row = {**CONTACT, "EmailAddress": ""}
    assert len(set(keys(row, {**row, "StudentID": 2, "CellPhone": "(555) 555-0177", "HomePhone": ""}))) == 1
    assert len(set(keys({**row, "CellPhone": ""}, {**row, "StudentID": 2, "CellPhone": ""}))) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"FirstName": "Ivo"},
        {"EmailAddress": "other@example.com"},
        {"EmailAddress": "none", "CellPhone": "0000000000", "HomePhone": ""},
        {"FirstName": "", "LastName": "", "MailingName": ""},
    ],
)
def test_other_people(fields: dict[str, Any]) -> None:
    first, second = {**CONTACT, **fields}, {**CONTACT, **fields, "StudentID": 2}
    assert keys(CONTACT)[0] not in keys(first, second)
    if "@" not in first["EmailAddress"] or not first["LastName"]:
        assert len(set(keys(first, second))) == 2


def test_a_mailing_name_stands_in_for_the_name() -> None:
    row = {**CONTACT, "FirstName": "", "LastName": " ", "MailingName": "Mrs Tamsin Rivers"}
    assert keys(row) == keys(CONTACT)
    person = mapped(connector("aeries"), keys(row)[0], contacts=[row]).person
    assert person is not None
    assert (person.first_name, person.last_name) == ("Tamsin", "Rivers")


def test_the_fullest_row_speaks() -> None:
    bare = {**CONTACT, "StudentID": 1, "HomePhone": "", "CorrespondenceLanguageCode": ""}
    rows = [bare, CONTACT, {**CONTACT, "StudentID": 99999999, "CellPhone": "5555550000"}]
    results = [mapped(connector("aeries"), keys(CONTACT)[0], contacts=order) for order in permutations(rows)]
    assert all(result == results[0] for result in results)
    person = results[0].person
    assert person is not None
    assert person.phones == (Phone("5555550177", "mobile"), Phone("5555550199", "home"))
    assert (person.language, person.email, person.addresses) == ("Spanish", "Tamsin.Rivers@example.com", ())


def test_the_older_spelling_of_the_language() -> None:
    row = {k: v for k, v in CONTACT.items() if k != "CorrespondenceLanguageCode"}
    row["CorrespondanceLanguageCode"] = "00"
    person = mapped(connector("aeries"), keys(row)[0], contacts=[row]).person
    assert person is not None
    assert person.language == "English"


def test_links() -> None:
    father = {**CONTACT, "SequenceNumber": 2, "FirstName": "Ivo", "EmailAddress": "ivo@example.com", "ContactOrder": 2,
              "RelationshipToStudentCode": "77", "LivesWithStudentIndicator": ""}  # fmt: skip
    nameless = {**CONTACT, "SequenceNumber": 3, "FirstName": "", "LastName": "", "MailingName": " "}
    again = {**CONTACT, "SequenceNumber": 4, "ContactOrder": 9}
    results = [student(contacts=order) for order in permutations([father, CONTACT, nameless, again])]
    assert all(result == results[0] for result in results)
    found = results[0].person.contacts
    assert [(k.priority, k.relationship, k.lives_with) for k in found] == [
        (1, "Mother", True),
        (2, None, False),
    ]
    assert codes_of(results[0]) == ["relationship_unmapped"]


def test_a_contact_listed_by_two_schools_is_linked_once() -> None:
    result = student(contacts=(CONTACT, {**CONTACT, "SchoolCode": 420}))
    assert len(result.person.contacts) == 1


def test_contact_rows_of_two_schools_have_their_own_ids() -> None:
    page = Page(body=encoded([CONTACT, {**CONTACT, "SchoolCode": 420}]), cursor=None)
    records = records_of(connector("aeries"), "contacts", page)
    assert [r.id for r in records] == ["88400123-1-410", "88400123-1-420"]


def test_the_contact_record_heads_the_household() -> None:
    away = {
        **CONTACT,
        "SequenceNumber": 2,
        "FirstName": "Ivo",
        "ContactOrder": 0,
        "LivesWithStudentIndicator": " ",
    }
    settings = {"use_contact_record": True, "member_types": ("student",)}
    result = student(contacts=(away, CONTACT), **settings)
    household = result.household
    assert (household.hoh_first_name, household.hoh_home_phone) == ("Tamsin", "5555550199")
    assert result.person.phones == (Phone("5555550199", "home"),)
    assert result.person.contacts == ()
    without = student(contacts=(away,), **settings).household
    assert (without.hoh_first_name, without.hoh_home_phone) == ("T", "5555550148")
    assert [s.name for s in connector("aeries", **settings).streams] == ["students", "contacts"]
    assert student(contacts=(CONTACT,)).household.hoh_first_name == "T"


# ----------------------------------------------------------------------------------------------------- staff


def staff(**fields: Any) -> Any:
    return mapped(connector("aeries"), "staff:410612", staff=[{**STAFF, **fields}])


def test_a_member_of_staff() -> None:
    person = staff().person
    assert (person.source_id, person.local_id, person.email) == ("410612", "410612", "ofinch@example.org")
    assert (person.schools, person.status, person.suffix) == (("LES", "RES"), "active", None)


@pytest.mark.parametrize(
    ("fields", "status", "revisit_on"),
    [
        ({"InactiveStatusCode": "I"}, "ended", None),
        ({"LeaveDate": "2026-11-01T00:00:00"}, "ended", None),
        ({"LeaveDate": "2026-11-02T00:00:00"}, "active", date(2026, 11, 3)),
        ({"LeaveDate": "2027-06-01T00:00:00"}, "active", date(2027, 6, 2)),
    ],
)
def test_staff_who_leave(fields: dict[str, Any], status: str, revisit_on: date | None) -> None:
    result = staff(**fields)
    assert (result.person.status, result.revisit_on) == (status, revisit_on)


@pytest.mark.parametrize("permissions", [None, [], [{"SchoolCode": 0}], [{"SchoolCode": 999}]])
def test_staff_of_no_mapped_school_are_not_loaded(permissions: Any) -> None:
    result = staff(PrimaryAeriesSchool=0, SchoolAccessPermissions=permissions)
    assert (result.person, result.issues) == (None, ())
