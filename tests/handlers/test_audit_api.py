"""The audit over HTTP: each write leaves exactly one record, a refused one none, and no record holds a secret."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest

from config_api.bootstrap import Parts
from rollcall.store.memory import MemoryClock
from tests.support.aws import Stack

from .conftest import CREDENTIALS, NOW, Client, Forms, schedule_form
from .test_reading_api import everything, put  # noqa: F401 - a fixture
from .writes import BASE, CHANGES_NOTHING, MAPPING, READS_AND_WRITES, WRITES, Existing, Write


def told(client: Client, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = everything(client, f"{BASE}/audit", **query)
    return found


def field(record: dict[str, Any], name: str) -> tuple[Any, Any]:
    (change,) = [change for change in record["changes"] if change["field"] == name]
    return change["before"], change["after"]


@pytest.fixture
def existing(client: Client, form: Forms, put: Any, parts: Parts) -> Existing:  # noqa: F811 - the fixture
    return Existing(client, form, put, parts)


def routes(client: Client) -> set[tuple[str, str]]:
    """Every way to write, such as ``PUT /mappings/<>``."""
    paths = {(e.method, re.sub(r"\(\?P<\w+>[^)]*\)", "<>", e.pattern.pattern)) for e in client.api.endpoints}
    within = {(method, path.removeprefix("/v1").replace("/districts/<>/", "/")) for method, path in paths}
    return {
        (method, path) for method, path in within if method != "GET" or (method, path) in READS_AND_WRITES
    }


def test_every_route_that_writes_is_tried_here(client: Client) -> None:
    """Guards: a new route that changes something and tells nobody."""
    assert routes(client) == WRITES.keys() | CHANGES_NOTHING


@pytest.mark.parametrize("write", WRITES.values(), ids=[" ".join(w) for w in WRITES])
def test_a_write_leaves_its_records_once_and_a_refused_one_none(
    client: Client, existing: Existing, write: Write
) -> None:
    getattr(existing, write.needs)
    before = told(client)
    assert write.refused(client, existing).status in (403, 404, 409, 422)
    assert told(client) == before
    somebody = Client(client.api, user="ann@example.org")
    assert write.taken(somebody, existing).status < 300
    made = [record for record in told(client) if record not in before]
    assert sorted(record["what"] for record in made) == list(write.tells)
    assert len({(record["what"], record["subject"]) for record in made}) == len(made)
    assert {record["actor"] for record in made} == {write.actor}
    (request_id,) = {record["request_id"] for record in made}
    assert request_id.startswith("request-")
    assert all(record["changes"] for record in made), "what changed is told"


def test_a_repeated_request_leaves_one_record(client: Client, existing: Existing) -> None:
    """Guards: a caller who lost the reply, and sends the same request again."""
    before = len(told(client))
    for key, path, body in (
        ("k-1", "integrations", existing.form(name="Another")),
        ("k-2", "mappings", MAPPING),
        ("k-3", "schedules", schedule_form(existing.integration)),
        ("k-4", f"integrations/{existing.integration}/runs", {}),
        ("k-5", f"schedules/{existing.schedule}/runs", {}),
    ):
        answers = [client.post(f"{BASE}/{path}", body, {"Idempotency-Key": key}) for _ in range(3)]
        assert len({answer.text for answer in answers}) == 1
    assert len(told(client)) == before + 5


def test_a_repeat_before_the_answer_was_kept_leaves_one_record(client: Client, parts: Parts) -> None:
    """Guards: a Lambda that died between the write and its answer."""
    headers = {"Idempotency-Key": "k-1"}
    before = len(told(client))

    def die(*_: object) -> None:
        raise TimeoutError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(parts.idempotency), "answered", die)
        assert client.post(f"{BASE}/mappings", MAPPING, headers).status == 500
    assert client.post(f"{BASE}/mappings", MAPPING, headers).status == 201
    assert len(told(client)) == before + 1


def test_a_change_is_told_field_by_field(client: Client, existing: Existing, clock: MemoryClock) -> None:
    clock.advance(seconds=1)
    path = f"{BASE}/integrations/{existing.integration}"
    client.patch(path, {"drop_students_not_in_file": True, "name": "Other", "version": 1})
    record = told(client, limit=1)[0]
    assert record["subject"] == existing.integration
    assert field(record, "drop_students_not_in_file") == (False, True)
    assert field(record, "name") == ("Nightly", "Other")
    assert len(record["changes"]) == 2


def test_of_a_mapping_only_the_number_of_rows_that_came_and_went(
    client: Client, existing: Existing, clock: MemoryClock
) -> None:
    path = f"{BASE}/mappings/{existing.mappings['race']}"
    rows = [{"external": str(number), "value": "x"} for number in range(30)]
    client.put(path, {**MAPPING, "entries": rows, "version": 1})
    clock.advance(seconds=1)
    client.put(path, {**MAPPING, "entries": rows[1:], "version": 2})
    entries = [c for c in told(client, limit=1)[0]["changes"] if c["field"] == "entries"]
    assert [(c["added"], c["removed"], c["before"]) for c in entries] == [(0, 1, None)]


@pytest.mark.parametrize("system", CREDENTIALS)
def test_a_secret_is_never_told(client: Client, form: Forms, clock: MemoryClock, system: str) -> None:
    secrets = CREDENTIALS[system]
    made = client.post(f"{BASE}/integrations", form(system)).json
    clock.advance(seconds=1)
    newer = {key: value[::-1] for key, value in secrets.items()}
    client.patch(f"{BASE}/integrations/{made['id']}", {"credentials": newer, "version": 1})
    replaced, created = told(client, what="credentials")
    for key in secrets:
        assert field(created, f"credentials.{key}") == (None, "set")
        assert field(replaced, f"credentials.{key}") == ("set", "replaced")
    text = client.get(f"{BASE}/audit").text + client.get(f"{BASE}/audit.csv").text
    for value in (*secrets.values(), *newer.values()):
        assert value not in text
        assert f'"{value[-4:]}"' not in text


def test_a_move_to_another_zone_is_told_once(client: Client, existing: Existing, clock: MemoryClock) -> None:
    """Its schedules are planned anew, which nobody has changed."""
    clock.advance(seconds=1)
    before = len(told(client))
    client.put(BASE, {"name": "Lakeview", "time_zone": "America/Denver", "version": 1})
    assert len(told(client)) == before + 1
    assert field(told(client)[0], "time_zone") == ("America/Chicago", "America/Denver")


def test_it_is_read_newest_first_and_by_what_is_asked(client: Client, clock: MemoryClock) -> None:
    for days in range(5):
        clock.time = NOW + timedelta(days=20 * days, seconds=1)
        who = Client(client.api, user=f"user-{days % 2}@example.org")
        who.put(BASE, {"name": f"Lake {days}", "time_zone": "America/Chicago", "version": days + 1})
    names = [field(record, "name")[1] for record in told(client, limit=2)]
    assert names == ["Lake 4", "Lake 3", "Lake 2", "Lake 1", "Lake 0", "Lakeview"]

    def found(**query: str) -> list[Any]:
        return [field(record, "name")[1] for record in told(client, **query)]

    assert found(actor="user-1@example.org") == ["Lake 3", "Lake 1"]
    assert found(actor=" USER-0") == ["Lake 4", "Lake 2", "Lake 0"], "a part of the name is enough"
    assert found(what="district.created") == ["Lakeview"]
    assert found(what="time_zone") == ["Lakeview"]
    span = {
        "from": (NOW + timedelta(days=20, seconds=1)).isoformat(),
        "to": (NOW + timedelta(days=60, seconds=1)).isoformat(),
    }
    assert found(**span) == ["Lake 2", "Lake 1"]
    assert found(**{"from": "1970-01-01T00:00:00Z", "to": "9999-12-31T00:00:00Z"}) == names


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ({"cursor": "WyJhdWRfIl0"}, ("cursor", "unknown_cursor")),
        ({"cursor": "ImF1ZF9aWlpaWlpaWlpaIg"}, ("cursor", "unknown_cursor")),
        ({"from": "yesterday"}, ("from", "wrong_type")),
        ({"to": "2026-11-22T08:00:00"}, ("to", "timezone_aware")),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    client: Client, query: dict[str, str], fault: tuple[str, str]
) -> None:
    answer = client.get(f"{BASE}/audit", **query)
    assert (answer.status, fault in answer.faults()) == (422, True), answer.text


def test_another_district_sees_nothing_of_it(
    client: Client, integration: dict[str, Any], stack: Stack
) -> None:
    client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "UTC"})
    other = client.as_("hilltop/admin")
    assert [record["what"] for record in other.get("/v1/districts/hilltop/audit").json["items"]] == [
        "district.created"
    ]
    assert other.get(f"{BASE}/audit").status == 403
    assert client.as_("lakeview/operator").get(f"{BASE}/audit").status == 403


def test_it_can_be_downloaded_and_no_cell_runs(client: Client, existing: Existing) -> None:
    """Guards: a name that a spreadsheet runs at the district office."""
    path = f"{BASE}/integrations/{existing.integration}"
    client.patch(path, {"name": "=cmd|' /C calc'!A0", "version": 1})
    answer = client.get(f"{BASE}/audit.csv", what="integration.changed")
    assert answer.headers["Content-Type"].startswith("text/csv")
    header, row = csv.reader(io.StringIO(answer.text))
    assert header[:7] == ["time", "who", "what", "subject", "field", "before", "after"]
    assert row[1:7] == [
        "user@example.org",
        "integration.changed",
        existing.integration,
        "name",
        "Nightly",
        "'=cmd|' /C calc'!A0",
    ]
    whole = list(csv.DictReader(io.StringIO(client.get(f"{BASE}/audit.csv").text)))
    assert {row["subject"] for row in whole} == {record["subject"] for record in told(client)}
