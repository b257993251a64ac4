"""The queue of unmapped values over HTTP, and one call that answers it and plans the last pull again."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from config_api.bootstrap import Parts
from rollcall.domain.run import Run
from rollcall.domain.unmapped import UnmappedValue, UnmappedValues
from rollcall.engine.blobs import RunFolder, approved_id, pack
from tests.engine.faults import Faults, aws_faults
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import NOW, Client
from .test_reading_api import person, put  # noqa: F401 - a fixture

BASE = "/v1/districts/lakeview"
VALUES = [
    UnmappedValue(
        entity="grade_level", value="07", severity="error", count=4, samples=["per_1"], first_run="run_0"
    ),
    UnmappedValue(entity="race", value="WH", count=12, samples=["per_2", "per_3"], first_run="run_1"),
    UnmappedValue(entity="building", value="877", label="Harbor High", whole_school=True, first_run="run_1"),
]


@pytest.fixture
def queue(client: Client, integration: dict[str, Any], parts: Parts) -> str:
    """The address of the queue of an integration whose last completed run left three values."""
    complete(parts, integration["id"], "run_1", VALUES)
    rows = [{"external": "5", "value": "Harbor High School"}, {"external": "6", "value": "Pine Elementary"}]
    write(client, integration, "building", rows)
    write(client, integration, "grade_level", [{"external": "7", "value": "7"}])
    return f"{BASE}/integrations/{integration['id']}/unmapped"


def complete(
    parts: Parts, integration_id: str, run_id: str, values: list[UnmappedValue], approved: bool = False
) -> Run:
    run = Run(id=run_id, district_id="lakeview", integration_id=integration_id, queued_at=NOW)
    parts.runs.create(run)
    lease = parts.runs.acquire("lakeview", integration_id, "test", NOW)
    assert lease
    assert parts.runs.begin(run, lease)
    run.state, run.ended_at = "completed", NOW
    run.checkpoint = {"unmapped": len(values)}
    parts.blobs.put(RunFolder(run).unmapped(), pack(UnmappedValues(values=values)))
    before = parts.runs.state("lakeview", integration_id).snapshot
    parts.runs.finish(run, lease, snapshot=approved_id(run_id) if approved else run_id, previous=before)
    parts.runs.release("lakeview", integration_id, lease)
    return run


def write(client: Client, integration: dict[str, Any], entity: str, rows: list[dict[str, str]]) -> None:
    path = f"{BASE}/mappings/{integration['mappings'][entity]}"
    stored = client.get(path).json
    body = {"entity": entity, "name": entity, "entries": rows, "version": stored["version"]}
    assert client.put(path, body).status == 200


def entries(client: Client, integration: dict[str, Any], entity: str) -> list[tuple[str, str]]:
    found = client.get(f"{BASE}/mappings/{integration['mappings'][entity]}").json["entries"]
    return [(row["external"], row["value"]) for row in found]


def messages(stack: Stack) -> list[dict[str, Any]]:
    answer = aws_client("sqs").receive_message(QueueUrl=stack.queue_url, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def answering(*rows: tuple[str, str, str]) -> dict[str, Any]:
    return {"entries": [{"entity": e, "external": external, "value": value} for e, external, value in rows]}


def test_the_queue_reads_worst_first_with_suggestions(
    client: Client, queue: str, integration: dict[str, Any]
) -> None:
    body = client.get(queue).json
    assert (body["run_id"], body["cut"], body["next"]) == ("run_1", False, None)
    assert [(item["value"], item["severity"], item["count"]) for item in body["items"]] == [
        ("07", "error", 4),
        ("WH", "warning", 12),
        ("877", "warning", 0),
    ]
    grade, race, school = body["items"]
    assert grade == {
        "entity": "grade_level",
        "mapping_id": integration["mappings"]["grade_level"],
        "value": "07",
        "label": None,
        "severity": "error",
        "count": 4,
        "samples": ["per_1"],
        "people": [],
        "whole_school": False,
        "first_run": "run_0",
        "last_run": "run_1",
        "suggestions": [{"value": "7", "confidence": 95, "why": "The mapping has 7."}],
    }
    assert race["suggestions"] == []
    assert (school["label"], school["whole_school"]) == ("Harbor High", True)
    assert school["suggestions"][0]["value"] == "Harbor High School"


def test_it_is_read_in_pages_and_by_entity(client: Client, queue: str) -> None:
    first = client.get(queue, limit=2).json
    rest = client.get(queue, limit=2, cursor=first["next"]).json
    assert [item["value"] for item in first["items"] + rest["items"]] == ["07", "WH", "877"]
    assert rest["next"] is None
    assert [item["value"] for item in client.get(queue, entity="race").json["items"]] == ["WH"]


def test_samples_who_are_loaded_are_told_by_name(client: Client, queue: str, put: Any) -> None:  # noqa: F811
    """Guards: ids that tell nobody at the school who is meant."""
    loaded = person("Finch", "Orla", 2, schools=("Pine Elementary",))
    put([replace(loaded, id="per_2")])
    grade, race, _ = client.get(queue).json["items"]
    assert grade["people"] == []
    assert [(p["id"], p["first_name"], p["last_name"]) for p in race["people"]] == [
        ("per_2", "Orla", "Finch")
    ]


def test_only_values_with_a_likely_suggestion_are_read_and_accepted(
    client: Client, queue: str, integration: dict[str, Any], stack: Stack
) -> None:
    """What is read with a confidence is what is accepted with it, and no more."""
    likely = client.get(queue, min_confidence=90, limit=1).json
    assert (likely["total"], [item["value"] for item in likely["items"]]) == (1, ["07"])
    assert client.get(queue, min_confidence=60).json["total"] == 2
    assert client.get(queue).json["total"] == 3
    assert client.get(queue, min_confidence=59).faults() == {("min_confidence", "too_small")}
    answer = client.post(queue, {"accept_from": 90})
    assert answer.status == 202, answer.text
    assert entries(client, integration, "grade_level") == [("7", "7"), ("07", "7")]
    assert [item["value"] for item in client.get(queue).json["items"]] == ["WH", "877"]
    assert len(messages(stack)) == 1


def test_an_answer_counts_before_the_suggestion_for_it(
    client: Client, queue: str, integration: dict[str, Any]
) -> None:
    body = {**answering(("grade_level", "07", "8")), "accept_from": 60, "entity": "grade_level"}
    assert client.post(queue, body).status == 202
    assert entries(client, integration, "grade_level") == [("7", "7"), ("07", "8")]
    assert [item["value"] for item in client.get(queue).json["items"]] == ["WH", "877"], "another entity"


def test_of_two_spellings_that_are_one_value_the_suggestion_is_accepted_once(
    client: Client, integration: dict[str, Any], parts: Parts
) -> None:
    """Guards: suggestions that are refused together, because the mapping takes their values for one."""
    spelled = [
        UnmappedValue(entity="gender", value=value, count=1, first_run="run_1") for value in ("FEM", "fem")
    ]
    complete(parts, integration["id"], "run_1", spelled)
    path = f"{BASE}/mappings/{integration['mappings']['gender']}"
    row = {"external": "f-e-m", "value": "Female"}
    stored = client.get(path).json
    body = {
        "entity": "gender",
        "name": "g",
        "ignore_case": True,
        "entries": [row],
        "version": stored["version"],
    }
    assert client.put(path, body).status == 200
    answer = client.post(f"{BASE}/integrations/{integration['id']}/unmapped", {"accept_from": 90})
    assert answer.status == 202, answer.text
    assert entries(client, integration, "gender") == [("f-e-m", "Female"), ("FEM", "Female")]


def test_what_a_mapping_has_by_now_is_not_open_any_more(
    client: Client, queue: str, integration: dict[str, Any]
) -> None:
    write(client, integration, "race", [{"external": "WH", "value": "White"}])
    assert [item["value"] for item in client.get(queue).json["items"]] == ["07", "877"]


def test_before_the_first_sync_it_is_empty_and_cannot_be_answered(
    client: Client, integration: dict[str, Any]
) -> None:
    path = f"{BASE}/integrations/{integration['id']}/unmapped"
    assert client.get(path).json == {
        "items": [],
        "next": None,
        "run_id": None,
        "total": 0,
        "cut": False,
    }
    answer = client.post(path, answering(("race", "WH", "White")))
    assert (answer.status, answer.json["code"]) == (409, "nothing_pulled")
    assert entries(client, integration, "race") == []


def test_the_queue_of_a_run_that_was_held_and_approved_is_open_too(
    client: Client, parts: Parts, integration: dict[str, Any]
) -> None:
    """Guards: the snapshot of an approval, whose name is not that of its run, passing for no sync at all."""
    values = [UnmappedValue(entity="race", value="WH", severity="warning", first_run="run_1")]
    complete(parts, integration["id"], "run_1", values, approved=True)
    path = f"{BASE}/integrations/{integration['id']}/unmapped"
    assert client.get(path).json["run_id"] == "run_1"
    assert client.post(path, answering(("race", "WH", "White"))).status == 202


def test_files_that_are_no_longer_kept_are_said_to_be(
    client: Client, queue: str, parts: Parts, integration: dict[str, Any]
) -> None:
    run = parts.runs.get("lakeview", "run_1")
    assert run
    parts.blobs.delete([RunFolder(run).unmapped()])
    answer = client.get(queue)
    assert (answer.status, answer.json["code"]) == (404, "run_files_deleted")


def test_an_answer_is_written_to_every_mapping_and_asks_for_a_run(
    client: Client, queue: str, integration: dict[str, Any], stack: Stack
) -> None:
    operator = client.as_("lakeview/operator")
    answer = operator.post(queue, answering(("race", "WH", "White"), ("grade_level", "07", "7")))
    assert answer.status == 202, answer.text
    run = answer.json
    assert (run["trigger"], run["mode"], run["state"]) == ("reapply", "sync", "queued")
    assert run["requested_by"] == "user@example.org"
    assert entries(client, integration, "race") == [("WH", "White")]
    assert entries(client, integration, "grade_level") == [("7", "7"), ("07", "7")]
    (message,) = messages(stack)
    assert (message["trigger"], message["run_id"]) == ("reapply", run["id"])
    assert [item["value"] for item in client.get(queue).json["items"]] == ["877"]


def test_a_viewer_reads_and_does_not_answer(client: Client, queue: str) -> None:
    viewer = client.as_("lakeview/viewer")
    assert viewer.get(queue).status == 200
    assert viewer.post(queue, answering(("race", "WH", "White"))).status == 403


def test_one_answer_that_cannot_be_taken_leaves_all_mappings_alone(
    client: Client, queue: str, integration: dict[str, Any], stack: Stack
) -> None:
    answer = client.post(
        queue,
        answering(
            ("race", "WH", "White"),
            ("grade_level", "7", "8"),
            ("allergy", "nut", "Nuts"),
            ("race", "WH", "Other"),
        ),
    )
    assert answer.status == 422
    assert answer.faults() == {
        ("entries.1.external", "already_mapped"),
        ("entries.2.entity", "not_chosen"),
        ("entries.3.external", "duplicate"),
    }
    assert entries(client, integration, "race") == []
    assert messages(stack) == []


@pytest.mark.parametrize(
    "body", [{}, {"entries": []}, answering(("race", " ", "x")), answering(("x", "y", "z"))]
)
def test_an_answer_without_sense_is_refused(client: Client, queue: str, body: dict[str, Any]) -> None:
    assert client.post(queue, body).status == 422


def test_a_repeated_request_makes_one_run(
    client: Client, queue: str, integration: dict[str, Any], stack: Stack
) -> None:
    key = {"Idempotency-Key": "key-1"}
    first, second = (client.post(queue, answering(("race", "WH", "White")), key) for _ in range(2))
    assert (first.status, first.json) == (second.status, second.json) == (202, first.json)
    assert len(messages(stack)) == 1
    assert entries(client, integration, "race") == [("WH", "White")]


def test_a_request_that_died_half_way_is_finished_by_its_repetition(
    client: Client, queue: str, integration: dict[str, Any], stack: Stack
) -> None:
    """Guards: a retry refused because its first attempt had written the entries, which leaves them without a run."""
    key, body = {"Idempotency-Key": "key-1"}, answering(("race", "WH", "White"))
    with aws_faults(NoQueue()):
        assert client.post(queue, body, key).status == 503
    assert entries(client, integration, "race") == [("WH", "White")]
    answer = client.post(queue, body, key)
    assert answer.status == 202
    assert [message["run_id"] for message in messages(stack)] == [answer.json["id"]]


class NoQueue(Faults):
    """A queue that takes nothing, while everything else works."""

    def call(self, name: str, act: Callable[[], Any], error: Callable[[], Exception]) -> Any:
        if name == "sqs.SendMessage":
            raise error()
        return act()


def test_an_inactive_integration_is_not_answered_for(
    client: Client, queue: str, integration: dict[str, Any]
) -> None:
    client.patch(f"{BASE}/integrations/{integration['id']}", {"active": False, "version": 1})
    answer = client.post(queue, answering(("race", "WH", "White")))
    assert (answer.status, answer.json["code"]) == (409, "integration_inactive")
    assert entries(client, integration, "race") == []
