"""Onboarding a school over HTTP, from its portal link to live."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config_api.bootstrap import Parts
from rollcall.domain.run import Run
from rollcall.store.memory import MemoryClock
from simulators.powerschool.plugin import update
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import Client, Forms
from .onboarded import BASE, begun, downloaded, package, post_of, registered, school, send


def body(form: Forms, **changes: Any) -> dict[str, Any]:
    """What is written of a school's integration."""
    whole = form("powerschool_query", **changes)
    return {key: value for key, value in whole.items() if key not in ("name", "system", "url", "credentials")}


def completed(parts: Parts, integration_id: str, mode: Any = "sync") -> str:
    """A run that the runner has brought to its end."""
    now = parts.clock.now()
    run = Run(
        id=f"run_{mode}", district_id="lakeview", integration_id=integration_id, mode=mode, queued_at=now
    )
    parts.runs.create(run)
    lease = parts.runs.acquire("lakeview", integration_id, "test", now + timedelta(minutes=5))
    assert lease is not None
    assert parts.runs.begin(run, lease)
    run.state, run.started_at, run.ended_at = "completed", now, now
    parts.runs.finish(run, lease, run.id if mode == "sync" else None, None)
    parts.runs.release("lakeview", integration_id, lease)
    return run.id


def state(client: Client, path: str) -> tuple[str, str | None]:
    found = client.as_("lakeview/viewer").get(path).json
    return found["state"], found["next_step"]


def test_from_portal_link_to_live(client: Client, form: Forms, parts: Parts, clock: MemoryClock) -> None:
    path = begun(client)
    assert state(client, path) == ("created", "plugin_downloaded")
    plugin = downloaded(client, path)
    assert state(client, path) == ("plugin_downloaded", "registered")
    assert send(client, post_of(plugin)).status == 200
    assert state(client, path) == ("registered", "configured")
    made = client.post(f"{path}/integration", body(form, family_identifier=[]))
    assert made.status == 201, made.text
    assert state(client, path) == ("configured", "validated")
    integration_id = made.json["integration_id"]
    clock.advance(minutes=1)
    parts.config.note_validated("lakeview", integration_id, clock.now())
    assert state(client, path) == ("validated", "first_sync")
    refused = client.call("POST", f"{path}/review")
    assert (refused.status, refused.json["code"]) == (409, "nothing_to_review")
    run_id = completed(parts, integration_id)
    assert state(client, path) == ("first_sync", "summary_reviewed")
    live = client.call("POST", f"{path}/review").json
    assert (live["state"], live["next_step"]) == ("live", None)
    assert (live["reviewed_run"], live["reviewed_by"]) == (run_id, "user@example.org")
    assert all(step["done"] and step["at"] for step in live["steps"])


def test_a_completed_preview_validates_too(client: Client, form: Forms, parts: Parts) -> None:
    path = registered(client)
    made = client.post(f"{path}/integration", body(form, family_identifier=[])).json
    completed(parts, made["integration_id"], "preview")
    assert state(client, path) == ("validated", "first_sync")


def test_the_integration_has_the_reserved_id_and_opens_the_credentials(
    client: Client, form: Forms, parts: Parts, stack: Stack
) -> None:
    """Guards against secrets that were sealed for another integration than the one that is made."""
    path = registered(client)
    reserved = client.get(path).json["integration_id"]
    assert client.get(f"/v1/districts/lakeview/integrations/{reserved}").status == 404
    assert client.post(f"{path}/integration", body(form, returning_school=True)).status == 201
    made = client.get(f"/v1/districts/lakeview/integrations/{reserved}").json
    assert (made["url"], made["system"]) == ("https://ps.example.org", "powerschool_query")
    assert (made["name"], made["member_types"], made["returning_school"]) == (
        "Lakeview Prep",
        ["staff"],
        True,
    )
    assert made["credentials"]["consumer_secret"]["ends_with"] == "02"
    sealed = parts.config.sealed("lakeview", reserved)
    opened = {key: parts.vault.open("lakeview", reserved, value) for key, value in sealed.items()}
    assert opened == {"consumer_token": "CNRYclient00001", "consumer_secret": "CNRYsecret00002"}
    everything = str(aws_client("dynamodb").scan(TableName=stack.config_table)["Items"])
    assert "CNRY" not in everything + client.get(path).text
    assert client.get(f"/v1/districts/lakeview/integrations/{reserved}/plugin.zip").status == 200


