"""A school that is in the media application already: its accounts meet their owners, and nobody gets a second one."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from msgspec.structs import replace

from config_api.app import build
from config_api.bootstrap import Parts
from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.domain.csv_text import csv_lines
from rollcall.domain.person import Issue, Person
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, unpack_lines
from rollcall.store.memory import MemoryVault
from tests.handlers.conftest import Answer, Client

PATH = f"/v1/districts/{DISTRICT}/integrations/{INTEGRATION}/reconciliation"
MEDIA = ("nutrition", "media")
HEADER = ("type", "host_id", "new_host_id", "first_name", "last_name", "email", "opt_out")

User = dict[str, str]


def town(**settings: Any) -> InProcess:
    return InProcess("powerschool", 300, destinations=MEDIA, **settings)


@pytest.fixture(scope="module")
def roster() -> list[Person]:
    """Everybody of the town with an account, as they stand in a school that is new."""
    new = town()
    assert new.sync().state == "completed"
    people = [s.person for s in new.stored()]
    return [p for p in people if p.media and p.media.status == "invited" and not p.media.same_as]


def users_of(people: list[Person]) -> list[User]:
    return [
        {
            "type": p.type,
            "host_id": p.host_id or "",
            "first_name": p.first_name or "",
            "last_name": p.last_name or "",
            "email": p.email or "",
        }
        for p in people
    ]


def client_of(made: InProcess) -> Client:
    """The API over the town's own stores."""
    parts = Parts(
        clock=made.clock,
        config=made.config,
        runs=made.runs,
        audit=made.config.audit,
        people=made.people,  # type: ignore[arg-type]
        blobs=made.blobs,
        queue=made.queue,
        vault=MemoryVault(),
        examiner=None,  # type: ignore[arg-type]
        exporter=None,  # type: ignore[arg-type]
        mailing=None,  # type: ignore[arg-type]
        idempotency=None,  # type: ignore[arg-type]
        addresses="loopback",
        api_url="https://api.example.org",
        run_files_days=60,
    )
    return Client(build(parts), groups=f"[{DISTRICT}/admin]")


def upload(client: Client, users: list[User], version: int | None = None) -> Any:
    text = "".join(csv_lines(HEADER, ([user.get(name) for name in HEADER] for user in users)))
    return ok(client.put(PATH, {"csv": text, "version": version}))


def ok(answer: Answer) -> Any:
    assert answer.status == 200, answer.text
    return answer.json


def confirmed(made: InProcess, users: list[User], **accept: int) -> Client:
    """Preview, upload and confirm; the users' state must allow it."""
    client = client_of(made)
    assert made.sync("preview").state == "completed"
    head = upload(client, users)
    ok(client.post(f"{PATH}/confirm", {**accept, "version": head["version"]}))
    return client


def issues(made: InProcess, run: Run, code: str) -> list[Issue]:
    folder = RunFolder(run)
    files = [made.blobs.get(folder.issues(n)) for n in range(run.checkpoint["issue_files"])]
    return [issue for file in files for issue in unpack_lines(file, Issue) if issue.code == code]


def invited(made: InProcess) -> dict[str, tuple[str, str]]:
    """Who has an account: member type and number in the SIS, by host ID."""
    people = (s.person for s in made.stored())
    return {
        p.host_id: (p.type, p.source_id)
        for p in people
        if p.host_id and p.media and p.media.status == "invited" and not p.media.same_as
    }


