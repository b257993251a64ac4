"""The OneRoster package, read by nothing of ours: the csv module and the rules of the standard (fact sheet §7)."""

import csv
import io
import re
import zipfile
from typing import Any

import pytest

from rollcall.domain.person import Enrollment, Person
from simulators.oneroster.package import FILES, HEADERS, USERS
from tests.support.exports import Office, small_district, stored

ROLES = {"administrator", "aide", "guardian", "parent", "proctor", "relative", "student", "teacher"}
REFERENCES = {
    "orgs": {"parentSourcedId": "orgs"},
    "academicSessions": {"parentSourcedId": "academicSessions"},
    "courses": {"orgSourcedId": "orgs", "schoolYearSourcedId": "academicSessions"},
    "classes": {
        "courseSourcedId": "courses",
        "schoolSourcedId": "orgs",
        "termSourcedIds": "academicSessions",
    },
    "enrollments": {"classSourcedId": "classes", "schoolSourcedId": "orgs", "userSourcedId": "users"},
    "users": {"orgSourcedIds": "orgs", "agentSourcedIds": "users"},
    "demographics": {"sourcedId": "users"},
}
REQUIRED = {
    "orgs": ("sourcedId", "name", "type"),
    "academicSessions": ("sourcedId", "title", "type", "startDate", "endDate", "schoolYear"),
    "courses": ("sourcedId", "title", "orgSourcedId"),
    "classes": ("sourcedId", "title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
    "enrollments": ("sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
    "users": ("sourcedId", "enabledUser", "orgSourcedIds", "role", "username", "givenName", "familyName"),
    "demographics": ("sourcedId",),
}
CEDS = re.compile(r"IT|PR|PK|TK|KG|0[1-9]|1[0-3]|PS|UG|Other")


def check(data: bytes) -> dict[str, list[dict[str, str]]]:
    """A strict reader: everything that the standard asks of a bulk package; returns its rows."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        texts = {name: package.read(name).decode("utf-8") for name in package.namelist()}
    assert all("/" not in name and name.endswith(".csv") for name in texts)
    assert all(text.endswith("\r\n") and not text.startswith("\ufeff") for text in texts.values())
    parsed = {
        name.removesuffix(".csv"): list(csv.reader(io.StringIO(text, newline=""), strict=True))
        for name, text in texts.items()
    }
    manifest = dict(parsed.pop("manifest")[1:])
    assert (manifest["manifest.version"], manifest["oneroster.version"]) == ("1.0", "1.1")
    modes = {name: manifest[f"file.{name}"] for name in FILES["1.1"]}
    assert {name for name, mode in modes.items() if mode == "bulk"} == set(parsed)
    assert set(modes.values()) <= {"bulk", "absent"}
    tables = {}
    for name, (header, *rows) in parsed.items():
        said = {**HEADERS, "users": USERS["1.1"]}[name]
        assert header == ["sourcedId", "status", "dateLastModified", *said.split(",")], name
        assert all(len(row) == len(header) for row in rows), name
        tables[name] = [dict(zip(header, row, strict=True)) for row in rows]
    _check_rows(tables)
    return tables


def _check_rows(tables: dict[str, list[dict[str, str]]]) -> None:
    ids = {name: [row["sourcedId"] for row in rows] for name, rows in tables.items()}
    for name, rows in tables.items():
        assert len(set(ids[name])) == len(ids[name]), f"{name} has an id twice"
        for row in rows:
            assert (row["status"], row["dateLastModified"]) == ("", "")
            assert all(row[column] for column in REQUIRED[name]), (name, row)
            for column, target in REFERENCES[name].items():
                assert set(filter(None, row[column].split(","))) <= set(ids[target]), (name, column)
    for user in tables["users"]:
        assert user["role"] in ROLES
        assert user["enabledUser"] in ("true", "false")
        assert all(CEDS.fullmatch(grade) for grade in user["grades"].split(",") if grade)
    assert len({user["username"] for user in tables["users"]}) == len(tables["users"])


def test_the_package_for_the_nutrition_application(office: Office) -> None:
    tables = check(office.file("oneroster"))
    users = {row["sourcedId"]: row for row in tables["users"]}
    assert list(users) == ["per_s2", "per_s1", "per_t1", "per_c3", "per_c1", "per_c2"], (
        "by type and name; no leaver"
    )
    noor = users["per_s1"]
    orgs = {row["sourcedId"]: row["identifier"] for row in tables["orgs"]}
    assert [orgs[org] for org in noor["orgSourcedIds"].split(",")] == ["ELM", "OAK"], (
        "the primary school first"
    )
    assert (noor["userIds"], noor["identifier"], noor["grades"]) == ("{stateId:9000000001}", "1001", "05")
    assert noor["agentSourcedIds"] == "per_c1,per_c2,per_c3"
    assert users["per_c2"]["agentSourcedIds"] == "per_s2,per_s1", "a guardian names the students too"
    assert {i: users[i]["role"] for i in ("per_c1", "per_c2", "per_c3", "per_t1")} == {
        "per_c1": "parent", "per_c2": "parent", "per_c3": "relative", "per_t1": "teacher",
    }  # fmt: skip
    assert (users["per_c1"]["sms"], users["per_c1"]["phone"]) == ("2095550102", "2095550103")
    about = {row["sourcedId"]: row for row in tables["demographics"]}["per_s1"]
    assert {name: value for name, value in about.items() if value} == {
        "sourcedId": "per_s1", "birthDate": "2016-03-04", "sex": "female", "asian": "true", "white": "true",
        "americanIndianOrAlaskaNative": "false", "blackOrAfricanAmerican": "false",
        "nativeHawaiianOrOtherPacificIslander": "false", "demographicRaceTwoOrMoreRaces": "true",
        "hispanicOrLatinoEthnicity": "false",
    }  # fmt: skip
    (enrolled,) = [row for row in tables["enrollments"] if row["userSourcedId"] == "per_s1"]
    (room,) = [row for row in tables["classes"] if row["sourcedId"] == enrolled["classSourcedId"]]
    assert (room["title"], room["classType"], orgs[room["schoolSourcedId"]]) == ("R12", "homeroom", "ELM")
    assert enrolled["beginDate"] == "2026-08-20"
    year = next(row for row in tables["academicSessions"] if row["type"] == "schoolYear")
    assert (year["startDate"], year["endDate"], year["schoolYear"]) == ("2026-07-01", "2027-06-30", "2027")


def test_the_package_for_the_media_application(office: Office) -> None:
    """Absence from a bulk package means deletion, so the leaver is in it, disabled; the blocked are not."""
    tables = check(office.file("oneroster", destination="media"))
    assert "demographics" not in tables
    users = {row["sourcedId"]: row for row in tables["users"]}
    assert {i: (row["identifier"], row["enabledUser"]) for i, row in users.items()} == {
        "per_s2": ("S1002", "true"),
        "per_s3": ("S1003", "false"),
        "per_s1": ("S1001", "true"),
        "per_t1": ("T5011", "true"),
        "per_c2": ("P7002", "true"),
    }
    assert users["per_s1"]["agentSourcedIds"] == "per_t1,per_c2", "the teacher stands for the mother"
    assert users["per_t1"]["agentSourcedIds"] == "per_s1"
    assert {row["userIds"] + row["sms"] + row["phone"] for row in users.values()} == {""}


def test_the_same_people_give_the_same_bytes(office: Office) -> None:
    other = Office()
    other.people.put_many(list(reversed(small_district())))
    assert other.file("oneroster") == office.file("oneroster")


def test_a_district_without_homerooms_or_people() -> None:
    tables = check(Office().file("oneroster"))
    assert {name: len(rows) for name, rows in tables.items() if rows} == {"orgs": 1, "academicSessions": 2}


@pytest.mark.parametrize(
    ("grade", "said"),
    [("K", "KG"), ("TK", "TK"), ("PK", "PK"), ("1", "01"), ("12", "12"), ("Adult", "Other"), (None, "")],
)
def test_grades_are_those_of_ceds(grade: str | None, said: str) -> None:
    office = Office()
    office.people.put_many([one(grade=grade)])
    assert office.tables()["users"][0]["grades"] == said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"races": ("Asian", "Black or African American")}, ("asian", "blackOrAfricanAmerican")),
        ({"races": ("Two or More Races",)}, ()),
        ({"races": ("purple",)}, None),
        ({}, None),
    ],
)
def test_races_are_flags_and_what_is_unknown_stays_blank(fields: dict[str, Any], said: Any) -> None:
    office = Office()
    office.people.put_many([one(gender="X", ethnicity="?", **fields)])
    (row,) = office.tables()["demographics"]
    assert (row["sex"], row["hispanicOrLatinoEthnicity"]) == ("", "")
    flags = {name: row[name] for name in list(row)[5:10]}
    if said is None:
        assert set(flags.values()) == {""}
    else:
        assert flags == {name: "true" if name in said else "false" for name in flags}
        assert row["demographicRaceTwoOrMoreRaces"] == "true"


def test_an_id_that_would_break_a_list_is_left_out() -> None:
    office = Office()
    place = Enrollment(school="Elm, north", homeroom="1, 2")
    office.people.put_many([one(state_id="1},{x:2", enrollments=(place,))])
    tables = check(office.file("oneroster"))
    assert tables["users"][0]["userIds"] == ""
    assert tables["classes"][0]["title"] == "1, 2"
    assert "Elm, north" in {row["identifier"] for row in tables["orgs"]}


def one(**fields: Any) -> Any:
    return stored("s1", Person(type="student", source_id="1", first_name="Ann", last_name="Ash", **fields))
