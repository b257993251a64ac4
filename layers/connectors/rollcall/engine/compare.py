"""Compare what was received with the snapshot: who must be looked at again, and from which records.

Works on ids and fingerprints alone. On a quiet night nobody is in the answer and nothing is decoded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from rollcall.connectors.base import Delta
from rollcall.domain.person import PERSON_TYPES, person_key, split_person_key
from rollcall.engine.job import Job
from rollcall.engine.pull import chunk_pages, stream_table
from rollcall.engine.snapshot import ENDED, MISSING, REJECTED, REVISIT, UNDONE, WAITING, RecordTable

_CACHED_CHUNKS = 8


@dataclass
class Received:
    """All records that stand after this pull, carried ones included. ``RecordTable.blobs`` points into ``blobs``."""

    blobs: list[str]
    days: list[date]
    tables: dict[str, RecordTable]


@dataclass
class Work:
    """``again``: people to map anew, near in the list when near in the blobs. ``gone``: people known from the snapshot
    of whom no record is left and about whom something remains to be done; nobody after a delta, which proves no
    absence. ``records``: for each of ``again``, (stream,
    record id, blob). ``students``: for each contact in ``again``, the students they share a record with."""

    received: Received
    again: list[str]
    gone: list[str]
    records: dict[str, list[tuple[str, str, int]]]
    students: dict[str, set[str]]


def received(job: Job) -> Received:
    """The record tables of this pull; what was not read whole is completed from the snapshot."""
    blobs = [job.folder.pages(chunk) for chunk in range(job.at.pull.next_chunk)]
    days = [job.today] * len(blobs)
    delta = job.survey.delta
    names = [*(delta.streams if delta else ()), *(part.stream for part in job.survey.parts)]
    tables = {name: stream_table(job, name) for name in dict.fromkeys(names)}
    answered = _answered(delta, tables) if delta else set()
    for name, table in tables.items():
        old = job.snapshot.tables.get(name)
        stands = _standing(job, name, tables, answered) if old else None
        if old is None or stands is None:
            continue
        fetched = set(table.ids)
        moved: dict[int, int] = {}
        for at, record_id in enumerate(old.ids):
            if record_id not in fetched and stands(record_id, old.people_at(at)):
                blob = old.blobs[at]
                if blob not in moved:
                    moved[blob] = len(blobs)
                    blobs.append(job.snapshot.blobs[blob])
                    days.append(job.snapshot.days[blob])
                table.add(record_id, old.print_at(at), moved[blob], old.people_at(at))
    return Received(blobs, days, tables)


def _answered(delta: Delta, tables: Mapping[str, RecordTable]) -> set[str]:
    """Of those a delta asks for, who has a record in its first stream."""
    return present([tables[delta.streams[0]]]).intersection(delta.people)


def _standing(
    job: Job, stream: str, tables: Mapping[str, RecordTable], answered: set[str]
) -> Callable[[str, tuple[str, ...]], bool] | None:
    """Whether a known record, by its id and people, stands though it did not come; None: the stream was read whole."""
    delta, parent = job.survey.delta, job.streams[stream].per
    if delta and stream in delta.streams:
        return lambda _, people: answered.isdisjoint(people)
    if parent:
        present = set(tables[parent].ids)
        return lambda record_id, _: record_id in present
    return None


def compare(job: Job) -> Work:
    """Who moved since the snapshot; everybody when there is none or when settings changed since."""
    now = received(job)
    there = present(now.tables.values())
    if job.snapshot.settings != bytes.fromhex(job.at.settings):
        again = there
    else:
        again = _moved(job, now) | _restless(job)
        again = (again | _contacts_of(again, now.tables.values())) & there
    records: dict[str, list[tuple[str, str, int]]] = {key: [] for key in again}
    students: dict[str, set[str]] = {key: set() for key in again if is_contact(key)}
    for stream, table in now.tables.items():
        for at, record_id in enumerate(table.ids):
            people = table.people_at(at)
            for key in people:
                if key in records:
                    records[key].append((stream, record_id, table.blobs[at]))
                if key in students:
                    students[key].update(filter(is_student, people))
    order = {person_type: rank for rank, person_type in enumerate(PERSON_TYPES)}
    return Work(
        received=now,
        again=sorted(again, key=lambda key: (order[split_person_key(key)[0]], records[key][0][2], key)),
        gone=[] if job.survey.delta else sorted(_left(job, there)),
        records=records,
        students=students,
    )


def is_student(key: str) -> bool:
    """Whether a person's key is a student's."""
    return key.startswith("student:")


def is_contact(key: str) -> bool:
    """Whether a person's key is a contact's."""
    return key.startswith("contact:")


def present(tables: Iterable[RecordTable]) -> set[str]:
    """Everybody of whom there is a record."""
    return {key for table in tables for at in range(len(table.ids)) for key in table.people_at(at)}


def _contacts_of(moved: set[str], tables: Iterable[RecordTable]) -> set[str]:
    """Whoever stands by a student that moved: whether a contact is loaded depends on their students."""
    shared = (people for table in tables for people in table.people if people is not None and len(people) > 1)
    return {key for people in shared if not moved.isdisjoint(people) for key in people if is_contact(key)}


def _moved(job: Job, now: Received) -> set[str]:
    """People of records that are new, changed or no longer there, before and after."""
    moved: set[str] = set()
    for stream in {*now.tables, *job.snapshot.tables}:
        table = now.tables.get(stream, RecordTable())
        old = job.snapshot.tables.get(stream, RecordTable())
        before = old.index()
        for at, record_id in enumerate(table.ids):
            was = before.pop(record_id, None)
            if was is None:
                moved.update(table.people_at(at))
            elif old.print_at(was) != table.print_at(at):
                moved.update(table.people_at(at), old.people_at(was))
        for was in before.values():
            moved.update(old.people_at(was))
    return moved


def _restless(job: Job) -> set[str]:
    """People whose records need another look though they did not move."""
    today = job.today
    flagged = {
        key
        for key, row in job.snapshot.people.items()
        if row.flags & (MISSING | REVISIT | REJECTED | WAITING | UNDONE)
        or (row.revisit_on is not None and row.revisit_on <= today)
    }
    decided = {person_key("contact", twin.contact_source_id) for twin in job.twins}
    return flagged | decided | job.protections.known


def _left(job: Job, present: set[str]) -> set[str]:
    """Who was there and is not. A type of person that is not asked for any more has not left. Where an undo has put
    somebody back to being ended, it must be noted that the SIS agrees.
    """
    settled = ENDED if job.integration.drop_students_not_in_file else ENDED | MISSING
    types = set(job.integration.member_types)
    return {
        key
        for key, row in job.snapshot.people.items()
        if key not in present
        and (not row.flags & settled or row.flags & UNDONE or key in job.protections.ended)
        and split_person_key(key)[0] in types
    }


class RecordReader:
    """Raw records out of stored pages, for a batch of people at a time: each chunk is opened once a batch, and the last
    few stay open, since neighbours are asked for together."""

    def __init__(self, job: Job, work: Work) -> None:
        self._job = job
        self._work = work
        self._open: OrderedDict[int, dict[str, bytes]] = OrderedDict()

    def read(self, keys: Iterable[str]) -> dict[str, dict[str, list[bytes]]]:
        """For each person, the bytes of their records by stream, ordered by record id."""
        wanted: dict[int, list[tuple[str, str, str]]] = {}
        found: dict[str, dict[str, list[bytes]]] = {}
        for key in keys:
            found[key] = {}
            for stream, record_id, blob in self._work.records[key]:
                wanted.setdefault(blob, []).append((key, stream, record_id))
        raw = {
            (key, stream, record_id): self._chunk(stream, blob)[record_id]
            for blob in sorted(wanted)
            for key, stream, record_id in wanted[blob]
        }
        for key, stream, record_id in sorted(raw):
            found[key].setdefault(stream, []).append(raw[key, stream, record_id])
        return found

    def _chunk(self, stream: str, blob: int) -> dict[str, bytes]:
        if blob not in self._open:
            pages = chunk_pages(self._job.blobs.get(self._work.received.blobs[blob]))
            split = self._job.connector.split
            self._open[blob] = {r.id: bytes(r.raw) for page in pages for r in split(stream, page)}
            if len(self._open) > _CACHED_CHUNKS:
                self._open.popitem(last=False)
        self._open.move_to_end(blob)
        return self._open[blob]
