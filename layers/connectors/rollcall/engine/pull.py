"""Pull: every page of every part into the bucket as received, with an index of what was in it, and proof that it is
all.

Nothing is decoded but ids. A *chunk* is a handful of consecutive pages of one part, written as one blob: first the
index (record ids, fingerprints, whom they speak of), then the pages. The checkpoint moves only after the chunk is
written, and the chunk is written after the files that its records name.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from rollcall.connectors.base import Connector, Page, Part, Stream
from rollcall.domain.errors import SourceContract
from rollcall.domain.person import fingerprint
from rollcall.domain.run import Coverage
from rollcall.engine.ahead import Ahead
from rollcall.engine.blobs import framed, frames, pack, unpack
from rollcall.engine.files import Files
from rollcall.engine.intake import Intake, Known, chunk_table
from rollcall.engine.issues import issue
from rollcall.engine.job import Job, PartState
from rollcall.engine.record_table import ChunkIndex, RecordTable

log = logging.getLogger(__name__)

CHUNK_BYTES = 4_000_000
CHUNK_PAGES = 1000
CHUNK_TIME = timedelta(seconds=10)
"""A slow SIS must show progress too, and lose little when the runner dies."""

MAX_PAGES = 50_000
"""Pages in one part: more than any district has, few enough to stop a server that never ends."""

KEEP_DAYS = 45
"""A carried record whose pages are older than this is fetched again: the bucket may expire them."""


def pull(job: Job) -> None:
    """Read all remaining parts. Raises ``OutOfTime`` between chunks, ``SourceContract`` when the pull proves
    nothing.
    """
    known: Known | None = None
    with Ahead(job) as ahead:
        while job.at.pull.part < len(job.survey.parts):
            part = job.survey.parts[job.at.pull.part]
            if known is None or known.stream.name != part.stream:
                known = Known(job, job.streams[part.stream])
            _pull_part(job, part, known, ahead)


def chunk_pages(data: bytes) -> list[Page]:
    """The pages of a chunk's blob, as received."""
    return unpack(frames(data)[1], list[Page])


def chunk_raws(connector: Connector, stream: str, data: bytes) -> list[bytes | msgspec.Raw]:
    """The raw records of a chunk's blob; a record table says as which of them a record came."""
    return [raw for page in chunk_pages(data) for raw in connector.split(stream, page)]


def chunk_moved(data: bytes) -> dict[int, bytes]:
    """Records of a chunk's blob that were not recognised when it was pulled, by place; none where they were many."""
    return unpack(frames(data)[0], ChunkIndex).moved


def _pull_part(job: Job, part: Part, known: Known, ahead: Ahead) -> None:
    at, stream = job.at.pull, known.stream
    subjects = _subjects(job, stream, stream.per) if stream.per else ()
    intake, files = Intake(job, known), Files(job, known)
    pages: list[Page] = []
    size = stale = 0
    shown = job.clock.now()
    if not (stream.per and not subjects):
        source = ahead.pages(part, at.cursor, subjects)
        for count, page in enumerate(source, start=1):
            taken = intake.take(page)
            at.repeated += taken.repeated
            at.rows += taken.rows
            at.announced = at.announced if page.announced is None else page.announced
            # a list of subjects has an end of its own
            stale = stale + 1 if taken.rows and not taken.fresh and page.subject is None else 0
            _refuse_endless(part, at, stale, count)
            pages.append(files.keep(page, taken.read))
            size += len(page.body)
            if page.cursor is None:
                break
            if (
                size >= CHUNK_BYTES
                or len(pages) >= CHUNK_PAGES
                or job.clock.now() - shown >= CHUNK_TIME
                or job.late()
            ):
                _write(job, pages, intake.next_table())
                at.cursor = page.cursor
                _checkpoint(job)
                pages, size, shown = [], 0, job.clock.now()
    if pages:
        _write(job, pages, intake.next_table())
    _close_part(job, part, intake, len(subjects) if stream.per else at.announced)


def _refuse_endless(part: Part, at: PartState, stale: int, count: int) -> None:
    if stale >= 2 or count > MAX_PAGES:
        raise SourceContract(
            "paging_loop", f"The SIS keeps sending the same records for {part.label}. Nothing was changed."
        )
    if at.announced is not None and at.rows > 2 * at.announced + 1000:
        raise _mismatch(part, at.announced, at.rows)


def _write(job: Job, pages: list[Page], index: ChunkIndex) -> None:
    chunk = job.at.pull.next_chunk
    job.blobs.put(job.folder.pages(chunk), framed(pack(index), pack(pages)))
    index.moved = {}
    job.chunks[chunk] = index
    job.at.pull.next_chunk = chunk + 1


