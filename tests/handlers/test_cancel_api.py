"""Cancelling runs and trying them again over HTTP: who, when it is too late, and what is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from config_api.bootstrap import Parts
from rollcall.domain.run import Run, RunState
from rollcall.store.dynamo import Table
from rollcall.store.outbox import DynamoOutbox
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import NOW, Answer, Client
from .test_holds_api import hold
from .test_unmapped_api import messages

BASE = "/v1/districts/lakeview"
WHY = {"comment": "Not before the holidays."}
BY = {"by": "user@example.org", "at": "2026-11-22T08:00:00Z", "comment": "Not before the holidays."}


@pytest.fixture
def waiting(client: Client, integration: dict[str, Any]) -> str:
    """The address of a run that nobody has begun."""
    made = client.post(f"{BASE}/integrations/{integration['id']}/runs", {}).json
    return f"{BASE}/runs/{made['id']}"


def stored(parts: Parts, path: str) -> Run:
    run = parts.runs.get("lakeview", path.rpartition("/")[2])
    assert run is not None
    return run


def move(parts: Parts, path: str, state: RunState) -> Run:
    """Bring a run into a state as its runner does."""
    run = stored(parts, path)
    lease = parts.runs.acquire("lakeview", run.integration_id, "runner", NOW)
    assert lease is not None
    assert parts.runs.begin(run, lease)
    moved = replace(run, state=state, started_at=NOW, ended_at=NOW if state == "completed" else None)
    if moved.ended:
        parts.runs.finish(moved, lease, None, None)
    else:
        parts.runs.save(moved, lease, unless_cancelled=True)
    parts.runs.release("lakeview", run.integration_id, lease)
    return moved


def problem(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


def events(stack: Stack) -> list[str]:
    due = DynamoOutbox(Table(aws_client("dynamodb"), stack.config_table)).due(NOW + timedelta(days=36500), 10)
    return [f"{event.type} {event.run.state}" for event in due if event.run]


def test_a_run_that_nobody_has_begun_is_over_at_once(client: Client, waiting: str, stack: Stack) -> None:
    answer = client.as_("lakeview/operator").post(f"{waiting}/cancel", WHY)
    assert (answer.status, answer.json["state"]) == (202, "cancelled")
    assert (answer.json["cancellation"], answer.json["cancel_requested"]) == (BY, None)
    assert answer.json["error"]["code"] == "cancelled"
    assert answer.json["ended_at"] == "2026-11-22T08:00:00Z"
    assert client.get(waiting).json == answer.json
    assert events(stack) == ["RunStopped cancelled"]
    assert len(messages(stack)) == 1, "that of the run itself"
    assert problem(client.post(f"{waiting}/cancel", WHY)) == (409, "run_ended")


def test_what_was_said_is_not_in_the_event(client: Client, waiting: str, stack: Stack) -> None:
    """Guards: a name in a comment that goes out on the bus and by mail."""
    client.post(f"{waiting}/cancel", {"comment": "Noor Rivers is still here."})
    (event,) = DynamoOutbox(Table(aws_client("dynamodb"), stack.config_table)).due(NOW, 10)
    assert "Rivers" not in str(event)


@pytest.mark.parametrize("state", ["pulling", "planning"])
def test_the_runner_of_a_run_at_work_is_asked(
    client: Client, waiting: str, parts: Parts, stack: Stack, state: RunState
) -> None:
    run = move(parts, waiting, state)
    answer = client.post(f"{waiting}/cancel", WHY)
    assert (answer.status, answer.json["state"]) == (202, state)
    assert (answer.json["cancellation"], answer.json["cancel_requested"]) == (None, BY)
    assert client.get(waiting).json["cancel_requested"] == BY
    assert [item["cancel_requested"] for item in client.get(f"{BASE}/runs").json["items"]] == [BY]
    assert [message["run_id"] for message in messages(stack)] == [run.id, run.id]
    assert events(stack) == [], "it has not ended"
    again = Client(client.api, user="bo@example.org").post(f"{waiting}/cancel", {"comment": "Me too."})
    assert (again.status, again.json["cancel_requested"]) == (202, BY)


def test_a_run_that_was_begun_this_moment_is_asked_too(client: Client, waiting: str, parts: Parts) -> None:
    """Guards: a run that is ended under its runner, with nobody to wake the one behind it."""
    run = stored(parts, waiting)
    lease = parts.runs.acquire("lakeview", run.integration_id, "runner", NOW)
    assert lease is not None
    assert parts.runs.begin(run, lease)
    answer = client.post(f"{waiting}/cancel", WHY)
    assert (answer.json["state"], answer.json["cancel_requested"]) == ("queued", BY)


def test_a_plan_that_is_written_is_not_cancelled(client: Client, waiting: str, parts: Parts) -> None:
    move(parts, waiting, "applying")
    answer = client.post(f"{waiting}/cancel", WHY)
    assert problem(answer) == (409, "applying")
    assert "undo it then" in answer.json["detail"]
    assert client.get(waiting).json["cancel_requested"] is None


def test_a_run_that_came_to_its_end_meanwhile_is_said_to_have(
    client: Client, waiting: str, parts: Parts
) -> None:
    move(parts, waiting, "completed")
    answer = client.post(f"{waiting}/cancel", WHY)
    assert problem(answer) == (409, "run_ended")
    assert "completed" in answer.json["detail"]


def test_what_is_held_is_cancelled_and_keeps_what_was_said(
    client: Client, parts: Parts, integration: dict[str, Any], stack: Stack
) -> None:
    path = f"{BASE}/runs/{hold(parts, integration['id']).id}"
    answer = client.post(f"{path}/cancel", WHY).json
    assert (answer["state"], answer["cancellation"]) == ("cancelled", BY)
    assert "had been applied" in answer["error"]["message"]
    approval = client.post(f"{path}/approve", {"plan_hash": "abc", "comment": "Late."})
    assert problem(approval) == (409, "not_held")
    assert sorted(events(stack)) == ["RunHeld held", "RunStopped cancelled"]


@pytest.mark.parametrize(
    "body", [{}, {"comment": ""}, {"comment": "x" * 501}, {"comment": "x", "force": True}]
)
def test_it_asks_for_a_reason(client: Client, waiting: str, body: dict[str, Any]) -> None:
    assert client.post(f"{waiting}/cancel", body).status == 422
    assert client.get(waiting).json["state"] == "queued"


@pytest.mark.parametrize("what", ["cancel", "retry"])
def test_only_operators_and_only_runs_of_the_district(client: Client, waiting: str, what: str) -> None:
    assert client.as_("lakeview/viewer").post(f"{waiting}/{what}", WHY).status == 403
    body = WHY if what == "cancel" else {}
    assert client.post(f"{BASE}/runs/run_none/{what}", body).status == 404
    client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "UTC"})
    foreign = waiting.replace("lakeview", "hilltop")
    assert client.post(f"{foreign}/{what}", body).status == 404
    assert client.get(waiting).json["state"] == "queued"


# Again -----------------------------------------------------------------------------------------------------------


def ended(parts: Parts, integration_id: str, state: str, **fields: Any) -> str:
    """The address of a run that ended so."""
    run = Run(
        id="run_0",
        district_id="lakeview",
        integration_id=integration_id,
        queued_at=NOW,
        **{"state": state, **fields},
    )
    parts.runs.create(run)
    return f"{BASE}/runs/run_0"


@pytest.mark.parametrize("mode", ["sync", "preview"])
@pytest.mark.parametrize("state", ["failed", "cancelled", "skipped", "rejected"])
def test_a_run_that_came_to_nothing_is_tried_again(
    client: Client, parts: Parts, integration: dict[str, Any], stack: Stack, state: str, mode: str
) -> None:
    path = ended(parts, integration["id"], state, mode=mode)
    answer = client.as_("lakeview/operator").call("POST", f"{path}/retry")
    assert answer.status == 202, answer.text
    again = answer.json
    assert (again["trigger"], again["retry_of"], again["mode"]) == ("retry", "run_0", mode)
    assert (again["state"], again["requested_by"]) == ("queued", "user@example.org")
    (message,) = messages(stack)
    assert (message["run_id"], message["trigger"]) == (again["id"], "retry")
    assert client.get(path).json["state"] == state, "that one stays as it is"
    changes = client.get(f"{BASE}/audit", what="run.started").json["items"][0]["changes"]
    assert {change["field"]: change["after"] for change in changes} == {
        "integration_id": integration["id"],
        "mode": mode,
        "trigger": "retry",
        "retry_of": "run_0",
    }


@pytest.mark.parametrize("state", ["queued", "pulling", "planning", "held", "applying", "completed"])
def test_a_run_that_came_to_something_or_is_not_over_is_not(
    client: Client, parts: Parts, integration: dict[str, Any], stack: Stack, state: str
) -> None:
    path = ended(parts, integration["id"], state)
    assert problem(client.post(f"{path}/retry", {})) == (409, "not_retryable")
    assert messages(stack) == []


def test_a_reapplied_pull_is_reapplied_again(
    client: Client, parts: Parts, integration: dict[str, Any], stack: Stack
) -> None:
    """Guards: a retry that pulls where its first try only planned the last pull again."""
    again = client.post(f"{ended(parts, integration['id'], 'failed', trigger='reapply')}/retry", {}).json
    assert (again["trigger"], again["retry_of"]) == ("reapply", "run_0")
    assert [message["trigger"] for message in messages(stack)] == ["reapply"]
    run = parts.runs.get("lakeview", again["id"])
    assert run is not None
    assert run.reapplies


def test_an_undo_is_not_made_a_sync_by_trying_it_again(
    client: Client, parts: Parts, integration: dict[str, Any]
) -> None:
    path = ended(parts, integration["id"], "failed", trigger="undo")
    assert problem(client.post(f"{path}/retry", {})) == (409, "not_retryable")


def test_a_retry_can_be_retried(client: Client, parts: Parts, integration: dict[str, Any]) -> None:
    path = ended(parts, integration["id"], "failed", trigger="retry", retry_of="run_00")
    again = client.post(f"{path}/retry", {}).json
    assert (again["trigger"], again["retry_of"]) == ("retry", "run_0")


def test_an_inactive_integration_is_not_run_again(
    client: Client, parts: Parts, integration: dict[str, Any]
) -> None:
    path = ended(parts, integration["id"], "failed")
    client.patch(f"{BASE}/integrations/{integration['id']}", {"active": False, "version": 1})
    assert problem(client.post(f"{path}/retry", {})) == (409, "integration_inactive")


def test_a_repeated_request_makes_one_run(
    client: Client, parts: Parts, integration: dict[str, Any], stack: Stack
) -> None:
    path, key = ended(parts, integration["id"], "failed"), {"Idempotency-Key": "k-1"}
    first, second = (client.post(f"{path}/retry", {}, key) for _ in range(2))
    assert (first.status, first.json) == (second.status, second.json)
    assert len(messages(stack)) == 1


def test_a_blackout_keeps_a_retry_off_as_it_does_a_manual_run(
    client: Client, parts: Parts, integration: dict[str, Any]
) -> None:
    path = ended(parts, integration["id"], "failed")
    closed = [{"from": "2026-11-20", "to": "2026-11-30", "kind": "no_runs"}]
    form = {"name": "Lakeview", "time_zone": "America/Chicago", "blackouts": closed, "version": 1}
    assert client.put(BASE, form).status == 200
    assert problem(client.post(f"{path}/retry", {})) == (409, "blackout")
    assert client.as_("lakeview/operator").post(f"{path}/retry", {"override": True}).status == 403
    again = client.post(f"{path}/retry", {"override": True})
    assert (again.status, again.json["override"]) == (202, True)
