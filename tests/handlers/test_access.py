"""Who may do what: every route against every right, and every id against a foreign district."""

import re

import pytest

from config_api.api import Endpoint

from .conftest import Client, schedule_form

BODIES = {"PUT": {}, "POST": {}, "PATCH": {}}
RANKS = ["viewer", "operator", "admin"]
OPERATED = (
    *("/runs", "/same-as", "/approve", "/reject", "/cancel", "/retry", "/undo", "/unmapped"),
    "/protection",
)


def path_of(endpoint: Endpoint) -> str:
    return re.sub(
        r"\(\?P<(\w+)>.*?\)",
        lambda m: "lakeview" if m[1] == "district_id" else f"{m[1]}_none",
        endpoint.pattern.pattern,
    )


def routes(client: Client) -> list[tuple[Endpoint, str]]:
    found = [(endpoint, path_of(endpoint)) for endpoint in client.api.endpoints if endpoint.right]
    assert len(found) >= 22
    return found


def test_every_district_route_asks_for_a_right(client: Client) -> None:
    for endpoint in client.api.endpoints:
        assert endpoint.right or "district_id" not in endpoint.pattern.groupindex


def test_every_route_refuses_a_caller_without_token(client: Client) -> None:
    for endpoint in client.api.endpoints:
        answer = Client(client.api, groups=None).call(
            endpoint.method, path_of(endpoint), BODIES.get(endpoint.method)
        )
        # A registration has no token but a secret, and is asked for all that it needs.
        allowed = 422 if endpoint.raw else 200
        assert answer.status == (allowed if endpoint.open else 401), endpoint


@pytest.mark.parametrize(
    "groups", [(), ("hilltop/admin",), ("*/viewer",), ("lakeview",), ("Lakeview/admin",)]
)
def test_every_route_refuses_a_foreign_token(client: Client, groups: tuple[str, ...]) -> None:
    """Before looking at the body, which here is empty and would be refused for other reasons."""
    for endpoint, path in routes(client):
        answer = client.as_(*groups).call(endpoint.method, path, BODIES.get(endpoint.method))
        assert (answer.status, answer.json["code"]) == (403, "forbidden"), endpoint


@pytest.mark.parametrize("right", RANKS)
def test_every_route_asks_for_just_its_right(client: Client, right: str) -> None:
    for endpoint, path in routes(client):
        answer = client.as_(f"lakeview/{right}").call(endpoint.method, path, BODIES.get(endpoint.method))
        enough = RANKS.index(right) >= RANKS.index(str(endpoint.right))
        assert (answer.status != 403) == enough, endpoint


def test_configuring_needs_admin_and_running_needs_operator(client: Client) -> None:
    for endpoint, path in routes(client):
        operated = "/exports" in path or (endpoint.method != "GET" and path.endswith(OPERATED))
        expected = "operator" if operated else "viewer" if endpoint.method == "GET" else "admin"
        if path.endswith(
            ("/audit", "/audit.csv", "/notifications", "/onboardings/onboarding_id_none/plugin.zip")
        ):
            expected = "admin"  # who did what, who is told, and a secret
        assert endpoint.right == expected, endpoint


def test_groups_may_be_a_list(client: Client) -> None:
    assert Client(client.api, groups=["lakeview/viewer"]).get("/v1/districts/lakeview").status == 200


def test_ids_of_another_district_are_not_there(client: Client, integration: dict, mappings: dict) -> None:
    assert client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "UTC"}).status == 201
    schedule = client.post("/v1/districts/lakeview/schedules", schedule_form(integration["id"])).json
    run = client.post(f"/v1/districts/lakeview/integrations/{integration['id']}/runs", {}).json
    foreign = client.as_("hilltop/admin")
    for path in (
        f"integrations/{integration['id']}",
        f"mappings/{mappings['race']}",
        f"schedules/{schedule['id']}",
        f"runs/{run['id']}",
        f"runs/{run['id']}/issues",
        f"runs/{run['id']}/changes",
    ):
        assert foreign.get(f"/v1/districts/hilltop/{path}").status == 404, path
    assert foreign.get("/v1/districts/hilltop/runs", integration_id=integration["id"]).json["items"] == []
    for method, path, body in (
        ("POST", f"integrations/{integration['id']}/runs", {}),
        ("POST", f"schedules/{schedule['id']}/runs", {}),
        ("PATCH", f"integrations/{integration['id']}", {"active": False, "version": 1}),
    ):
        assert foreign.call(method, f"/v1/districts/hilltop/{path}", body).status == 404, path


def test_only_the_platform_operator_creates_districts(client: Client) -> None:
    body = {"name": "Hilltop", "time_zone": "UTC"}
    assert client.as_("hilltop/admin").put("/v1/districts/hilltop", body).status == 403
    assert client.get("/v1/districts/hilltop").status == 404
    assert client.put("/v1/districts/hilltop", body).status == 201
    assert client.as_("hilltop/admin").get("/v1/districts/hilltop").status == 200


def test_a_district_that_does_not_exist_has_nothing(client: Client) -> None:
    for path in ("", "/integrations", "/runs", "/people"):
        assert client.get(f"/v1/districts/nowhere{path}").status == 404, path
