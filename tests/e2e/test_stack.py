"""The deployed template, end to end: what the README promises, seen from outside."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from local.api import Api, ApiError
from local.stack import Stack
from local.tenants import Client
from tests.e2e.conftest import TENANTS, Writes, ended, everybody, sync, until
from tests.support.truth import differences, expected, stored

pytestmark = pytest.mark.e2e
one_system = pytest.mark.parametrize("client", TENANTS[:1], indirect=True, ids=lambda tenant: tenant.system)


def truth(client: Client) -> Any:
    return client.simulator.truth()


def test_everybody_is_in_the_store_once_and_rightly(api: Api, client: Client) -> None:
    people = everybody(api, client)
    assert differences(expected(client.tenant.system, truth(client)), stored(people)) == []
    assert len({p["id"] for p in people}) == len(people)


def test_a_second_sync_without_a_change_writes_nobody(api: Api, client: Client, writes: Writes) -> None:
    writes.since_last_asked()
    run = sync(api, client)
    assert run["state"] == "completed"
    assert writes.since_last_asked() == 0
    assert sum(counts["unchanged"] for counts in run["counts"].values()) == len(everybody(api, client))


def test_ten_changed_records_write_those(api: Api, client: Client, writes: Writes) -> None:
    writes.since_last_asked()
    touched = client.simulator.change("some", n=10, seed=3)
    run = sync(api, client)
    counted = sum(c[k] for c in run["counts"].values() for k in ("add", "update", "inactivate", "reactivate"))
    assert writes.since_last_asked() == counted
    assert len(touched["student_ids"]) == 10
    assert 10 <= run["counts"]["student"]["update"] <= 30, "those, and the families they touch"
    changes = api.get(f"{client.path}/runs/{run['id']}/changes", limit="200")["items"]
    assert len(changes) == counted
    assert all(change["before"] and change["after"] and change["fields"] for change in changes)
    assert differences(expected(client.tenant.system, truth(client)), stored(everybody(api, client))) == []


def test_a_message_put_straight_on_the_queue_runs_a_sync(api: Api, client: Client, stack: Stack) -> None:
    body = {
        "version": 1,
        "district_id": client.tenant.district_id,
        "integration_id": client.integration_id,
        "trigger": "manual",
        "mode": "sync",
        "requested_by": "another-system@example.org",
    }
    stack.client("sqs").send_message(
        QueueUrl=stack.resources.queue_url, MessageBody=json.dumps(body), MessageGroupId=client.integration_id
    )

    def theirs() -> Any:
        runs = api.get(f"{client.path}/runs", integration_id=client.integration_id)["items"]
        return next((r for r in runs if r["requested_by"] == "another-system@example.org"), None)

    run = until(theirs, "a run of the message", 60)
    assert ended(api, client, run["id"])["state"] == "completed"


@one_system
def test_a_message_that_does_not_fit_goes_to_the_dead_letters(api: Api, client: Client, stack: Stack) -> None:
    sqs = stack.client("sqs")
    attributes = sqs.get_queue_attributes(
        QueueUrl=stack.resources.queue_url, AttributeNames=["RedrivePolicy"]
    )
    dead_letters = json.loads(attributes["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"].rpartition(
        ":"
    )[2]
    url = sqs.get_queue_url(QueueName=dead_letters)["QueueUrl"]
    before = int(_depth(sqs, url))
    sqs.send_message(
        QueueUrl=stack.resources.queue_url, MessageBody='{"version": 1, "nonsense": true}', MessageGroupId="x"
    )
    until(lambda: _depth(sqs, url) > before, "the dead letter", 90)
    assert sync(api, client)["state"] == "completed", "and harms nothing else"
    assert any("message refused" in line for line in stack.logs("sync-runner"))


def _depth(sqs: Any, url: str) -> int:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


@one_system
def test_the_schedule_fires_by_itself(api: Api, client: Client) -> None:
    zone = ZoneInfo("America/Los_Angeles")
    at = datetime.now(UTC).astimezone(zone) + timedelta(minutes=1)
    schedule = api.post(
        f"{client.path}/schedules",
        {
            "name": "Next minute",
            "integration_ids": [client.integration_id],
            "frequency": {"every": "day", "at": at.strftime("%H:%M")},
            "run_as": "admin@example.org",
        },
    )
    assert len(schedule["next_runs"]) == 5

    def scheduled() -> Any:
        runs = api.get(f"{client.path}/runs", integration_id=client.integration_id)["items"]
        return next((r for r in runs if r["trigger"] == "schedule"), None)

    run = until(scheduled, "the scheduled run", 200)
    assert ended(api, client, run["id"])["state"] == "completed"
    assert run["requested_by"] == "admin@example.org"
    again = api.get(f"{client.path}/schedules/{schedule['id']}")
    assert again["last_run_at"]
    assert again["next_run_at"] > schedule["next_run_at"], "it has moved on to tomorrow"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"kind": "html_login", "path": ".*"}, "endpoint_not_json"),
        ({"kind": "http_401", "path": ".*(/ws/|/api/).*"}, "credentials_rejected"),
        ({"kind": "redirect", "path": ".*"}, "endpoint_redirects"),
    ],
)
def test_a_sis_that_misbehaves_fails_the_run_and_changes_nobody(
    api: Api, client: Client, writes: Writes, rule: dict[str, Any], code: str
) -> None:
    writes.since_last_asked()
    client.simulator.break_with([rule])
    try:
        run = sync(api, client)
    finally:
        client.simulator.break_with([])
    assert (run["state"], run["error"]["code"]) == ("failed", code)
    assert run["error"]["message"].endswith(".")
    assert writes.since_last_asked() == 0


def test_people_and_families_can_be_found(api: Api, client: Client) -> None:
    people = everybody(api, client)
    student = next(p for p in people if p["type"] == "student" and p["contacts"] and p["state_id"])
    by_name = api.get(f"{client.path}/people", search=student["last_name"][:4], type="student")["items"]
    assert student["id"] in {p["id"] for p in by_name}
    for value in (student["local_id"], student["state_id"], student["source_id"], student["id"]):
        found = api.get(f"{client.path}/people", search=value)["items"]
        assert student["id"] in {p["id"] for p in found}, value
    family = api.get(f"{client.path}/families/{student['family_id']}")
    assert student["id"] in {member["id"] for member in family["members"]}
    schools = api.get(
        f"{client.path}/people", school=student["enrollments"][0]["school"], type="student", limit="200"
    )
    assert student["id"] in {p["id"] for p in schools["items"]}


def test_secrets_are_never_shown_and_never_plain(api: Api, client: Client, stack: Stack) -> None:
    shown = api.get(f"{client.path}/integrations/{client.integration_id}")
    secrets = list(client.simulator.credentials.values())
    assert all(entry["set"] for entry in shown["credentials"].values())
    table = stack.client("dynamodb").scan(TableName=stack.resources.config_table)["Items"]
    logs = "".join(line for name in ("config-api", "scheduler", "sync-runner") for line in stack.logs(name))
    for secret in secrets:
        assert secret not in json.dumps(shown)
        assert secret not in json.dumps(table)
        assert secret not in logs
    for person in everybody(api, client):
        if person["last_name"] and len(person["last_name"]) > 5 and person["email"]:
            assert person["email"] not in logs


@one_system
def test_a_stranger_sees_nothing(stack: Stack, client: Client) -> None:
    stranger = stack.api("elsewhere/admin")
    with pytest.raises(ApiError) as refused:
        stranger.get(f"{client.path}/people")
    assert refused.value.status == 403
    viewer = stack.api(f"{client.tenant.district_id}/viewer")
    assert viewer.get(f"{client.path}/people")["items"]
    with pytest.raises(ApiError) as refused:
        viewer.post(f"{client.path}/integrations/{client.integration_id}/runs", {"mode": "sync"})
    assert refused.value.status == 403
    for headers in ({}, {"Authorization": "Bearer garbage"}):
        answer = requests.get(f"{stack.api_url}/v1{client.path}", headers=headers, timeout=10)
        assert answer.status_code == 401


@one_system
def test_every_documented_route_answers(stack: Stack, api: Api, client: Client) -> None:
    document = requests.get(f"{stack.api_url}/v1/openapi.json", timeout=10).json()
    token = stack.token("*/admin")
    values = {"district_id": client.tenant.district_id, "integration_id": client.integration_id}
    for path, operations in document["paths"].items():
        for method in operations:
            if method not in ("get", "put", "post", "patch", "delete"):
                continue
            url = path
            for name in [part.strip("{}") for part in path.split("/") if part.startswith("{")]:
                url = url.replace("{" + name + "}", values.get(name, "none_such"))
            url = url.removeprefix("/v1")
            answer = requests.request(
                method.upper(),
                f"{stack.api_url}/v1{url}",
                headers={"Authorization": f"Bearer {token}"},
                timeout=10,
            )
            assert answer.status_code in (200, 202, 400, 404, 415, 422), (
                method,
                path,
                answer.status_code,
                answer.text[:200],
            )
            if answer.status_code >= 400:
                assert answer.headers["content-type"].startswith("application/problem+json"), (method, path)


@one_system
def test_many_changes_at_once_lose_none(stack: Stack, client: Client) -> None:
    """Here and not on moto, whose conditions are not atomic between threads."""
    path = f"{client.path}/integrations/{client.integration_id}"
    version = stack.api().get(path)["version"]
    apis = [stack.api() for _ in range(6)]

    def patch(n: int) -> int:
        try:
            apis[n].call("PATCH", path, json={"name": f"By {n}", "version": version})
        except ApiError as refused:
            return refused.status
        return 200

    with ThreadPoolExecutor(len(apis)) as pool:
        statuses = list(pool.map(patch, range(len(apis))))
    assert sorted(statuses) == [200] + [409] * 5
    assert stack.api().get(path)["version"] == version + 1


@one_system
def test_the_same_request_many_times_at_once_makes_one_thing(stack: Stack, client: Client) -> None:
    body = {"entity": "gender", "name": "Once", "entries": [{"external": "F", "value": "female"}]}
    token = stack.token("*/admin")
    apis = [Api(stack.api_url, token) for _ in range(6)]

    def post(n: int) -> Any:
        try:
            made = apis[n].call(
                "POST", f"{client.path}/mappings", json=body, headers={"Idempotency-Key": "once"}
            )
        except ApiError as refused:
            return refused.status
        return made["id"]

    with ThreadPoolExecutor(len(apis)) as pool:
        answers = set(pool.map(post, range(len(apis)))) - {503}
    assert len(answers) == 1
    assert len(stack.api().get(f"{client.path}/mappings", search="Once")["items"]) == 1
