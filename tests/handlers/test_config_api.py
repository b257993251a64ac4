"""Districts, mappings, schedules and systems over HTTP."""

from datetime import timedelta
from typing import Any

import pytest

from config_api.bootstrap import Parts
from rollcall.domain.run import CHECK_AFTER
from rollcall.store.memory import MemoryClock

from .conftest import Client, schedule_form

BASE = "/v1/districts/lakeview"


def test_districts_are_written_and_read(client: Client) -> None:
    assert client.get(BASE).json == {
        "id": "lakeview",
        "name": "Lakeview",
        "time_zone": "America/Chicago",
        "school_year": "2026-27",
        "calendar_school_year": "2026-27",
        "thresholds": {
            "drop_percent": 10,
            "drop_building_count": 25,
            "update_percent": 60,
            "move_percent": 10,
            "household_percent": 10,
            "floor": 5,
            "hold_everything": False,
        },
        "two_person_approval": False,
        "review_families": "over_limit",
        "blackouts": [],
        "version": 1,
        "created_at": "2026-11-22T08:00:00Z",
        "updated_at": "2026-11-22T08:00:00Z",
    }
    changed = client.put(
        BASE, {"name": "Lake View", "time_zone": "America/Chicago", "school_year": "2025-26", "version": 1}
    )
    assert (changed.status, changed.json["school_year"], changed.json["version"]) == (200, "2025-26", 2)
    assert changed.json["calendar_school_year"] == "2026-27", "so a form knows that the year is fixed"
    assert client.put(BASE, {"name": "L", "time_zone": "UTC", "version": 1}).status == 409


def test_another_time_zone_moves_the_schedules(client: Client, integration: dict) -> None:
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"])).json
    assert made["next_run_at"] == "2026-11-23T08:00:00Z"
    client.put(BASE, {"name": "Lakeview", "time_zone": "America/New_York", "version": 1})
    assert client.get(f"{BASE}/schedules/{made['id']}").json["next_run_at"] == "2026-11-23T07:00:00Z"


def test_systems_come_with_their_forms(client: Client) -> None:
    items = {item["system"]: item for item in client.as_().get("/v1/systems").json["items"]}
    assert set(items) == {
        "powerschool", "powerschool_query", "aeries", "illuminate", "schooltool", "oneroster",
    }  # fmt: skip
    assert items["aeries"]["credentials"] == ["token"]
    for system, item in items.items():
        assert item["form"]["additionalProperties"] is False
        assert "use_contact_record" in item["form"]["properties"] or system != "aeries"


def test_mappings_are_written_and_read(client: Client) -> None:
    body = {
        "entity": "grade_level",
        "name": "District grades",
        "ignore_leading_zeros": True,
        "entries": [{"external": "0", "value": "K"}, {"external": "", "value": "?"}],
    }
    made = client.post(f"{BASE}/mappings", body)
    assert made.status == 201
    path = f"{BASE}/mappings/{made.json['id']}"
    assert client.get(path).json == made.json
    assert made.json["entries"] == body["entries"]
    changed = client.put(path, {**body, "entries": [], "active": False, "version": 1}).json
    assert (changed["entries"], changed["active"], changed["version"], changed["entry_count"]) == (
        [],
        False,
        2,
        0,
    )
    assert client.put(path, {**body, "version": 2}).json["active"] is False, "left out: stays as it is"
    assert client.put(path, {**body, "entity": "race", "version": 3}).faults() == {
        ("entity", "cannot_change")
    }


def test_mappings_are_listed_by_entity_and_name(client: Client) -> None:
    for entity, name in (("race", "b"), ("race", "A"), ("gender", "c")):
        made = client.post(
            f"{BASE}/mappings", {"entity": entity, "name": name, "entries": [{"external": "1", "value": "x"}]}
        )
    client.put(
        f"{BASE}/mappings/{made.json['id']}", {"entity": "gender", "name": "c", "active": False, "version": 1}
    )
    listed = client.get(f"{BASE}/mappings").json["items"]
    assert [(item["name"], item["entry_count"]) for item in listed] == [("A", 1), ("b", 1)]
    assert "entries" not in listed[0]
    assert [i["name"] for i in client.get(f"{BASE}/mappings", include_inactive="true").json["items"]] == [
        "A",
        "b",
        "c",
    ]
    assert [i["name"] for i in client.get(f"{BASE}/mappings", entity="race", search="B").json["items"]] == [
        "b"
    ]


