"""Bad input, field by field: each case says which field is named, and with which code."""

from typing import Any

import pytest

from .conftest import Client, Forms, schedule_form

BASE = "/v1/districts/lakeview"

DISTRICTS = [
    ({}, {("name", "required"), ("time_zone", "required")}),
    ({"name": ""}, {("name", "too_short")}),
    ({"name": "   "}, {("name", "too_short")}),
    ({"name": "a" * 101}, {("name", "too_long")}),
    ({"name": 1}, {("name", "wrong_type")}),
    ({"name": None}, {("name", "wrong_type")}),
    ({"time_zone": "Chicago"}, {("time_zone", "unknown_time_zone")}),
    ({"time_zone": ["UTC"]}, {("time_zone", "wrong_type")}),
    ({"school_year": "2026"}, {("school_year", "wrong_format")}),
    ({"school_year": "2026-28"}, {("school_year", "school_year")}),
    ({"id": "other"}, {("id", "unknown_field")}),
    ({"version": "1"}, {("version", "wrong_type")}),
    ({"version": None}, {("version", "required")}),
]

MAPPINGS = [
    ({"entity": "colour"}, {("entity", "not_allowed")}),
    ({"entity": None}, {("entity", "not_allowed")}),
    ({"entries": {}}, {("entries", "wrong_type")}),
    ({"entries": [[]]}, {("entries.0", "wrong_type")}),
    ({"entries": [{"external": "1"}]}, {("entries.0.value", "required")}),
    ({"entries": [{"external": 1, "value": "x"}]}, {("entries.0.external", "wrong_type")}),
    ({"entries": [{"external": "1", "value": " "}]}, {("entries.0.value", "too_short")}),
    ({"entries": [{"external": "1" * 201, "value": "x"}]}, {("entries.0.external", "too_long")}),
    ({"entries": [{"external": "1", "value": "x", "note": ""}]}, {("entries.0.note", "unknown_field")}),
    ({"entries": [{"external": "1", "value": "x"}] * 2}, {("entries.1.external", "duplicate")}),
    ({"entries": [{"external": str(n), "value": "x"} for n in range(5001)]}, {("entries", "too_long")}),
    ({"ignore_case": "yes"}, {("ignore_case", "wrong_type")}),
    ({"ignore_leading_zeros": 1}, {("ignore_leading_zeros", "wrong_type")}),
    ({"active": False}, {("active", "unknown_field")}),
]

INTEGRATIONS = [
    (
        {"system": "illuminate"},
        {(f"credentials.{k}", "required") for k in ("user_token", "user_secret")},
    ),
    ({"system": "sis"}, {("system", "system_not_available")}),
    ({"system": 1}, {("system", "system_not_available")}),
    ({"url": "http://sis.example.org"}, {("url", "url_scheme")}),
    ({"url": "https://127.0.0.1"}, {("url", "url_host")}),
    ({"url": "https://user:secret@sis.example.org"}, {("url", "url_userinfo")}),
    ({"url": ""}, {("url", "too_short")}),
    ({"url": "https://sis.example.org/" + "a" * 500}, {("url", "too_long")}),
    ({"credentials": {}}, {("credentials.consumer_token", "required"), ("credentials.consumer_secret", "required")}),
    ({"credentials": {"consumer_token": "a", "consumer_secret": ""}}, {("credentials.consumer_secret", "too_short")}),
    (
        {"credentials": {"consumer_token": "a", "consumer_secret": "b", "token": "c"}},
        {("credentials.token", "unknown_field")},
    ),
    ({"credentials": "CNRYtext"}, {("credentials", "wrong_type")}),
    ({"mappings": {}}, {(f"mappings.{e}", "required") for e in [
        "building", "ethnicity", "grade_level", "race", "state", "gender", "language", "relationship"]}),
    ({"family_identifier": ["family_key"]}, {("family_identifier.0", "not_allowed")}),
    ({"family_identifier": ["hoh_last_name"] * 2}, {("family_identifier.1", "duplicate")}),
    ({"member_types": []}, {("member_types", "too_short")}),
    ({"member_types": ["parent"]}, {("member_types.0", "not_allowed")}),
    ({"member_types": ["staff", "staff"]}, {("member_types.1", "duplicate")}),
    ({"drop_students_not_in_file": None}, {("drop_students_not_in_file", "wrong_type")}),
    ({"primary_enrollment_codes": []}, {("primary_enrollment_codes", "unknown_field")}),
    ({"use_local_id_as_pin": True}, {("use_local_id_as_pin", "unknown_field")}),
    ({"pictures_only": True}, {("pictures_only", "unknown_field")}),
    ({"active": True}, {("active", "unknown_field")}),
    ({"source": "powerschool:1"}, {("source", "unknown_field")}),
    ({"district_id": "hilltop"}, {("district_id", "unknown_field")}),
]  # fmt: skip

