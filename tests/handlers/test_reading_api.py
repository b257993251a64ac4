"""Runs with their issues and changes, people and families over HTTP."""

import base64
from typing import Any

import pytest

from config_api.bootstrap import Parts
from rollcall.domain.ids import person_id
from rollcall.domain.person import Address, ContactLink, Enrollment, Issue, Person, Phone
from rollcall.domain.photo import photo_id
from rollcall.domain.plan import Change, StoredPerson
from rollcall.domain.run import Failure, Hold, Run
from rollcall.engine.blobs import RunFolder, pack_lines, photo_key
from rollcall.store.dynamo import Table
from rollcall.store.people import DynamoPeople
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import NOW, Client

BASE = "/v1/districts/lakeview"


def person(last: str, first: str, number: int, **fields: Any) -> StoredPerson:
    fields = {"type": "student", "source_id": str(number), "local_id": f"L{number}", **fields}
    kind = fields["type"]
    return StoredPerson(
        id=person_id("lakeview", "powerschool:1", kind, str(number)),
        district_id="lakeview",
        integration_id="int_1",
        person=Person(last_name=last, first_name=first, **fields),
    )


@pytest.fixture
def put(stack: Stack) -> Any:
    return DynamoPeople(Table(aws_client("dynamodb"), stack.people_table)).put_many


def names(answer: Any) -> list[str]:
    return [f"{item['last_name']} {item['first_name']}" for item in answer.json["items"]]


def everything(client: Client, path: str, **query: Any) -> list[Any]:
    items, cursor = [], None
    while True:
        answer = client.get(path, **query, **({"cursor": cursor} if cursor else {}))
        assert answer.status == 200, answer.text
        items += answer.json["items"]
        cursor = answer.json["next"]
        if cursor is None:
            return items


def test_a_run_reads_as_the_contract_says(client: Client, parts: Parts) -> None:
    run = Run(
        id="run_1",
        district_id="lakeview",
        integration_id="int_1",
        system="aeries",
        state="failed",
        pull="delta",
        holds=[Hold("drops", "too many")],
        error=Failure("rate_limited", "The SIS asks for patience."),
        queued_at=NOW,
        ended_at=NOW,
        checkpoint={"secret": "of the engine"},
    )
    parts.runs.create(run)
    body = client.get(f"{BASE}/runs/run_1").json
    contract = (
        "id, integration_id, trigger, mode, requested_by, state, counts, holds, issues, plan_hash, progress, error, "
        "queued_at, started_at, ended_at"
    )
    assert set(contract.split(", ")) <= set(body)
    assert body["counts"]["student"] == dict.fromkeys(
        ("add", "update", "inactivate", "reactivate", "unchanged", "reject", "held"), 0
    )
    assert body["pull"] == "delta"
    assert "checkpoint" not in body
    assert body["error"] == {"code": "rate_limited", "message": "The SIS asks for patience."}


def test_runs_are_listed_newest_first(client: Client, parts: Parts) -> None:
    for number in range(30):
        state = "failed" if number % 10 == 0 else "completed"
        parts.runs.create(
            Run(
                id=f"run_{number:02d}",
                district_id="lakeview",
                integration_id=f"int_{number % 2}",
                state=state,
                queued_at=NOW,
            )
        )
    assert [run["id"] for run in everything(client, f"{BASE}/runs", limit=7)] == [
        f"run_{number:02d}" for number in reversed(range(30))
    ]
    assert [run["id"] for run in everything(client, f"{BASE}/runs", state="failed", limit=2)] == [
        "run_20",
        "run_10",
        "run_00",
    ]
    assert len(everything(client, f"{BASE}/runs", integration_id="int_1", limit=4)) == 15


