"""What the scheduler's screen asks of the API: order, what last ran, and when a form that is not saved would run."""

from __future__ import annotations

from typing import Any

import pytest

from config_api.bootstrap import Parts

from .conftest import Client, schedule_form
from .test_config_api import BASE, CLOSED, write_blackouts
from .test_unmapped_api import complete

DAILY = {"every": "day", "at": "02:00"}


def preview(client: Client, frequency: dict[str, Any]) -> Any:
    return client.post(f"{BASE}/schedules/preview", {"frequency": frequency})


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["A", "b", "C"]),
        ({"order": "desc"}, ["C", "b", "A"]),
        ({"sort": "next_run_at"}, ["C", "A", "b"]),
        ({"sort": "next_run_at", "order": "desc"}, ["b", "A", "C"]),
        ({"sort": "active"}, ["A", "C", "b"]),
    ],
)
def test_they_are_listed_in_any_order(
    client: Client, integration: dict[str, Any], query: dict[str, str], names: list[str]
) -> None:
    for name, active, hour in (("A", True, 5), ("b", False, 3), ("C", True, 4)):
        frequency = {"every": "day", "at": f"{hour:02d}:00"}
        form = schedule_form(integration["id"], name=name, active=active, frequency=frequency)
        assert client.post(f"{BASE}/schedules", form).status == 201
    found: list[str] = []
    page: dict[str, Any] = {"next": None}
    while len(found) < 3:
        after = {"cursor": page["next"]} if page["next"] else {}
        page = client.get(f"{BASE}/schedules", include_inactive="true", limit=1, **query, **after).json
        found += [item["name"] for item in page["items"]]
    assert (found, page["next"]) == (names, None)


def test_an_order_that_is_not_known_is_refused(client: Client) -> None:
    assert client.get(f"{BASE}/schedules", sort="run_as").faults() == {("sort", "not_allowed")}


def test_they_tell_what_their_integrations_last_did(
    client: Client, form: Any, integration: dict[str, Any], parts: Parts
) -> None:
    other = client.post(f"{BASE}/integrations", form(name="Never run")).json
    made = client.post(f"{BASE}/schedules", schedule_form(integration["id"], other["id"])).json
    assert made["last_runs"] == []
    complete(parts, integration["id"], "run_1", [])
    (ran,) = client.get(f"{BASE}/schedules/{made['id']}").json["last_runs"]
    assert (ran["integration_id"], ran["id"], ran["state"]) == (integration["id"], "run_1", "completed")
    assert client.get(f"{BASE}/schedules").json["items"][0]["last_runs"] == [ran]


def test_a_form_is_told_when_it_would_run_and_nothing_is_written(client: Client) -> None:
    answer = preview(client, DAILY)
    assert answer.status == 200
    assert answer.json == {
        "next_runs": [{"at": f"2026-11-{day}T08:00:00Z", "adds_only": False} for day in range(23, 28)],
        "left_out": [],
    }
    assert client.get(f"{BASE}/schedules", include_inactive="true").json["items"] == []


def test_it_is_told_just_what_a_saved_one_does(client: Client, integration: dict[str, Any]) -> None:
    """Guards: a preview that promises other times than those at which the scheduler runs."""
    write_blackouts(client, CLOSED, {**CLOSED, "from": "2026-11-26", "to": "2026-11-26", "kind": "adds_only"})
    for frequency in (
        {"every": "hour", "minute": 5},
        DAILY,
        {"every": "week", "day": "tuesday", "at": "23:59"},
        {"every": "month", "date": 31, "at": "00:00"},
        {"every": "year", "month": 2, "date": 29, "at": "12:30"},
    ):
        saved = client.post(f"{BASE}/schedules", schedule_form(integration["id"], frequency=frequency)).json
        told = [run["at"] for run in preview(client, frequency).json["next_runs"]]
        assert told == saved["next_runs"]


def test_it_is_told_which_blackouts_take_times_from_it(client: Client) -> None:
    evening = {"from": "2026-11-26T18:00", "to": "2026-11-26T23:00", "kind": "no_runs", "note": "Concert"}
    later = {**CLOSED, "from": "2026-12-24", "to": "2026-12-26", "note": "Christmas"}
    adding = {"from": "2026-11-28", "to": "2026-11-28", "kind": "adds_only", "note": "Inventory"}
    write_blackouts(client, CLOSED, evening, later, adding)
    told = preview(client, DAILY).json
    assert [run["at"][8:10] for run in told["next_runs"]] == ["25", "26", "27", "28", "29"]
    assert [run["adds_only"] for run in told["next_runs"]] == [False, False, False, True, False]
    assert told["left_out"] == [CLOSED], "nothing runs in the evening, and Christmas is after the fifth run"
    assert preview(client, {"every": "hour", "minute": 0}).json["left_out"] == [CLOSED]
    at_its_beginning = {"every": "week", "day": "thursday", "at": "18:00"}
    assert preview(client, at_its_beginning).json["left_out"] == [evening, later]
    at_its_end = {"every": "week", "day": "thursday", "at": "23:00"}
    assert preview(client, at_its_end).json["left_out"] == [later]


@pytest.mark.parametrize(
    ("frequency", "fault"),
    [
        ({"every": "day", "at": "24:00"}, ("frequency.at", "wrong_format")),
        ({"every": "hour", "minute": 60}, ("frequency.minute", "too_large")),
        ({"every": "fortnight"}, ("frequency.every", "not_allowed")),
    ],
)
def test_a_frequency_that_makes_no_sense_is_refused(
    client: Client, frequency: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = preview(client, frequency)
    assert (answer.status, answer.faults()) == (422, {fault})