SCHEDULES = [
    ({"integration_ids": []}, {("integration_ids", "too_short")}),
    ({"integration_ids": ["int_none"]}, {("integration_ids.0", "unknown_integration")}),
    ({"integration_ids": [f"int_{n}" for n in range(51)]}, {("integration_ids", "too_long")}),
    ({"frequency": {}}, {("frequency.every", "required")}),
    ({"frequency": {"every": "minute"}}, {("frequency.every", "not_allowed")}),
    ({"frequency": {"every": "day"}}, {("frequency.at", "required")}),
    ({"frequency": {"every": "day", "at": "24:00"}}, {("frequency.at", "wrong_format")}),
    ({"frequency": {"every": "day", "at": "2:00"}}, {("frequency.at", "wrong_format")}),
    ({"frequency": {"every": "day", "at": "02:00", "minute": 3}}, {("frequency.minute", "unknown_field")}),
    ({"frequency": {"every": "hour", "minute": 60}}, {("frequency.minute", "too_large")}),
    ({"frequency": {"every": "hour", "minute": "5"}}, {("frequency.minute", "wrong_type")}),
    ({"frequency": {"every": "week", "day": "someday", "at": "02:00"}}, {("frequency.day", "not_allowed")}),
    ({"frequency": {"every": "month", "date": 0, "at": "02:00"}}, {("frequency.date", "too_small")}),
    ({"frequency": {"every": "month", "date": 32, "at": "02:00"}}, {("frequency.date", "too_large")}),
    ({"frequency": {"every": "year", "date": 1, "at": "02:00"}}, {("frequency.month", "required")}),
    (
        {"frequency": {"every": "year", "month": 13, "date": 1, "at": "02:00"}},
        {("frequency.month", "too_large")},
    ),
    ({"frequency": "daily"}, {("frequency", "wrong_type")}),
    ({"run_as": ""}, {("run_as", "too_short")}),
    ({"next_run_at": "2026-01-01T00:00:00Z"}, {("next_run_at", "unknown_field")}),
]

QUERIES = [
    ("integrations", {"limit": 0}, {("limit", "too_small")}),
    ("integrations", {"limit": 201}, {("limit", "too_large")}),
    ("integrations", {"limit": "many"}, {("limit", "wrong_type")}),
    ("integrations", {"sort": "token"}, {("sort", "not_allowed")}),
    ("integrations", {"order": "up"}, {("order", "not_allowed")}),
    ("integrations", {"include_inactive": "perhaps"}, {("include_inactive", "wrong_type")}),
    ("integrations", {"cursor": "nonsense"}, {("cursor", "unknown_cursor")}),
    ("integrations", {"cursor": "é"}, {("cursor", "unknown_cursor")}),
    ("mappings", {"entity": "colour"}, {("entity", "not_allowed")}),
    ("mappings", {"search": "x" * 201}, {("search", "too_long")}),
    ("runs", {"state": "running"}, {("state", "not_allowed")}),
    ("runs", {"cursor": "e30"}, {("cursor", "unknown_cursor")}),
    ("people", {"type": "parent"}, {("type", "not_allowed")}),
    ("people", {"status": "gone"}, {("status", "not_allowed")}),
    ("people", {"cursor": "W10"}, {("cursor", "unknown_cursor")}),
]


