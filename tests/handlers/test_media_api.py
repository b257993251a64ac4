"""The import summary, and decisions about parents who are staff, over HTTP."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from msgspec.structs import replace

from config_api.bootstrap import Parts
from rollcall.domain.ids import person_id
from rollcall.domain.media import blocked
from rollcall.domain.person import Issue
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, pack_lines
from tests.support.aws import Stack

from .conftest import NOW, Client
from .test_reading_api import person, put  # noqa: F401 - a fixture

BASE = "/v1/districts/lakeview"


def summarized(parts: Parts, issues: list[Issue], integration_id: str = "int_1") -> None:
    run = Run(
        id="run_1",
        district_id="lakeview",
        integration_id=integration_id,
        state="completed",
        queued_at=NOW,
        roster={"student": {"invited": 3}, "contact": {"invited": 2, "blocked": 1, "same": 1}},
        issue_codes={"media_email_missing": 1, "gender_unmapped": 4, "staff_parent_candidate": 2},
        checkpoint={"issue_files": 1},
    )
    run.counts["student"]["reject"] = 1
    parts.runs.create(run)
    parts.blobs.put(RunFolder(run).issues(0), pack_lines(issues))


def test_a_summary_says_who_came_in_and_why_others_did_not(client: Client, parts: Parts) -> None:
    summarized(parts, [])
    body = client.as_("lakeview/viewer").get(f"{BASE}/runs/run_1/summary").json
    assert body["imported"] == {"student": 3, "staff": 0, "contact": 2}
    assert (body["blocked"]["contact"], body["staff_who_are_parents"], body["rejected"]["student"]) == (
        1,
        1,
        1,
    )
    assert [(r["code"], r["count"]) for r in body["reasons"]] == [("media_email_missing", 1)]


def test_the_blocked_can_be_downloaded_and_no_cell_runs(client: Client, parts: Parts) -> None:
    """Guards: a name typed into the SIS that a spreadsheet runs at the district office."""
    wicked = blocked("media_email_shared", ("contact", "=1+1"), "=cmd|' /C calc'!A0", "contact 5")
    warning = Issue(severity="warning", code="gender_unmapped", message="m.", fix="f.", source_id="1")
    error = Issue(
        severity="error", code="name_missing", message="m.", fix="f.", person_type="student", source_id="2"
    )
    summarized(parts, [wicked, warning, error])
    answer = client.get(f"{BASE}/runs/run_1/summary.csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [(r["id"], r["reason"]) for r in rows] == [("'=1+1", "media_email_shared"), ("2", "name_missing")]
    assert rows[0]["value"].startswith("'=")
    assert client.get(f"{BASE}/runs/run_9/summary").status == 404


def test_a_list_that_is_too_long_says_so(client: Client, parts: Parts) -> None:
    long = blocked("media_email_shared", ("contact", "1"), "x" * 500, "y" * 500)
    summarized(parts, [long] * 4000)
    answer = client.get(f"{BASE}/runs/run_1/summary.csv")
    assert (answer.status, answer.json["code"]) == (413, "too_many_rows")


@pytest.fixture
def pair(stack: Stack, put: Any) -> tuple[str, str]:  # noqa: F811
    staff = person("Finch", "Orla", 1, type="staff")
    parent = person("Finch", "Orla", 2, type="contact")
    gone = person("Ives", "Ravi", 3, type="staff", status="ended")
    put([staff, parent, gone])
    return parent.id, staff.id


def test_a_decision_is_kept_and_can_be_taken_back(client: Client, pair: tuple[str, str]) -> None:
    parent, staff = pair
    operator = client.as_("lakeview/operator")
    made = operator.put(f"{BASE}/people/{parent}/same-as", {"staff_id": staff})
    assert (made.status, made.json["staff_id"], made.json["decided_by"]) == (200, staff, "user@example.org")
    operator.put(f"{BASE}/people/{parent}/same-as", {"staff_id": None})
    assert [(t["contact_id"], t["staff_id"]) for t in client.get(f"{BASE}/staff-parents").json] == [
        (parent, None)
    ]


def test_only_a_parent_can_be_an_active_member_of_staff(client: Client, pair: tuple[str, str]) -> None:
    parent, staff = pair
    gone = person("Ives", "Ravi", 3, type="staff").id
    for other in (parent, gone, "per_none"):
        answer = client.put(f"{BASE}/people/{parent}/same-as", {"staff_id": other})
        assert (answer.status, answer.faults()) == (422, {("staff_id", "unknown_staff")})
    assert client.put(f"{BASE}/people/{staff}/same-as", {"staff_id": staff}).status == 409
    assert client.put(f"{BASE}/people/per_none/same-as", {"staff_id": staff}).status == 404
    assert client.put(f"{BASE}/people/{parent}/same-as", {}).faults() == {("staff_id", "required")}


def candidate(source_id: str, staff: str) -> Issue:
    return Issue(
        severity="warning",
        code="staff_parent_candidate",
        message="m.",
        fix="f.",
        person_type="contact",
        source_id=source_id,
        value=staff,
    )


def test_candidates_are_told_by_name_with_what_was_decided(
    client: Client,
    parts: Parts,
    integration: dict[str, Any],
    put: Any,  # noqa: F811
) -> None:
    """Guards: a choice between two ids, of whom nobody knows who they are. Who has left by now is left out."""
    source = parts.config.integration("lakeview", integration["id"]).source
    staff = person("Finch", "Orla", 1, type="staff")
    parent = replace(
        person("Finch", "Orla", 2, type="contact"), id=person_id("lakeview", source, "contact", "2")
    )
    put([staff, parent])
    summarized(parts, [candidate("2", staff.id), candidate("9", staff.id)], integration["id"])
    asks = f"{BASE}/runs/run_1/staff-parents"
    viewer = client.as_("lakeview/viewer")
    (found,) = viewer.get(asks).json["items"]
    assert (found["contact"]["id"], found["staff"]["id"], found["decision"]) == (parent.id, staff.id, None)
    assert (found["contact"]["last_name"], found["staff"]["first_name"]) == ("Finch", "Orla")
    client.put(f"{BASE}/people/{parent.id}/same-as", {"staff_id": staff.id})
    (found,) = viewer.get(asks).json["items"]
    assert (found["decision"]["staff_id"], found["decision"]["staff"]["last_name"]) == (staff.id, "Finch")
    (decided,) = viewer.get(f"{BASE}/staff-parents").json
    assert (decided["contact"]["id"], decided["staff"]["id"]) == (parent.id, staff.id)
    assert viewer.get(f"{BASE}/runs/run_9/staff-parents").status == 404
