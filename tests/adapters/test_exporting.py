"""What exports ask of the stores: files in pieces, links, and everybody in the order of names."""

import random
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from botocore.stub import Stubber
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.errors import Conflict, NotFound, StoreError, StoreThrottled
from rollcall.domain.export import DEFAULT, ExportTemplate, Template
from rollcall.domain.person import Person
from rollcall.domain.plan import StoredPerson
from rollcall.store import people_order
from rollcall.store.blobs import S3Blobs, _parts
from rollcall.store.exporter import LambdaExporter
from tests.support.aws import STACK, Stack, client

from .conftest import NOW

MB = 1024 * 1024


def person(person_id: str, kind: str, last: str | None, first: str | None = None) -> StoredPerson:
    who = Person(type=kind, source_id=person_id, last_name=last, first_name=first)  # type: ignore[arg-type]
    return StoredPerson(id=f"per_{person_id}", district_id="lakeview", integration_id="int_1", person=who)


def pieces(*sizes: int) -> Iterator[bytes]:
    return (bytes([number % 251]) * size for number, size in enumerate(sizes))


@pytest.mark.parametrize(
    "sizes", [(), (0,), (5,), (8 * MB,), (8 * MB + 1,), (3 * MB,) * 7, (1000,) * 10, (20 * MB, 1)]
)
def test_a_stream_is_stored_whole(blobs: Any, sizes: tuple[int, ...]) -> None:
    whole = b"".join(pieces(*sizes))
    assert blobs.put_stream("exports/a", pieces(*sizes)) == len(whole)
    assert blobs.get("exports/a") == whole


def test_a_stream_that_breaks_stores_nothing(blobs: Any) -> None:
    """Half a file must not look like a whole one, nor take the place of the one before."""

    def breaking() -> Iterator[bytes]:
        yield from pieces(9 * MB, 9 * MB)
        raise StoreThrottled("store_throttled", "busy")

    blobs.put("exports/old", b"before")
    for key in ("exports/new", "exports/old"):
        with pytest.raises(StoreThrottled):
            blobs.put_stream(key, breaking())
    with pytest.raises(NotFound):
        blobs.get("exports/new")
    assert blobs.get("exports/old") == b"before"


def test_what_was_sent_of_a_broken_stream_is_thrown_away(stack: Stack) -> None:
    def breaking() -> Iterator[bytes]:
        yield from pieces(9 * MB, 9 * MB)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        S3Blobs(client("s3"), stack.bucket).put_stream("exports/a", breaking())
    assert "Uploads" not in client("s3").list_multipart_uploads(Bucket=stack.bucket)


@given(st.lists(st.integers(min_value=0, max_value=20 * MB), max_size=4))
@settings(max_examples=15, deadline=None)
def test_parts_are_as_large_as_s3_wants_them(sizes: list[int]) -> None:
    parts = list(_parts(pieces(*sizes)))
    assert sum(map(len, parts)) == sum(sizes)
    assert all(len(part) == 8 * MB for part in parts[:-1])
    assert all(parts)


def test_keys_are_those_under_a_prefix_in_order(blobs: Any) -> None:
    for key in ("exports/b/2", "exports/b/10", "exports/bb/1", "exports/a/1"):
        blobs.put(key, b"x")
    assert blobs.keys("exports/b/") == ["exports/b/10", "exports/b/2"]
    assert blobs.keys("exports/c/") == []
    blobs.put("exports/b/2", b"four")
    assert blobs.sizes("exports/b/")["exports/b/2"] == 4
    assert list(blobs.sizes("exports/b/")) == blobs.keys("exports/b/")
    assert blobs.sizes("exports/c/") == {}


def test_more_keys_than_one_request_tells(blobs: Any) -> None:
    for number in range(1005):
        blobs.put(f"exports/{number:04d}", b"")
    assert blobs.keys("exports/") == [f"exports/{number:04d}" for number in range(1005)]


def test_a_link_leads_to_the_file_for_a_while_and_names_it(stack: Stack) -> None:
    blobs = S3Blobs(client("s3"), stack.bucket)
    blobs.put("exports/a/b.csv", b"a,b\r\n")
    link = blobs.link("exports/a/b.csv", 900, "lakeview-users.csv")
    assert "X-Amz-Expires=900" in link
    assert "Signature" in link
    answer = requests.get(link, timeout=5)
    assert answer.content == b"a,b\r\n"
    assert answer.headers["content-disposition"] == 'attachment; filename="lakeview-users.csv"'


NAMES = [("Ash", "Abel"), ("ash", "Zoë"), ("Ash", None), (None, None), ("Émile", "A"), ("Ash  Elm", "B")]


def test_everybody_of_a_type_in_the_order_of_names(everybody: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever order they were stored in, and in however many pages a shard answers."""
    monkeypatch.setattr(people_order, "_PAGE", 3)
    people = [
        person(f"{kind}{n:02d}", kind, *NAMES[n % 6]) for n in range(60) for kind in ("student", "staff")
    ]
    random.Random(5).shuffle(people)
    everybody.put_many(people)
    everybody.put_many(
        [StoredPerson(id="per_x", district_id="hilltop", integration_id="i", person=people[0].person)]
    )
    found = list(everybody.ids("lakeview", "student"))
    students = {p.id: p.person for p in people if p.person.type == "student"}
    assert sorted(found) == sorted(students)
    names = [f"{students[i].last_name or ''} {students[i].first_name or ''}" for i in found]
    order = [f"{' '.join(name.casefold().split())}#{i}" for name, i in zip(names, found, strict=True)]
    assert order == sorted(order)
    assert list(everybody.ids("lakeview", "contact")) == []
    assert everybody.get_many("lakeview", found[:2]).keys() == set(found[:2])


def test_a_districts_template_is_kept_and_not_overwritten_unread(config: Any) -> None:
    assert config.export_template("lakeview") is None
    own = Template(columns=DEFAULT.columns[:2], delimiter="\t", list_separator=" ")
    first = ExportTemplate(district_id="lakeview", template=own, version=1, updated_at=NOW)
    config.put_export_template(first)
    config.put_export_template(first)
    assert config.export_template("lakeview") == first
    assert config.export_template("hilltop") is None
    with pytest.raises(Conflict):
        config.put_export_template(first.model_copy(update={"template": DEFAULT}))
    config.put_export_template(first.model_copy(update={"template": DEFAULT, "version": 2}))
    assert config.export_template("lakeview").template == DEFAULT


def test_an_export_is_started_with_its_ids_and_not_waited_for() -> None:
    aws = boto3.client("lambda")
    with Stubber(aws) as lambda_:
        asked = {
            "FunctionName": STACK.environment()["EXPORTER_FUNCTION"],
            "InvocationType": "Event",
            "Payload": b'{"district_id": "lakeview", "export_id": "exp_1"}',
        }
        lambda_.add_response("invoke", {"StatusCode": 202}, asked)
        lambda_.add_client_error("invoke", "ResourceNotFoundException")
        exporter = LambdaExporter(aws, "exporter")
        exporter.start("lakeview", "exp_1")
        with pytest.raises(StoreError):
            exporter.start("lakeview", "exp_1")
        lambda_.assert_no_pending_responses()
