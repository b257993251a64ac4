"""People, blobs, queue and vault: in memory and on AWS alike."""

import json
from typing import Any

import pytest

from rollcall.domain.errors import NotFound, StoreError
from rollcall.domain.person import MediaAccount, Person
from rollcall.domain.plan import StoredPerson
from rollcall.domain.run import RunMessage
from rollcall.store.blobs import S3Blobs
from tests.support.aws import client

from .conftest import Inbox


def person(number: int, **fields: Any) -> StoredPerson:
    fields = {"type": "student", "source_id": str(number), "last_name": "Ash", **fields}
    return StoredPerson(
        id=f"per_{number}", district_id="lakeview", integration_id="int_1", person=Person(**fields)
    )


def test_people_come_back_as_they_went(people: Any) -> None:
    everybody = [person(n, first_name="Zoë 🏫", family_id="fam_1", local_id=str(n)) for n in range(130)]
    people.put_many(everybody)
    found = people.get_many("lakeview", [item.id for item in everybody] + ["per_none"])
    assert found == {item.id: item for item in everybody}
    assert people.get_many("hilltop", ["per_1"]) == {}
    assert people.get_many("lakeview", []) == {}
    people.put_many([])


def test_a_person_is_replaced_whole(people: Any) -> None:
    people.put_many([person(1, local_id="7", family_id="fam_1")])
    people.put_many([person(1, last_name="Elm")])
    assert people.get_many("lakeview", ["per_1"]) == {"per_1": person(1, last_name="Elm")}


def test_the_last_of_two_words_on_one_person_counts(people: Any) -> None:
    """DynamoDB refuses a batch that names an item twice."""
    people.put_many([person(1, last_name="Old"), person(2), person(1, last_name="New")])
    assert people.get_many("lakeview", ["per_1", "per_1"])["per_1"].person.last_name == "New"


def test_a_photo_and_its_person_are_written_apart(people: Any) -> None:
    """Guards: a sync of people undoing the photo that another run wrote meanwhile, and the other way round."""
    people.put_photos("lakeview", {"per_1": "aa", "per_3": "cc"})
    people.put_many([person(1, photo="old"), person(2, photo="old")])
    found = people.get_many("lakeview", ["per_1", "per_2", "per_3", "per_1#PHOTO"])
    assert {i: p.person.photo for i, p in found.items()} == {"per_1": "aa", "per_2": None}
    people.put_photos("lakeview", {"per_1": "bb"})
    assert people.get_many("lakeview", ["per_1"]) == {"per_1": person(1, photo="bb")}
    assert people.get_many("hilltop", ["per_1"]) == {}
    people.put_photos("lakeview", {})
    people.put_photos("lakeview", {"per_1": None})
    assert people.get_many("lakeview", ["per_1"]) == {"per_1": person(1)}


@pytest.mark.parametrize(
    "fields",
    [
        {"last_name": None, "first_name": None},
        {"last_name": "", "local_id": "", "state_id": ""},
        {"last_name": "x" * 10_000, "first_name": "é" * 5_000},
        {"local_id": "9" * 3_000, "state_id": "\u0000", "family_id": "ß"},
        {"last_name": "\u202eRTL\u0000", "first_name": "🏫" * 400},
    ],
)
def test_odd_people_fit(people: Any, fields: dict[str, Any]) -> None:
    """A key may be neither blank nor over 1,024 bytes; a name may be both."""
    people.put_many([person(1, **fields)])
    assert people.get_many("lakeview", ["per_1"])["per_1"] == person(1, **fields)


def test_a_pos_id_leads_to_whoever_was_last_stored_with_it(people: Any) -> None:
    def pupil(number: str, pos_id: str | None, status: str = "active") -> StoredPerson:
        person = Person(type="student", source_id=number, pos_id=pos_id, status=status)  # type: ignore[arg-type]
        return StoredPerson(id=f"per_{number}", district_id="lakeview", integration_id="int_1", person=person)

    people.put_many([pupil("1", "4711"), pupil("2", None), pupil("3", "4712", "ended")])
    assert people.claimants("lakeview", "pos", ["4711", "4712", "9"]) == {"4711": "per_1"}
    assert people.claimants("elsewhere", "pos", ["4711"]) == {}
    people.put_many([pupil("2", "4711")])
    assert people.claimants("lakeview", "pos", ["4711"]) == {"4711": "per_2"}
    assert people.get_many("lakeview", ["per_1", "per_2"]).keys() == {"per_1", "per_2"}


