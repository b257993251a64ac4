"""How an export is made: its record, its end, its failures, and in the order of names whatever the store holds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain

import pytest

from rollcall.domain.errors import NotFound, StoreThrottled
from rollcall.domain.export import SILENT, Export
from rollcall.domain.person import Person, PersonType
from rollcall.domain.plan import StoredPerson
from rollcall.exports.maker import ATTEMPTS, Maker
from rollcall.exports.reading import BATCH
from rollcall.exports.records import Exports, file_key
from rollcall.store.memory import MemoryBlobs, MemoryClock, MemoryPeople
from tests.support.exports import KINDS, NOW, D, Office, stored


@dataclass
class Failing:
    """Everybody, until the store fails."""

    people: MemoryPeople
    error: Exception

    def ids(self, district_id: str, person_type: PersonType) -> Iterator[str]:
        return self.people.ids(district_id, person_type)

    def get_many(self, district_id: str, person_ids: Sequence[str]) -> dict[str, StoredPerson]:
        raise self.error


def crowd(size: int) -> Office:
    office = Office()
    office.people.put_many(
        [
            stored(f"s{n}", Person(type="student", source_id=str(n), last_name=f"N{n:05d}"))
            for n in range(size)
        ]
    )
    return office


def test_the_record_tells_what_was_made(office: Office) -> None:
    office.clock.advance(seconds=5)
    export = office.made("media_users")
    assert (export.state, export.rows, export.people, export.attempts) == ("completed", 5, 7, 1)
    assert export.error is None
    assert export.ended_at == office.clock.now()
    assert export == Exports(office.blobs).get(D, export.id)
    assert export.file_name == "lakeview-media-users-2026-11-22.csv"


@pytest.mark.parametrize("kind", KINDS)
def test_another_district_is_not_in_it(office: Office, kind: str) -> None:
    before = office.file(kind)
    stranger = Person(type="student", source_id="5011", local_id="1", first_name="A", last_name="Stranger")
    office.people.put_many(
        [StoredPerson(id="per_x", district_id="hilltop", integration_id="int_9", person=stranger)]
    )
    assert office.file(kind) == before


def test_what_has_ended_is_not_made_again(office: Office) -> None:
    """Lambda may deliver an event twice."""
    export = office.made("media_users")
    office.people.put_many([stored("s9", Person(type="student", source_id="9"))])
    written = dict(office.blobs.files)
    assert office.maker.make(D, export.id, NOW + timedelta(minutes=1)) == export
    assert office.blobs.files == written


def test_an_unknown_export_is_nobodys(office: Office) -> None:
    for export_id in ("exp_" + "1" * 26, "../records/x", ""):
        with pytest.raises(NotFound):
            office.maker.make(D, export_id, NOW)


def test_a_failure_is_tried_again_and_then_final(office: Office) -> None:
    export = office.ask("media_users")
    busy = StoreThrottled("store_throttled", "The database is busy; try again later.")
    maker = Maker(Failing(office.people, busy), office.blobs, office.clock)
    for attempt in range(1, ATTEMPTS + 1):
        with pytest.raises(StoreThrottled):
            maker.make(D, export.id, NOW + timedelta(minutes=1))
        now = Exports(office.blobs).get(D, export.id)
        assert now.state == ("running" if attempt < ATTEMPTS else "failed")
    assert now.error is not None
    assert now.error.code == "store_throttled"
    assert file_key(export) not in office.blobs.files


def test_a_second_attempt_succeeds(office: Office) -> None:
    whole = office.file("media_users")
    export = office.ask("media_users")
    busy = StoreThrottled("store_throttled", "busy")
    with pytest.raises(StoreThrottled):
        Maker(Failing(office.people, busy), office.blobs, office.clock).make(D, export.id, NOW)
    done = office.maker.make(D, export.id, NOW + timedelta(minutes=1))
    assert (done.state, done.attempts, done.rows) == ("completed", 2, 5)
    assert office.blobs.get(file_key(export)) == whole


def test_an_unforeseen_error_tells_nothing_of_anybody(office: Office) -> None:
    export = office.ask("media_users")
    maker = Maker(Failing(office.people, ValueError("Noor Rivers")), office.blobs, office.clock)
    for _ in range(ATTEMPTS):
        with pytest.raises(ValueError, match="Noor"):
            maker.make(D, export.id, NOW + timedelta(minutes=1))
    record = Exports(office.blobs).get(D, export.id)
    assert record.error is not None
    assert record.error.code == "unexpected_error"
    assert "Noor" not in record.model_dump_json()


def test_an_export_that_takes_too_long_ends_with_a_reason(office: Office) -> None:
    """Lambda would kill it without a word, and twice more."""
    export = office.ask("media_users")
    done = office.maker.make(D, export.id, office.clock.now())
    assert (done.state, done.error and done.error.code) == ("failed", "export_too_long")
    assert file_key(export) not in office.blobs.files


@dataclass
class Slow(MemoryPeople):
    """A store that takes a while, and remembers how many ids were taken from it."""

    clock: MemoryClock = field(default_factory=lambda: MemoryClock(NOW))
    taken: int = 0

    def ids(self, district_id: str, person_type: PersonType) -> Iterator[str]:
        for person_id in super().ids(district_id, person_type):
            self.taken += 1
            yield person_id

    def get_many(self, district_id: str, person_ids: Sequence[str]) -> dict[str, StoredPerson]:
        self.clock.advance(seconds=11)
        return super().get_many(district_id, person_ids)


@dataclass
class Watched(MemoryBlobs):
    """Remembers what every record said, and how far the store had been read when the file began."""

    source: Slow = field(default_factory=Slow)
    said: list[tuple[str, int]] = field(default_factory=list)
    read_at_first: int = 0

    def put(self, key: str, data: bytes) -> None:
        super().put(key, data)
        if "/records/" in key:
            record = Export.model_validate_json(data)
            self.said.append((record.state, record.people))

    def put_stream(self, key: str, chunks: Iterable[bytes]) -> int:
        pieces = iter(chunks)
        first = next(pieces)
        self.read_at_first = self.source.taken
        return super().put_stream(key, chain([first], pieces))


def watched(size: int) -> tuple[Slow, Watched, Export]:
    office = crowd(size)
    source = Slow(office.people.items, clock=office.clock)
    blobs = Watched(office.blobs.files, source)
    export = office.ask("nutrition_students")
    done = Maker(source, blobs, office.clock).make(D, export.id, NOW + timedelta(days=1))
    return source, blobs, done


def test_progress_is_told_on_the_way() -> None:
    _, blobs, done = watched(5 * BATCH)
    assert blobs.said[0] == ("running", 0)
    assert ("running", BATCH) in blobs.said
    assert blobs.said[-1] == ("completed", 5 * BATCH)
    assert done.rows == 5 * BATCH


def test_no_more_than_a_few_batches_are_read_ahead() -> None:
    """The whole district must never be in memory."""
    source, blobs, done = watched(30 * BATCH)
    assert done.rows == source.taken == 30 * BATCH
    assert 0 < blobs.read_at_first <= 15 * BATCH, "one piece of the file, and what is fetched ahead"


def test_everybody_is_written_once_however_many_batches() -> None:
    office = crowd(3 * BATCH + 7)
    rows = office.rows("nutrition_students")
    assert [row["Last Name"] for row in rows] == [f"N{n:05d}" for n in range(3 * BATCH + 7)]


def test_an_export_that_fell_silent_has_failed(office: Office) -> None:
    export = office.ask("media_users")
    assert export.seen(NOW + SILENT - timedelta(seconds=1)).state == "queued"
    shown = export.seen(NOW + SILENT)
    assert (shown.state, shown.error and shown.error.code) == ("failed", "export_stopped")
    done = office.made("media_users")
    assert done.seen(NOW + timedelta(days=2)) == done
