"""OneRoster users as people, on literal records."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rollcall.connectors.base import Page, Survey, records_of
from rollcall.domain.mapping import Lookup
from rollcall.domain.person import Enrollment, Mapped, Person, Phone
from tests.connectors.build import TODAY, codes_of, connector, encoded, lookup, lookups

SCHOOLS = {"o-1": "101", "o-2": "102", "o-9": "999"}
SURVEY = Survey(parts=[], reference={"schools": SCHOOLS})
STUDENT: dict[str, Any] = {
    "sourcedId": "u-1",
    "status": "active",
    "dateLastModified": "2026-09-02T11:20:31.000Z",
    "role": "student",
    "givenName": " Petra ",
    "middleName": "",
    "familyName": "Quill",
    "identifier": "104417",
    "userIds": [{"type": "NYSSIS", "identifier": "9012345678"}, {"type": "State ID", "identifier": None}],
    "email": "pquill@example.org",
    "sms": "",
    "phone": "555-555-0102",
    "grades": ["03"],
    "orgs": [{"href": "https://h/orgs/o-1", "sourcedId": "o-1", "type": "org"}],
    "agents": [{"sourcedId": "u-91", "type": "user"}, {"sourcedId": None}, {"sourcedId": "u-90"}],
}
PARENT: dict[str, Any] = {
    "sourcedId": "u-90",
    "status": "active",
    "role": "parent",
    "givenName": "Tamsin",
    "familyName": "Quill",
    "email": "tamsin@example.org",
    "sms": "555 555 0177",
    "phone": "555 555 0100",
    "orgs": None,
    "agents": [{"sourcedId": "u-1"}],
}
OTHER = {**PARENT, "sourcedId": "u-91", "role": "guardian", "givenName": "Ivo", "phone": "", "sms": ""}
ABOUT: dict[str, Any] = {
    "sourcedId": "u-1",
    "status": "active",
    "birthDate": "2017-03-09T00:00:00.000Z",
    "sex": "female",
    "asian": "true",
    "white": "false",
    "demographicRaceTwoOrMoreRaces": "false",
    "hispanicOrLatinoEthnicity": "false",
}


def codes() -> dict[str, Lookup]:
    return {
        **lookups(),
        "grade_level": lookup("grade_level", {"03": "3", "KG": "K"}),
        "gender": lookup("gender", {"female": "Female", "male": "Male"}),
        "ethnicity": lookup("ethnicity", {"true": "Hispanic", "false": "Not Hispanic"}),
        "race": lookup("race", {"asian": "Asian", "white": "White", "demographicRaceTwoOrMoreRaces": "Two"}),
        "relationship": lookup("relationship", {"parent": "Parent", "guardian": "Guardian"}),
    }


def mapped(key: str, system: str = "oneroster", today: date = TODAY, **records: Any) -> Mapped:
    raw = {name: [r if isinstance(r, bytes) else encoded(r) for r in rows] for name, rows in records.items()}
    return connector(system, codes=codes()).map(key, raw, SURVEY, today)


def student(
    *users: Any, about: Any = None, system: str = "oneroster", today: date = TODAY, **changes: Any
) -> Mapped:
    records: dict[str, Any] = {"students": [{**STUDENT, **changes}], "users": users}
    if about is not None:
        records["demographics"] = [about]
    return mapped("student:u-1", system, today, **records)


def person(result: Mapped) -> Person:
    assert result.person is not None, result.issues
    return result.person


def test_a_student() -> None:
    result = student(PARENT, OTHER, about=ABOUT, system="schooltool")
    found = person(result)
    assert result.issues == ()
    assert (found.local_id, found.state_id) == ("104417", "9012345678")
    assert (found.first_name, found.middle_name, found.last_name) == ("Petra", None, "Quill")
    assert (found.birth_date, found.gender, found.ethnicity, found.races) == (
        "2017-03-09", "Female", "Not Hispanic", ("Asian",),
    )  # fmt: skip
    assert found.phones == (Phone(number="5555550102", type="other"),)
    assert found.enrollments == (Enrollment(school="LMS", school_year="2026-27", grade="3"),)
    assert found.grade == "3"
    assert [(c.priority, c.relationship, c.lives_with) for c in found.contacts] == [
        (1, "Guardian", False),
        (2, "Parent", False),
    ]
    assert result.household is not None
    assert (result.household.hoh_first_name, result.household.hoh_home_phone) == ("Ivo", "5555550102")


@pytest.mark.parametrize(
    ("changes", "about"),
    [
        ({}, {"birthDate": None, "birthdate": "2017-03-09"}),
        ({}, {"asian": True, "white": False, "hispanicOrLatinoEthnicity": False}),
        ({"grades": "03"}, {}),
        ({"grades": [None, "03", "KG"]}, {}),
        ({"roles": []}, {}),
        ({"role": "Student", "status": "ACTIVE"}, {}),
    ],
)
def test_other_spellings_are_the_same_student(changes: Any, about: Any) -> None:
    assert student(about={**ABOUT, **about}, **changes) == student(about=ABOUT)


def test_without_demographics_the_rest_is_loaded() -> None:
    found = person(student(PARENT))
    assert (found.birth_date, found.gender, found.ethnicity, found.races) == (None, None, None, ())


@pytest.mark.parametrize(
    ("about", "races"),
    [
        ({"white": "true"}, ("Asian", "White")),
        ({"white": "true", "demographicRaceTwoOrMoreRaces": "true"}, ("Asian", "White")),
        ({"asian": "", "demographicRaceTwoOrMoreRaces": "true"}, ("Two",)),
        ({"asian": None}, ()),
        ({"status": "tobedeleted"}, ()),
    ],
)
def test_races_are_the_fields_that_are_true(about: Any, races: tuple[str, ...]) -> None:
    assert person(student(about={**ABOUT, **about})).races == races


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "tobedeleted"},
        {"status": "inactive"},
        {"role": "teacher"},
        {"orgs": [{"sourcedId": "o-9"}]},
    ],
)
def test_who_is_not_in_the_file(changes: Any) -> None:
    assert student(**changes) == Mapped(person=None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"orgs": None}, "building_missing"),
        ({"orgs": [{"sourcedId": "district"}]}, "building_missing"),
        ({"grades": []}, "grade_level_missing"),
        ({"grades": ["12"]}, "grade_level_unmapped"),
        ({"givenName": "", "familyName": None}, "name_missing"),
        ({"givenName": {"x": 1}}, "record_malformed"),
        ({"orgs": "o-1"}, "record_malformed"),
    ],
)
def test_who_cannot_be_placed(changes: Any, code: str) -> None:
    result = student(**changes)
    assert result.person is None
    assert codes_of(result) == [code]


def test_several_schools_the_first_is_home() -> None:
    found = person(student(orgs=[{"sourcedId": i} for i in ("d", "o-2", "o-9", "o-1", "o-2")]))
    assert [(e.school, e.primary) for e in found.enrollments] == [("LHS", True), ("LMS", False)]


def roles(*some: Any) -> dict[str, Any]:
    return {"role": None, "orgs": None, "roles": [
        {"role": role, "roleType": kind, "org": {"sourcedId": org}, "beginDate": begin, "endDate": end}
        for role, kind, org, begin, end in some
    ]}  # fmt: skip


def test_1_2_roles_say_where_and_since_when() -> None:
    both = roles(
        ("student", "secondary", "o-1", None, None), ("student", "primary", "o-2", "2026-08-18", "2027-06-09")
    )
    found = person(student(**both))
    assert [(e.school, e.start_date, e.primary) for e in found.enrollments] == [
        ("LHS", "2026-08-18", True),
        ("LMS", None, False),
    ]
    home = person(student(**both, primaryOrg={"sourcedId": "o-1"}))
    assert [(e.school, e.primary) for e in home.enrollments] == [("LMS", True), ("LHS", False)]


def test_1_2_roles_end_before_their_last_day_and_begin_later() -> None:
    stay = roles(("student", "primary", "o-1", "2026-11-10", "2026-11-20"))
    before, during = student(**stay), student(**stay, today=date(2026, 11, 10))
    assert (before.person, before.revisit_on) == (None, date(2026, 11, 10))
    assert during.person is not None
    assert during.revisit_on == date(2026, 11, 20)
    assert student(**stay, today=date(2026, 11, 20)) == Mapped(person=None)


def test_ties_that_only_one_side_tells_of() -> None:
    assert [c.priority for c in person(student(PARENT, agents=None)).contacts] == [1]
    alone = person(student(agents=[{"sourcedId": "u-90"}]))
    assert [c.relationship for c in alone.contacts] == [None]


@pytest.mark.parametrize("changes", [{"status": "tobedeleted"}, {"role": "teacher"}])
def test_a_tie_to_somebody_who_is_no_guardian_any_more(changes: Any) -> None:
    assert person(student({**PARENT, **changes}, agents=[{"sourcedId": "u-90"}])).contacts == ()


def test_a_guardian_that_cannot_be_read_costs_the_student_nothing() -> None:
    broken = {**OTHER, "phone": [1]}
    assert [c.relationship for c in person(student(PARENT, broken)).contacts] == [None, "Parent"]
    assert codes_of(mapped("contact:u-91", users=[broken])) == ["record_malformed"]


def test_contacts() -> None:
    found = person(mapped("contact:u-90", users=[PARENT]))
    assert (found.first_name, found.email) == ("Tamsin", "tamsin@example.org")
    assert [(p.number, p.type) for p in found.phones] == [("5555550100", "other"), ("5555550177", "mobile")]
    for changes in ({"status": "tobedeleted"}, {"role": "proctor"}):
        assert mapped("contact:u-90", users=[{**PARENT, **changes}]) == Mapped(person=None)


@pytest.mark.parametrize("role", ["teacher", "administrator", "aide"])
def test_staff_of_1_1(role: str) -> None:
    found = person(mapped("staff:u-1", users=[{**STUDENT, "role": role}]))
    assert (found.schools, found.local_id) == (("LMS",), "104417")


def test_staff_of_1_2_and_elsewhere() -> None:
    where = roles(
        ("principal", "primary", "o-2", None, None),
        ("siteAdministrator", "secondary", "o-1", None, None),
        ("teacher", "secondary", "o-9", None, None),
    )
    assert person(mapped("staff:u-1", users=[{**STUDENT, **where}])).schools == ("LHS", "LMS")
    away = roles(("teacher", "primary", "o-9", None, None))
    assert mapped("staff:u-1", users=[{**STUDENT, **away}]) == Mapped(person=None)


def people(stream: str, row: Any) -> tuple[str, ...]:
    key = "demographics" if stream == "demographics" else "users"
    (record,) = records_of(connector("oneroster"), stream, Page(body=encoded({key: [row]}), cursor=None))
    return record.people


def test_whom_a_record_speaks_of() -> None:
    assert people("students", STUDENT) == ("student:u-1", "contact:u-91", "contact:u-90")
    assert people("users", PARENT) == ("contact:u-90", "student:u-1")
    assert people("users", STUDENT) == ()
    assert people("users", {**STUDENT, "role": "teacher"}) == ("staff:u-1",)
    assert people("users", {**STUDENT, "role": "proctor"}) == ()
    both = roles(("teacher", "primary", "o-1", None, None), ("parent", "secondary", "o-1", None, None))
    assert people("users", {**PARENT, **both}) == ("contact:u-90", "staff:u-90", "student:u-1")
    assert people("demographics", ABOUT) == ("student:u-1",)


@pytest.mark.parametrize("changes", [{"role": [1]}, {"role": None}, {"roles": "x"}, {"roles": [{"role": 1}]}])
def test_a_role_that_cannot_be_read_is_not_lost(changes: Any) -> None:
    assert {"contact:u-90", "staff:u-90"} <= set(people("users", {**PARENT, **changes}))


@pytest.mark.parametrize("agents", ["x", [1, None, {}, {"sourcedId": [1]}], None, {"sourcedId": "u-1"}])
def test_agents_that_cannot_be_read_are_none(agents: Any) -> None:
    assert people("users", {**PARENT, "agents": agents}) == ("contact:u-90",)


@pytest.mark.parametrize("field", ["role", "givenName", "agents"])
def test_bytes_that_are_no_text_cost_one_record(field: str) -> None:
    rows = encoded([{**PARENT, field: "@"}, OTHER]).replace(b'"@"', b'"\xff"')
    found = records_of(connector("oneroster"), "users", Page(body=b'{"users":' + rows + b"}", cursor=None))
    assert [record.id for record in found] == ["u-90", "u-91"]
    assert "contact:u-90" in found[0].people
    assert codes_of(mapped("contact:u-90", users=[bytes(found[0].raw)])) == ["record_malformed"]
