"""Protecting people over HTTP: what is kept and corrected, who may, what is told of it, and when it becomes visible."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from config_api.bootstrap import Parts
from rollcall.domain.run import Run
from rollcall.store.memory import MemoryClock
from tests.support.aws import Stack

from .conftest import NOW, Client, schedule_form
from .test_audit_api import field, told
from .test_reading_api import everything, person, put  # noqa: F401 - a fixture
from .test_unmapped_api import complete, messages, write

BASE = "/v1/districts/lakeview"
WHY = {"reason": "Court order of the family."}


@pytest.fixture
def noor(stack: Stack, integration: dict[str, Any], parts: Parts, put: Any) -> str:  # noqa: F811
    """The address of the protection of somebody whom a synced integration brought."""
    complete(parts, integration["id"], "run_1", [])
    stored = person("Rivers", "Noor", 1, gender="Female", grade="3")
    put([replace(stored, integration_id=integration["id"])])
    return f"{BASE}/people/{stored.id}/protection"


def protect(client: Client, path: str, **form: Any) -> Any:
    return client.as_("lakeview/operator").put(path, {**WHY, **form})


def test_a_field_is_protected_as_it_is_and_read_with_the_person(client: Client, noor: str) -> None:
    made = protect(client, noor, fields=["grade"], until="2026-12-31")
    assert made.status == 200, made.text
    shown = made.json["protection"]
    assert shown == {
        "person_id": noor.split("/")[-2],
        "person_type": "student",
        "first_name": "Noor",
        "last_name": "Rivers",
        "whole": False,
        "fields": ["grade"],
        "values": {},
        "reason": "Court order of the family.",
        "until": "2026-12-31",
        "in_force": True,
        "set_by": "user@example.org",
        "set_at": shown["set_at"],
        "version": 1,
    }
    assert (made.json["run_id"], made.json["next_sync_at"]) == (None, None), "nothing to make visible"
    one = client.as_("lakeview/viewer").get(noor.removesuffix("/protection")).json
    assert (one["grade"], one["protection"]) == ("3", shown)


def test_a_hand_edit_asks_for_a_run_that_makes_it_visible(
    client: Client, noor: str, parts: Parts, stack: Stack, integration: dict[str, Any]
) -> None:
    made = protect(
        client, noor, values={"first_name": "Leonora", "birth_date": "2015-02-03", "races": ["b", "a", "b"]}
    )
    shown = made.json["protection"]
    assert shown["values"] == {"first_name": "Leonora", "birth_date": "2015-02-03", "races": ["a", "b"]}
    assert shown["fields"] == ["first_name", "birth_date", "races"]
    run = parts.runs.get("lakeview", made.json["run_id"])
    assert run
    assert (run.trigger, run.integration_id, run.requested_by) == (
        "protect", integration["id"], "user@example.org",
    )  # fmt: skip
    assert [(m["trigger"], m["run_id"]) for m in messages(stack)] == [("protect", run.id)]


def test_the_whole_person_is_protected_only_when_that_is_said(client: Client, noor: str) -> None:
    """Guards: a form that was sent empty by mistake, and freezes a child for good."""
    assert protect(client, noor).faults() == {("fields", "required")}
    made = protect(client, noor, whole=True, values={"last_name": "Lake"}).json["protection"]
    assert (made["whole"], made["fields"], made["values"]) == (True, [], {"last_name": "Lake"})
    assert protect(client, noor, whole=True, fields=["grade"], version=1).faults() == {
        ("fields", "not_allowed")
    }


def test_while_a_plan_waits_for_approval_nothing_overtakes_it(
    client: Client, noor: str, parts: Parts, integration: dict[str, Any]
) -> None:
    """Guards: a corrected name that voids the plan which somebody is just looking at."""
    run = Run(
        id="run_2", district_id="lakeview", integration_id=integration["id"], state="held", queued_at=NOW
    )
    parts.runs.create(run)
    lease = parts.runs.acquire("lakeview", integration["id"], "test", NOW)
    assert lease
    assert parts.runs.begin(run, lease)
    parts.runs.finish(run, lease, snapshot="run_2", previous="run_1")
    client.post(f"{BASE}/schedules", schedule_form(integration["id"]))
    made = protect(client, noor, values={"first_name": "Leonora"}).json
    assert (made["run_id"], made["next_sync_at"]) == (None, "2026-11-23T08:00:00Z")


def test_a_run_under_way_is_followed_by_one_that_puts_back_what_it_may_write(
    client: Client, noor: str, parts: Parts, integration: dict[str, Any]
) -> None:
    run = Run(id="run_2", district_id="lakeview", integration_id=integration["id"], queued_at=NOW)
    parts.runs.create(run)
    lease = parts.runs.acquire("lakeview", integration["id"], "test", NOW)
    assert lease
    assert parts.runs.begin(run, lease)
    assert protect(client, noor, fields=["grade"]).json["run_id"]


def test_an_inactive_integration_is_not_run(client: Client, noor: str, integration: dict[str, Any]) -> None:
    client.patch(f"{BASE}/integrations/{integration['id']}", {"active": False, "version": 1})
    made = protect(client, noor, values={"first_name": "Leonora"})
    assert (made.status, made.json["run_id"]) == (200, None)


def test_a_protection_is_written_over_only_by_who_has_read_it(client: Client, noor: str) -> None:
    assert protect(client, noor, fields=["grade"], version=3).status == 409
    assert protect(client, noor, fields=["grade"], version=0).status == 200
    assert protect(client, noor, fields=["gender"]).faults() == {("version", "required")}
    assert protect(client, noor, fields=["gender"], version=2).status == 409
    operator = client.as_("lakeview/operator")
    second = operator.put(noor, {**WHY, "fields": ["gender"]}, headers={"If-Match": '"1"'})
    assert (second.status, second.json["protection"]["fields"]) == (200, ["gender"])


def test_a_release_says_when_the_sis_is_followed_again(
    client: Client, noor: str, parts: Parts, integration: dict[str, Any]
) -> None:
    client.post(f"{BASE}/schedules", schedule_form(integration["id"]))
    protect(client, noor, values={"first_name": "Leonora"})
    operator = client.as_("lakeview/operator")
    assert operator.call("DELETE", noor, headers={"If-Match": "9"}).status == 409
    released = operator.call("DELETE", noor)
    assert (released.status, released.json["next_sync_at"]) == (200, "2026-11-23T08:00:00Z")
    assert client.get(noor.removesuffix("/protection")).json["protection"] is None
    again = operator.call("DELETE", noor)
    assert (again.status, again.json["code"]) == (404, "not_protected")
    kept = parts.config.protections("lakeview")
    assert [(p.kept, p.reason, p.written) for p in kept] == [("", "", ())], "nothing of the person is kept"
    assert protect(client, noor, fields=["grade"]).json["protection"]["version"] == 3


def test_the_last_day_may_be_today_and_then_it_is_out_of_force(
    client: Client, noor: str, clock: MemoryClock
) -> None:
    """Eight in the morning in UTC is two at night in Chicago: the same day; but not at five."""
    assert protect(client, noor, fields=["grade"], until="2026-11-21").faults() == {("until", "out_of_range")}
    assert protect(client, noor, fields=["grade"], until="2026-11-22").status == 200
    clock.advance(hours=21)
    assert client.get(noor.removesuffix("/protection")).json["protection"]["in_force"] is True
    clock.advance(hours=2)
    assert client.get(noor.removesuffix("/protection")).json["protection"]["in_force"] is False


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"fields": ["source_id"]}, ("fields.0", "not_allowed")),
        ({"fields": ["shoe_size"]}, ("fields.0", "not_allowed")),
        ({"fields": ["grade", "grade"]}, ("fields.1", "duplicate")),
        ({"values": {"pos_id": "4711"}}, ("values.pos_id", "unknown_field")),
        ({"values": {"email": "noor@example.org"}}, ("values.email", "unknown_field")),
        ({"values": {"grade": "4"}}, ("values.grade", "unknown_field")),
        ({"values": {"first_name": ""}}, ("values.first_name", "too_short")),
        ({"values": {"first_name": None, "last_name": None}}, ("values.last_name", "required")),
        ({"values": {"birth_date": "03.02.2015"}}, ("values.birth_date", "wrong_format")),
        ({"values": {"birth_date": "2015-02-30"}}, ("values.birth_date", "not_in_calendar")),
        ({"fields": ["grade"], "until": "soon"}, ("until", "wrong_format")),
        ({"values": {"birth_date": "2027-01-01"}}, ("values.birth_date", "out_of_range")),
        ({"values": {"phones": [{"number": "555-0148"}]}}, ("values.phones.0.number", "wrong_format")),
        ({"values": {"phones": [{"number": "5555550148", "type": "fax"}]}}, ("values.phones.0.type", "not_allowed")),
        ({"values": {"races": [""]}}, ("values.races.0", "too_short")),
        ({"fields": ["grade"], "reason": ""}, ("reason", "too_short")),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(
    client: Client, noor: str, parts: Parts, wrong: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = protect(client, noor, **wrong)
    assert (answer.status, fault in answer.faults()) == (422, True), answer.text
    assert parts.config.protections("lakeview") == []


def test_a_coded_field_takes_what_its_mapping_gives(
    client: Client, noor: str, integration: dict[str, Any]
) -> None:
    """Guards: 'f' in one record and 'Female' in all others, where an application counts by it."""
    write(
        client,
        integration,
        "gender",
        [{"external": "F", "value": "Female"}, {"external": "X", "value": "Other"}],
    )
    write(client, integration, "race", [{"external": "W", "value": "White"}])
    refused = protect(client, noor, values={"gender": "f", "races": ["White", "w"]})
    assert refused.faults() == {("values.gender", "unknown_value"), ("values.races", "unknown_value")}
    assert protect(client, noor, values={"gender": None, "races": ["White"]}).status == 200


def test_nobody_is_nobody(client: Client, noor: str) -> None:
    other = f"{BASE}/people/per_none/protection"
    assert protect(client, other, fields=["grade"]).status == 404
    assert client.call("DELETE", other).json["code"] == "not_protected"
    client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "UTC"})
    foreign = noor.replace("lakeview", "hilltop")
    assert client.put(foreign, {**WHY, "fields": ["grade"]}).status == 404


def test_who_is_protected_is_listed_by_name_and_found(client: Client, parts: Parts, put: Any) -> None:  # noqa: F811
    people = [person(last, "Ann", number) for number, last in enumerate(("Reed", "brook", "Lake", "Abel"))]
    put(people)
    for one in people:
        assert protect(client, f"{BASE}/people/{one.id}/protection", whole=True).status == 200
    client.call("DELETE", f"{BASE}/people/{people[3].id}/protection")
    listed = everything(client, f"{BASE}/protections", limit=2)
    assert [item["last_name"] for item in listed] == ["brook", "Lake", "Reed"]
    assert [i["last_name"] for i in everything(client, f"{BASE}/protections", search="LAKE")] == ["Lake"]
    assert [i["last_name"] for i in everything(client, f"{BASE}/protections", search=people[0].id)] == [
        "Reed"
    ]
    client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "UTC"})
    assert client.get("/v1/districts/hilltop/protections").json["items"] == []


def test_the_audit_names_fields_and_never_a_value(
    client: Client, noor: str, capsys: pytest.CaptureFixture[str]
) -> None:
    protect(client, noor, fields=["grade"], values={"first_name": "CNRYname", "last_name": "CNRYlast"})
    protect(client, noor, values={"first_name": "CNRYother"}, version=1)
    client.as_("lakeview/operator").call("DELETE", noor)
    records = [r for r in told(client) if r["what"].startswith("person.")]
    released, second, first = sorted(records, key=lambda r: (r["what"], r["request_id"]), reverse=True)
    assert {r["what"] for r in (first, second)} == {"person.protected"}
    assert released["what"] == "person.released"
    told_first, told_second = sorted((first, second), key=lambda r: len(r["changes"]))
    by_fields = {tuple(field(r, "fields")[1]): r for r in (told_first, told_second)}
    one, two = by_fields["first_name", "last_name", "grade"], by_fields["first_name",]
    assert field(one, "values.first_name") == (None, "set")
    assert field(two, "values.first_name") == ("set", "replaced")
    assert field(two, "values.last_name") == ("set", None)
    assert field(released, "fields") == (["first_name"], None)
    assert "CNRY" not in str(told(client))
    assert "Court" not in str(told(client))
    assert "CNRY" not in capsys.readouterr().out


def test_a_viewer_reads_and_does_not_protect(client: Client, noor: str) -> None:
    viewer = client.as_("lakeview/viewer")
    assert viewer.put(noor, {**WHY, "fields": ["grade"]}).status == 403
    assert viewer.call("DELETE", noor).status == 403
    assert viewer.get(f"{BASE}/protections").status == 200


def test_a_protection_that_is_over_is_remembered_no_longer_than_needed(
    client: Client, noor: str, parts: Parts
) -> None:
    protect(client, noor, fields=["grade"])
    client.as_("lakeview/operator").call("DELETE", noor)
    (over,) = parts.config.protections("lakeview")
    assert over.released_on
    assert over.concerns(over.released_on + timedelta(days=30))
    assert not over.concerns(over.released_on + timedelta(days=31))
