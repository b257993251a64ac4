"""Deciding about held runs over HTTP: who, with which plan, and only once."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from config_api.bootstrap import Parts
from rollcall.domain.run import Hold, Run
from rollcall.store.memory import MemoryClock
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import NOW, Client

BASE = "/v1/districts/lakeview"
YES = {"plan_hash": "abc", "comment": "The school has closed."}


def hold(parts: Parts, integration_id: str) -> Run:
    """A held run, as the runner leaves it."""
    made = Run(
        id="run_1",
        district_id="lakeview",
        integration_id=integration_id,
        state="queued",
        plan_hash="abc",
        holds=[Hold("drops", "20 of 100.")],
        queued_at=NOW,
    )
    parts.runs.create(made)
    lease = parts.runs.acquire("lakeview", integration_id, "runner", NOW)
    assert lease is not None
    assert parts.runs.begin(made, lease)
    held = replace(made, state="held")
    parts.runs.finish(held, lease, "run_1", None)
    parts.runs.release("lakeview", integration_id, lease)
    return held


@pytest.fixture
def run(parts: Parts, integration: dict[str, Any]) -> Run:
    return hold(parts, integration["id"])


def queued(stack: Stack) -> list[str]:
    answer = aws_client("sqs").receive_message(QueueUrl=stack.queue_url, MaxNumberOfMessages=10)
    return [message["Body"] for message in answer.get("Messages", [])]


def test_an_approved_run_is_sent_on_with_who_and_why(client: Client, run: Run, stack: Stack) -> None:
    answer = client.as_("lakeview/operator").post(f"{BASE}/runs/run_1/approve", YES)
    assert (answer.status, answer.json["state"]) == (202, "applying")
    assert answer.json["approvals"] == [
        {
            "by": "user@example.org",
            "at": "2026-11-22T08:00:00Z",
            "comment": "The school has closed.",
            "leave_out": [],
        }
    ]
    (message,) = queued(stack)
    assert '"run_id":"run_1"' in message.replace(" ", "")
    again = client.post(f"{BASE}/runs/run_1/approve", YES)
    assert (again.status, again.json["code"]) == (409, "not_held")
    assert queued(stack) == []


def test_only_the_plan_that_was_looked_at_is_approved(client: Client, run: Run) -> None:
    other = client.post(f"{BASE}/runs/run_1/approve", {**YES, "plan_hash": "abd"})
    assert (other.status, other.faults()) == (422, {("plan_hash", "another_plan")})
    for body in ({"plan_hash": "abc"}, {"comment": "x"}, {**YES, "comment": ""}, {**YES, "force": True}):
        assert client.post(f"{BASE}/runs/run_1/approve", body).status == 422
    assert client.as_("lakeview/viewer").post(f"{BASE}/runs/run_1/approve", YES).status == 403
    assert client.post(f"{BASE}/runs/run_9/approve", YES).status == 404


def test_an_overtaken_run_cannot_be_approved(client: Client, run: Run, parts: Parts) -> None:
    newer = Run(id="run_2", district_id="lakeview", integration_id=run.integration_id, queued_at=NOW)
    parts.runs.create(newer)
    lease = parts.runs.acquire("lakeview", run.integration_id, "runner-2", NOW)
    assert lease is not None
    assert parts.runs.begin(newer, lease)
    parts.runs.finish(replace(newer, state="completed", ended_at=NOW), lease, "run_2", "run_1")
    answer = client.post(f"{BASE}/runs/run_1/approve", YES)
    assert (answer.status, answer.json["code"]) == (409, "superseded")


def test_two_people_where_the_district_asks_for_two(client: Client, run: Run, stack: Stack) -> None:
    client.put(
        BASE, {"name": "Lakeview", "time_zone": "America/Chicago", "two_person_approval": True, "version": 1}
    )
    first = client.post(f"{BASE}/runs/run_1/approve", YES)
    assert (first.json["state"], len(first.json["approvals"])) == ("held", 1)
    same = client.post(f"{BASE}/runs/run_1/approve", YES)
    assert (same.status, same.json["code"]) == (409, "second_person_needed")
    assert queued(stack) == []
    other = Client(client.api, user="other@example.org")
    assert other.post(f"{BASE}/runs/run_1/approve", YES).json["state"] == "applying"
    assert len(queued(stack)) == 1


def test_a_rejected_run_is_over(client: Client, run: Run, stack: Stack) -> None:
    answer = client.post(f"{BASE}/runs/run_1/reject", {"comment": "They are all still here."})
    assert (answer.status, answer.json["state"]) == (200, "rejected")
    assert answer.json["error"]["code"] == "rejected"
    assert answer.json["rejection"]["by"] == "user@example.org"
    assert answer.json["rejection"]["comment"] == "They are all still here."
    assert client.post(f"{BASE}/runs/run_1/approve", YES).json["code"] == "not_held"
    assert queued(stack) == []


def test_limits_are_the_districts_and_stay_when_left_out(client: Client) -> None:
    form = {"name": "Lakeview", "time_zone": "America/Chicago", "version": 1}
    assert client.get(BASE).json["thresholds"]["drop_percent"] == 10
    changed = client.put(BASE, {**form, "thresholds": {"drop_percent": 3, "floor": 2}}).json
    assert (changed["thresholds"]["drop_percent"], changed["thresholds"]["update_percent"]) == (3, 60)
    assert client.put(BASE, {**form, "version": 2}).json["thresholds"]["drop_percent"] == 3
    wrong = client.put(BASE, {**form, "version": 3, "thresholds": {"drop_percent": 101}})
    assert wrong.status == 422
    assert {field for field, _ in wrong.faults()} == {"thresholds.drop_percent"}


def test_other_limits_for_one_integration_end_by_themselves(
    client: Client, integration: dict[str, Any], clock: MemoryClock
) -> None:
    path = f"{BASE}/integrations/{integration['id']}"
    body = {
        "thresholds": {"drop_percent": 50},
        "expires_at": "2026-11-24T08:00:00Z",
        "reason": "Lake school closes.",
        "version": 1,
    }
    made = client.put(f"{path}/thresholds", body).json
    assert made["threshold_override"]["set_by"] == "user@example.org"
    assert made["threshold_override"]["thresholds"]["drop_percent"] == 50
    kept = client.patch(path, {"name": "Other", "version": 2}).json
    assert kept["threshold_override"] == made["threshold_override"]
    for moment in ("2026-11-22T08:00:00Z", "2026-12-23T08:00:01Z", None):
        late = client.put(f"{path}/thresholds", {**body, "expires_at": moment, "version": 3})
        assert late.faults() == {("expires_at", "out_of_range")}
    gone = client.put(
        f"{path}/thresholds", {"thresholds": None, "expires_at": None, "reason": "Done.", "version": 3}
    )
    assert gone.json["threshold_override"] is None