def test_issues_and_changes_are_read_from_the_runs_files(
    client: Client, integration: dict, parts: Parts
) -> None:
    run = Run(
        id="run_1",
        district_id="lakeview",
        integration_id=integration["id"],
        queued_at=NOW,
        checkpoint={"issue_files": 3, "plan_files": 12},
    )
    parts.runs.create(run)
    folder = RunFolder(run)
    for part in range(3):
        parts.blobs.put(
            folder.issues(part),
            pack_lines(
                Issue(
                    severity="error" if n % 2 else "warning",
                    code=f"code_{part}",
                    message="m",
                    fix="f",
                    person_type="student",
                    source_id=str(n),
                    value="x",
                )
                for n in range(10)
            ),
        )
    for part in range(12):
        before = person("Old", "Name", part)
        change = Change(
            kind="update" if part % 2 else "add",
            type="student",
            before=before if part % 2 else None,
            after=person("New", "Name", part),
            fields=("last_name",),
        )
        parts.blobs.put(folder.plan(part), pack_lines([change]))
    issues = everything(client, f"{BASE}/runs/run_1/issues", limit=7)
    assert [(issue["code"], issue["source_id"]) for issue in issues] == [
        (f"code_{part}", str(n)) for part in range(3) for n in range(10)
    ]
    source = parts.config.integration("lakeview", integration["id"]).source
    assert issues[0]["person"] == person_id("lakeview", source, "student", "0")
    assert len(everything(client, f"{BASE}/runs/run_1/issues", severity="error", code="code_1", limit=2)) == 5
    changes = everything(client, f"{BASE}/runs/run_1/changes", limit=5)
    assert [change["after"]["source_id"] for change in changes] == [str(part) for part in range(12)]
    updates = everything(client, f"{BASE}/runs/run_1/changes", kind="update")
    assert (updates[0]["before"]["last_name"], updates[0]["after"]["last_name"]) == ("Old", "New")
    assert updates[0]["fields"] == ["last_name"]
    parts.blobs.delete([folder.issues(1)])
    answer = client.get(f"{BASE}/runs/run_1/issues")
    assert (answer.status, answer.json["code"]) == (404, "run_files_deleted")


def test_a_person_reads_with_every_field(client: Client, put: Any) -> None:
    full = person(
        "Ñandú",
        "Zoë",
        1,
        phones=(Phone("5550100", "home"),),
        addresses=(Address(street="1 Elm St", city="Lakeview", state="IL", postal_code="60601"),),
        enrollments=(Enrollment(school="East", grade="5", start_date="2026-08-20"),),
        contacts=(ContactLink(priority=1, person_id="per_x", relationship="Mother"),),
        races=("White",),
        family_id="fam_1",
    )
    put([full])
    body = client.get(f"{BASE}/people/{full.id}").json
    contract = (
        "id, type, status, integration_id, source_id, local_id, state_id, pos_id, host_id, first_name, middle_name, "
        "last_name, suffix, birth_date, gender, ethnicity, races, language, email, phones, addresses, grade, "
        "enrollments, family_id, contacts, allergies, photo, grad_year"
    )
    assert set(contract.split(", ")) <= set(body)
    assert body["enrollments"] == [
        {
            "school": "East",
            "school_year": None,
            "grade": "5",
            "homeroom": None,
            "start_date": "2026-08-20",
            "drop_date": None,
            "primary": True,
        }
    ]
    assert body["contacts"][0]["relationship"] == "Mother"
    assert client.get(f"{BASE}/people/per_none").status == 404


def test_families(client: Client, put: Any) -> None:
    put(
        [
            person("Ash", "A", 1, family_id="fam_1"),
            person("Ash", "B", 2, family_id="fam_1"),
            person("Elm", "C", 3, family_id="fam_2"),
        ]
    )
    body = client.get(f"{BASE}/families/fam_1").json
    assert body["id"] == "fam_1"
    assert sorted(member["first_name"] for member in body["members"]) == ["A", "B"]
    assert client.get(f"{BASE}/families/fam_9").status == 404


def test_people_are_listed_by_name_over_all_shards(client: Client, put: Any) -> None:
    put([person(f"Name{number % 7}", f"First{number:03d}", number) for number in range(120)])
    found = [
        f"{item['last_name']} {item['first_name']}" for item in everything(client, f"{BASE}/people", limit=11)
    ]
    assert found == sorted(found)
    assert len(found) == 120


def test_people_are_found_by_the_beginning_of_their_name(client: Client, put: Any) -> None:
    put(
        [
            person("Smith", "Jo", 1),
            person("Smith", "Al", 2),
            person("Smithers", "Bo", 3),
            person("Jones", "Smith", 4),
        ]
    )
    assert names(client.get(f"{BASE}/people", search="SMITH")) == ["Smith Al", "Smith Jo", "Smithers Bo"]
    assert names(client.get(f"{BASE}/people", search="smith, j")) == ["Smith Jo"]
    assert names(client.get(f"{BASE}/people", search="nobody")) == []


def test_people_are_found_by_any_id(client: Client, integration: dict, parts: Parts, put: Any) -> None:
    source = parts.config.integration("lakeview", integration["id"]).source
    kid = StoredPerson(
        id=person_id("lakeview", source, "student", "5011"),
        district_id="lakeview",
        integration_id=integration["id"],
        person=Person(
            type="student", source_id="5011", local_id="100", state_id="IL9", last_name="Ash", first_name="A"
        ),
    )
    put([kid, person("Elm", "B", 7, local_id="100", type="staff")])
    assert names(client.get(f"{BASE}/people", search="100")) in (["Ash A", "Elm B"], ["Elm B", "Ash A"])
    assert names(client.get(f"{BASE}/people", search="100", type="staff")) == ["Elm B"]
    for wanted in ("5011", "IL9", kid.id):
        assert names(client.get(f"{BASE}/people", search=wanted)) == ["Ash A"], wanted


