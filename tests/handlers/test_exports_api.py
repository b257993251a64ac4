"""Exports over HTTP, from the request to the file behind the link, and changes as an application may know them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import requests

from config_api.bootstrap import Parts
from exporter.app import Failed, make
from rollcall.domain.errors import StoreThrottled
from rollcall.domain.export import SILENT
from rollcall.domain.person import Address, Enrollment, MediaAccount, Person
from rollcall.domain.plan import Change, StoredPerson, changed_fields
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, pack_lines
from rollcall.exports.maker import Maker
from rollcall.store.dynamo import Table
from rollcall.store.memory import MemoryClock
from rollcall.store.people import DynamoPeople
from tests.exports.test_oneroster import check
from tests.support.aws import Stack
from tests.support.aws import client as aws_client
from tests.support.exports import KINDS, read, small_district

from .conftest import NOW, Client, Context, Exporter

BASE = "/v1/districts/lakeview"
TEMPLATE = {
    "columns": [{"name": "Last", "field": "last_name", "length": 3}, {"name": "PIN", "field": "pos_id"}]
}


@pytest.fixture
def people(stack: Stack, integration: dict[str, Any]) -> list[StoredPerson]:
    found = [msgspec.structs.replace(s, integration_id=integration["id"]) for s in small_district()]
    DynamoPeople(Table(aws_client("dynamodb"), stack.people_table)).put_many(found)
    return found


@pytest.fixture
def exporter(parts: Parts) -> Iterator[Exporter]:
    assert isinstance(parts.exporter, Exporter)
    parts.exporter.waits = False
    yield parts.exporter
    parts.exporter.waits = False


def fetched(client: Client, kind: str, **options: Any) -> bytes:
    asked = client.as_("lakeview/operator").post(f"{BASE}/exports", {"kind": kind, "options": options})
    assert asked.status == 202, asked.text
    shown = client.get(f"{BASE}/exports/{asked.json['id']}").json
    assert (shown["state"], shown["error"], shown["file_name"]) == (
        "completed",
        None,
        asked.json["file_name"],
    )
    answer = requests.get(shown["download"], timeout=5)
    assert shown["file_name"] in answer.headers["content-disposition"]
    assert len(answer.content) == shown["size"]
    return answer.content


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_asked_for_and_fetched(
    client: Client, people: list[StoredPerson], exporter: Exporter, kind: str
) -> None:
    data = fetched(client, kind)
    if kind == "oneroster":
        assert len(check(data)["users"]) == 6
        assert len(check(fetched(client, kind, destination="media"))["users"]) == 5
    else:
        assert len(read(data)) == {"nutrition_students": 2, "media_users": 5, "media_groups": 7}.get(
            kind, len(read(data))
        )
        assert read(data)


def test_an_export_reads_as_the_document_says(
    client: Client, people: list[StoredPerson], exporter: Exporter
) -> None:
    exporter.waits = True
    asked = client.post(f"{BASE}/exports", {"kind": "media_users"}).json
    assert asked == client.get(f"{BASE}/exports/{asked['id']}").json
    assert asked == {
        "id": asked["id"],
        "kind": "media_users",
        "options": {"bom": None, "destination": None},
        "requested_by": "user@example.org",
        "requested_at": "2026-11-22T08:00:00Z",
        "state": "queued",
        "progress": {"stage": "queued", "done": 0, "total": None},
        "rows": 0,
        "shortened": 0,
        "size": None,
        "error": None,
        "started_at": None,
        "ended_at": None,
        "file_name": "lakeview-media-users-2026-11-22.csv",
        "download": None,
        "run_id": None,
    }
    make(exporter.maker, {"district_id": "lakeview", "export_id": asked["id"]}, Context())
    done = client.get(f"{BASE}/exports/{asked['id']}").json
    assert (done["state"], done["rows"], done["progress"]["done"]) == ("completed", 5, 7)


def test_exports_are_listed_newest_first(client: Client, exporter: Exporter, clock: MemoryClock) -> None:
    made = []
    for _ in range(5):
        clock.advance(seconds=1)
        made.append(client.post(f"{BASE}/exports", {"kind": "media_users"}).json["id"])
    first = client.get(f"{BASE}/exports", limit=3).json
    second = client.get(f"{BASE}/exports", limit=3, cursor=first["next"]).json
    assert [item["id"] for item in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None
    assert {item["state"] for item in first["items"]} == {"completed"}


def test_a_repeated_request_makes_one_export(client: Client, exporter: Exporter) -> None:
    twice = [
        client.post(f"{BASE}/exports", {"kind": "media_users"}, {"Idempotency-Key": "k"}).json["id"]
        for _ in range(2)
    ]
    assert twice[0] == twice[1]
    assert len(client.get(f"{BASE}/exports").json["items"]) == 1


def test_who_may(client: Client, exporter: Exporter) -> None:
    """A viewer looks at one person after the other; a whole district in one file is more."""
    export_id = client.post(f"{BASE}/exports", {"kind": "media_users"}).json["id"]
    viewer, operator = client.as_("lakeview/viewer"), client.as_("lakeview/operator")
    assert viewer.post(f"{BASE}/exports", {"kind": "media_users"}).status == 403
    assert viewer.get(f"{BASE}/exports").status == 403
    assert viewer.get(f"{BASE}/exports/{export_id}").status == 403
    assert operator.get(f"{BASE}/exports/{export_id}").status == 200
    assert viewer.get(f"{BASE}/nutrition-template").status == 200
    assert operator.put(f"{BASE}/nutrition-template", {**TEMPLATE, "version": 0}).status == 403


def test_another_districts_export_is_not_there(client: Client, exporter: Exporter) -> None:
    client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "America/Chicago"})
    export_id = client.post(f"{BASE}/exports", {"kind": "media_users"}).json["id"]
    assert client.get(f"/v1/districts/hilltop/exports/{export_id}").status == 404
    assert client.get("/v1/districts/hilltop/exports").json["items"] == []
    for unknown in ("exp_1", "..", "exp_" + "0" * 26):
        assert client.get(f"{BASE}/exports/{unknown}").status == 404


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("kind", "required")),
        ({"kind": "everything"}, ("kind", "not_allowed")),
        (
            {"kind": "media_users", "options": {"destination": "media"}},
            ("options.destination", "not_for_kind"),
        ),
        ({"kind": "oneroster", "options": {"bom": True}}, ("options.bom", "not_for_kind")),
        ({"kind": "oneroster", "options": {"destination": "press"}}, ("options.destination", "not_allowed")),
        ({"kind": "media_users", "options": {"bom": "yes"}}, ("options.bom", "wrong_type")),
        ({"kind": "media_users", "template": TEMPLATE}, ("template", "unknown_field")),
    ],
)
def test_a_bad_request_names_the_field(client: Client, body: Any, fault: tuple[str, str]) -> None:
    answer = client.post(f"{BASE}/exports", body)
    assert (answer.status, answer.faults()) == (422, {fault})


def test_a_district_has_columns_of_its_own(
    client: Client, people: list[StoredPerson], exporter: Exporter
) -> None:
    default = client.get(f"{BASE}/nutrition-template").json
    assert (default["version"], default["columns"][-1]) == (
        0,
        {"name": "Allergies", "field": "allergies", "length": 50},
    )
    written = client.put(
        f"{BASE}/nutrition-template", {**TEMPLATE, "delimiter": ";", "list_separator": ", ", "version": 0}
    )
    assert written.status == 200, written.text
    assert (written.json["version"], written.json["list_separator"]) == (1, ", ")
    assert client.get(f"{BASE}/nutrition-template").json == written.json
    assert fetched(client, "nutrition_students") == b"Last;PIN\r\nAsh;\r\nRiv;4711\r\n"
    assert client.put(f"{BASE}/nutrition-template", {**TEMPLATE, "version": 0}).status == 409
    assert client.put(f"{BASE}/nutrition-template", TEMPLATE, {"If-Match": "1"}).json["version"] == 2


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"columns": []}, ("columns", "too_short")),
        ({"columns": [{"name": "A", "field": "race_of_the_mother"}]}, ("columns.0.field", "not_allowed")),
        ({"columns": [{"name": "A", "field": "races", "length": 0}]}, ("columns.0.length", "too_small")),
        ({"columns": [{"name": "A\nB", "field": "races"}]}, ("columns.0.name", "wrong_format")),
        ({"columns": [{"name": "A", "field": "races"}] * 2}, ("columns.1.name", "duplicate")),
        ({"delimiter": "x"}, ("delimiter", "not_allowed")),
        ({"list_separator": ""}, ("list_separator", "too_short")),
        ({"version": None}, ("version", "required")),
    ],
)
def test_a_bad_template_names_the_field(client: Client, change: Any, fault: tuple[str, str]) -> None:
    answer = client.put(f"{BASE}/nutrition-template", {**TEMPLATE, "version": 0, **change})
    assert (answer.status, answer.faults()) == (422, {fault})


def test_an_export_that_died_is_shown_as_failed(
    client: Client, exporter: Exporter, clock: MemoryClock
) -> None:
    """A function that runs out of memory cannot say so itself."""
    exporter.waits = True
    export_id = client.post(f"{BASE}/exports", {"kind": "media_users"}).json["id"]
    clock.time += SILENT + timedelta(seconds=1)
    shown = client.get(f"{BASE}/exports/{export_id}").json
    assert (shown["state"], shown["error"]["code"], shown["download"]) == ("failed", "export_stopped", None)


class Busy:
    """A store that has no time."""

    def ids(self, district_id: str, person_type: str) -> Any:
        raise StoreThrottled("store_throttled", "Noor is busy")

    get_many = ids


def test_the_exporter_asks_lambda_to_try_again_and_says_no_more(
    client: Client, exporter: Exporter, caplog: pytest.LogCaptureFixture
) -> None:
    exporter.waits = True
    event = {
        "district_id": "lakeview",
        "export_id": client.post(f"{BASE}/exports", {"kind": "media_users"}).json["id"],
    }
    maker = Maker(Busy(), exporter.maker.blobs, exporter.maker.clock)
    with pytest.raises(Failed) as failed:
        make(maker, event, Context())
    assert str(failed.value) == ""
    assert failed.value.__cause__ is None
    told = [record for record in caplog.records if record.name == "exporter"]
    assert [(record.msg, getattr(record, "code", "")) for record in told] == [
        ("store failed", "store_throttled")
    ]
    assert "Noor" not in str([vars(record) for record in caplog.records])


@pytest.mark.parametrize(
    "event",
    [{}, {"district_id": "lakeview"}, {"district_id": "lakeview", "export_id": "exp_" + "9" * 26}, {"x": 1}],
)
def test_an_event_that_nobody_can_mend_is_not_tried_again(
    client: Client, exporter: Exporter, event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    make(exporter.maker, event, Context())
    assert [record.msg for record in caplog.records if record.name == "exporter"] == ["event refused"]


# Changes -----------------------------------------------------------------------------------------------------------


def change(number: int, before: dict[str, Any] | None, after: dict[str, Any]) -> Change:
    def made(fields: dict[str, Any]) -> StoredPerson:
        person = Person(
            type="student", source_id=str(number), host_id=f"S{number}", last_name="Ash", **fields
        )
        return StoredPerson(id=f"per_{number}", district_id="lakeview", integration_id="int_1", person=person)

    first, last = made(before) if before is not None else None, made(after)
    fields = changed_fields(first.person if first else None, last.person)
    return Change(kind="update" if first else "add", type="student", before=first, after=last, fields=fields)


IN, OUT = MediaAccount(), MediaAccount(status="blocked", reasons=("media_email_missing",))
STAY, MOVED = (Enrollment(school="ELM", start_date=day) for day in ("2026-08-20", "2026-08-27"))
CHANGES = [
    change(1, None, {"media": IN, "birth_date": "2016-03-04"}),
    change(2, {"media": IN}, {"media": IN, "birth_date": "2016-03-04", "email": "a@example.org"}),
    change(3, {"media": IN}, {"media": IN, "addresses": (Address(street="1 Elm St"),)}),
    change(4, {"media": IN, "enrollments": (STAY,)}, {"media": IN, "enrollments": (MOVED,)}),
    change(5, None, {"media": OUT}),
    change(6, {"media": OUT}, {"media": IN, "email": "b@example.org"}),
    change(7, None, {}),
    change(8, {"media": IN}, {"media": MediaAccount(same_as="per_1")}),
]


@pytest.fixture
def run(client: Client, parts: Parts) -> str:
    run = Run(
        id="run_1",
        district_id="lakeview",
        integration_id="int_1",
        queued_at=NOW,
        checkpoint={"plan_files": 1},
    )
    parts.runs.create(run)
    parts.blobs.put(RunFolder(run).plan(0), pack_lines(CHANGES))
    return f"{BASE}/runs/run_1/changes"


def test_changes_as_media_may_know_them(client: Client, run: str) -> None:
    """A changed address, or a day on which a stay began, is nothing to media; the blocked are strangers there."""
    found = client.get(run, destination="media").json["items"]
    assert [(item["person_id"], item["fields"]) for item in found] == [
        ("per_1", []),
        ("per_2", ["email"]),
        ("per_6", []),
        ("per_8", []),
    ]
    known = {"type": "student", "host_id": "S2", "source_id": "2", "last_name": "Ash", "media": {}}
    assert found[1]["before"] == known
    assert found[1]["after"] == {**known, "email": "a@example.org"}
    assert found[0]["before"] is None
    assert found[2]["before"] is None, "media has never heard of somebody who was blocked"
    assert found[3]["after"] is None, "and does not hear again of somebody whom another stands for"


def test_changes_as_nutrition_may_know_them(client: Client, run: str) -> None:
    found = client.get(run, destination="nutrition").json["items"]
    assert [item["person_id"] for item in found] == [f"per_{n}" for n in range(1, 8)], "all but the last"
    assert found[1]["fields"] == ["birth_date", "email"]
    assert not any("host_id" in str(item) or "media" in str(item) for item in found)


def test_changes_for_everybody_are_whole(client: Client, run: str) -> None:
    found = client.get(run).json["items"]
    assert len(found) == len(CHANGES)
    assert found[0]["after"]["birth_date"] == "2016-03-04"
    assert client.get(run, destination="press").status == 422


def test_a_page_of_projected_changes_goes_on_where_it_ended(client: Client, run: str) -> None:
    seen, cursor = [], None
    while True:
        page = client.get(run, destination="media", limit=1, **({"cursor": cursor} if cursor else {})).json
        seen += [item["person_id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["per_1", "per_2", "per_6", "per_8"]
