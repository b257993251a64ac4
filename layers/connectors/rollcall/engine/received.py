"""What a run received, page by page, for a list that somebody looks at."""

from __future__ import annotations

import msgspec

from rollcall.connectors.base import Connector, Page
from rollcall.domain.errors import SourceContract
from rollcall.domain.export import ReceivedChunk
from rollcall.domain.ports import Blobs
from rollcall.domain.run import Run
from rollcall.engine.archive import chunks_of, page_name
from rollcall.engine.blobs import RunFolder
from rollcall.engine.experiment import Read
from rollcall.engine.frozen import Frozen
from rollcall.engine.pull import chunk_pages

CHUNKS_AT_ONCE = 5
"""A chunk is up to 4 MB of pages, and somebody waits."""

Position = tuple[int, int]
"""A chunk and a page of it: where to go on."""


class ReceivedPage(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of the SIS, by its name in an archive. ``records`` is None where it is not what it should be."""

    name: str
    stream: str
    part: str
    bytes: int
    records: int | None
    superseded: bool


def received_pages(
    blobs: Blobs, read: Read, run: Run, limit: int, position: Position
) -> tuple[list[ReceivedPage], Position | None]:
    """Pages from ``position`` on, in the order in which they came, and where to go on (None: the end).

    Raises ``NotFound`` when they are no longer kept.
    """
    chunks = chunks_of(blobs, run)
    if not chunks:
        return [], None
    frozen = Frozen.load(blobs, run)
    school_year = frozen.district.school_year_at(run.started_at or run.queued_at)
    connector = read(frozen.integration, school_year, frozen.lookups())
    found: list[ReceivedPage] = []
    first, skipped = position
    end = min(first + CHUNKS_AT_ONCE, len(chunks))
    for number in range(first, end):
        pages = chunk_pages(blobs.get(RunFolder(run).pages(number)))
        for at, page in list(enumerate(pages))[skipped if number == first else 0 :]:
            if len(found) == limit:
                return found, (number, at)
            found.append(
                _described(
                    connector, chunks[number], page_name(number, chunks[number].stream, at, page.body), page
                )
            )
    return found, (end, 0) if end < len(chunks) else None


def _described(connector: Connector, chunk: ReceivedChunk, name: str, page: Page) -> ReceivedPage:
    try:
        records: int | None = len(connector.split(chunk.stream, page))
    except SourceContract:
        records = None
    return ReceivedPage(
        name=name,
        stream=chunk.stream,
        part=chunk.part,
        bytes=len(page.body),
        records=records,
        superseded=chunk.superseded,
    )
