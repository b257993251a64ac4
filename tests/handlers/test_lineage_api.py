"""Lineage, history and the files of runs over HTTP: a town that was synced in memory, read on the stack."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import msgspec
import pytest
import requests

from config_api import person_history
from config_api.bootstrap import Parts
from config_api.people_views import PersonView
from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.domain.person import PERSON_TYPES, Person
from rollcall.domain.plan import StoredPerson
from rollcall.domain.ports import Lease
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, approved_id, pack, pack_lines, unpack_lines
from rollcall.store.dynamo import Table
from rollcall.store.people import DynamoPeople
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import Client, Exporter
from .test_reading_api import everything

BASE = "/v1/districts/lakeview"


@pytest.fixture
def town(stack: Stack, client: Client, parts: Parts) -> InProcess:
    """A town after three nights, the second without anything new."""
    town = InProcess("aeries", people=60)
    town.sync()
    town.clock.advance(days=1)
    town.sync()
    town.clock.advance(days=1)
    town.generated.change_some(5, seed=1)
    town.sync()
    for key, data in town.blobs.files.items():
        parts.blobs.put(key, data)
    parts.config.put_integration(town.config.integration(DISTRICT, INTEGRATION), {})
    for run in reversed(runs(town)):
        parts.runs.create(msgspec.structs.replace(run, state="queued"))
        finish(parts, run)
    DynamoPeople(Table(aws_client("dynamodb"), stack.people_table)).put_many(town.stored())
    return town


def finish(parts: Parts, run: Run, snapshot: str | None = None) -> None:
    """Make a run the integration's newest, as the runner would."""
    until = run.queued_at.replace(year=2099)
    lease = parts.runs.acquire(DISTRICT, INTEGRATION, "test", until)
    assert isinstance(lease, Lease)
    assert parts.runs.begin(msgspec.structs.replace(run, state="queued"), lease)
    current = parts.runs.state(DISTRICT, INTEGRATION).snapshot
    parts.runs.finish(run, lease, snapshot or run.id, current)
    parts.runs.release(DISTRICT, INTEGRATION, lease)


def runs(town: InProcess) -> list[Run]:
    """Newest first."""
    return town.runs.history(DISTRICT, INTEGRATION, (), 10, None)[0]


def changed(town: InProcess) -> StoredPerson:
    """A student whom the last night changed."""
    last = runs(town)[0]
    changes = [
        change
        for key in town.blobs.keys(RunFolder(last).part("plan"))
        for change in unpack_lines(town.blobs.get(key), person_history.Change)
    ]
    return next(c.after for c in changes if c.kind == "update" and c.type == "student")


def test_a_lineage_says_where_each_value_comes_from(client: Client, town: InProcess) -> None:
    newest = runs(town)[0]
    student = changed(town)
    answer = client.as_("lakeview/viewer").get(f"{BASE}/people/{student.id}/lineage")
    assert answer.status == 200, answer.text
    body = answer.json
    assert (body["run_id"], body["current"], body["complete"], body["person_id"]) == (
        newest.id,
        True,
        True,
        student.id,
    )
    assert body["kept_until"].startswith("2027-02-22"), "90 days after the run"
    found = {field["field"]: field for field in body["fields"]}
    name = found["last_name"]
    assert name["value"] == student.person.last_name
    assert [(s["stream"], s["path"], s["value"]) for s in name["sources"]] == [
        ("students", "LastName", student.person.last_name)
    ]
    (entry,) = found["grade"]["translations"]
    assert (entry["entity"], entry["mapping_id"], entry["value"]) == (
        "grade_level",
        "map_grade_level",
        student.person.grade,
    )
    assert found["family_id"]["rule"]["code"] == "family"
    assert found["family_id"]["rule"]["message"]
    assert {record["stream"] for record in body["records"]} >= {"students"}
    assert not any(record["carried_over"] for record in body["records"])


def test_a_lineage_tells_no_field_that_the_persons_page_does_not(client: Client, town: InProcess) -> None:
    everybody = sorted(town.stored(), key=lambda stored: stored.id)
    few = [s for kind in PERSON_TYPES for s in [s for s in everybody if s.person.type == kind][:3]]
    for stored in few:
        page = client.get(f"{BASE}/people/{stored.id}").json
        told = client.get(f"{BASE}/people/{stored.id}/lineage").json["fields"]
        assert {field["field"].partition(".")[0] for field in told} <= set(PersonView.model_fields)
        for field in told:
            value: Any = page
            for step in field["field"].split("."):
                value = value[int(step)] if isinstance(value, list) else value[step]
            assert value == field["value"], field["field"]