def test_a_returning_school_syncs_without_a_single_duplicate(roster: list[Person]) -> None:
    """3 % of the IDs do not match: refused, reconciled over the API, synced; a second sync changes nothing."""
    made = town(returning_school=True)
    refused = made.sync()
    assert refused.error is not None
    assert (refused.state, refused.error.code) == ("failed", "reconciliation_needed")
    assert made.stored() == []

    users = users_of(roster)
    wrong = len(users) * 3 // 100
    assert wrong >= 6
    owner = {user["host_id"]: (p.type, p.source_id) for user, p in zip(users, roster, strict=True)}
    right = {f"OLD{n}": user["host_id"] for n, user in enumerate(users[:: len(users) // wrong][:wrong])}
    for number, (user, old) in enumerate(zip(users[:: len(users) // wrong], right, strict=False)):
        owner[old] = owner.pop(user["host_id"])
        if number % 3 == 0:
            user["new_host_id"] = user["host_id"]
        user["host_id"] = old
    users.append({"type": "staff", "host_id": "LEFT1", "first_name": "Xanthippe", "last_name": "Quull"})

    client = client_of(made)
    assert made.sync("preview").state == "completed"
    assert made.stored() == []
    head = upload(client, users)
    assert head["counts"]["matched"] == len(roster) - wrong
    assert head["counts"]["colliding"] == 0
    assert head["open"] == wrong - head["counts"]["mapped"] + 1
    assert made.sync().error is not None, "an upload alone lets nothing begin"

    head = ok(client.patch(PATH, {"accept_from": 70, "version": head["version"]}))
    left = {"type": "staff", "host_id": "LEFT1", "retire": True}
    decisions = [left, *_choices(client, right)]
    head = ok(client.patch(PATH, {"decisions": decisions, "version": head["version"]}))
    assert (head["state"], head["counts"]["mapped"], head["counts"]["retired"]) == ("clean", wrong, 1)
    ok(client.post(f"{PATH}/confirm", {"version": head["version"]}))

    accounts = dict(owner)
    for row in csv.DictReader(io.StringIO(client.get(f"{PATH}/update-host-ids.csv").text)):
        assert row["new_host_id"] not in accounts
        accounts[row["new_host_id"]] = accounts.pop(row["old_host_id"])

    run = made.sync()
    assert run.state == "completed", run.error
    assert invited(made) == accounts, "everybody under the account that was theirs, and nobody under another"

    made.people.written.clear()
    assert made.sync().state == "completed"
    assert made.people.written == []


def _choices(client: Client, right: dict[str, str]) -> list[dict[str, Any]]:
    """What an administrator who knows the people answers where several are equally likely."""
    return [
        {"type": row["type"], "host_id": row["host_id"], "person_id": candidate["person_id"]}
        for row in client.get(PATH, state="ambiguous", limit=200).json["items"]
        for candidate in row["candidates"]
        if candidate["host_id"] == right[row["host_id"]]
    ]


def test_somebody_under_an_unreconciled_account_gets_no_second_one(roster: list[Person]) -> None:
    users = users_of(roster)
    victim = next(p for p in roster if p.type == "contact" and p.email)
    user = next(u for u in users if u["host_id"] == victim.host_id)
    user.update(host_id="lost", first_name="", last_name="")
    made = town(returning_school=True)
    client = confirmed(made, users, accept_unmatched=1)
    run = made.sync()
    assert run.state == "completed", run.error
    person = made.persons("contact")[victim.source_id]
    assert person.media is not None
    assert (person.media.status, person.media.reasons, person.host_id) == (
        "blocked",
        ("host_id_mismatch",),
        None,
    )
    assert [(i.source_id, i.value) for i in issues(made, run, "host_id_mismatch")] == [
        (victim.source_id, "lost")
    ]
    made.people.written.clear()
    made.sync()
    assert made.people.written == []

    ok(client.patch(PATH, {"version": 2}))
    assert made.sync().state == "completed", "lunch goes on while the list is mended"
    head = ok(client.patch(PATH, {"accept_from": 90, "version": 3}))
    assert head["state"] == "clean"
    ok(client.post(f"{PATH}/confirm", {"version": head["version"]}))
    made.sync()
    assert made.persons("contact")[victim.source_id].host_id == victim.host_id
    assert len(invited(made)) == len(roster)


def test_ids_that_differ_in_case_stay_two_people(roster: list[Person]) -> None:
    """Guards: an account in another case taken for the right one, and its owner let in a second time."""
    users = users_of(roster)
    made = town(returning_school=True)
    made.sync("preview")
    client = client_of(made)
    before = upload(client, users)["counts"]
    users[0]["host_id"] = users[0]["host_id"].lower()
    after = upload(client, users, 1)["counts"]
    assert before["matched"] == len(roster)
    assert (after["matched"], after["missing"]) == (before["matched"] - 1, before["missing"] + 1)


def test_an_opt_out_survives_whatever_does_not_take_it_back(roster: list[Person]) -> None:
    users = users_of(roster)
    child, other = [(u, p) for u, p in zip(users, roster, strict=True) if p.type == "student"][:2]
    child[0]["opt_out"], other[0]["opt_out"] = "yes", "no"
    made = town(returning_school=True)
    client = confirmed(made, users)

    def opted_out() -> set[str]:
        return {p.source_id for p in made.persons().values() if p.media and p.media.opt_out}

    made.sync()
    assert opted_out() == {child[1].source_id}
    made.people.written.clear()
    made.sync()
    assert made.people.written == []
    stored = made.config.integration(DISTRICT, INTEGRATION)
    changed = stored.model_copy(update={"login_types": ("staff",), "version": stored.version + 1})
    made.config.put_integration(changed, {})
    assert made.sync().state == "completed"
    assert opted_out() == {child[1].source_id}, "everybody was mapped anew"

    for word, expected in (("", {child[1].source_id}), ("no", set())):
        child[0]["opt_out"] = word
        version = client.get(PATH).json["version"]
        ok(client.patch(PATH, {"version": version}))
        head = upload(client, users, version + 1)
        ok(client.post(f"{PATH}/confirm", {"version": head["version"]}))
        assert made.sync().state == "completed"
        assert opted_out() == expected


def _opt_out(made: InProcess, number: str) -> None:
    """The family opts out by itself."""
    stored = next(s for s in made.stored() if s.person == made.persons()[number])
    assert stored.person.media is not None
    media = replace(stored.person.media, opt_out=True)
    made.people.put_many([replace(stored, person=replace(stored.person, media=media))])


def test_a_no_of_the_list_does_not_undo_a_later_opt_out(roster: list[Person]) -> None:
    users = users_of(roster)
    user, child = next((u, p) for u, p in zip(users, roster, strict=True) if p.type == "student")
    user["opt_out"] = "no"
    made = town(returning_school=True)
    confirmed(made, users)
    made.sync()
    _opt_out(made, child.source_id)
    stored = made.config.integration(DISTRICT, INTEGRATION)
    changed = stored.model_copy(update={"login_types": ("staff",), "version": stored.version + 1})
    made.config.put_integration(changed, {})
    made.sync()
    person = made.persons()[child.source_id]
    assert person.media is not None
    assert person.media.opt_out


def test_other_letters_need_another_reconciliation(roster: list[Person]) -> None:
    """Guards: letters changed between confirmation and first sync, which would give everybody a second account."""
    made = town(returning_school=True)
    confirmed(made, users_of(roster))
    stored = made.config.integration(DISTRICT, INTEGRATION)
    letters = {**stored.host_id_letters, "student": "X"}
    made.config.put_integration(stored.model_copy(update={"host_id_letters": letters, "version": 2}), {})
    run = made.sync()
    assert run.error is not None
    assert (run.error.code, made.stored()) == ("reconciliation_needed", [])