@pytest.mark.parametrize(("changes", "faults"), DISTRICTS)
def test_districts(client: Client, changes: dict[str, Any], faults: set[tuple[str, str]]) -> None:
    body = {"name": "Lakeview", "time_zone": "UTC", "version": 1, **changes} if changes else {}
    check(client.put(BASE, body), faults)


@pytest.mark.parametrize("slug", ["a", "-ab", "Lakeview", "lake_view", "l" * 64, "*", "lake%20view"])
def test_district_ids(client: Client, slug: str) -> None:
    check(
        client.put(f"/v1/districts/{slug}", {"name": "L", "time_zone": "UTC"}),
        {("district_id", "wrong_format")},
    )


@pytest.mark.parametrize(("changes", "faults"), MAPPINGS)
def test_mappings(client: Client, changes: dict[str, Any], faults: set[tuple[str, str]]) -> None:
    check(client.post(f"{BASE}/mappings", {"entity": "race", "name": "Races", **changes}), faults)


@pytest.mark.parametrize(("changes", "faults"), INTEGRATIONS)
def test_integrations(
    client: Client, form: Forms, changes: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    check(client.post(f"{BASE}/integrations", {**form(), **changes}), faults)


@pytest.mark.parametrize(
    ("field", "entity", "code"),
    [
        ("grade_level", None, "unknown_mapping"),
        ("grade_level", "race", "wrong_entity"),
        ("building", "", "too_short"),
    ],
)
def test_mappings_of_integrations(
    client: Client, form: Forms, field: str, entity: str | None, code: str
) -> None:
    mapping_id = "map_none" if entity is None else form.mappings.get(entity, "")
    body = form()
    body["mappings"][field] = mapping_id
    check(client.post(f"{BASE}/integrations", body), {(f"mappings.{field}", code)})


def test_aeries_needs_an_academic_year_and_refuses_what_is_powerschools(client: Client, form: Forms) -> None:
    body = form("aeries")
    del body["mappings"]["academic_year"]
    body["credentials"]["consumer_token"] = "x"
    check(
        client.post(f"{BASE}/integrations", body),
        {("mappings.academic_year", "required"), ("credentials.consumer_token", "unknown_field")},
    )


@pytest.mark.parametrize(("changes", "faults"), SCHEDULES)
def test_schedules(
    client: Client, integration: dict, changes: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    check(client.post(f"{BASE}/schedules", schedule_form(integration["id"], **changes)), faults)


def test_an_integration_twice_in_a_schedule(client: Client, integration: dict) -> None:
    body = schedule_form(integration["id"], integration["id"])
    check(client.post(f"{BASE}/schedules", body), {("integration_ids.1", "duplicate")})


@pytest.mark.parametrize(("path", "query", "faults"), QUERIES)
def test_queries(client: Client, path: str, query: dict[str, Any], faults: set[tuple[str, str]]) -> None:
    check(client.get(f"{BASE}/{path}", **query), faults)


@pytest.mark.parametrize(
    ("body", "faults"),
    [({"mode": "dry"}, {("mode", "not_allowed")}), ({"run_id": "run_1"}, {("run_id", "unknown_field")})],
)
def test_run_requests(
    client: Client, integration: dict, body: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    check(client.post(f"{BASE}/integrations/{integration['id']}/runs", body), faults)


@pytest.mark.parametrize("key", ["", "a b", "a" * 256, "é"])
def test_idempotency_keys(client: Client, key: str) -> None:
    answer = client.post(f"{BASE}/mappings", {"entity": "race", "name": "x"}, {"Idempotency-Key": key})
    check(answer, {("idempotency-key", "wrong_format")})


def check(answer: Any, faults: set[tuple[str, str]]) -> None:
    assert answer.status == 422, answer.text
    assert answer.faults() == faults
    assert "CNRY" not in answer.text, "what was typed is never repeated"
    assert all(fault["message"].endswith(".") for fault in answer.json["errors"])