def test_a_host_id_is_for_ever_and_an_e_mail_address_is_not(people: Any) -> None:
    def parent(number: str, life: str, **media: Any) -> StoredPerson:
        person = Person(
            type="contact",
            source_id=number,
            host_id=f"P{number}",
            email=" Ana@example.org",
            status=life,  # type: ignore[arg-type]
            media=MediaAccount(**media),
        )
        return StoredPerson(id=f"per_{number}", district_id="lakeview", integration_id="int_1", person=person)

    people.put_many(
        [
            parent("1", "active"),
            parent("2", "ended", status="uninvited"),
            parent("3", "active", same_as="per_9"),
        ]
    )
    assert people.claimants("lakeview", "host", ["P1", "P2", "p1"]) == {"P1": "per_1", "P2": "per_2"}
    assert people.claimants("lakeview", "mail", ["ana@example.org"]) == {"ana@example.org": "per_1"}
    assert people.claimants("lakeview", "pos", ["P1"]) == {}


def test_a_claim_that_somebody_had_before_is_not_made_again(people: Any) -> None:
    """Guards: an update that takes back what another was given since, and pays for an item that says nothing new."""

    def pupil(number: str, **fields: Any) -> StoredPerson:
        return person(int(number), **{"pos_id": "4711", "host_id": f"S{number}", **fields})

    ended = pupil("3", pos_id="4713", status="ended")
    people.put_many([pupil("1"), ended])
    people.put_many([pupil("2")])
    people.put_many([pupil("1", last_name="Elm")], {"per_1": pupil("1")})
    assert people.claimants("lakeview", "pos", ["4711"]) == {"4711": "per_2"}
    assert people.get_many("lakeview", ["per_1"])["per_1"].person.last_name == "Elm"
    back = pupil("3", pos_id="4713")
    people.put_many([pupil("1", pos_id="4712"), back], {"per_1": pupil("1"), "per_3": ended})
    assert people.claimants("lakeview", "pos", ["4712", "4713"]) == {"4712": "per_1", "4713": "per_3"}
    people.put_many([pupil("1")], {"per_9": pupil("1")})
    assert people.claimants("lakeview", "pos", ["4711"]) == {"4711": "per_1"}, "nothing is known of them"


def test_blobs(blobs: Any) -> None:
    blobs.put("runs/a", b"\x00\xff")
    blobs.put("runs/a", b"second")
    assert blobs.get("runs/a") == b"second"
    with pytest.raises(NotFound):
        blobs.get("runs/b")
    blobs.put("runs/b", b"")
    blobs.delete(["runs/a", "runs/none"])
    blobs.delete([])
    with pytest.raises(NotFound):
        blobs.get("runs/a")
    assert blobs.get("runs/b") == b""


def test_several_blobs_at_once(blobs: Any) -> None:
    files = {f"photos/{n}": b"x" * n for n in range(40)}
    blobs.put_all(files)
    assert {key: blobs.get(key) for key in files} == files
    blobs.put_all({})


def test_a_file_that_cannot_be_stored_is_told(stack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards: a photo lost in a thread, and a page put down as read."""
    store = S3Blobs(client("s3"), stack.bucket)
    put, many = store.put, {str(n): b"x" for n in range(20)}

    def refuse_one(key: str, data: bytes) -> None:
        if key == "13":
            raise StoreError("store_refused", "The file store refused a request.")
        put(key, data)

    monkeypatch.setattr(store, "put", refuse_one)
    with pytest.raises(StoreError):
        store.put_all(many)


def test_more_blobs_than_one_request_deletes(blobs: Any) -> None:
    blobs.put("last", b"x")
    blobs.delete([f"none/{n}" for n in range(1000)] + ["last"])
    with pytest.raises(NotFound):
        blobs.get("last")


def test_the_queue_takes_a_message_once(inbox: Inbox) -> None:
    message = RunMessage(version=1, district_id="lakeview", integration_id="int_1", run_id="run_1")
    inbox.queue.send(message, dedup="run_1#0")
    inbox.queue.send(message, dedup="run_1#0")
    assert [json.loads(body) for body in inbox.bodies()] == [
        {"version": 1, "district_id": "lakeview", "integration_id": "int_1", "run_id": "run_1"}
    ]


def test_the_vault_opens_only_for_whom_it_sealed(vault: Any) -> None:
    sealed = vault.seal("lakeview", "int_1", "pässword 🏫")
    assert "pässword" not in sealed
    assert vault.open("lakeview", "int_1", sealed) == "pässword 🏫"
    for district_id, integration_id in (("lakeview", "int_2"), ("hilltop", "int_1")):
        with pytest.raises(StoreError):
            vault.open(district_id, integration_id, sealed)
