"""Issues and changes of a run as files: whole, safe to open, and within what a Lambda may answer."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import random
from typing import Any

import pytest

from config_api.bootstrap import Parts
from rollcall.domain.ids import person_id
from rollcall.domain.person import Issue, Phone
from rollcall.domain.plan import Change
from rollcall.domain.run import Run, StageTime, Trend
from rollcall.engine.blobs import RunFolder, pack_lines

from .conftest import NOW, Answer, Client
from .test_reading_api import person

BASE = "/v1/districts/lakeview"
WICKED = "=cmd|' /C calc'!A0"
UNPACKS = {"Accept-Encoding": "br, GZIP"}


def found(number: int, **fields: Any) -> Issue:
    values = {"severity": "warning", "code": "gender_unmapped", "field": "gender", "value": "Q", **fields}
    return Issue(message="m.", fix="f.", person_type="student", source_id=str(number), **values)


@pytest.fixture
def run(integration: dict[str, Any], parts: Parts) -> Run:
    made = Run(
        id="run_1",
        district_id="lakeview",
        integration_id=integration["id"],
        queued_at=NOW,
        dropped={"student": 2},
        trend=Trend(new=1, persisting=2, fixed=3),
        stages=[StageTime(stage="survey", started_at=NOW)],
        checkpoint={"issue_files": 2, "plan_files": 2},
    )
    parts.runs.create(made)
    folder = RunFolder(made)
    parts.blobs.put(folder.issues(0), pack_lines([found(1, value=WICKED), found(2)]))
    parts.blobs.put(folder.issues(1), pack_lines([found(3, severity="error", code="name_missing")]))
    old, new = person("Reed", "Ann", 1), person(WICKED, "Ann", 1, phones=(Phone("5550148", "home"),))
    update = Change(kind="update", type="student", before=old, after=new, fields=("last_name", "phones"))
    handed = Change(kind="update", type="student", before=old, after=old)
    parts.blobs.put(
        folder.plan(0), pack_lines([Change(kind="add", type="student", after=person("Ives", "Bo", 2))])
    )
    parts.blobs.put(folder.plan(1), pack_lines([update, handed]))
    return made


def rows(answer: Answer) -> list[dict[str, str]]:
    assert (answer.status, answer.is_base64) == (200, False), answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_issues_come_whole_and_no_cell_runs(client: Client, run: Run, parts: Parts) -> None:
    """Guards: a value typed into the SIS that a spreadsheet runs at the district office."""
    answer = client.as_("lakeview/viewer").get(f"{BASE}/runs/run_1/issues.csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="run_1-issues.csv"'
    first, second, third = rows(answer)
    source = parts.config.integration("lakeview", run.integration_id).source
    assert first == {
        "severity": "warning",
        "code": "gender_unmapped",
        "person_type": "student",
        "source_id": "1",
        "person": person_id("lakeview", source, "student", "1"),
        "field": "gender",
        "value": f"'{WICKED}",
        "message": "m.",
        "fix": "f.",
    }
    assert (second["source_id"], third["code"]) == ("2", "name_missing")


def test_issues_can_be_narrowed(client: Client, run: Run) -> None:
    errors = rows(client.get(f"{BASE}/runs/run_1/issues.csv", severity="error"))
    coded = rows(client.get(f"{BASE}/runs/run_1/issues.csv", code="gender_unmapped"))
    assert ([row["source_id"] for row in errors], len(coded)) == (["3"], 2)


def test_changes_come_field_by_field(client: Client, run: Run) -> None:
    added, name, phones, handed = rows(client.get(f"{BASE}/runs/run_1/changes.csv"))
    assert (added["kind"], added["last_name"], added["field"]) == ("add", "Ives", "")
    assert (name["field"], name["before"], name["after"]) == ("last_name", "Reed", f"'{WICKED}")
    assert (phones["field"], phones["before"]) == ("phones", "[]")
    assert phones["after"] == '[{"number":"5550148","type":"home"}]'
    assert (handed["kind"], handed["field"]) == ("update", ""), "somebody who only changed hands is there too"
    assert len(rows(client.get(f"{BASE}/runs/run_1/changes.csv", kind="add"))) == 1


def test_files_that_are_gone_are_said_to_be(client: Client, run: Run, parts: Parts) -> None:
    parts.blobs.delete([RunFolder(run).issues(1), RunFolder(run).plan(1)])
    for name in ("issues.csv", "changes.csv"):
        answer = client.get(f"{BASE}/runs/run_1/{name}")
        assert (answer.status, answer.json["code"]) == (404, "run_files_deleted")
        assert client.get(f"{BASE}/runs/run_none/{name}").status == 404


def many(parts: Parts, run: Run, count: int, value: str = "Q") -> None:
    parts.blobs.put(RunFolder(run).issues(0), pack_lines(found(n, value=value) for n in range(count)))


def test_a_long_file_is_packed_for_whoever_can_unpack_it(client: Client, run: Run, parts: Parts) -> None:
    """Guards: a Lambda's answer of more than 6 MB, which reaches the caller as a bare 500."""
    many(parts, run, 45_000, value="Q" * 40)
    refused = client.get(f"{BASE}/runs/run_1/issues.csv")
    assert (refused.status, refused.json["code"]) == (413, "too_many_rows")
    assert "severity or code" in refused.json["detail"]
    packed = client.call("GET", f"{BASE}/runs/run_1/issues.csv", headers=UNPACKS)
    assert (packed.status, packed.headers["Content-Encoding"], packed.is_base64) == (200, "gzip", True)
    assert len(packed.text) < 6_000_000
    text = gzip.decompress(base64.b64decode(packed.text)).decode()
    assert len(list(csv.reader(io.StringIO(text)))) == 1 + 45_000 + 1


def test_what_does_not_pack_well_enough_is_refused(
    client: Client, run: Run, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config_api.downloads.MAX_BYTES", 10_000)
    many(parts, run, 300, value=random.Random(5).randbytes(200).hex())
    assert client.call("GET", f"{BASE}/runs/run_1/issues.csv", headers=UNPACKS).status == 200
    monkeypatch.setattr("config_api.downloads.MAX_TEXT", 50_000)
    assert client.call("GET", f"{BASE}/runs/run_1/issues.csv", headers=UNPACKS).status == 413


def test_a_run_tells_its_trend_its_stages_and_whom_it_drops(client: Client, run: Run) -> None:
    body = client.get(f"{BASE}/runs/run_1").json
    assert body["trend"] == {"new": 1, "persisting": 2, "fixed": 3}
    assert body["stages"] == [{"stage": "survey", "started_at": "2026-11-22T08:00:00Z", "ended_at": None}]
    assert body["dropped"] == {"student": 2}
