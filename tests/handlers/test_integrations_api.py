"""Integrations over HTTP: lists, changes, secrets, runs."""

import base64
import io
import json
import zipfile
from typing import Any

import pytest

from config_api.bootstrap import Parts
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import CREDENTIALS, ENTITIES, Client, Forms

BASE = "/v1/districts/lakeview/integrations"


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer.json["items"]]


def test_reads_like_it_was_written(client: Client, form: Forms) -> None:
    body = form(
        "aeries",
        primary_enrollment_codes=["", "C"],
        enrollment_code_field="AttendanceProgramCodeAdditional2",
        use_local_id_as_pin=True,
        drop_students_not_in_file=True,
    )
    made = client.post(BASE, body)
    assert made.status == 201
    read = client.get(f"{BASE}/{made.json['id']}").json
    assert read == made.json
    assert {name: value for name, value in read.items() if name in body and name != "credentials"} == {
        name: value for name, value in body.items() if name != "credentials"
    }
    assert read["credentials"] == {
        "token": {"set": True, "updated_at": "2026-11-22T08:00:00Z", "ends_with": "e3"}
    }
    assert (read["active"], read["version"], read["last_run"]) == (True, 1, None)


def test_what_was_read_can_be_written_back(client: Client, integration: dict) -> None:
    read_only = {"id", "created_at", "updated_at", "last_run", "credentials", "threshold_override"}
    body = {name: value for name, value in integration.items() if name not in read_only}
    assert client.put(f"{BASE}/{integration['id']}", body).status == 200


def test_lists_search_sort_and_page(client: Client, form: Forms) -> None:
    for name, host in (("beta", "c"), ("Alpha", "b"), ("gamma", "a")):
        client.post(BASE, form(name=name, url=f"https://{host}.example.org"))
    assert names(client.get(BASE)) == ["Alpha", "beta", "gamma"]
    assert names(client.get(BASE, sort="url")) == ["gamma", "Alpha", "beta"]
    assert names(client.get(BASE, order="desc")) == ["gamma", "beta", "Alpha"]
    assert names(client.get(BASE, search="A")) == ["Alpha", "beta", "gamma"]
    assert names(client.get(BASE, search="ETA")) == ["beta"]
    for order in ("asc", "desc"):
        found, cursor = [], None
        while True:
            answer = client.get(BASE, limit=2, order=order, **({"cursor": cursor} if cursor else {}))
            found += names(answer)
            cursor = answer.json["next"]
            if cursor is None:
                break
        assert found == sorted(["Alpha", "beta", "gamma"], key=str.casefold, reverse=order == "desc")


def test_inactive_ones_show_only_when_asked_for(client: Client, integration: dict) -> None:
    assert (
        client.patch(f"{BASE}/{integration['id']}", {"active": False, "version": 1}).json["active"] is False
    )
    assert names(client.get(BASE)) == []
    assert names(client.get(BASE, include_inactive="true")) == ["Nightly"]
    assert client.patch(f"{BASE}/{integration['id']}", {"active": True, "version": 2}).json["active"] is True


def test_switching_off_works_whatever_has_become_of_the_mappings(
    client: Client, integration: dict, mappings: dict
) -> None:
    client.put(
        f"/v1/districts/lakeview/mappings/{mappings['race']}",
        {"entity": "race", "name": "Race", "active": False, "version": 1},
    )
    path = f"{BASE}/{integration['id']}"
    assert client.patch(path, {"name": "Other", "version": 1}).faults() == {
        ("mappings.race", "inactive_mapping")
    }
    assert client.patch(path, {"active": False, "version": 1}).status == 200
    assert client.patch(path, {"active": True, "version": 2}).status == 422


def test_a_change_needs_the_version_that_is_stored(client: Client, integration: dict) -> None:
    path = f"{BASE}/{integration['id']}"
    assert client.patch(path, {"name": "Other"}).faults() == {("version", "required")}
    assert client.patch(path, {"name": "Other"}, {"If-Match": "1"}).json["version"] == 2
    stale = client.patch(path, {"name": "Third"}, {"If-Match": '"1"'})
    assert (stale.status, stale.json["code"]) == (409, "stale_version")
    assert "2" in stale.json["detail"]
    assert client.patch(path, {"name": "Third", "version": 2}, {"If-Match": "1"}).status == 409
    assert client.patch(path, {"name": "Third", "version": 2}, {"If-Match": "2"}).status == 200


