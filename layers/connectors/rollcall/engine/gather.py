"""The raw records of people who are mapped together, gathered from wherever in the pull they lie.

A person's records lie in several streams, so in chunks far apart, and every chunk is opened once, whatever the number
of people. What is found is held until it grows too large, and then put down in files by groups of people, so that
memory is bounded and a later slice goes on behind the last chunk that was put down.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain

import msgspec

from rollcall.engine.blobs import pack, unpack
from rollcall.engine.columns import numbers
from rollcall.engine.compare import Work, is_contact, is_student
from rollcall.engine.job import Job
from rollcall.engine.pull import chunk_moved, chunk_raws

BATCH = 1000
"""People who are mapped, planned and applied together."""

GROUP = 8 * BATCH
"""People whose records are in memory together while they are mapped."""

MOST_BYTES = 48_000_000
"""Of records that are held before they are put down."""


def batches(count: int) -> int:
    """How many batches so many people make."""
    return -(-count // BATCH)


def batch_of(people: Sequence[str], number: int) -> Sequence[str]:
    """The people of one batch."""
    return people[number * BATCH : (number + 1) * BATCH]


class Piece(msgspec.Struct, array_like=True):
    """One record of one person, who is number ``person`` of the people to map; of a contact, the ``students`` that the
    record names with them.
    """

    person: int
    stream: str
    id: str
    raw: bytes
    students: tuple[str, ...] = ()


class PersonRecords(msgspec.Struct):
    """The bytes of a person's records by stream, ordered by record id; of a contact, their students."""

    records: dict[str, list[bytes]]
    students: tuple[str, ...]


class Gatherer:
    """Records of ``work.again``, batch by batch."""

    def __init__(self, job: Job, work: Work) -> None:
        self._job = job
        self._work = work
        self._held: defaultdict[int, list[Piece]] = defaultdict(list)
        self._size = 0
        self._group = -1
        self._records: dict[int, list[Piece]] = {}

    def gather(self) -> None:
        """Open every chunk that holds a record of these people and that no earlier slice has put down. Raises
        ``OutOfTime`` between chunks.
        """
        at = self._job.at.gathering
        numbers_of = {key: number for number, key in enumerate(self._work.again)}
        sources = _sources(self._work)
        while at.sources < len(sources):
            stream, blob, rows = sources[at.sources]
            self._open(stream, blob, rows, numbers_of)
            at.sources += 1
            if self._size > MOST_BYTES or self._job.late():
                self._put_down()
                self._job.checkpoint(0, len(self._work.again))
        if not at.files:
            # Nothing was put down, so a later slice has nothing to go on from.
            at.sources = 0
        elif self._held:
            self._put_down()
            self._job.checkpoint(0, len(self._work.again))

    def batch(self, number: int) -> list[PersonRecords]:
        """The records of one batch, in the order of its people."""
        group = number * BATCH // GROUP
        if group != self._group:
            self._group, self._records = group, self._grouped(group)
        first = number * BATCH
        return [
            _sorted(self._records.pop(person, []))
            for person in range(first, min(first + BATCH, len(self._work.again)))
        ]

    def forget(self) -> None:
        """Take away what was put down: all of it stands in the chunks."""
        at = self._job.at.gathering
        if at.files:
            files = ((group, file) for group, count in enumerate(at.files) for file in range(count))
            self._job.blobs.delete([self._key(group, file) for group, file in files])

    def _open(self, stream: str, blob: int, rows: array[int], numbers_of: dict[str, int]) -> None:
        table = self._work.received.tables[stream]
        data = self._job.blobs.get(self._work.received.blobs[blob])
        raws: Mapping[int, bytes] | Sequence[bytes | msgspec.Raw] = chunk_moved(data)
        if any(table.places[row] not in raws for row in rows):
            raws = chunk_raws(self._job.connector, stream, data)
        for row in rows:
            raw, people = bytes(raws[table.places[row]]), table.people_at(row)
            for key in people:
                person = numbers_of.get(key)
                if person is not None:
                    students = tuple(filter(is_student, people)) if is_contact(key) else ()
                    self._held[person // GROUP].append(Piece(person, stream, table.ids[row], raw, students))
                    self._size += len(raw)

    def _put_down(self) -> None:
        files = self._job.at.gathering.files
        files += [0] * (1 + max(self._held, default=-1) - len(files))
        for group, pieces in self._held.items():
            self._job.blobs.put(self._key(group, files[group]), pack(pieces))
            files[group] += 1
        self._held.clear()
        self._size = 0

    def _grouped(self, group: int) -> dict[int, list[Piece]]:
        found: dict[int, list[Piece]] = {}
        files = self._job.at.gathering.files
        put_down = (
            unpack(self._job.blobs.get(self._key(group, file)), list[Piece])
            for file in range(files[group] if group < len(files) else 0)
        )
        for pieces in chain(put_down, (self._held.pop(group, []),)):
            for piece in pieces:
                found.setdefault(piece.person, []).append(piece)
        return found

    def _key(self, group: int, file: int) -> str:
        return self._job.folder.gathered(group, file)


def _sources(work: Work) -> list[tuple[str, int, array[int]]]:
    """For each stream and blob, the rows that speak of any of these people."""
    found: list[tuple[str, int, array[int]]] = []
    for stream, rows in work.rows.items():
        blobs = work.received.tables[stream].blobs
        by_blob: defaultdict[int, array[int]] = defaultdict(numbers)
        for row in rows:
            by_blob[blobs[row]].append(row)
        found += ((stream, blob, some) for blob, some in by_blob.items())
    return found


def _sorted(pieces: Sequence[Piece]) -> PersonRecords:
    if len(pieces) == 1:
        return PersonRecords({pieces[0].stream: [pieces[0].raw]}, pieces[0].students)
    records: dict[str, list[bytes]] = {}
    for piece in sorted(pieces, key=lambda piece: (piece.stream, piece.id)):
        records.setdefault(piece.stream, []).append(piece.raw)
    return PersonRecords(records, tuple(dict.fromkeys(s for piece in pieces for s in piece.students)))
