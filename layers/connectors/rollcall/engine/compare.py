"""Compare what was received with the snapshot: who must be looked at again, and from which records.

Works on ids and fingerprints alone. On a quiet night nobody is in the answer and nothing is decoded.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date

from rollcall.connectors.base import Delta
from rollcall.domain.person import PERSON_TYPES, person_key, split_person_key
from rollcall.engine.job import Job
from rollcall.engine.people_table import ENDED, MISSING, NOTED, UNDONE
from rollcall.engine.pull import stream_table
from rollcall.engine.record_table import RecordTable, differences


@dataclass
class Received:
    """All records that stand after this pull, carried ones included. ``RecordTable.blobs`` points into ``blobs``."""

    blobs: list[str]
    days: list[date]
    tables: dict[str, RecordTable]


@dataclass
class Work:
    """``again``: people to map anew, students before staff before contacts, otherwise as their records come; ``rows``:
    their records, by stream. ``gone``: people known from the snapshot of whom no record is left and about whom
    something remains to be done; nobody after a delta, which proves no absence. ``noted``: everybody else in whose
    records something is wrong, as it was when they were mapped.
    """

    received: Received
    again: list[str]
    rows: dict[str, array[int]]
    gone: list[str]
    noted: list[str]


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
        fetched, count = set(table.ids), len(table)
        for at, (record_id, people) in enumerate(zip(old.ids, old.all_people(), strict=True)):
            if record_id not in fetched and stands(record_id, people):
                table.extend(old, at, at + 1)
        carried = dict.fromkeys(table.blobs[count:])
        moved = {blob: at for at, blob in enumerate(carried, len(blobs))}
        table.blobs[count:] = array("I", map(moved.__getitem__, table.blobs[count:]))
        blobs += (job.snapshot.blobs[blob] for blob in carried)
        days += (job.snapshot.days[blob] for blob in carried)
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
    job.chunks.clear()  # all of it is in the tables now
    tables, known = now.tables, job.snapshot.people
    same_settings = job.snapshot.settings == bytes.fromhex(job.at.settings)
    moved = _moved(job, now) | _restless(job) if same_settings else present(tables.values())
    again = moved | _contacts_of(moved, tables.values()) if same_settings else moved
    rows, there = _records_of(again, tables)
    if job.survey.delta:
        gone: set[str] = set()
    elif same_settings and job.snapshot.full:
        # Nobody has left whose records came as they did in the last pull.
        gone = _gone(job, moved - there.keys())
    else:
        gone = _gone(job, set(known.keys) - present(tables.values()))
    noted = {key for key in known.flagged(NOTED) if key not in again}
    return Work(
        received=now,
        again=[key for kind in PERSON_TYPES for key in there if split_person_key(key)[0] == kind],
        rows=rows,
        gone=sorted(gone),
        noted=list(_records_of(noted, tables)[1]),
    )


def _records_of(
    wanted: Set[str], tables: Mapping[str, RecordTable]
) -> tuple[dict[str, array[int]], dict[str, None]]:
    """The rows of these people by stream, and who of them has one, in the order of their first: so those who are mapped
    together lie together.
    """
    rows = {stream: table.naming(wanted) for stream, table in tables.items()}
    there: dict[str, None] = {}
    for stream, table in tables.items():
        for at in rows[stream]:
            there.update((key, None) for key in table.people_at(at) if key in wanted)
    return rows, there


def is_student(key: str) -> bool:
    """Whether a person's key is a student's."""
    return key.startswith("student:")


def is_contact(key: str) -> bool:
    """Whether a person's key is a contact's."""
    return key.startswith("contact:")


def present(tables: Iterable[RecordTable]) -> set[str]:
    """Everybody of whom there is a record."""
    return set().union(*(table.everybody() for table in tables))


def _contacts_of(moved: set[str], tables: Iterable[RecordTable]) -> set[str]:
    """Whoever stands by a student that moved: whether a contact is loaded depends on their students."""
    tables = [table for table in tables if table.speaks_of("contact")]
    shared = (table.people_at(at) for table in tables for at in table.naming(moved))
    return {key for people in shared for key in people if is_contact(key)}


def _moved(job: Job, now: Received) -> set[str]:
    """People of records that are new, changed or no longer there, before and after."""
    moved: set[str] = set()
    for stream in {*now.tables, *job.snapshot.tables}:
        table = now.tables.get(stream, RecordTable())
        old = job.snapshot.tables.get(stream, RecordTable())
        fresh, left = differences(table, old)
        for at in fresh:
            moved.update(table.people_at(at))
        for at in left:
            moved.update(old.people_at(at))
    return moved


def _restless(job: Job) -> set[str]:
    """People whose records need another look though they did not move."""
    people, today = job.snapshot.people, job.today
    due = (key for key, day in people.revisits.items() if day <= today)
    decided = (person_key("contact", twin.contact_source_id) for twin in job.twins)
    return {*people.restless(), *due, *decided} | job.protections.known


def _gone(job: Job, left: Set[str]) -> set[str]:
    """Those of whom there is no record any more and about whom something remains to be done.

    A type of person that is not asked for any more has not left. Where an undo has put somebody back to being ended, it
    must be noted that the SIS agrees.
    """
    settled = ENDED if job.integration.drop_students_not_in_file else ENDED | MISSING
    types = set(job.integration.member_types)
    return {
        key
        for key in left
        if (row := job.snapshot.people.get(key)) is not None
        and (not row.flags & settled or row.flags & UNDONE or key in job.protections.ended)
        and split_person_key(key)[0] in types
    }
