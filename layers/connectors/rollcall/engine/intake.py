"""What the pull notes of each page: of most records only that the last snapshot knows them, by their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from rollcall.connectors.base import Page, Record, Stream
from rollcall.domain.person import PERSON_TYPES, fingerprint
from rollcall.engine.blobs import frames, unpack
from rollcall.engine.job import Job
from rollcall.engine.record_table import PRINT, ChunkIndex, Recognition, RecordTable

FEW = 0.25
"""The share of a chunk's records whose bytes are kept beside the pages."""


class Taken(NamedTuple):
    """What was in a page: its rows, how many of them an earlier page of the part had already, whether any came for the
    first time, and the records of which the id was read.
    """

    rows: int
    repeated: int
    fresh: bool
    read: list[Record]


class Known:
    """The records of one stream that the last snapshot knows."""

    def __init__(self, job: Job, stream: Stream) -> None:
        self.stream = stream
        self.table = job.snapshot.tables.get(stream.name, RecordTable())
        # By other settings the same bytes may speak of other people.
        trusted = job.snapshot.settings.hex() == job.at.settings
        self.recognition = Recognition(self.table) if trusted and len(self.table) else None

    def is_new(self, record: Record) -> bool:
        """Whether a record is new or moved."""
        at = self.index.get(record.id)
        return at is None or self.table.print_at(at) != fingerprint(record.raw)

    @cached_property
    def index(self) -> dict[str, int]:
        """Where the table has each id; made only when some record was not recognised."""
        return self.table.index()


class Intake:
    """One part's records, as its pages come. Knows which have come already, also in an earlier slice."""

    def __init__(self, job: Job, known: Known) -> None:
        self.distinct = 0
        """How many records the part has."""
        self._job = job
        self._known = known
        self._unwanted = tuple(
            f"{kind}:" for kind in PERSON_TYPES if kind not in job.integration.member_types
        )
        self._came = bytearray(len(known.table))  # 1 for every known row that came again
        self._new: set[str] = set()
        self._table = ChunkIndex(own=known.stream.own)
        if known.recognition:
            known.recognition.begin()
        for chunk in range(job.at.pull.first_chunk, job.at.pull.next_chunk):
            for record_id in chunk_table(job, chunk).ids:
                self._note(record_id)

    def ids(self) -> Iterator[str]:
        """Their ids, in no order."""
        yield from self._new
        yield from (i for i, came in zip(self._known.table.ids, self._came, strict=True) if came)

    def next_table(self) -> ChunkIndex:
        """What was taken since this was asked last: the records of one chunk."""
        table, self._table = self._table, ChunkIndex(own=self._known.stream.own)
        if len(table.moved) > len(table) * FEW:
            table.moved = {}
        return table

    def take(self, page: Page) -> Taken:
        """Note the records of a page."""
        stream, connector = self._known.stream.name, self._job.connector
        raws = connector.split(stream, page)
        prints = b"".join(map(fingerprint, raws))
        stretches = list(self._stretches(prints, page))
        strange = [raws[at] for at in _not_found(stretches)]
        read = self._wanted(connector.read(stream, strange)) if strange else []
        before, repeated = self.distinct, self._repeated(stretches, read)
        self._add(prints, stretches, zip(read, strange, strict=True))
        return Taken(len(raws), repeated, self.distinct > before, read)

    def _stretches(self, prints: bytes, page: Page) -> Iterable[tuple[int, int]]:
        # What a page says of one subject need not name it.
        if self._known.recognition is None or page.subject is not None:
            return [(-1, 1)] * (len(prints) // PRINT)
        return self._known.recognition.stretches(prints)

    def _repeated(self, stretches: Sequence[tuple[int, int]], read: Sequence[Record]) -> int:
        """How many records of a page an earlier one had."""
        again = sum(self._came.count(1, first, first + count) for first, count in stretches if first >= 0)
        return again + sum(self._has(record_id) for record_id in {record.id for record in read})

    def _add(
        self,
        prints: bytes,
        stretches: Iterable[tuple[int, int]],
        strange: Iterator[tuple[Record, bytes | msgspec.Raw]],
    ) -> None:
        """Rows that stand one behind the other in the last snapshot too are taken over in one go."""
        chunk, table = self._job.at.pull.next_chunk, self._table
        at = 0
        for first, count in stretches:
            place = len(table)
            if first < 0:
                record, raw = next(strange)
                self._note(record.id)
                table.add(record.id, prints[at * PRINT : (at + 1) * PRINT], chunk, place, record.people)
                if self._known.recognition:
                    table.moved[place] = bytes(raw)
            else:
                end = first + count
                self.distinct += self._came.count(0, first, end)
                self._came[first:end] = b"\x01" * count
                table.extend_anew(self._known.table, first, end, chunk, place)
            at += count

    def _has(self, record_id: str) -> bool:
        at = self._known.index.get(record_id)
        return record_id in self._new if at is None else bool(self._came[at])

    def _note(self, record_id: str) -> None:
        self.distinct += not self._has(record_id)
        at = self._known.index.get(record_id)
        if at is None:
            self._new.add(record_id)
        else:
            self._came[at] = 1

    def _wanted(self, records: list[Record]) -> list[Record]:
        """Records with only those people whose type the integration takes."""
        if not self._unwanted:
            return records
        return [
            msgspec.structs.replace(r, people=tuple(k for k in r.people if not k.startswith(self._unwanted)))
            if any(k.startswith(self._unwanted) for k in r.people)
            else r
            for r in records
        ]


def _not_found(stretches: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Which of the records were not found."""
    at = 0
    for first, count in stretches:
        if first < 0:
            yield at
        at += count


def chunk_table(job: Job, chunk: int) -> RecordTable:
    """The record table of a chunk, from this slice's memory or from the bucket."""
    if chunk not in job.chunks:
        job.chunks[chunk] = unpack(frames(job.blobs.get(job.folder.pages(chunk)))[0], RecordTable)
    return job.chunks[chunk]