def test_credentials_by_hand(client: Client, form: Forms) -> None:
    path = begun(client, system="powerschool")
    plugin = downloaded(client, path)
    assert client.post(f"{path}/integration", body(form)).json["code"] == "not_registered"
    entered = {"consumer_token": "CNRYclient00009", "consumer_secret": "CNRYsecret00009"}
    answer = client.post(f"{path}/credentials", entered)
    assert (answer.status, answer.json["registered_by"]) == (200, "hand")
    assert answer.json["credentials"]["consumer_token"]["ends_with"] == "09"
    assert "CNRY" not in answer.text
    late = send(client, post_of(plugin))
    assert (late.status, late.json["code"]) == (409, "already_registered")
    assert client.get(path).json["credentials"] == answer.json["credentials"]
    assert client.post(f"{path}/integration", body(form)).json["state"] == "configured"
    twice = client.post(f"{path}/integration", body(form))
    assert (twice.status, twice.json["code"]) == (409, "integration_exists")


def test_a_plugin_that_registers_anew_changes_the_integration(
    client: Client, form: Forms, parts: Parts, clock: MemoryClock
) -> None:
    """PowerSchool gives a plugin that was deleted and installed again other credentials."""
    path = registered(client)
    made = client.post(f"{path}/integration", body(form, family_identifier=[])).json["integration_id"]
    clock.advance(minutes=1)
    parts.config.note_validated("lakeview", made, clock.now())
    clock.advance(minutes=1)
    assert client.call("POST", f"{path}/reissue").json["registration_open"] is True
    again = post_of(downloaded(client, path), client_secret="CNRYsecret00077")
    assert send(client, again).status == 200
    integration = client.get(f"/v1/districts/lakeview/integrations/{made}").json
    assert (integration["version"], integration["credentials"]["consumer_secret"]["ends_with"]) == (2, "77")
    sealed = parts.config.sealed("lakeview", made)
    assert parts.vault.open("lakeview", made, sealed["consumer_secret"]) == "CNRYsecret00077"
    assert state(client, path) == ("configured", "validated"), "nobody has tried them yet"


def test_a_download_makes_the_one_before_worthless(client: Client) -> None:
    path = begun(client)
    first, second = downloaded(client, path), downloaded(client, path)
    refused = send(client, post_of(first))
    assert (refused.status, refused.json["code"]) == (403, "registration_refused")
    assert client.get(path).json["credentials"] == {}
    assert send(client, post_of(second)).status == 200
    assert update(first, package(client, path)).registration is None, "and now it has nothing to tell"


def test_a_new_version_rises_and_keeps_its_name(client: Client) -> None:
    """PowerSchool takes an update under the same name and a higher version only."""
    path = begun(client)
    first = downloaded(client, path)
    wider = {"member_types": ["staff", "student"], "name": "Lakeview Preparatory"}
    assert client.patch(path, {**wider, "version": 2}).status == 200
    assert state(client, path) == ("created", "plugin_downloaded"), "the plugin has to read more"
    second = update(first, package(client, path))
    assert (first.version, second.version) == ("1.0.0.1", "1.0.0.2")
    assert set(second.queries) > set(first.queries)
    assert "Lakeview Preparatory (organization ORG-7)" in second.description
    assert send(client, post_of(second)).status == 200
    assert package(client, path) == package(client, path), "once registered, only what it reads can change it"


def test_two_schools_of_one_name_get_plugins_of_two_names(client: Client) -> None:
    plugins = [downloaded(client, begun(client)) for _ in range(2)]
    assert [plugin.name for plugin in plugins] == ["Rollcall Lakeview Prep", "Rollcall Lakeview Prep 2"]


def test_a_plugin_for_the_rest_api_brings_a_client_and_nothing_else(client: Client) -> None:
    plugin = downloaded(client, begun(client, system="powerschool", member_types=["student", "contact"]))
    assert (plugin.granted, plugin.queries) == (set(), {})
    assert plugin.registration is not None


def test_what_the_integration_needs_more_is_asked_of_the_next_plugin(client: Client, form: Forms) -> None:
    path = registered(client)
    made = client.post(f"{path}/integration", body(form, member_types=["staff", "student"]))
    assert made.json["next_step"] == "plugin_downloaded"
    plugin = downloaded(client, path)
    areas = {name.removeprefix("org.rollcall.sync.") for name in plugin.queries}
    # The heads of households are contacts.
    assert areas == {"schools.list", "students.roster", "students.races", "contacts.details", "contacts.phones",
                     "staff.roster"}  # fmt: skip
    assert state(client, path) == ("configured", "validated")


def test_lists(client: Client) -> None:
    for name in ("Birch", "alder", "Cedar"):
        begun(client, name=name)
    first = client.as_("lakeview/viewer").get(BASE, limit=2).json
    assert [item["name"] for item in first["items"]] == ["alder", "Birch"]
    assert [item["name"] for item in client.get(BASE, cursor=first["next"]).json["items"]] == ["Cedar"]
    assert [item["name"] for item in client.get(BASE, search="CED").json["items"]] == ["Cedar"]