def test_patch_merges_mappings_and_keeps_the_rest(client: Client, integration: dict, mappings: dict) -> None:
    other = client.post("/v1/districts/lakeview/mappings", {"entity": "race", "name": "Other"}).json["id"]
    changed = client.patch(f"{BASE}/{integration['id']}", {"mappings": {"race": other}, "version": 1}).json
    assert changed["mappings"] == {**integration["mappings"], "race": other}
    assert changed["family_identifier"] == integration["family_identifier"]


def test_patch_keeps_the_field_of_the_codes_and_refuses_another(client: Client, form: Forms) -> None:
    field = "AttendanceProgramCodeAdditional1"
    made = client.post(BASE, form("aeries")).json
    assert made["enrollment_code_field"] == "AttendanceProgramCodePrimary"
    path = f"{BASE}/{made['id']}"
    assert client.patch(path, {"enrollment_code_field": field, "version": 1}).json["version"] == 2
    assert client.patch(path, {"name": "Other", "version": 2}).json["enrollment_code_field"] == field
    refused = client.patch(path, {"enrollment_code_field": "FamilyKey", "version": 3})
    assert refused.faults() == {("enrollment_code_field", "not_allowed")}


@pytest.mark.parametrize(
    ("patch", "fault"),
    [
        ({"mappings": {"academic_year": "map_x"}}, ("mappings.academic_year", "unknown_field")),
        ({"credentials": {"token": "CNRY"}}, ("credentials.token", "unknown_field")),
        ({"use_contact_record": True}, ("use_contact_record", "unknown_field")),
        ({"enrollment_code_field": "x"}, ("enrollment_code_field", "unknown_field")),
        ({"source": "x"}, ("source", "unknown_field")),
        ({"member_types": ["parent"]}, ("member_types.0", "not_allowed")),
        ({"name": None}, ("name", "wrong_type")),
        ({"active": None}, None),
    ],
)
def test_patch_refuses_what_a_form_would(client: Client, integration: dict, patch: dict, fault: Any) -> None:
    answer = client.patch(f"{BASE}/{integration['id']}", {**patch, "version": 1})
    assert (answer.status, answer.faults() if fault else set()) == ((422, {fault}) if fault else (200, set()))
    assert "CNRY" not in answer.text


def test_the_system_cannot_change(client: Client, form: Forms, integration: dict) -> None:
    answer = client.put(f"{BASE}/{integration['id']}", {**form("aeries"), "version": 1})
    assert answer.faults() == {("system", "cannot_change")}
    assert client.patch(f"{BASE}/{integration['id']}", {"system": "aeries", "version": 1}).status == 422


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_another_server_needs_all_secrets_again(
    client: Client, form: Forms, integration: dict, method: str
) -> None:
    """Guards against reading out a stored secret by pointing the integration at one's own server."""
    path = f"{BASE}/{integration['id']}"
    body = {**form(), "url": "https://evil.example.org", "version": 1}
    body = {"url": body["url"], "version": 1} if method == "PATCH" else body
    body.pop("credentials", None)
    refused = client.call(method, path, body)
    assert {field for field, _ in refused.faults()} == {
        "credentials.consumer_token",
        "credentials.consumer_secret",
    }
    assert client.get(path).json["url"] == "https://sis.example.org"
    assert client.call(method, path, {**body, "credentials": CREDENTIALS["powerschool"]}).status == 200


def test_secrets_are_sealed_and_bound_to_their_integration(
    client: Client, form: Forms, parts: Parts, stack: Stack
) -> None:
    first, second = (client.post(BASE, form(name=name)).json["id"] for name in ("one", "two"))
    client.patch(f"{BASE}/{first}", {"credentials": {"consumer_token": "CNRYanother"}, "version": 1})
    sealed = parts.config.sealed("lakeview", first)
    assert parts.vault.open("lakeview", first, sealed["consumer_token"]) == "CNRYanother"
    assert (
        parts.vault.open("lakeview", first, sealed["consumer_secret"])
        == CREDENTIALS["powerschool"]["consumer_secret"]
    )
    with pytest.raises(Exception, match="store_refused"):
        parts.vault.open("lakeview", second, sealed["consumer_token"])
    everything = json.dumps(aws_client("dynamodb").scan(TableName=stack.config_table)["Items"])
    assert "CNRY" not in everything
    shown = client.get(f"{BASE}/{first}").text + client.get(BASE).text
    assert "CNRY" not in shown
    assert sealed["consumer_token"] not in shown