def test_a_mapping_of_5000_rows(client: Client) -> None:
    entries = [{"external": f"{n:05d}", "value": f"Value {n}"} for n in range(5000)]
    made = client.post(f"{BASE}/mappings", {"entity": "building", "name": "Many", "entries": entries})
    assert made.status == 201, made.text
    assert client.get(f"{BASE}/mappings/{made.json['id']}").json["entries"] == entries


def test_schedules_show_their_next_five_runs(client: Client, integration: dict) -> None:
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"]))
    assert made.status == 201
    assert made.json["next_runs"] == [f"2026-11-{day}T08:00:00Z" for day in range(23, 28)]
    path = f"{BASE}/schedules/{made.json['id']}"
    assert client.get(path).json == made.json
    off = client.put(path, schedule_form(integration["id"], active=False, version=1)).json
    assert (off["next_runs"], off["next_run_at"]) == ([], None)
    assert client.get(f"{BASE}/schedules").json["items"] == []
    assert len(client.get(f"{BASE}/schedules", include_inactive="true").json["items"]) == 1


def test_an_edit_does_not_move_a_run_that_is_due(
    client: Client, integration: dict, clock: MemoryClock
) -> None:
    """Renaming a schedule between its time and the tick would lose the run."""
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"])).json
    clock.advance(days=1, seconds=20)
    path = f"{BASE}/schedules/{made['id']}"
    changed = client.put(path, schedule_form(integration["id"], name="Other", version=1)).json
    assert changed["next_run_at"] == "2026-11-23T08:00:00Z"
    weekly = {"every": "week", "day": "monday", "at": "02:00"}
    moved = client.put(path, schedule_form(integration["id"], frequency=weekly, version=2)).json
    assert moved["next_run_at"] == "2026-11-30T08:00:00Z"


@pytest.mark.parametrize(
    "frequency",
    [
        {"every": "hour", "minute": 5},
        {"every": "week", "day": "friday", "at": "23:59"},
        {"every": "month", "date": 31, "at": "00:00"},
        {"every": "year", "month": 2, "date": 29, "at": "12:30"},
    ],
)
def test_every_frequency(client: Client, integration: dict, frequency: dict[str, Any]) -> None:
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"], frequency=frequency)).json
    assert made["frequency"] == frequency
    assert len(set(made["next_runs"])) == 5


def test_run_a_schedule_now(
    client: Client, form: Any, integration: dict, parts: Parts, clock: MemoryClock
) -> None:
    off = client.post(f"{BASE}/integrations", form(name="Off")).json
    client.patch(f"{BASE}/integrations/{off['id']}", {"active": False, "version": 1})
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"], off["id"])).json
    path = f"{BASE}/schedules/{made['id']}/runs"
    started = client.post(path, {}, {"Idempotency-Key": "k"})
    assert started.status == 202
    assert [run["integration_id"] for run in started.json["items"]] == [integration["id"]]
    assert started.json["items"][0]["trigger"] == "manual"
    clock.advance(minutes=1)
    assert client.post(path, {}, {"Idempotency-Key": "k"}).json == started.json
    assert (
        parts.runs.get("lakeview", started.json["items"][0]["id"]).check_at
        == clock.now() - timedelta(minutes=1) + CHECK_AFTER
    )
    client.patch(f"{BASE}/integrations/{integration['id']}", {"active": False, "version": 1})
    assert client.post(path, {}).json["code"] == "integration_inactive"


CLOSED = {"from": "2026-11-22", "to": "2026-11-24", "kind": "no_runs", "note": "Thanksgiving"}


def write_blackouts(client: Client, *blackouts: dict, **fields: Any) -> Any:
    version = client.get(BASE).json["version"]
    form = {"name": "Lakeview", "time_zone": "America/Chicago", "blackouts": list(blackouts), **fields}
    return client.put(BASE, {**form, "version": version})


