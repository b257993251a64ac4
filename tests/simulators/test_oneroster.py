"""What the OneRoster simulator says of the district, in 1.1 and 1.2."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from simulators import oneroster
from simulators.district import District, generate, truth
from simulators.inprocess import call
from simulators.oneroster.options import PATHS, SCOPES
from tests.simulators.calls import Caller, basic

FORM = "application/x-www-form-urlencoded"
ENVELOPES = {"schools": "orgs", "students": "users", "teachers": "users", "terms": "academicSessions"}
ENVELOPES |= {"gradingPeriods": "academicSessions"}


def roster(district: District, version: str = "1.1", **switches: Any) -> Caller:
    """A caller with a token for everything in one version."""
    return caller(oneroster.create_app(district, oneroster.Options(advertised=version, **switches)), version)


def caller(app: Any, version: str = "1.1", scope: str | None = None) -> Caller:
    scopes = " ".join(SCOPES[version]) if scope is None else scope
    headers = {"Authorization": basic(app), "Content-Type": FORM}
    body = f"grant_type=client_credentials&scope={scopes}".encode()
    base = app.roster.options.prefix + PATHS[version]
    status, _, answer = call(app, "POST", f"{base}/token", headers=headers, body=body)
    assert status == 200, answer
    token = msgspec.json.decode(answer)["access_token"]
    return Caller(app, base, {"Authorization": f"Bearer {token}"})


def all_of(client: Caller, name: str, query: str = "") -> list[dict[str, Any]]:
    """Every page until one is empty: that survives every kind of server but one that ignores the offset."""
    found: list[dict[str, Any]] = []
    while True:
        page = client.get(f"/{name}", f"limit=1000&offset={len(found)}&{query}")[ENVELOPES.get(name, name)]
        if not page:
            return found
        found += page


@pytest.fixture(scope="session")
def old(shared: District) -> Caller:
    return roster(shared)


@pytest.fixture(scope="session")
def new(shared: District) -> Caller:
    return roster(shared, "1.2")


def by_identifier(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["identifier"]: row for row in rows}


def test_students_are_those_of_the_truth(shared: District, old: Caller):
    rows = by_identifier(all_of(old, "students"))
    facts = {s["local_id"]: s for s in truth(shared, "students")["students"]}
    active = {key for key, row in rows.items() if row["status"] == "active"}
    assert active == {key for key, fact in facts.items() if fact["active"]}
    for key in active:
        row, fact = rows[key], facts[key]
        assert (row["givenName"], row["familyName"]) == (fact["first_name"], fact["last_name"])
        assert row.get("email", "") == fact["email"]
        assert row["role"] == "student"
        assert row["enabledUser"] == "true"
        schools = [e["school_code"] for e in fact["enrollments"] if e["active"]]
        ids = {f"org-{shared.school(code).id}" for code in schools}  # type: ignore[union-attr]
        assert {ref["sourcedId"] for ref in row["orgs"]} == ids


def test_who_left_this_year_is_to_be_deleted_and_earlier_years_are_not_shown(shared: District, old: Caller):
    rows = by_identifier(all_of(old, "students"))
    status = {s.local_id: s.status for s in shared.students}
    gone = {key for key, row in rows.items() if row["status"] == "tobedeleted"}
    assert {status[key] for key in gone} == {"transferred", "inactive"}
    missing = {status[key] for key in status.keys() - rows.keys()}
    assert missing == {"graduated", "preregistered", "historical"}
    assert all(rows[key]["enabledUser"] == "false" for key in gone)


def test_what_is_gone_may_vanish_or_be_called_inactive(shared: District):
    assert {row["status"] for row in all_of(roster(shared, deleted="absent"), "users")} == {"active"}
    assert {row["status"] for row in all_of(roster(shared, deleted="inactive"), "users")} == {
        "active",
        "inactive",
    }


def test_guardians_are_agents_both_ways(shared: District, old: Caller):
    users = {row["sourcedId"]: row for row in all_of(old, "users")}
    for student in shared.students:
        if not student.active:
            continue
        row = users[f"student-{student.id}"]
        agents = [ref["sourcedId"] for ref in row["agents"]]
        assert agents == [f"guardian-{ln.guardian_id}" for ln in student.links if ln.current(shared.today)]
        for agent in agents:
            assert users[agent]["role"] in ("parent", "guardian", "relative")
            assert row["sourcedId"] in [ref["sourcedId"] for ref in users[agent]["agents"]]
    assert {"parent", "guardian", "relative"} <= {row["role"] for row in users.values()}


def test_roles_and_a_primary_org_replace_role_and_orgs_in_1_2(shared: District, new: Caller):
    rows = all_of(new, "users")
    assert not any({"role", "orgs"} & row.keys() for row in rows)
    concurrent = next(s for s in shared.students if s.active and sum(e.active for e in s.enrollments) == 2)
    row = next(row for row in rows if row["sourcedId"] == f"student-{concurrent.id}")
    assert [role["roleType"] for role in row["roles"]] == ["primary", "secondary"]
    assert row["primaryOrg"] == row["roles"][0]["org"]
    assert any(row.get("preferredFirstName") for row in rows)
    assert {"counselor", "districtAdministrator"} <= {r["role"] for row in rows for r in row["roles"]}


def test_an_employee_who_is_a_parent_may_be_one_user(shared: District):
    rows = {r["sourcedId"]: r for r in all_of(roster(shared, "1.2", merged_people=True), "users")}
    member = next(
        m for m in shared.staff if m.active and m.guardian_id and rows[f"staff-{m.id}"].get("agents")
    )
    assert f"guardian-{member.guardian_id}" not in rows
    roles = [role["role"] for role in rows[f"staff-{member.id}"]["roles"]]
    assert len(set(roles)) == 2
    child = rows[rows[f"staff-{member.id}"]["agents"][0]["sourcedId"]]
    assert f"staff-{member.id}" in [ref["sourcedId"] for ref in child["agents"]]


def test_demographics_are_flags_and_words(shared: District, old: Caller, new: Caller):
    old_rows = {row["sourcedId"]: row for row in all_of(old, "demographics")}
    new_rows = {row["sourcedId"]: row for row in all_of(new, "demographics")}
    seen = set()
    for student in shared.students:
        row = old_rows.get(f"student-{student.id}")
        if row is None:
            continue
        later = new_rows[row["sourcedId"]]
        seen.add(later["sex"])
        assert row.get("birthDate") == (student.birth_date.isoformat() if student.birth_date else None)
        assert row.get("sex", "") == (student.gender if student.gender in ("male", "female") else "")
        words = {"hispanic": "true", "not_hispanic": "false", "": None}
        assert row.get("hispanicOrLatinoEthnicity") == words[student.ethnicity]
        assert row["white"] == str("white" in student.races).lower()
    assert seen == {"male", "female", "other", "unspecified"}
    assert any(row["demographicRaceTwoOrMoreRaces"] == "true" for row in old_rows.values())
    one = old.get(f"/demographics/{next(iter(old_rows))}")
    assert one["demographics"]["sourcedId"] == next(iter(old_rows))


def test_other_shapes_of_the_same_values(shared: District):
    client = roster(shared, json_booleans=True, legacy_birthdate=True, date_times=True, blanks="null")
    row = client.get("/demographics", "limit=1")["demographics"][0]
    assert row["birthdate"].endswith("T00:00:00.000Z")
    assert "birthDate" not in row
    assert isinstance(row["white"], bool)
    assert client.get("/students", "limit=1")["users"][0]["password"] is None


def test_orgs_sessions_classes_and_enrollments_hang_together(shared: District, old: Caller):
    orgs = {row["sourcedId"]: row for row in all_of(old, "orgs")}
    assert {row["type"] for row in orgs.values()} == {"district", "department", "school"}
    assert {row["type"] for row in all_of(old, "schools")} == {"school"}
    assert len(all_of(old, "terms")) == 2
    assert len(all_of(old, "gradingPeriods")) == 4
    assert {row["schoolYear"] for row in all_of(old, "academicSessions")} == {"2027"}
    classes = {row["sourcedId"]: row for row in all_of(old, "classes")}
    users = {row["sourcedId"] for row in all_of(old, "users")}
    courses = {row["sourcedId"] for row in all_of(old, "courses")}
    assert {row["classType"] for row in classes.values()} == {"homeroom", "scheduled"}
    assert all(row["course"]["sourcedId"] in courses for row in classes.values())
    enrollments = all_of(old, "enrollments")
    assert {row["role"] for row in enrollments} == {"student", "teacher"}
    for row in enrollments:
        assert row["class"]["sourcedId"] in classes
        assert row["user"]["sourcedId"] in users
        assert row["school"] == classes[row["class"]["sourcedId"]]["school"]
    assert {row["primary"] for row in enrollments if row["role"] == "student"} == {"false"}
    without = {s.id for s in shared.students if s.active and not any(e.homeroom for e in s.enrollments)}
    assert without
    assert all(f"student-{key}" in users for key in without), "no class, and still a student"


def test_the_end_of_an_enrollment_is_exclusive(shared: District, old: Caller):
    gone = next(s for s in shared.students if s.status == "transferred" and s.home.homeroom)
    rows = [r for r in all_of(old, "enrollments") if r["user"]["sourcedId"] == f"student-{gone.id}"]
    assert gone.home.exit is not None
    assert {(r["status"], r["endDate"]) for r in rows} == {("tobedeleted", "2026-10-10")}
    assert gone.home.exit.isoformat() == "2026-10-09"


def test_nested_resources_agree_with_the_collections(old: Caller):
    school = all_of(old, "schools")[0]["sourcedId"]
    students = [r for r in all_of(old, "students") if school in [o["sourcedId"] for o in r["orgs"]]]
    query = "limit=1000"
    assert old.get(f"/schools/{school}/students", query)["users"] == students
    classes = old.get(f"/schools/{school}/classes", query)["classes"]
    one = classes[0]["sourcedId"]
    assert {row["school"]["sourcedId"] for row in classes} == {school}
    members = old.get(f"/classes/{one}/students")["users"]
    assert members == old.get(f"/schools/{school}/classes/{one}/students")["users"]
    assert old.get(f"/schools/{school}/classes/{one}/enrollments")["enrollments"]
    student = members[0]["sourcedId"]
    for owner in ("students", "users"):
        assert one in [row["sourcedId"] for row in old.get(f"/{owner}/{student}/classes")["classes"]]
    course = classes[0]["course"]["sourcedId"]
    assert classes[0] in old.get(f"/courses/{course}/classes", query)["classes"]
    term = old.get(f"/schools/{school}/terms")["academicSessions"][0]["sourcedId"]
    assert len(old.get(f"/terms/{term}/gradingPeriods")["academicSessions"]) == 2
    assert old.get(f"/terms/{term}/classes")["classes"]
    assert old.get(f"/schools/{school}/courses")["courses"]
    assert old.get(f"/schools/{school}/teachers")["users"]
    assert old.get(f"/schools/{school}/enrollments")["enrollments"]
    for path in (f"/schools/{school}/users", f"/schools/org-0/classes/{one}/students", "/nothing"):
        assert old.raw(path)[0] == 404
    other = all_of(old, "schools")[-1]["sourcedId"]
    assert old.raw(f"/schools/{other}/classes/{one}/students")[0] == 404


def test_one_object_and_one_that_is_not_there(old: Caller, shared: District):
    key = f"student-{shared.students[0].id}"
    assert old.get(f"/users/{key}")["user"] == old.get(f"/students/{key}")["user"]
    assert old.get("/orgs/org-1")["org"]["type"] == "district"
    for path in (f"/teachers/{key}", "/users/nobody", "/schools/org-1"):
        status, _, body = old.raw(path)
        assert (status, b"unknownobject" in body) == (404, True)


def test_an_edit_shows_in_the_delta(district: District):
    client = roster(district)
    student = next(s for s in district.students if s.active and s.links)
    before = max(row["dateLastModified"] for row in all_of(client, "users"))
    client.app.change("rename", student_id=student.id, last="Wren")
    delta = f"filter=dateLastModified>'{before}'".replace("'", "%27").replace(">", "%3E")
    assert [row["familyName"] for row in all_of(client, "users", delta)] == ["Wren"]
    guardian = student.links[0].guardian_id
    client.app.change("guardian_email", guardian_id=guardian, email="new@example.com")
    emails = {row["sourcedId"]: row.get("email") for row in all_of(client, "users", delta)}
    assert emails[f"guardian-{guardian}"] == "new@example.com"
    client.app.reset()
    assert all_of(client, "users", delta) == []


def test_in_july_the_next_year_is_visible(shared: District):
    options = oneroster.Options()
    client = caller(oneroster.create_app(shared, options))
    before = by_identifier(all_of(client, "students"))
    teachers = {row["user"]["sourcedId"] for row in all_of(client, "enrollments") if row["role"] == "teacher"}
    options.next_year = True
    after = by_identifier(all_of(client, "students"))
    assert {row["schoolYear"] for row in all_of(client, "academicSessions")} == {"2028"}
    for student in shared.students:
        key = student.local_id
        if student.status == "preregistered":
            assert key not in before
            assert after[key]["status"] == "active"
        elif student.active and student.home.grade == "12":
            assert key not in after
        elif student.active and student.home.grade == "3":
            assert (before[key]["grades"], after[key]["grades"]) == (["03"], ["04"])
        elif not student.active:
            assert key not in after
    later = {row["user"]["sourcedId"] for row in all_of(client, "enrollments") if row["role"] == "teacher"}
    assert later < teachers


def test_a_code_that_no_mapping_holds_is_sent_as_it_is():
    client = roster(generate(7, 600, unknown_codes=12))
    facts = truth(client.app.district, "students")["students"]
    odd = {f["local_id"]: f["unknown_codes"] for f in facts if "grade_level" in f["unknown_codes"]}
    rows = by_identifier(all_of(client, "students"))
    assert odd
    for key, codes in odd.items():
        assert rows[key]["grades"] == [codes["grade_level"]]


def test_the_home_school_comes_first(district: District):
    client = roster(district)
    student = next(s for s in district.students if s.active and sum(e.active for e in s.enrollments) == 2)
    taken = {row.school_code for row in student.enrollments}
    target = next(s for s in district.schools if not s.holding and s.code not in taken)
    client.app.change("move", student_id=student.id, school_code=target.code)
    row = client.get(f"/students/student-{student.id}")["user"]
    assert row["orgs"][0]["sourcedId"] == f"org-{target.id}"
    assert len(row["orgs"]) == 2