def test_run_now(client: Client, integration: dict, stack: Stack) -> None:
    answer = client.as_("lakeview/operator").post(f"{BASE}/{integration['id']}/runs", {"mode": "preview"})
    assert answer.status == 202
    run = answer.json
    assert (run["state"], run["trigger"], run["mode"], run["requested_by"]) == (
        "queued",
        "manual",
        "preview",
        "user@example.org",
    )
    message = json.loads(aws_client("sqs").receive_message(QueueUrl=stack.queue_url)["Messages"][0]["Body"])
    assert message == {
        "version": 1,
        "district_id": "lakeview",
        "integration_id": integration["id"],
        "mode": "preview",
        "requested_by": "user@example.org",
        "run_id": run["id"],
    }
    assert client.get(f"/v1/districts/lakeview/runs/{run['id']}").json == run


def test_a_run_needs_no_body(client: Client, integration: dict) -> None:
    answer = client.call("POST", f"{BASE}/{integration['id']}/runs")
    assert (answer.status, answer.json["mode"]) == (202, "sync")


def test_an_inactive_integration_does_not_run(client: Client, integration: dict) -> None:
    client.patch(f"{BASE}/{integration['id']}", {"active": False, "version": 1})
    answer = client.post(f"{BASE}/{integration['id']}/runs", {})
    assert (answer.status, answer.json["code"]) == (409, "integration_inactive")


def test_a_repeated_request_makes_one_thing(client: Client, form: Forms, integration: dict) -> None:
    key = {"Idempotency-Key": "key-1"}
    first, second = (client.post(BASE, form(name="Once"), key) for _ in range(2))
    assert (first.status, first.json) == (second.status, second.json)
    assert names(client.get(BASE, search="once")) == ["Once"]
    reused = client.post(BASE, form(name="Twice"), key)
    assert (reused.status, reused.json["code"]) == (409, "idempotency_key_reused")
    path = f"{BASE}/{integration['id']}/runs"
    assert client.post(path, {}, key).status == 409, "another request, although to another address"
    assert (
        client.post(path, {}, {"Idempotency-Key": "k"}).json
        == client.post(path, {}, {"Idempotency-Key": "k"}).json
    )
    assert len(client.get("/v1/districts/lakeview/runs").json["items"]) == 1


def test_a_refused_request_frees_its_key(client: Client, form: Forms) -> None:
    key = {"Idempotency-Key": "key-1"}
    assert client.post(BASE, form(url="http://sis.example.org"), key).status == 422
    assert client.post(BASE, form(), key).status == 201


def test_last_run_shows_in_reads(client: Client, integration: dict, parts: Parts) -> None:
    run_id = client.post(f"{BASE}/{integration['id']}/runs", {}).json["id"]
    lease = parts.runs.acquire("lakeview", integration["id"], "test", parts.clock.now())
    run = parts.runs.get("lakeview", run_id)
    parts.runs.begin(run, lease)
    assert client.get(f"{BASE}/{integration['id']}").json["last_run"] == {
        "id": run_id,
        "state": "queued",
        "ended_at": None,
    }
    run.state, run.ended_at = "completed", parts.clock.now()
    parts.runs.finish(run, lease, None, None)
    last_run = client.get(BASE).json["items"][0]["last_run"]
    assert last_run == {"id": run_id, "state": "completed", "ended_at": "2026-11-22T08:00:00Z"}


@pytest.mark.parametrize("system", ["powerschool", "powerschool_query"])
def test_the_plugin_is_a_zip(client: Client, form: Forms, system: str) -> None:
    made = client.post(BASE, form(system)).json
    answer = client.as_("lakeview/viewer").call("GET", f"{BASE}/{made['id']}/plugin.zip")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="rollcall-{version()}.zip"'
    assert answer.is_base64
    package = base64.b64decode(answer.text, validate=True)
    assert package == build_plugin(NAME, version())
    assert zipfile.ZipFile(io.BytesIO(package)).testzip() is None


def test_other_systems_have_no_plugin(client: Client, form: Forms) -> None:
    made = client.post(BASE, form("aeries")).json
    answer = client.get(f"{BASE}/{made['id']}/plugin.zip")
    assert (answer.status, answer.json["code"]) == (404, "no_plugin")
    assert client.get(f"{BASE}/int_none/plugin.zip").status == 404
    assert client.as_("elsewhere/admin").get(f"{BASE}/{made['id']}/plugin.zip").status == 403


