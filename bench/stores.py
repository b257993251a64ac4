"""The engine's stores on this machine's disk, for measurements: they hold nothing in memory and count what they do.

What they cost is part of the measurement, as it is for whoever is compared, who store on this disk too.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bench.told import StoreCounts
from rollcall.domain.errors import NotFound
from rollcall.domain.person import decode_person, encode_person
from rollcall.domain.plan import Claim, StoredPerson, new_claims
from rollcall.store.memory import MemoryRuns

# People's keys are hashes: rows in the order in which they came, with an index beside them, cost a quarter of rows in
# the order of such keys.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS people (pk TEXT PRIMARY KEY, integration TEXT, doc BLOB);
CREATE TABLE IF NOT EXISTS photos (pk TEXT PRIMARY KEY, photo TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (pk TEXT PRIMARY KEY, claimant TEXT) WITHOUT ROWID;
"""
_WRITE = """
INSERT INTO people VALUES (?, ?, ?)
ON CONFLICT (pk) DO UPDATE SET integration = excluded.integration, doc = excluded.doc
"""
_MOST_VARIABLES = 500


class DiskBlobs:
    """The ``Blobs`` port over a folder. ``page_puts`` of its counts are those of pages as received."""

    def __init__(self, folder: Path, counts: StoreCounts) -> None:
        self._folder = folder
        self._counts = counts

    def put(self, key: str, data: bytes) -> None:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self._counts.blob_puts += 1
        self._counts.page_puts += "/pages/" in key
        self._counts.bytes_put += len(data)

    def put_all(self, files: Mapping[str, bytes]) -> None:
        for key, data in files.items():
            self.put(key, data)

    def put_stream(self, key: str, chunks: Iterable[bytes]) -> int:
        data = b"".join(chunks)
        self.put(key, data)
        return len(data)

    def get(self, key: str) -> bytes:
        try:
            data = (self._folder / key).read_bytes()
        except FileNotFoundError:
            raise NotFound("file") from None
        self._counts.blob_gets += 1
        self._counts.bytes_got += len(data)
        return data

    def keys(self, prefix: str) -> list[str]:
        return list(self.sizes(prefix))

    def sizes(self, prefix: str) -> dict[str, int]:
        files = (path for path in (self._folder / prefix).parent.rglob("*") if path.is_file())
        found = {path.relative_to(self._folder).as_posix(): path.stat().st_size for path in files}
        return {key: found[key] for key in sorted(found) if key.startswith(prefix)}

    def link(self, key: str, seconds: int, name: str) -> str:
        return (self._folder / key).as_uri()

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            (self._folder / key).unlink(missing_ok=True)


class SqlitePeople:
    """The ``People`` port over one SQLite file: a document a person, as in the table on AWS."""

    def __init__(self, file: Path, counts: StoreCounts) -> None:
        # The engine's stores are called from one thread at a time, not always the same.
        self._database = sqlite3.connect(file, check_same_thread=False)
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _SCHEMA)
        self._counts = counts

    def get_many(self, district_id: str, person_ids: Sequence[str]) -> dict[str, StoredPerson]:
        keys = [_key(district_id, person_id) for person_id in person_ids]
        photos: dict[str, str | None] = dict(self._rows("SELECT pk, photo FROM photos", keys))
        found = {}
        for pk, integration, doc in self._rows("SELECT pk, integration, doc FROM people", keys):
            person_id = str(pk).partition("#")[2]
            found[person_id] = StoredPerson(
                id=person_id,
                district_id=district_id,
                integration_id=integration,
                person=replace(decode_person(doc), photo=photos.get(pk)),
            )
        self._counts.people_read += len(found)
        return found

    def put_many(
        self, people: Sequence[StoredPerson], before: Mapping[str, StoredPerson] | None = None
    ) -> None:
        rows = [
            (_key(p.district_id, p.id), p.integration_id, encode_person(replace(p.person, photo=None)))
            for p in people
        ]
        claimed = [
            (_key(p.district_id, *claim), p.id)
            for p in people
            for claim in new_claims(p, (before or {}).get(p.id))
        ]
        with self._database:
            self._database.executemany(_WRITE, rows)
            self._database.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?)", claimed)
        self._counts.people_written += len(rows)
        self._counts.claims_written += len(claimed)

    def put_photos(self, district_id: str, photos: Mapping[str, str | None]) -> None:
        rows = [(_key(district_id, person_id), photo) for person_id, photo in photos.items()]
        with self._database:
            self._database.executemany("INSERT OR REPLACE INTO photos VALUES (?, ?)", rows)

    def claimants(self, district_id: str, kind: Claim, values: Sequence[str]) -> dict[str, str]:
        keys = {_key(district_id, kind, value): value for value in values}
        return {
            keys[pk]: claimant for pk, claimant in self._rows("SELECT pk, claimant FROM claims", list(keys))
        }

    def close(self) -> None:
        """Settle everything into the one file."""
        self._database.close()

    def _rows(self, select: str, keys: Sequence[str]) -> Iterable[Any]:
        for start in range(0, len(keys), _MOST_VARIABLES):
            some = keys[start : start + _MOST_VARIABLES]
            marks = ",".join("?" * len(some))
            yield from self._database.execute(f"{select} WHERE pk IN ({marks})", some)


def stored_people(file: Path) -> dict[str, StoredPerson]:
    """Everybody in such a file, by id: for who wants to look at all of them afterwards."""
    with closing(sqlite3.connect(file)) as database:
        rows = database.execute("SELECT pk, integration, doc FROM people").fetchall()
    found = (
        StoredPerson(
            id=pk.partition("#")[2],
            district_id=pk.partition("#")[0],
            integration_id=integration,
            person=decode_person(doc),
        )
        for pk, integration, doc in rows
    )
    return {person.id: person for person in found}


def load_runs(file: Path, empty: MemoryRuns) -> MemoryRuns:
    """The runs that an earlier process saved, or ``empty``; they go by the clock of ``empty``."""
    if not file.is_file():
        return empty
    kept: MemoryRuns = pickle.loads(file.read_bytes())
    kept.clock = empty.clock
    return kept


def save_runs(file: Path, runs: MemoryRuns) -> None:
    """Keep runs, leases and states for the next process."""
    file.write_bytes(pickle.dumps(runs))


def _key(*parts: str) -> str:
    return "#".join(parts)