def test_an_older_run_is_told_as_it_was(client: Client, town: InProcess) -> None:
    first = runs(town)[-1]
    student = changed(town)
    body = client.get(f"{BASE}/people/{student.id}/lineage", run_id=first.id).json
    assert (body["run_id"], body["current"]) == (first.id, False)
    (change,) = client.get(f"{BASE}/people/{student.id}/history").json["items"][0:1]
    before = {field["field"]: field["before"] for field in change["fields"]}
    told = {field["field"]: field["value"] for field in body["fields"]}
    assert all(told[name] == value for name, value in before.items() if isinstance(value, str))
    assert before


def test_an_approved_run_is_told_by_the_snapshot_of_its_pull(
    client: Client, town: InProcess, parts: Parts
) -> None:
    """Guards: the id of an approved snapshot, taken for the id of a run."""
    newest = runs(town)[0]
    again = msgspec.structs.replace(newest, id="run_" + "Z" * 26, state="queued")
    for key in town.blobs.keys(f"runs/{DISTRICT}/{INTEGRATION}/{newest.id}/"):
        parts.blobs.put(key.replace(newest.id, again.id), town.blobs.get(key))
    parts.blobs.put(RunFolder(again).snapshot(), town.blobs.get(RunFolder(newest).snapshot()))
    parts.runs.create(again)
    finish(parts, msgspec.structs.replace(again, state="completed"), approved_id(again.id))
    body = client.get(f"{BASE}/people/{changed(town).id}/lineage").json
    assert (body["run_id"], body["current"]) == (again.id, True)


def test_what_cannot_be_told_is_said(client: Client, town: InProcess, parts: Parts) -> None:
    student = changed(town)
    newest = runs(town)[0]
    preview = msgspec.structs.replace(newest, id="run_preview", mode="preview")
    parts.runs.create(preview)
    path = f"{BASE}/people/{student.id}/lineage"
    assert client.get(f"{BASE}/people/per_none/lineage").status == 404
    assert client.get(path, run_id="run_none").json["code"] == "not_found"
    assert client.get(path, run_id="run_preview").json["code"] == "no_lineage"
    parts.blobs.delete(parts.blobs.keys(RunFolder(newest).part("pages")))
    assert client.get(path).json["code"] == "run_files_deleted"
    assert client.as_("hilltop/viewer").get(path).status == 403


def test_somebody_whose_integration_never_synced_has_no_lineage(
    client: Client, integration: dict[str, Any], stack: Stack
) -> None:
    person = Person(type="student", source_id="1")
    stored = StoredPerson(id="per_1", district_id="lakeview", integration_id=integration["id"], person=person)
    DynamoPeople(Table(aws_client("dynamodb"), stack.people_table)).put_many([stored])
    assert client.get(f"{BASE}/people/per_1/lineage").json["code"] == "no_lineage"
    assert client.get(f"{BASE}/people/per_1/history").json == {"items": [], "next": None}
    assert client.get(f"{BASE}/people/per_1/students").json == {"items": [], "next": None}


def test_a_contact_names_their_students(client: Client, town: InProcess, stack: Stack) -> None:
    """Guards: a student who has lost the tie, though the records of the last sync still say so."""
    ties: dict[str, set[str]] = {}
    for stored in town.stored():
        for tie in stored.person.contacts:
            ties.setdefault(tie.person_id, set()).add(stored.id)
    contact, students = max(ties.items(), key=lambda item: len(item[1]))
    path = f"{BASE}/people/{contact}/students"
    page = client.as_("lakeview/viewer").get(path).json
    assert ({student["id"] for student in page["items"]}, page["next"]) == (students, None)
    assert len(students) > 1
    names = [(student["last_name"], student["first_name"]) for student in page["items"]]
    assert names == sorted(names)
    lost = next(stored for stored in town.stored() if stored.id in students)
    person = msgspec.structs.replace(lost.person, contacts=())
    people = DynamoPeople(Table(aws_client("dynamodb"), stack.people_table))
    people.put_many([msgspec.structs.replace(lost, person=person)])
    assert {student["id"] for student in client.get(path).json["items"]} == students - {lost.id}
    assert client.get(f"{BASE}/people/{lost.id}/students").json["items"] == [], (
        "a student is nobody's contact"
    )
    assert client.get(f"{BASE}/people/per_none/students").status == 404
    assert client.as_("hilltop/viewer").get(path).status == 403