def test_a_repeated_request_begins_once(client: Client) -> None:
    key = {"Idempotency-Key": "key-1"}
    first, second = (client.post(BASE, school(), key) for _ in range(2))
    assert (first.status, first.json) == (second.status, second.json)
    assert len(client.get(BASE).json["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"name": ""}, {("name", "too_short")}),
        ({"name": "a\nb"}, {("name", "wrong_format")}),
        ({"portal_url": "http://ps.example.org"}, {("portal_url", "url_scheme")}),
        ({"portal_url": "https://10.0.0.1/public"}, {("portal_url", "url_host")}),
        ({"organization_id": "a<b"}, {("organization_id", "wrong_format")}),
        ({"organization_id": 7}, {("organization_id", "wrong_type")}),
        ({"system": "aeries"}, {("system", "not_allowed")}),
        ({"member_types": []}, {("member_types", "too_short")}),
        ({"member_types": ["staff", "staff"]}, {("member_types.1", "duplicate")}),
        ({"member_types": ["parent"]}, {("member_types.0", "not_allowed")}),
        ({"integration_id": "int_1"}, {("integration_id", "unknown_field")}),
        ({"secret": "x"}, {("secret", "unknown_field")}),
    ],
)
def test_bad_input(client: Client, changes: dict[str, Any], faults: set[tuple[str, str]]) -> None:
    answer = client.post(BASE, school(**changes))
    assert (answer.status, answer.faults()) == (422, faults)
    patched = client.patch(begun(client), {**changes, "version": 1})
    assert (patched.status, patched.faults()) == (422, faults)


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"mappings": {}}, {(f"mappings.{e}", "required") for e in [
            "building", "ethnicity", "grade_level", "race", "state", "gender", "language", "relationship"]}),
        ({"url": "https://ps.example.com"}, {("url", "unknown_field")}),
        ({"credentials": {}}, {("credentials", "unknown_field")}),
        ({"family_identifier": ["family_key"]}, {("family_identifier.0", "not_allowed")}),
        ({"member_types": []}, {("member_types", "too_short")}),
        ({"name": None}, {("name", "wrong_type")}),
        ({"host_id_letters": {"student": "é"}}, {("host_id_letters.student", "wrong_format")}),
    ],
)  # fmt: skip
def test_bad_integrations(
    client: Client, form: Forms, changes: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    path = registered(client)
    answer = client.post(f"{path}/integration", {**body(form), **changes})
    assert (answer.status, answer.faults()) == (422, faults)
    assert state(client, path) == ("registered", "configured")


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, {("consumer_token", "required"), ("consumer_secret", "required")}),
        ({"consumer_token": "a", "consumer_secret": ""}, {("consumer_secret", "too_short")}),
        ({"consumer_token": 1, "consumer_secret": "b"}, {("consumer_token", "wrong_type")}),
        ({"consumer_token": "a", "consumer_secret": "b", "token": "c"}, {("token", "unknown_field")}),
    ],
)
def test_bad_credentials(client: Client, given: dict[str, Any], faults: set[tuple[str, str]]) -> None:
    answer = client.post(f"{begun(client)}/credentials", given)
    assert (answer.status, answer.faults()) == (422, faults)


def test_what_stays_as_it_was_begun(client: Client, form: Forms) -> None:
    path = registered(client)
    other = {"system": "powerschool", "version": 3}
    assert client.patch(path, other).faults() == {("system", "cannot_change")}
    moved = {"portal_url": "https://ps.example.com", "version": 3}
    assert client.patch(path, moved).faults() == {("portal_url", "cannot_change")}
    assert client.post(f"{path}/integration", body(form)).status == 201
    wider = {"member_types": ["staff", "student"], "version": 4}
    assert client.patch(path, wider).faults() == {("member_types", "cannot_change")}
    assert client.patch(path, {"name": "Other", "version": 4}).json["name"] == "Other"


def test_a_stale_version_is_refused(client: Client) -> None:
    path = begun(client)
    package(client, path)
    assert client.patch(path, {"name": "X"}).faults() == {("version", "required")}
    stale = client.patch(path, {"name": "X", "version": 1})
    assert (stale.status, stale.json["code"]) == (409, "stale_version")


def test_another_district_sees_nothing(client: Client) -> None:
    path = begun(client)
    assert client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "UTC"}).status == 201
    foreign, elsewhere = client.as_("hilltop/admin"), path.replace("lakeview", "hilltop")
    entered = {"consumer_token": "a", "consumer_secret": "b"}
    for method, tail, sent in (
        ("GET", "", None),
        ("PATCH", "", {"version": 1}),
        ("GET", "/plugin.zip", None),
        ("POST", "/credentials", entered),
        ("POST", "/integration", {}),
        ("POST", "/reissue", {}),
        ("POST", "/review", {}),
    ):
        assert foreign.call(method, elsewhere + tail, sent).status == 404, tail
        assert foreign.call(method, path + tail, sent).status == 403, tail
    assert foreign.get("/v1/districts/hilltop/onboardings").json["items"] == []