def test_people_are_filtered(client: Client, put: Any) -> None:
    put(
        [
            person("Ash", "A", 1, enrollments=(Enrollment(school="East"),)),
            person(
                "Ash",
                "B",
                2,
                enrollments=(Enrollment(school="West"), Enrollment(school="East", drop_date="2026-09-01")),
            ),
            person("Ash", "C", 3, status="ended"),
            person("Ash", "D", 4, type="staff", schools=("East", "West")),
        ]
    )
    assert names(client.get(f"{BASE}/people", school="East")) == ["Ash A", "Ash D"]
    assert names(client.get(f"{BASE}/people", school="West", type="student")) == ["Ash B"]
    assert names(client.get(f"{BASE}/people", status="ended")) == ["Ash C"]
    assert names(
        client.get(f"{BASE}/people", search="ash", type="student", status="active", school="East")
    ) == ["Ash A"]


def test_people_of_another_district_are_not_there(client: Client, put: Any) -> None:
    client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "UTC"})
    kid = person("Ash", "A", 1, family_id="fam_1")
    put([kid])
    foreign = client.as_("hilltop/viewer")
    assert foreign.get(f"/v1/districts/hilltop/people/{kid.id}").status == 404
    assert foreign.get("/v1/districts/hilltop/people", search="L1").json["items"] == []
    assert foreign.get("/v1/districts/hilltop/people").json["items"] == []
    assert foreign.get("/v1/districts/hilltop/families/fam_1").status == 404


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def pictured(stack: Stack, parts: Parts, put: Any) -> StoredPerson:
    """Somebody with a photo."""
    kid = person("Ash", "A", 1)
    put([kid])
    parts.blobs.put(photo_key("lakeview", photo_id(PNG)), PNG)
    people = DynamoPeople(Table(aws_client("dynamodb"), stack.people_table))
    people.put_photos("lakeview", {kid.id: photo_id(PNG)})
    return kid


def test_a_photo_is_answered_as_the_image_it_is(client: Client, pictured: StoredPerson) -> None:
    body = client.as_("lakeview/viewer").get(f"{BASE}/people/{pictured.id}").json
    assert body["photo"] == {"url": f"{BASE}/people/{pictured.id}/photo", "sha256": photo_id(PNG)}
    (listed,) = client.get(f"{BASE}/people").json["items"]
    assert {**listed, "protection": None} == body
    answer = client.as_("lakeview/viewer").get(body["photo"]["url"])
    assert (answer.status, answer.is_base64, answer.headers["Content-Type"]) == (200, True, "image/png")
    assert base64.b64decode(answer.text, validate=True) == PNG
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["ETag"] == f'"{photo_id(PNG)}"'


@pytest.mark.parametrize("tags", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_a_photo_that_is_known_is_not_sent_again(client: Client, pictured: StoredPerson, tags: str) -> None:
    path = f"{BASE}/people/{pictured.id}/photo"
    answer = client.call("GET", path, headers={"If-None-Match": tags.format(photo_id(PNG))})
    assert (answer.status, answer.text) == (304, "")
    assert answer.headers["ETag"] == f'"{photo_id(PNG)}"'
    assert client.call("GET", path, headers={"If-None-Match": '"other"'}).status == 200


def test_who_has_no_photo_and_who_may_not_see_one(client: Client, pictured: StoredPerson, put: Any) -> None:
    put([person("Elm", "B", 2)])
    answer = client.get(f"{BASE}/people/{person('Elm', 'B', 2).id}/photo")
    assert (answer.status, answer.json["code"]) == (404, "no_photo")
    assert client.get(f"{BASE}/people/{person('Elm', 'B', 2).id}").json["photo"] is None
    assert client.get(f"{BASE}/people/per_none/photo").status == 404
    assert client.as_("hilltop/viewer").get(f"{BASE}/people/{pictured.id}/photo").status == 403
    client.put("/v1/districts/hilltop", {"name": "Hilltop", "time_zone": "UTC"})
    assert client.get(f"/v1/districts/hilltop/people/{pictured.id}/photo").status == 404


def test_the_item_of_a_photo_or_a_pos_id_is_nobody(client: Client, pictured: StoredPerson, put: Any) -> None:
    """Guards: an id that is typed in naming an item that is no person: it was answered with a 500."""
    put([person("Elm", "B", 2, pos_id="4711")])
    for wanted in (f"{pictured.id}#PHOTO", "POS#4711"):
        assert client.get(f"{BASE}/people", search=wanted).json["items"] == []