def _close_part(job: Job, part: Part, intake: Intake, expected: int | None) -> None:
    """Accept the part if it is complete; otherwise read it once more, then give up.

    Where nothing is announced, a record that came with two pages says that rows moved while they were read, and then
    others may never have come. Duplicates that the SIS really has come the same way both times; but so may rows in an
    order that the SIS does not keep from page to page, so such a part is taken and nobody ended for it.
    """
    at, distinct = job.at.pull, intake.distinct
    moved = expected is None and at.repeated > 0 and not part.proven
    if moved or (expected is not None and distinct != expected):
        digest = fingerprint("\n".join(sorted(intake.ids())).encode()).hex()
        if at.again is None:
            facts = {"expected": expected, "received": distinct, "repeated": at.repeated}
            log.info("part read again", extra={"part": part.label, **facts})
            job.at.pull = PartState(
                part=at.part, first_chunk=at.next_chunk, next_chunk=at.next_chunk, again=digest
            )
            _checkpoint(job)
            return
        if digest != at.again or (expected is not None and at.rows != expected):
            raise _incomplete(part, expected, distinct)
        if moved:
            _hold(job, part)
    if at.rows > distinct:
        job.at.issues.append(issue("duplicate_row", count=at.rows - distinct, part=part.label))
    job.at.parts.append((at.first_chunk, at.next_chunk, distinct))
    known = job.at.announced
    job.at.announced = None if expected is None or known is None else known + expected
    job.at.pull = PartState(part=at.part + 1, first_chunk=at.next_chunk, next_chunk=at.next_chunk)
    _checkpoint(job)


def _hold(job: Job, part: Part) -> None:
    job.at.unproven = True
    if job.integration.drop_students_not_in_file:
        job.at.issues.append(issue("drop_withheld", part=part.label))


def _incomplete(part: Part, expected: int | None, received: int) -> SourceContract:
    if expected is not None:
        return _mismatch(part, expected, received)
    return SourceContract(
        "rows_moving",
        f"The SIS repeated records of {part.label} from page to page and may have left out others, and did so again "
        "when it was read once more. Nothing was changed.",
    )


def _mismatch(part: Part, expected: int, received: int) -> SourceContract:
    return SourceContract(
        "count_mismatch",
        f"The SIS announced {expected} records for {part.label} but sent {received}. Nothing was changed.",
    )


def _checkpoint(job: Job) -> None:
    done = sum(records for _, _, records in job.at.parts) + job.at.pull.rows
    job.checkpoint(done, None)


def _subjects(job: Job, stream: Stream, parent: str) -> Sequence[str]:
    """Which records of the parent stream to ask for: new and moved ones, and the oldest share of the rest.

    The choice is stored before the first call, so that a later slice asks for the same.
    """
    key = job.folder.subjects(stream.name)
    if job.at.pull.next_chunk > job.at.pull.first_chunk or job.at.pull.again is not None:
        return unpack(job.blobs.get(key), list[str])
    parents = stream_table(job, parent)
    before = job.snapshot.tables.get(parent, RecordTable())
    old = before.index()
    carried = _carried_days(job, stream.name)
    must: list[str] = []
    rest: list[tuple[date, str]] = []
    for at, subject in enumerate(parents.ids):
        day = carried.get(subject)
        position = old.get(subject)
        if day is None or position is None or before.print_at(position) != parents.print_at(at):
            must.append(subject)
        else:
            rest.append((day, subject))
    rest.sort()
    today = job.today
    share = math.ceil(len(parents) / stream.refresh_nights)
    fresh = sum(day >= today for day, _ in rest)
    due = [subject for day, subject in rest if day < today][: max(0, share - fresh)]
    taken = set(due)
    job.run.coverage[stream.name] = Coverage(
        fetched=len(must) + len(due),
        of=len(parents),
        oldest=min((day for day, subject in rest if subject not in taken), default=today).isoformat(),
    )
    subjects = must + due
    job.blobs.put(key, pack(subjects))
    return subjects


def _carried_days(job: Job, stream: str) -> dict[str, date]:
    """When each carried record was received, without those whose pages may have expired."""
    table = job.snapshot.tables.get(stream)
    if table is None:
        return {}
    limit = job.today - timedelta(days=KEEP_DAYS)
    days = job.snapshot.days
    return {i: days[blob] for i, blob in zip(table.ids, table.blobs, strict=True) if days[blob] > limit}


def stream_table(job: Job, stream: str) -> RecordTable:
    """All records of a stream received by this run; of a record that came twice, the last."""
    merged = RecordTable(own=job.streams[stream].own)
    for part, (first, end, _) in zip(job.survey.parts, job.at.parts, strict=False):
        if part.stream != stream:
            continue
        for chunk in range(first, end):
            table = chunk_table(job, chunk)
            merged.extend(table, 0, len(table))
    known = job.snapshot.tables.get(stream)
    # A snapshot's table has each record once, so one with the same ids has too.
    return merged if known and merged.ids == known.ids else merged.last_of_each()