def test_a_history_holds_what_each_run_did(client: Client, town: InProcess) -> None:
    newest, quiet, first = runs(town)
    student = changed(town)
    update, add = everything(client.as_("lakeview/viewer"), f"{BASE}/people/{student.id}/history", limit=1)
    assert [(c["run_id"], c["kind"], c["outcome"]) for c in (update, add)] == [
        (newest.id, "update", "applied"),
        (first.id, "add", "applied"),
    ]
    assert quiet.checkpoint["plan_files"] == 0
    page = client.get(f"{BASE}/people/{student.id}").json
    assert {field["field"]: field["after"] for field in update["fields"]}.items() <= page.items()
    assert all(field["before"] != field["after"] for field in update["fields"])
    added = {field["field"]: field for field in add["fields"]}
    assert added["first_name"]["before"] is None
    for field in update["fields"]:
        assert field["before"] == added.get(field["field"], {"after": None})["after"]


def test_a_history_opens_few_files_a_request_and_leaves_nothing_out(
    client: Client, town: InProcess, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guards: a change that falls between two pages."""
    student = changed(town)
    whole = everything(client, f"{BASE}/people/{student.id}/history")
    monkeypatch.setattr(person_history, "FILES_PER_REQUEST", 1)
    assert everything(client, f"{BASE}/people/{student.id}/history") == whole
    monkeypatch.setattr(person_history, "RUNS_PER_REQUEST", 1)
    monkeypatch.setattr(person_history, "_AT_ONCE", 1)
    assert everything(client, f"{BASE}/people/{student.id}/history", limit=1) == whole
    assert len(whole) == 2


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("held", "waiting"), ("rejected", "refused"), ("cancelled", "refused"), ("completed", "applied")],
)
def test_a_change_that_waited_is_told_by_what_became_of_it(
    client: Client, town: InProcess, parts: Parts, state: str, outcome: str
) -> None:
    newest = runs(town)[0]
    student = changed(town)
    held = msgspec.structs.replace(
        newest,
        id="run_" + "Z" * 26,
        state=state,
        checkpoint={**newest.checkpoint, "held": 1, "plan_files": 1},
    )
    parts.runs.create(held)
    parts.blobs.put(RunFolder(held).held(), pack({f"student:{student.person.source_id}": ""}))
    change = person_history.Change(kind="update", type="student", before=student, after=student)
    parts.blobs.put(RunFolder(held).plan(0), pack_lines([change]))
    found = client.get(f"{BASE}/people/{student.id}/history").json["items"]
    assert [(c["run_id"], c["outcome"]) for c in found[:2]] == [(held.id, outcome), (newest.id, "applied")]


def test_the_files_of_a_run_are_listed_page_by_page(client: Client, town: InProcess) -> None:
    newest = runs(town)[0]
    path = f"{BASE}/runs/{newest.id}/files"
    first = client.as_("lakeview/viewer").get(path, limit=2).json
    assert (first["run_id"], first["received_on"], first["carried"]) == (newest.id, "2026-11-24", [])
    assert first["kept_until"].startswith("2027-02-22")
    sizes = {p["name"]: (p["files"] > 0, p["stored_bytes"] > 0) for p in first["processed"]}
    assert sizes == {
        "people": (True, True),
        "changes": (True, True),
        "issues": (bool(newest.checkpoint["issue_files"]),) * 2,
    }
    pages = everything(client, path, limit=2)
    assert len(pages) > 2
    assert len({page["name"] for page in pages}) == len(pages)
    records: dict[str, int] = {}
    for page in pages:
        assert page["name"].startswith(f"{page['stream']}/")
        assert page["name"].endswith(".json")
        records[page["stream"]] = records.get(page["stream"], 0) + page["records"]
    assert sum(records.values()) == sum(part[2] for part in newest.checkpoint["parts"])


@pytest.fixture
def exporter(parts: Parts) -> Exporter:
    assert isinstance(parts.exporter, Exporter)
    parts.exporter.waits = False
    return parts.exporter


def fetched(client: Client, kind: str, run_id: str) -> zipfile.ZipFile:
    asked = client.as_("lakeview/operator").post(f"{BASE}/exports", {"kind": kind, "run_id": run_id})
    assert asked.status == 202, asked.text
    shown = client.get(f"{BASE}/exports/{asked.json['id']}").json
    assert (shown["state"], shown["error"], shown["run_id"]) == ("completed", None, run_id)
    assert shown["file_name"] == f"{run_id}-{kind.removeprefix('run_')}.zip"
    content = requests.get(shown["download"], timeout=5).content
    assert len(content) == shown["size"]
    package = zipfile.ZipFile(io.BytesIO(content))
    assert package.testzip() is None
    return package


def test_an_archive_holds_what_was_received_byte_for_byte(
    client: Client, town: InProcess, exporter: Exporter
) -> None:
    newest = runs(town)[0]
    package = fetched(client, "run_received", newest.id)
    listed = {page["name"]: page["bytes"] for page in everything(client, f"{BASE}/runs/{newest.id}/files")}
    sizes = {info.filename: info.file_size for info in package.infolist()}
    assert sizes.pop("README.txt")
    assert sizes == listed
    student = changed(town)
    pages = [json.loads(package.read(name)) for name in sizes if name.startswith("students/")]
    rows = [row for page in pages for row in page if str(row["StudentID"]) == student.person.source_id]
    assert {row["LastName"] for row in rows} == {student.person.last_name}
    text = package.read("README.txt").decode()
    assert newest.id in text
    assert student.person.last_name not in text


def test_an_archive_holds_what_the_run_made(client: Client, town: InProcess, exporter: Exporter) -> None:
    first, newest = runs(town)[-1], runs(town)[0]
    package = fetched(client, "run_processed", first.id)
    assert package.namelist() == [
        "README.txt",
        "people-student.ndjson",
        "people-staff.ndjson",
        "people-contact.ndjson",
        "changes.ndjson",
        "issues.ndjson",
    ]
    students = [json.loads(line) for line in package.read("people-student.ndjson").splitlines()]
    stored = {s.person.source_id for s in town.stored() if s.person.type == "student"}
    assert stored <= {student["source_id"] for student in students}
    assert {student["type"] for student in students} == {"student"}
    changes = package.read("changes.ndjson").splitlines()
    assert len(changes) == sum(counts["add"] for counts in first.counts.values())
    later = fetched(client, "run_processed", newest.id)
    updates = [json.loads(line) for line in later.read("changes.ndjson").splitlines()]
    assert changed(town).id in {change["after"]["id"] for change in updates}


def test_an_archive_is_asked_for_with_its_run_and_told_in_the_audit(
    client: Client, town: InProcess, parts: Parts, exporter: Exporter
) -> None:
    newest = runs(town)[0]
    asks = client.as_("lakeview/operator")
    missing = asks.post(f"{BASE}/exports", {"kind": "run_received"})
    assert (missing.status, missing.faults()) == (422, {("run_id", "required")})
    odd = asks.post(f"{BASE}/exports", {"kind": "media_users", "run_id": newest.id})
    assert (odd.status, odd.faults()) == (422, {("run_id", "not_for_kind")})
    bom = asks.post(
        f"{BASE}/exports", {"kind": "run_processed", "run_id": newest.id, "options": {"bom": True}}
    )
    assert bom.faults() == {("options.bom", "not_for_kind")}
    assert asks.post(f"{BASE}/exports", {"kind": "run_received", "run_id": "run_none"}).status == 404
    viewer = client.as_("lakeview/viewer").post(
        f"{BASE}/exports", {"kind": "run_received", "run_id": newest.id}
    )
    assert viewer.status == 403
    made = asks.post(f"{BASE}/exports", {"kind": "run_received", "run_id": newest.id}).json
    (told,) = [r for r in everything(client, f"{BASE}/audit") if r["subject"] == made["id"]]
    assert (told["what"], {c["field"]: c["after"] for c in told["changes"]}) == (
        "export.requested",
        {"kind": "run_received", "run_id": newest.id},
    )
    parts.blobs.delete(parts.blobs.keys(f"runs/{DISTRICT}/{INTEGRATION}/{newest.id}/"))
    gone = asks.post(f"{BASE}/exports", {"kind": "run_received", "run_id": newest.id})
    assert (gone.status, gone.json["code"]) == (404, "run_files_deleted")
