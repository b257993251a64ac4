"""A returning school's users over HTTP: upload, decide, confirm, and the list to update."""

import csv
import io
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from config_api.bootstrap import Parts
from rollcall.domain.ids import person_id
from rollcall.domain.person import MediaAccount, Person
from rollcall.domain.plan import Change, StoredPerson
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, pack, pack_lines
from rollcall.engine.people_table import ENDED, PeopleTable, PersonRow
from rollcall.engine.snapshot import Snapshot
from rollcall.store.dynamo import Table
from rollcall.store.memory import MemoryClock
from rollcall.store.people import DynamoPeople
from rollcall.store.runs import DynamoRuns
from tests.support.aws import Stack
from tests.support.aws import client as aws_client

from .conftest import NOW, Answer, Client, Forms

USERS = (
    "type,host_id,first_name,last_name,email,new_host_id\n"
    "student,S1,,,,\n"
    "student,old2,,,,S2\n"
    "student,old3,Noor,Rivers,,\n"
    "staff,lost,Piet,Mondo,piet@example.org,\n"
)


@pytest.fixture
def school(client: Client, form: Forms) -> dict[str, Any]:
    made = client.post(
        "/v1/districts/lakeview/integrations",
        form(destinations=["nutrition", "media"], returning_school=True),
    )
    assert made.status == 201, made.text
    return made.json


@pytest.fixture
def path(school: dict[str, Any]) -> str:
    return f"/v1/districts/lakeview/integrations/{school['id']}/reconciliation"


def stored(school: dict[str, Any], source: str, number: str, **fields: Any) -> StoredPerson:
    fields = {"type": "student", "source_id": number, "local_id": number, "last_name": "Ash", **fields}
    return StoredPerson(
        id=person_id("lakeview", source, fields["type"], number),
        district_id="lakeview",
        integration_id=school["id"],
        person=Person(**fields),
    )


def leave_preview(
    parts: Parts,
    school: dict[str, Any],
    run_id: str = "run_1",
    people: list[StoredPerson] | None = None,
    state: str = "completed",
) -> Run:
    """Leave a preview that found these people; without any, four students and a leaver."""
    source = parts.config.integration("lakeview", school["id"]).source
    run = Run(
        id=run_id,
        district_id="lakeview",
        integration_id=school["id"],
        mode="preview",
        state=state,  # type: ignore[arg-type]
        queued_at=NOW,
        checkpoint={"plan_files": 1},
    )
    parts.runs.create(run)
    found = people or [
        *(stored(school, source, n, first_name="Iris") for n in ("1", "2", "4")),
        stored(school, source, "3", first_name="Noor", last_name="Rivers"),
        stored(school, source, "9", status="ended"),
        stored(school, source, "8", type="contact", media=MediaAccount(same_as="per_x")),
    ]
    changes = [Change(kind="add", type=s.person.type, after=s) for s in found]
    parts.blobs.put(RunFolder(run).plan(0), pack_lines(changes))
    return run


@pytest.fixture
def previewed(school: dict[str, Any], parts: Parts) -> Callable[..., Run]:
    """See :func:`leave_preview`."""
    return partial(leave_preview, parts, school)