def test_blackouts_are_written_shown_and_kept(client: Client) -> None:
    answer = write_blackouts(
        client, CLOSED, {"from": "2026-12-01T08:00", "to": "2026-12-02", "kind": "adds_only"}
    )
    assert answer.status == 200
    shown = client.get(BASE).json["blackouts"]
    assert shown == [
        CLOSED,
        {"from": "2026-12-01T08:00", "to": "2026-12-02", "kind": "adds_only", "note": ""},
    ]
    client.put(BASE, {"name": "Lakeview", "time_zone": "America/Chicago", "version": 2})
    assert client.get(BASE).json["blackouts"] == shown, "left out, they stay"
    assert write_blackouts(client).json["blackouts"] == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"to": "2026-11-21"}, ("blackouts.0", "ends_before_it_begins")),
        ({"from": "2026-11-31"}, ("blackouts.0.from", "not_in_calendar")),
        ({"to": "tomorrow"}, ("blackouts.0.to", "wrong_format")),
        ({"kind": "drops_only"}, ("blackouts.0.kind", "not_allowed")),
        ({"until": "2026-11-24"}, ("blackouts.0.until", "unknown_field")),
        ({"note": "x" * 201}, ("blackouts.0.note", "too_long")),
    ],
)
def test_a_blackout_that_makes_no_sense_is_refused(client: Client, changes: dict, fault: tuple) -> None:
    answer = write_blackouts(client, {**CLOSED, **changes})
    assert (answer.status, answer.faults()) == (422, {fault})


def test_a_blackout_moves_the_schedules_and_nothing_that_is_due(client: Client, integration: dict) -> None:
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"])).json
    path = f"{BASE}/schedules/{made['id']}"
    write_blackouts(client, CLOSED)
    assert client.get(path).json["next_runs"][:2] == ["2026-11-25T08:00:00Z", "2026-11-26T08:00:00Z"]
    write_blackouts(client)
    assert client.get(path).json["next_run_at"] == "2026-11-23T08:00:00Z"
    new = client.post(f"{BASE}/schedules", schedule_form(integration["id"], name="Other"))
    assert new.json["next_run_at"] == "2026-11-23T08:00:00Z"


def test_a_run_that_is_due_this_minute_survives_an_edit_of_blackouts(
    client: Client, integration: dict, clock: MemoryClock
) -> None:
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"])).json
    clock.advance(days=1)
    write_blackouts(client, {**CLOSED, "from": "2026-12-24", "to": "2026-12-24"})
    assert client.get(f"{BASE}/schedules/{made['id']}").json["next_run_at"] == "2026-11-23T08:00:00Z"


@pytest.mark.parametrize("of", ["integration", "schedule"])
def test_a_manual_run_in_a_blackout_needs_an_administrators_override(
    client: Client, integration: dict, clock: MemoryClock, of: str
) -> None:
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"])).json
    path = (
        f"{BASE}/integrations/{integration['id']}/runs"
        if of == "integration"
        else f"{BASE}/schedules/{made['id']}/runs"
    )
    write_blackouts(client, CLOSED)
    operator, admin = client.as_("lakeview/operator"), client.as_("lakeview/admin")
    for who in (operator, admin):
        answer = who.post(path, {})
        assert (answer.status, answer.json["code"]) == (409, "blackout")
    assert "2026-11-25 00:00" in answer.json["detail"]
    assert operator.post(path, {"override": True}).status == 403
    started = admin.post(path, {"override": True})
    assert started.status == 202
    run = started.json if of == "integration" else started.json["items"][0]
    assert run["override"] is True
    clock.advance(days=3)
    after = operator.post(path, {})
    assert after.status == 202


def test_an_adds_only_time_refuses_no_run(client: Client, integration: dict) -> None:
    write_blackouts(client, {**CLOSED, "kind": "adds_only"})
    assert (
        client.as_("lakeview/operator").post(f"{BASE}/integrations/{integration['id']}/runs", {}).status
        == 202
    )


def test_mappings_are_listed_in_the_order_asked_for(client: Client) -> None:
    base = "/v1/districts/lakeview/mappings"
    for name, entity in (("B", "race"), ("A", "state"), ("C", "gender")):
        client.post(base, {"entity": entity, "name": name})

    def listed(**query: object) -> str:
        return "".join(item["name"] for item in client.get(base, **query).json["items"])

    assert listed() == "ABC"
    assert listed(order="desc") == "CBA"
    assert listed(sort="entity") == "CBA"
    assert listed(sort="entity", order="desc") == "ABC"
    first = client.get(base, sort="entity", limit=2).json
    assert listed(sort="entity", limit=2, cursor=first["next"]) == "A"
