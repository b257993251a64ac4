"""SchoolTool: OneRoster 1.1 as its one public client met it, and what the sheet leaves open."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import msgspec
import pytest

from simulators import oneroster
from simulators.district import District
from simulators.inprocess import call
from tests.simulators.calls import Caller, basic
from tests.simulators.test_oneroster import FORM, all_of

BASE = "/STAPIService/ims/oneroster/v1p1"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def mindex(shared: District) -> Caller:
    app = oneroster.create_app(shared, oneroster.schooltool())
    headers = {"Authorization": basic(app), "Content-Type": FORM}
    status, _, body = call(app, "POST", f"{BASE}/Token", "", headers, b"grant_type=client_credentials")
    answer = msgspec.json.decode(body)
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "bearer", 3600)
    return Caller(app, BASE, {"Authorization": f"Bearer {answer['access_token']}"})


def test_paths_take_a_slash_and_any_case(mindex: Caller):
    assert mindex.get("/students/", "limit=3") == mindex.get("/Students", "limit=3")
    assert mindex.get("/academicsessions/")["academicSessions"]
    assert call(mindex.app, "GET", "/stapiservice/IMS/oneroster/V1P1/orgs/", "", mindex.headers)[0] == 200
    assert call(mindex.app, "GET", "/ims/oneroster/v1p1/orgs", "", mindex.headers)[0] == 404


def test_what_is_not_offered(mindex: Caller):
    assert mindex.raw("/demographics/")[0] == 404
    assert mindex.raw("/schools/")[0] == 404
    assert not {"link", "x-total-count"} & mindex.raw("/users/")[1].keys()
    assert all_of(mindex, "orgs", "filter=type%3D%27school%27")


def test_identifiers(mindex: Caller, shared: District):
    schools = [row for row in all_of(mindex, "orgs") if row["type"] == "school"]
    assert all(row["sourcedId"].isdigit() and len(row["identifier"]) == 12 for row in schools)
    rows = all_of(mindex, "students")
    assert all(uuid.UUID(row["sourcedId"]) for row in rows)
    known = {student.local_id: student for student in shared.students}
    for row in rows:
        student = known[row["identifier"]]
        assert row["sourcedId"] == oneroster.sourced_id(mindex.app.roster.options, "student", student.id)
        assert row["userIds"] == [{"type": "NYSSIS", "identifier": student.state_id or None}]
        assert row["metadata"] == {}
        assert row["password"] == ""
    assert any(row["userIds"][0]["identifier"] is None for row in rows)


def test_what_its_client_had_to_code_around(mindex: Caller):
    agents = [ref for row in all_of(mindex, "students") for ref in row["agents"]]
    assert any(ref["sourcedId"] is None for ref in agents)
    orgs = all_of(mindex, "orgs")
    assert any("parent" not in row for row in orgs)
    assert any(row.get("parent", "") is None for row in orgs)
    assert any(row.get("parent") for row in orgs)
    enrollments = all_of(mindex, "enrollments")
    assert {row["primary"] for row in enrollments if row["role"] == "student"} == {"true", "false"}
    assert all(row["beginDate"].endswith("T00:00:00.000Z") for row in enrollments)


def test_texts_may_be_empty_where_dates_are_null(shared: District):
    app = oneroster.create_app(shared, oneroster.schooltool(url_token="t", demographics="offered"))

    def rows(name: str) -> list[dict[str, object]]:
        body = call(app, "GET", f"{BASE}/{name}", "limit=99999&token=t")[2]
        return list(msgspec.json.decode(body)[name])

    assert "" in {row["middleName"] for row in rows("users")}
    births = {row["birthDate"] for row in rows("demographics")}
    assert None in births
    assert "" not in births
    assert None in {row["endDate"] for row in rows("enrollments")}


def test_staff_without_a_class_are_absent_and_july_is_a_swing(shared: District):
    options = oneroster.schooltool(url_token="t")
    app = oneroster.create_app(shared, options)

    def staff() -> set[str]:
        page = msgspec.json.decode(call(app, "GET", f"{BASE}/users", "limit=99999&token=t")[2])
        return {
            row["identifier"] for row in page["users"] if row["role"] in ("teacher", "aide", "administrator")
        }

    now = staff()
    assert 0 < len(now) < sum(member.active for member in shared.staff)
    assert {m.title for m in shared.staff if m.local_id in now} == {"Teacher"}
    options.next_year = True
    assert staff() < now


def test_no_oauth_1(shared: District, mindex: Caller):
    assert call(mindex.app, "GET", f"{BASE}/orgs", "", {"Authorization": "OAuth realm=x"})[0] == 401


@pytest.mark.parametrize(("system", "path"), [("oneroster", "/ims/oneroster/v1p1"), ("schooltool", BASE)])
def test_the_command_line(system: str, path: str):
    command = [sys.executable, "-m", "simulators", system, "--people", "60", "--switch", "max_limit=20"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert ready["system"] == system
    assert ready["url"].endswith(path)
    assert ready["control_url"].endswith("/_sim")
    assert set(ready["credentials"]) == {"consumer_token", "consumer_secret"}


def test_new_york_has_its_own_words_for_two_grades(shared: District, mindex: Caller):
    assert {"PK", "KG"} <= {row["grades"][0] for row in all_of(mindex, "students")}
    app = oneroster.create_app(shared, oneroster.schooltool(grade_style="sirs", url_token="t"))
    body = call(app, "GET", f"{BASE}/students", "limit=99999&token=t")[2]
    grades = {row["grades"][0] for row in msgspec.json.decode(body)["users"]}
    assert {"PKF", "KF", "TK", "01", "12"} <= grades
    assert not {"PK", "KG"} & grades