def problem(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json["code"]


def rows(client: Client, path: str, **query: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        page = client.get(path, limit=2, **query, **({"cursor": cursor} if cursor else {})).json
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def test_from_upload_to_the_list_of_host_ids(client: Client, path: str, previewed: Any, parts: Parts) -> None:
    previewed()
    made = client.put(path, {"csv": USERS})
    assert made.status == 200, made.text
    summary = made.json
    counts = {"matched": 1, "mapped": 1, "proposed": 1, "unmatched": 1, "missing": 2}
    assert summary["counts"] == {**dict.fromkeys(("ambiguous", "colliding", "retired"), 0), **counts}
    assert (summary["state"], summary["open"], summary["syncs"], summary["run_id"]) == (
        "open",
        2,
        False,
        "run_1",
    )
    assert problem(client.get(f"{path}/update-host-ids.csv")) == (409, "not_confirmed")
    everybody = rows(client, path)
    assert [(row["host_id"], row["state"]) for row in everybody] == [
        ("S1", "matched"),
        ("old2", "mapped"),
        ("old3", "proposed"),
        ("lost", "unmatched"),
        (None, "missing"),
        (None, "missing"),
    ]
    (candidate,) = everybody[2]["candidates"]
    assert (candidate["host_id"], candidate["last_name"], candidate["by"]) == ("S3", "Rivers", ["name"])
    assert [row["new_host_id"] for row in rows(client, path, state="missing")] == ["S3", "S4"]
    decided = client.patch(path, {"accept_from": 80, "version": 1}).json
    assert (decided["counts"]["mapped"], decided["open"], decided["version"]) == (2, 1, 2)
    for body, code in (({}, "users_open"), ({"accept_unmatched": 2}, "users_open")):
        assert problem(client.post(f"{path}/confirm", {**body, "version": 2})) == (409, code)
    confirmed = client.post(f"{path}/confirm", {"accept_unmatched": 1, "version": 2}).json
    assert (confirmed["state"], confirmed["syncs"], confirmed["version"]) == ("confirmed", True, 3)
    assert confirmed["confirmed"] == {"by": "user@example.org", "at": "2026-11-22T08:00:00Z", "accepted": 1}
    answer = client.get(f"{path}/update-host-ids.csv")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["type", "old_host_id", "new_host_id"],
        ["student", "old2", "S2"],
        ["student", "old3", "S3"],
    ]


def test_decisions_are_kept_by_a_new_upload_and_can_be_taken_back(
    client: Client, path: str, previewed: Any
) -> None:
    previewed()
    client.put(path, {"csv": USERS})
    (third, *_) = rows(client, path, state="missing")
    answers = [
        {"type": "staff", "host_id": "lost", "retire": True},
        {"type": "student", "host_id": "old3", "person_id": third["person_id"]},
    ]
    assert client.patch(path, {"decisions": answers, "version": 1}).json["state"] == "clean"
    again = client.put(path, {"csv": USERS + "student,new5,,,,\n", "version": 2}).json
    assert (again["counts"]["retired"], again["counts"]["mapped"], again["counts"]["unmatched"]) == (1, 2, 1)
    assert [row["host_id"] for row in rows(client, path) if row["decided"]] == ["old3", "lost"]
    back = client.patch(path, {"decisions": [{"type": "staff", "host_id": "lost"}], "version": 3}).json
    assert (back["counts"]["retired"], back["counts"]["unmatched"]) == (0, 2)


@pytest.mark.parametrize(
    ("decision", "fault"),
    [
        ({"type": "student", "host_id": "none", "retire": True}, ("decisions.0.host_id", "unknown_user")),
        ({"type": "staff", "host_id": "S1", "retire": True}, ("decisions.0.host_id", "unknown_user")),
        ({"type": "student", "host_id": "s1", "retire": True}, ("decisions.0.host_id", "unknown_user")),
        (
            {"type": "student", "host_id": "S1", "person_id": "per_none"},
            ("decisions.0.person_id", "unknown_person"),
        ),
        (
            {"type": "student", "host_id": "S1", "person_id": "per_none", "retire": True},
            ("decisions.0.retire", "contradiction"),
        ),
        ({"type": "parent", "host_id": "S1"}, ("decisions.0.type", "not_allowed")),
    ],
)
def test_decisions_about_nobody(
    client: Client, path: str, previewed: Any, decision: dict, fault: tuple[str, str]
) -> None:
    previewed()
    client.put(path, {"csv": USERS})
    answer = client.patch(path, {"decisions": [decision], "version": 1})
    assert (answer.status, answer.faults()) == (422, {fault})
    assert client.get(path).json["version"] == 1


def test_faults_of_a_list_name_the_cell(client: Client, path: str, previewed: Any) -> None:
    previewed()
    answer = client.put(path, {"csv": "type,host_id\nCNRY,1\nS,"})
    assert (answer.status, answer.faults()) == (
        422,
        {("csv.2.type", "not_allowed"), ("csv.3.host_id", "required")},
    )
    assert "CNRY" not in answer.text
    assert client.get(path).status == 404


def test_colliding_users_cannot_be_accepted(client: Client, path: str, previewed: Any) -> None:
    """Guards: confirming a list that gives one account to two people."""
    previewed()
    two = "type,host_id,new_host_id\nS,a,S1\nS,b,S1\n"
    assert client.put(path, {"csv": two}).json["counts"]["colliding"] == 2
    answer = client.post(f"{path}/confirm", {"accept_unmatched": 2, "version": 1})
    assert problem(answer) == (409, "users_colliding")
    assert rows(client, path)[0]["reason"]["code"] == "same_person"


def test_there_must_be_people_to_compare_with(
    client: Client, path: str, previewed: Any, parts: Parts
) -> None:
    assert problem(client.put(path, {"csv": USERS})) == (409, "preview_needed")
    previewed("run_0", state="failed")
    assert problem(client.put(path, {"csv": USERS})) == (409, "preview_needed")
    run = previewed()
    parts.blobs.delete([RunFolder(run).plan(0)])
    assert problem(client.put(path, {"csv": USERS})) == (409, "preview_expired")


def test_what_is_confirmed_was_compared_with_the_last_run(client: Client, path: str, previewed: Any) -> None:
    previewed()
    client.put(path, {"csv": "type,host_id\nS,S1\n"})
    previewed("run_2")
    assert problem(client.post(f"{path}/confirm", {"version": 1})) == (409, "comparison_outdated")
    assert client.patch(path, {"version": 1}).json["run_id"] == "run_2"
    assert client.post(f"{path}/confirm", {"version": 2}).status == 200


def test_a_stale_version_is_refused(client: Client, path: str, previewed: Any) -> None:
    previewed()
    client.put(path, {"csv": USERS})
    for call in (
        lambda v: client.put(path, {"csv": USERS, **v}),
        lambda v: client.patch(path, v),
        lambda v: client.post(f"{path}/confirm", {"accept_unmatched": 2, **v}),
    ):
        assert call({}).faults() == {("version", "required")}
        assert problem(call({"version": 7})) == (409, "stale_version")


def test_only_a_returning_school_of_the_media_application_has_users(
    client: Client, integration: dict[str, Any]
) -> None:
    path = f"/v1/districts/lakeview/integrations/{integration['id']}/reconciliation"
    assert problem(client.put(path, {"csv": USERS})) == (409, "not_returning")
    assert client.get(path).status == 404
    assert client.put(path.replace(integration["id"], "int_none"), {"csv": USERS}).status == 404


def test_a_list_may_be_larger_than_other_bodies_but_not_endless(
    client: Client, path: str, previewed: Any
) -> None:
    previewed()
    users = "type,host_id\n" + "".join(f"S,user-{n:030d}\n" for n in range(10_000))
    assert client.put(path, {"csv": users}).status == 200
    answer = client.call("PUT", path, raw=json.dumps({"csv": "x" * (4 * 1024 * 1024)}))
    assert problem(answer) == (413, "too_large")


def test_files_that_nothing_names_any_more_are_deleted(
    client: Client, path: str, previewed: Any, stack: Stack
) -> None:
    """Guards: names and addresses that stay in the bucket for ever."""

    def kept() -> int:
        found = aws_client("s3").list_objects_v2(Bucket=stack.bucket, Prefix="reconciliations/lakeview/")
        return int(found["KeyCount"])

    previewed()
    client.put(path, {"csv": USERS})
    client.patch(path, {"accept_from": 80, "version": 1})
    client.put(path, {"csv": USERS, "version": 2})
    assert kept() == 1
    client.post(f"{path}/confirm", {"accept_unmatched": 1, "version": 3})
    client.put(path, {"csv": USERS, "version": 4})
    assert kept() == 1


def test_an_edit_takes_back_what_no_sync_has_used(
    client: Client, path: str, previewed: Any, school: dict, parts: Parts, stack: Stack, clock: MemoryClock
) -> None:
    """Guards: a nightly sync between the upload of a better list and its confirmation, with the worse one."""
    previewed()
    client.put(path, {"csv": "type,host_id\nS,S1\n"})
    client.post(f"{path}/confirm", {"version": 1})
    assert client.put(path, {"csv": USERS, "version": 2}).json["syncs"] is False
    client.post(f"{path}/confirm", {"accept_unmatched": 2, "version": 3})
    clock.advance(hours=1)
    _synced(parts, school, stack, clock)
    client.patch(path, {"version": 4})
    opened = client.get(path).json
    assert (opened["syncs"], opened["state"]) == (True, "open"), "lunch must go on while the list is mended"
    assert client.get(f"{path}/update-host-ids.csv").text.count("\r\n") == 2, (
        "still that of what is confirmed"
    )


def _synced(parts: Parts, school: dict[str, Any], stack: Stack, clock: MemoryClock) -> None:
    """A sync that came to its end: one student is there, one has left."""
    source = parts.config.integration("lakeview", school["id"]).source
    runs = DynamoRuns(Table(aws_client("dynamodb"), stack.config_table), clock)
    run = Run(
        id="run_9",
        district_id="lakeview",
        integration_id=school["id"],
        queued_at=clock.now(),
        state="completed",
    )
    runs.create(Run(id="run_9", district_id="lakeview", integration_id=school["id"], queued_at=clock.now()))
    lease = runs.acquire("lakeview", school["id"], "owner", clock.now())
    assert lease is not None
    run.started_at = run.ended_at = clock.now()
    assert runs.begin(
        Run(id="run_9", district_id="lakeview", integration_id=school["id"], queued_at=NOW), lease
    )
    runs.finish(run, lease, "run_9", None)
    rows = {"student:1": PersonRow(mapped=b"x" * 16), "student:7": PersonRow(mapped=b"x" * 16, flags=ENDED)}
    parts.blobs.put(RunFolder(run).snapshot(), pack(Snapshot(people=PeopleTable.of(rows))))
    people = DynamoPeople(Table(aws_client("dynamodb"), stack.people_table))
    people.put_many([stored(school, source, "1", host_id="S100"), stored(school, source, "7", host_id="S7")])


def test_after_a_sync_people_are_those_of_the_store_under_the_ids_they_have(
    client: Client, path: str, school: dict, parts: Parts, stack: Stack, clock: MemoryClock
) -> None:
    _synced(parts, school, stack, clock)
    summary = client.put(path, {"csv": "type,host_id\nS,S100\nS,S7\n"}).json
    assert (summary["counts"]["matched"], summary["counts"]["unmatched"], summary["run_id"]) == (
        1,
        1,
        "run_9",
    )


def test_the_list_is_searched_and_filtered_and_tells_how_many_there_are(
    client: Client, path: str, previewed: Any
) -> None:
    previewed()
    client.put(path, {"csv": USERS})

    def found(**query: Any) -> tuple[int, list[str | None]]:
        body = client.get(path, limit=1, **query).json
        every = [row["host_id"] or row["new_host_id"] for row in rows(client, path, **query)]
        assert body["total"] == len(every)
        return body["total"], every

    assert found() == (6, ["S1", "old2", "old3", "lost", "S3", "S4"])
    assert found(search="rivers NOOR") == (2, ["old3", "S3"]), "both who has the account and whom it may be"
    assert found(search="s2") == (1, ["old2"]), "the host ID of the person of the SIS"
    assert found(search="piet@EXAMPLE") == (1, ["lost"])
    assert found(search="nobody at all") == (0, [])
    assert found(type="staff") == (1, ["lost"])
    assert found(state="missing", search="rivers") == (1, ["S3"])
    assert found(state="proposed", min_confidence=85) == (1, ["old3"])
    assert found(state="proposed", min_confidence=86) == (0, [])
    assert client.get(path, min_confidence=69).faults() == {("min_confidence", "too_small")}


def test_who_a_user_is_is_told_by_name(client: Client, path: str, previewed: Any) -> None:
    """Guards: a match that nobody can check, because it only names an id."""
    previewed()
    client.put(path, {"csv": USERS})
    matched, mapped, proposed, unmatched, *missing = rows(client, path)
    for row, host_id in ((matched, "S1"), (mapped, "S2"), (missing[0], "S3")):
        assert (row["person"]["host_id"], row["person"]["person_id"]) == (host_id, row["person_id"])
        assert row["person"]["last_name"]
    assert proposed["person"] is unmatched["person"] is None


def test_returning_schools_are_listed_before_and_after_their_upload(
    client: Client, path: str, school: dict[str, Any], integration: dict[str, Any], previewed: Any
) -> None:
    asks = "/v1/districts/lakeview/reconciliations"
    (found,) = client.as_("lakeview/viewer").get(asks).json
    new = {"integration_id": school["id"], "name": school["name"]}
    assert found == {**new, "newest_run": None, "reconciliation": None}
    previewed()
    summary = client.put(path, {"csv": USERS}).json
    assert client.get(asks).json == [{**new, "newest_run": "run_1", "reconciliation": summary}]


def test_a_confirmation_is_told_with_its_own_time(
    client: Client, path: str, previewed: Any, clock: MemoryClock
) -> None:
    """Guards: an audit in which somebody confirmed at the moment of the upload."""
    previewed()
    client.put(path, {"csv": "type,host_id\nS,S1\n"})
    clock.advance(hours=2)
    confirmed = client.post(f"{path}/confirm", {"version": 1}).json
    assert confirmed["updated_at"] == confirmed["confirmed"]["at"] == "2026-11-22T10:00:00Z"
    newest, *_ = client.get("/v1/districts/lakeview/audit").json["items"]
    assert (newest["what"], newest["at"]) == ("reconciliation.changed", "2026-11-22T10:00:00Z")
