"""The hand-written floor: what a night costs somebody who writes it for Aeries' students and this store alone.

    python -m bench.floor RECORDING --url http://127.0.0.1:8000 --state FOLDER

No retries, no checks of completeness, no plan, no before-images, no history, no issues: whatever stands between this
and Rollcall is what a sync that can be trusted costs. It fetches with ``http.client`` over four threads, fingerprints
raw records, keeps ids, fingerprints and family keys in packed arrays, and decodes, maps and stores only what moved.
"""

from __future__ import annotations

import argparse
import gc
import http.client
import sqlite3
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from queue import Queue
from threading import Thread
from urllib.parse import urlsplit

import msgspec
import xxhash

from bench.recording import About, Recording
from bench.told import Told

PAGE_SIZE = 500
THREADS = 4
YEAR = "2026"
_PAGES_AHEAD = 8
_BATCH = 1000
_PLACES = 20  # bits of a school's code
_ROW = struct.Struct("<q16sq16s")
"""Of the snapshot: student and school, fingerprint of the raw record, family, fingerprint of the document stored."""

Known = dict[int, tuple[bytes, int, bytes]]
Codes = Mapping[str, Mapping[str, str]]
_NO_DOCUMENT = bytes(16)


class Ids(msgspec.Struct):
    StudentID: int
    SchoolCode: int
    FamilyKey: int


class Row(msgspec.Struct):
    """The fields that are kept."""

    StudentID: int
    SchoolCode: int
    StudentNumber: int
    StateStudentID: str
    LastName: str
    FirstName: str
    MiddleName: str
    Gender: str
    Grade: int
    Birthdate: str | None
    ParentGuardianName: str
    HomePhone: str
    StudentMobilePhone: str
    MailingAddress: str
    MailingAddressCity: str
    MailingAddressState: str
    MailingAddressZipCode: str
    ResidenceAddress: str
    ResidenceAddressCity: str
    ResidenceAddressState: str
    ResidenceAddressZipCode: str
    EthnicityCode: str
    RaceCode1: str
    RaceCode2: str
    RaceCode3: str
    RaceCode4: str
    RaceCode5: str
    SchoolEnterDate: str | None
    SchoolLeaveDate: str | None
    InactiveStatusCode: str
    FamilyKey: int
    HomeLanguageCode: str
    StudentEmailAddress: str
    HomeRoomTeacherNumber: str


class Stay(msgspec.Struct, omit_defaults=True):
    school: str | None
    grade: str | None
    homeroom: str
    start_date: str


class Address(msgspec.Struct):
    kind: str
    street: str
    city: str
    state: str | None
    zip: str


class Document(msgspec.Struct, omit_defaults=True):
    source_id: int
    state_id: str
    first_name: str
    middle_name: str
    last_name: str
    birth_date: str
    gender: str | None
    ethnicity: str | None
    races: list[str]
    language: str | None
    email: str
    phones: list[tuple[str, str]]
    addresses: list[Address]
    enrollments: list[Stay]
    family: int


_raws = msgspec.json.Decoder(list[msgspec.Raw])
_ids = msgspec.json.Decoder(list[Ids])
_row = msgspec.json.Decoder(Row)
_encoder = msgspec.json.Encoder()


def night(about: About, url: str, state: Path) -> Told:
    """Sync once, from where the last night left ``state``."""
    state.mkdir(parents=True, exist_ok=True)
    snapshot, database = state / "snapshot.bin", sqlite3.connect(state / "people.sqlite")
    database.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
        "CREATE TABLE IF NOT EXISTS people (id INTEGER PRIMARY KEY, doc BLOB);"
        "CREATE TABLE IF NOT EXISTS families (id INTEGER PRIMARY KEY, students BLOB);"
    )
    codes = {entity: dict(rows) for entity, rows in about.mappings.items()}
    before = _load(snapshot)
    now: Known = {}
    documents: list[tuple[int, bytes]] = []
    gone: list[int] = []
    touched: set[int] = set()
    for page in _pages(about, url):
        for ids, raw in zip(_ids.decode(page), _raws.decode(page), strict=True):
            key = ids.StudentID << _PLACES | ids.SchoolCode
            digest = xxhash.xxh3_128_digest(raw)
            known = before.get(key)
            if known is not None and known[0] == digest:
                now[key] = known
                continue
            row = _row.decode(raw)
            document = _NO_DOCUMENT
            if not row.InactiveStatusCode.strip():
                mapped = _encoder.encode(_map(row, codes))
                document = xxhash.xxh3_128_digest(mapped)
                if known is None or known[2] != document:
                    documents.append((key, mapped))
                    touched.add(ids.StudentID)
            elif known is not None and known[2] != _NO_DOCUMENT:
                gone.append(key)
            now[key] = (digest, ids.FamilyKey, document)
        if len(documents) >= _BATCH:
            _write(database, documents)
            documents = []
    _write(database, documents)
    gone += [key for key in before.keys() - now.keys() if before[key][2] != _NO_DOCUMENT]
    touched.update(key >> _PLACES for key in gone)
    with database:
        database.executemany("DELETE FROM people WHERE id = ?", ((key,) for key in gone))
    _write_families(database, now, before, touched)
    _save(snapshot, now)
    database.close()
    return _tell(before, now, touched)