def test_the_allergy_mapping_comes_and_goes(client: Client, form: Forms) -> None:
    allergy = client.post("/v1/districts/lakeview/mappings", {"entity": "allergy", "name": "Allergies"}).json[
        "id"
    ]
    body = form("powerschool_query")
    made = client.post(BASE, body).json
    assert made["mappings"]["allergy"] is None
    path = f"{BASE}/{made['id']}"
    patched = client.patch(path, {"mappings": {"allergy": allergy}, "version": 1}).json
    assert patched["mappings"] == {**body["mappings"], "allergy": allergy}
    patched = client.patch(path, {"mappings": {"allergy": None}, "version": 2}).json
    assert patched["mappings"] == {**body["mappings"], "allergy": None}
    assert client.patch(path, {"mappings": {"race": None}, "version": 3}).status == 422
    wrong = {**body["mappings"], "allergy": body["mappings"]["race"]}
    assert client.put(path, {**body, "mappings": wrong, "version": 3}).faults() == {
        ("mappings.allergy", "wrong_entity")
    }
    refused = form(mappings={**form()["mappings"], "allergy": allergy})
    assert client.post(BASE, refused).faults() == {("mappings.allergy", "unknown_field")}


def test_a_oneroster_integration_goes_over_to_files_and_back(client: Client, form: Forms) -> None:
    made = client.post(BASE, form("oneroster", authentication="oauth1")).json
    assert made["delivery"] == "rest"
    address = f"{BASE}/{made['id']}"
    change = {"delivery": "csv", "url": "https://sis.example.org/exports/lakeview.zip", "version": 1}
    refused = client.patch(address, change)
    assert refused.status == 422
    assert [(e["field"], e["code"]) for e in refused.json["errors"]] == [("authentication", "not_with_csv")]
    changed = client.patch(address, {**change, "authentication": "oauth2"})
    assert (changed.status, changed.json["delivery"]) == (200, "csv")
    read_only = {"id", "created_at", "updated_at", "last_run", "credentials", "threshold_override"}
    whole = {name: value for name, value in changed.json.items() if name not in read_only}
    assert client.put(address, whole).status == 200
    assert client.put(address, {**whole, "delivery": "rest", "version": 3}).json["delivery"] == "rest"


def test_pictures_only(client: Client, form: Forms) -> None:
    building = {"building": form("aeries")["mappings"]["building"]}
    body = form("aeries", pictures_only=True, mappings=building, family_identifier=[])
    made = client.post(BASE, body).json
    assert (made["pictures_only"], made["member_types"]) == (True, ["student"])
    assert {entity for entity, chosen in made["mappings"].items() if chosen} == {"building"}
    path = f"{BASE}/{made['id']}"
    assert client.get(path).json == made
    assert client.patch(path, {"name": "Photos", "version": 1}).json["name"] == "Photos"
    refused = client.patch(path, {"use_local_id_as_pin": True, "version": 2})
    assert refused.faults() == {("use_local_id_as_pin", "not_with_pictures_only")}
    shown = {"id", "created_at", "updated_at", "last_run", "credentials", "threshold_override"}
    written = {**{name: value for name, value in made.items() if name not in shown}, "version": 2}
    assert client.put(path, written).status == 200, "what is read can be written"


def test_pictures_only_cannot_be_switched(client: Client, form: Forms) -> None:
    made = client.post(BASE, form("aeries")).json
    assert made["pictures_only"] is False
    answer = client.patch(f"{BASE}/{made['id']}", {"pictures_only": True, "version": 1})
    assert answer.faults() == {("pictures_only", "cannot_change")}
    assert client.post(BASE, form("powerschool", pictures_only=True)).faults() == {
        ("pictures_only", "unknown_field")
    }


def test_without_pictures_only_every_mapping_is_required(client: Client, form: Forms) -> None:
    building = {"building": form("aeries")["mappings"]["building"]}
    for flag in ({}, {"pictures_only": False}):
        refused = client.post(BASE, form("aeries", mappings=building, **flag))
        assert refused.faults() == {(f"mappings.{entity}", "required") for entity in ENTITIES[1:]}
    assert client.post(BASE, form("aeries", mappings={}, pictures_only=True)).faults() == {
        ("mappings.building", "required")
    }
