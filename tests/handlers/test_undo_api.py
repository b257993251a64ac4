"""Undoing a run over HTTP: which runs, by whom, only once, and on record."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from config_api.bootstrap import Parts
from rollcall.domain.errors import Conflict
from rollcall.domain.plan import Change
from rollcall.domain.run import Failure, Run
from rollcall.engine.blobs import RunFolder, pack_lines
from rollcall.store.memory import MemoryClock
from tests.engine.faults import Faults, aws_faults
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import NOW, Client
from .test_reading_api import everything, person

BASE = "/v1/districts/lakeview"
WHY = {"comment": "The school sent last year's file."}


def applied(parts: Parts, integration_id: str, run_id: str = "run_1", **fields: Any) -> Run:
    """A run that has added a student, as the runner leaves it."""
    run = Run(id=run_id, district_id="lakeview", integration_id=integration_id, queued_at=NOW)
    run.counts["student"]["add"] = 1
    run.checkpoint = {"stage": "apply", "plan_files": 1}
    run = replace(run, **{"state": "completed", "ended_at": NOW, **fields})
    added = Change(kind="add", type="student", after=person("Reed", "Ann", 7))
    parts.blobs.put(RunFolder(run).plan(0), pack_lines([added]))
    return parts.runs.create(run)


@pytest.fixture
def run(parts: Parts, integration: dict[str, Any]) -> Run:
    return applied(parts, integration["id"])


def queued(stack: Stack) -> list[dict[str, Any]]:
    answer = aws_client("sqs").receive_message(QueueUrl=stack.queue_url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def ended(parts: Parts, run_id: str, state: str) -> None:
    """Let a queued run end, as the runner does."""
    run = parts.runs.get("lakeview", run_id)
    assert run
    parts.runs.save(replace(run, state=state, ended_at=NOW, check_at=None), None)


def test_a_run_is_undone_by_a_run_of_its_own(client: Client, run: Run, stack: Stack) -> None:
    answer = client.as_("lakeview/operator").post(f"{BASE}/runs/run_1/undo", WHY)
    assert answer.status == 202
    made = answer.json
    assert (made["trigger"], made["mode"], made["state"]) == ("undo", "sync", "queued")
    assert (made["undoes"], made["undone_by"]) == ("run_1", None)
    assert client.get(f"{BASE}/runs/run_1").json["undone_by"] == made["id"]
    (message,) = queued(stack)
    assert (message["trigger"], message["run_id"]) == ("undo", made["id"])
    (told,) = everything(client, f"{BASE}/audit", what="run.undone")
    assert (told["what"], told["actor"]) == ("run.undone", "user@example.org")
    assert {c["field"]: c["after"] for c in told["changes"]} == {
        "undone_by": made["id"],
        "comment": WHY["comment"],
    }


def test_who_may_and_with_what(client: Client, run: Run) -> None:
    path = f"{BASE}/runs/run_1/undo"
    for body in ({}, {"comment": ""}, {**WHY, "mode": "never"}, {**WHY, "force": True}):
        assert client.post(path, body).status == 422
    assert client.post(f"{BASE}/runs/run_9/undo", WHY).status == 404
    assert client.as_("lakeview/viewer").post(path, WHY).status == 403
    assert client.as_("hilltop/admin").post(path, WHY).status in (403, 404)
    assert client.as_("lakeview/operator").get(f"{BASE}/runs/run_1").json["undone_by"] is None


def test_a_preview_marks_nothing_and_may_be_repeated(client: Client, run: Run, stack: Stack) -> None:
    for _ in range(2):
        shown = client.post(f"{BASE}/runs/run_1/undo", {**WHY, "mode": "preview"})
        assert (shown.status, shown.json["mode"], shown.json["undoes"]) == (202, "preview", "run_1")
    assert client.get(f"{BASE}/runs/run_1").json["undone_by"] is None
    assert len(queued(stack)) == 2
    assert client.post(f"{BASE}/runs/run_1/undo", WHY).status == 202


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"mode": "preview"}, "preview_run"),
        ({"state": "held", "ended_at": None}, "run_not_ended"),
        ({"state": "applying", "ended_at": None}, "run_not_ended"),
        ({"state": "failed", "checkpoint": {"stage": "diff", "plan_files": 1}}, "nothing_applied"),
        ({"state": "cancelled", "checkpoint": {}}, "nothing_applied"),
        (
            {"counts": {"student": {"add": 0, "update": 0, "inactivate": 0, "reactivate": 0, "held": 3}}},
            "nothing_applied",
        ),
    ],
)
def test_what_cannot_be_undone(
    client: Client, parts: Parts, integration: dict[str, Any], stack: Stack, fields: dict[str, Any], code: str
) -> None:
    applied(parts, integration["id"], **fields)
    answer = client.post(f"{BASE}/runs/run_1/undo", WHY)
    assert (answer.status, answer.json["code"]) == (409, code)
    assert queued(stack) == []


@pytest.mark.parametrize("state", ["rejected", "cancelled", "failed"])
def test_what_was_applied_before_a_run_ended_otherwise_can_be(
    client: Client, parts: Parts, integration: dict[str, Any], state: str
) -> None:
    """The safe part of a held run, and what a run wrote before it ran out of slices."""
    applied(parts, integration["id"], state=state, error=Failure("x", "y"))
    assert client.post(f"{BASE}/runs/run_1/undo", WHY).status == 202


def test_files_that_are_no_longer_kept(client: Client, run: Run, parts: Parts) -> None:
    parts.blobs.delete([RunFolder(run).plan(0)])
    answer = client.post(f"{BASE}/runs/run_1/undo", WHY)
    assert (answer.status, answer.json["code"]) == (409, "run_files_deleted")


def test_only_one_undo_at_a_time_and_another_where_that_one_failed(
    client: Client, run: Run, parts: Parts
) -> None:
    first = client.post(f"{BASE}/runs/run_1/undo", WHY).json["id"]
    for state in (None, "completed"):
        if state:
            ended(parts, first, state)
        again = client.post(f"{BASE}/runs/run_1/undo", WHY)
        assert (again.status, again.json["code"]) == (409, "undone_already")


@pytest.mark.parametrize("state", ["failed", "skipped", "cancelled"])
def test_an_undo_that_came_to_nothing_may_be_asked_for_again(
    client: Client, run: Run, parts: Parts, clock: MemoryClock, state: str
) -> None:
    first = client.post(f"{BASE}/runs/run_1/undo", WHY).json["id"]
    ended(parts, first, state)
    clock.advance(seconds=1)
    second = client.post(f"{BASE}/runs/run_1/undo", WHY)
    assert second.status == 202
    assert client.get(f"{BASE}/runs/run_1").json["undone_by"] == second.json["id"] != first


def test_a_repeated_request_undoes_once(client: Client, run: Run, stack: Stack) -> None:
    key = {"Idempotency-Key": "undo-1"}
    answers = [client.post(f"{BASE}/runs/run_1/undo", WHY, headers=key) for _ in range(2)]
    assert [a.status for a in answers] == [202, 202]
    assert answers[0].json["id"] == answers[1].json["id"]
    assert len(queued(stack)) == 1
    assert len(everything(client, f"{BASE}/audit", what="run.undone")) == 1


def test_a_request_that_dies_anywhere_can_be_repeated(client: Client, run: Run, stack: Stack) -> None:
    """Guards: a run that says it is undone by a run that was never made."""
    key = {"Idempotency-Key": "undo-1"}
    faults = Faults()
    with aws_faults(faults):
        client.post(f"{BASE}/runs/run_1/undo", {**WHY, "mode": "preview"})
    for k in range(1, len(faults.calls) + 3):
        with aws_faults(Faults(k, "lost_reply")):
            client.post(f"{BASE}/runs/run_1/undo", WHY, headers=key)
    made = client.post(f"{BASE}/runs/run_1/undo", WHY, headers=key)
    assert made.status == 202
    assert client.get(f"{BASE}/runs/run_1").json["undone_by"] == made.json["id"]
    assert {m["run_id"] for m in queued(stack) if m.get("mode") != "preview"} == {made.json["id"]}
    assert [r["what"] for r in everything(client, f"{BASE}/audit", what="run.undone")] == ["run.undone"]


def test_of_two_who_ask_at_once_one_is_told(client: Client, run: Run, parts: Parts, stack: Stack) -> None:
    """Guards: two undo runs of one run."""
    stale = parts.runs.get("lakeview", "run_1")
    assert stale
    assert client.post(f"{BASE}/runs/run_1/undo", WHY).status == 202
    with pytest.raises(Conflict):
        parts.runs.decide(stale, replace(stale, undone_by="run_other"))


def test_a_blackout_is_for_an_undo_too(client: Client, run: Run) -> None:
    district = {"name": "Lake View", "time_zone": "America/Chicago", "version": 1}
    closed = {**district, "blackouts": [{"from": "2026-11-22", "to": "2026-11-22", "kind": "no_runs"}]}
    assert client.put(BASE, closed).status == 200
    answer = client.as_("lakeview/operator").post(f"{BASE}/runs/run_1/undo", WHY)
    assert (answer.status, answer.json["code"]) == (409, "blackout")
    assert (
        client.as_("lakeview/operator").post(f"{BASE}/runs/run_1/undo", {**WHY, "override": True}).status
        == 403
    )
    admin = client.as_("lakeview/admin")
    assert admin.post(f"{BASE}/runs/run_1/undo", {**WHY, "override": True}).json["override"] is True


def test_an_integration_that_was_switched_off_can_be_undone(
    client: Client, run: Run, integration: dict[str, Any]
) -> None:
    """What one does first after a bad night."""
    path = f"{BASE}/integrations/{integration['id']}"
    assert client.patch(path, {"active": False, "version": integration["version"]}).status == 200
    assert client.post(f"{BASE}/runs/run_1/undo", WHY).status == 202