def _map(row: Row, codes: Codes) -> Document:
    races = (row.RaceCode1, row.RaceCode2, row.RaceCode3, row.RaceCode4, row.RaceCode5)
    state = codes["state"]
    return Document(
        source_id=row.StudentID,
        state_id=row.StateStudentID,
        first_name=row.FirstName.strip(),
        middle_name=row.MiddleName.strip(),
        last_name=row.LastName.strip(),
        birth_date=(row.Birthdate or "")[:10],
        gender=codes["gender"].get(row.Gender),
        ethnicity=codes["ethnicity"].get(row.EthnicityCode),
        races=sorted({codes["race"].get(race) or "" for race in races if race}),
        language=codes["language"].get(row.HomeLanguageCode),
        email=row.StudentEmailAddress.strip().lower(),
        phones=[(k, v) for k, v in (("home", row.HomePhone), ("mobile", row.StudentMobilePhone)) if v],
        addresses=[
            Address(
                "home",
                row.ResidenceAddress.strip(),
                row.ResidenceAddressCity.strip(),
                state.get(row.ResidenceAddressState),
                row.ResidenceAddressZipCode,
            ),
            Address(
                "mailing",
                row.MailingAddress.strip(),
                row.MailingAddressCity.strip(),
                state.get(row.MailingAddressState),
                row.MailingAddressZipCode,
            ),
        ],
        enrollments=[
            Stay(
                school=codes["building"].get(str(row.SchoolCode)),
                grade=codes["grade_level"].get(str(row.Grade)),
                homeroom=row.HomeRoomTeacherNumber,
                start_date=(row.SchoolEnterDate or "")[:10],
            )
        ],
        family=row.FamilyKey,
    )


def _write(database: sqlite3.Connection, documents: Sequence[tuple[int, bytes]]) -> None:
    with database:
        database.executemany("INSERT OR REPLACE INTO people VALUES (?, ?)", documents)


def _write_families(database: sqlite3.Connection, now: Known, before: Known, touched: set[int]) -> None:
    """Members of every family that somebody joined, left or changed in."""
    families = {
        row[1]
        for known in (before, now)
        for key, row in known.items()
        if key >> _PLACES in touched and row[1]
    }
    members: defaultdict[int, set[int]] = defaultdict(set)
    for key, (_, family, document) in now.items():
        if family in families and document != _NO_DOCUMENT:
            members[family].add(key >> _PLACES)
    rows = [(family, _encoder.encode(sorted(members[family]))) for family in families]
    with database:
        database.executemany("INSERT OR REPLACE INTO families VALUES (?, ?)", rows)


def _tell(before: Known, now: Known, touched: set[int]) -> Told:
    """Students, of whom some have records of two schools."""

    def active(known: Known) -> set[int]:
        return {key >> _PLACES for key, row in known.items() if row[2] != _NO_DOCUMENT}

    were, are = active(before), active(now)
    return Told(
        added=len(are - were),
        changed=len(touched & were & are),
        dropped=len(were - are),
        known=len(are),
    )


def _load(snapshot: Path) -> Known:
    if not snapshot.is_file():
        return {}
    rows = _ROW.iter_unpack(snapshot.read_bytes())
    return {key: (digest, family, document) for key, digest, family, document in rows}


def _save(snapshot: Path, now: Known) -> None:
    pack = _ROW.pack
    snapshot.write_bytes(b"".join(pack(key, *row) for key, row in now.items()))


def _pages(about: About, url: str) -> Iterator[bytes]:
    """Pages of all schools, a few threads ahead; each school's until an empty one."""
    schools: Queue[str] = Queue()
    for school, _ in about.mappings["building"]:
        schools.put(school)
    pages: Queue[bytes | BaseException | None] = Queue(_PAGES_AHEAD)
    for _ in range(THREADS):
        Thread(target=_fetch, args=(about, url, schools, pages), daemon=True).start()
    running = THREADS
    while running:
        page = pages.get()
        if page is None:
            running -= 1
        elif isinstance(page, BaseException):
            raise page
        else:
            yield page


def _fetch(about: About, url: str, schools: Queue[str], pages: Queue[bytes | BaseException | None]) -> None:
    try:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        headers = {"AERIES-CERT": about.credentials["token"], "Accept-Encoding": "identity"}
        while not schools.empty():
            path = f"{about.base_path}/api/v5/schools/{schools.get()}/students"
            start = 1
            while True:
                span = f"StartingRecord={start}&EndingRecord={start + PAGE_SIZE - 1}"
                connection.request("GET", f"{path}?DatabaseYear={YEAR}&{span}", headers=headers)
                answer = connection.getresponse()
                page = answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"the server answers {answer.status}")
                received = len(_raws.decode(page))
                if not received:
                    break
                pages.put(page)
                start += received
        connection.close()
        pages.put(None)
    except BaseException as error:  # noqa: BLE001  the other thread raises it
        pages.put(error)


def main() -> None:
    """One night, told on the standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--url", required=True)
    parser.add_argument("--state", type=Path, required=True)
    chosen = parser.parse_args()
    gc.disable()
    print(msgspec.json.encode(night(Recording(chosen.recording).about, chosen.url, chosen.state)).decode())


if __name__ == "__main__":
    main()
