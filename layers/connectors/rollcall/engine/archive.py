"""Archives of one run, for whoever investigates it: the pages as received, or what the run made of them.

A zip is written as it is read, blob by blob: a district's pages are larger than the memory or the disk of a Lambda.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from rollcall.connectors.base import Survey
from rollcall.domain.export import Export, ExportedRun, ReceivedChunk
from rollcall.domain.person import PERSON_TYPES, split_person_key
from rollcall.domain.ports import Blobs
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, decompress, unpack
from rollcall.engine.job import Checkpoint
from rollcall.engine.mapping import MappedPerson
from rollcall.engine.pull import chunk_pages

Heard = Callable[[int], None]
"""Called with the number of files that were read since; may raise ``OutOfTime``."""

File = tuple[str, Iterator[bytes]]

_README = "README.txt"
_RECEIVED = """Pages as received by run {run.id} of the integration "{run.integration_name}" ({run.system}).

Each file is one answer of the SIS, byte for byte, under the name of its list and in the order in which the pages came:
<list>/<group of pages>-<page>.<json, xml or txt>. Lists that came as CSV files were taken apart row by row, and their
pages hold those rows as JSON. Records that this run carried over from an earlier one are not here but in the archive of
that run, which GET .../runs/{run.id}/files names. Photos are not in any archive.

These files hold the personal data of students, staff and families. Keep them safe, and delete them after use.

Pages of each group:
"""
_PROCESSED = """What run {run.id} of the integration "{run.integration_name}" ({run.system}) made of what it received.

people-student.ndjson, people-staff.ndjson, people-contact.ndjson: people as mapped from the SIS, one JSON document a
line. Only those are here whose records had moved since the run before, or who had to be looked at again.
changes.ndjson: the plan, one change a line, with the person before and after it.
issues.ndjson: what was wrong, one issue a line.

These files hold the personal data of students, staff and families. Keep them safe, and delete them after use.
"""


def chunks_of(blobs: Blobs, run: Run) -> tuple[ReceivedChunk, ...]:
    """What each chunk of pages in a run's folder is of. Raises ``NotFound`` when the files are no longer kept.

    A run that did not get so far as to ask for anything, or asked nobody, has none.
    """
    at = msgspec.convert(run.checkpoint, Checkpoint)
    if at.stage == "survey":
        return ()
    survey = unpack(blobs.get(RunFolder(run).survey()), Survey)
    found: list[ReceivedChunk] = []
    for part, (first, end, _) in zip(survey.parts, at.parts, strict=False):
        found += [_chunk(part.stream, part.label, True)] * (first - len(found))
        found += [_chunk(part.stream, part.label, False)] * (end - first)
    if len(at.parts) < len(survey.parts):
        part = survey.parts[len(at.parts)]
        found += [_chunk(part.stream, part.label, True)] * (at.pull.first_chunk - len(found))
        found += [_chunk(part.stream, part.label, False)] * (at.pull.next_chunk - len(found))
    return tuple(found)


def page_name(chunk: int, stream: str, page: int, body: bytes) -> str:
    """What a page is called in an archive."""
    return f"{stream}/{chunk:06d}-{page:04d}.{_extension(body)}"


def received(blobs: Blobs, export: Export, heard: Heard) -> Iterator[bytes]:
    """A zip of every page that a run received."""
    return _zipped(_pages(blobs, export, heard), export.requested_at)


def processed(blobs: Blobs, export: Export, heard: Heard) -> Iterator[bytes]:
    """A zip of people as mapped, changes and issues."""
    return _zipped(_results(blobs, export, heard), export.requested_at)


def _pages(blobs: Blobs, export: Export, heard: Heard) -> Iterator[File]:
    run, folder = _run_of(export)
    groups = [
        f"{number:06d}  {chunk.part}{' (read once more; not used)' if chunk.superseded else ''}\n"
        for number, chunk in enumerate(run.chunks)
    ]
    yield _README, iter([(_RECEIVED.format(run=run) + "".join(groups)).encode()])
    for number, chunk in enumerate(run.chunks):
        heard(1)
        for at, page in enumerate(chunk_pages(blobs.get(folder.pages(number)))):
            yield page_name(number, chunk.stream, at, page.body), iter([page.body])


def _results(blobs: Blobs, export: Export, heard: Heard) -> Iterator[File]:
    run, folder = _run_of(export)
    yield _README, iter([_PROCESSED.format(run=run).encode()])
    mapped = blobs.keys(folder.part("mapped"))
    for kind in PERSON_TYPES:
        yield f"people-{kind}.ndjson", _people(blobs, mapped, kind, heard)
    yield "changes.ndjson", _lines(blobs, _in_order(blobs.keys(folder.part("plan"))), heard)
    yield "issues.ndjson", _lines(blobs, _in_order(blobs.keys(folder.part("issues"))), heard)


def _people(blobs: Blobs, keys: Iterable[str], kind: str, heard: Heard) -> Iterator[bytes]:
    for key in keys:
        heard(1)
        for person in unpack(blobs.get(key), list[MappedPerson]):
            if person.doc and split_person_key(person.key)[0] == kind:
                yield person.doc + b"\n"


def _lines(blobs: Blobs, keys: Iterable[str], heard: Heard) -> Iterator[bytes]:
    for key in keys:
        heard(1)
        yield decompress(blobs.get(key))


def _in_order(keys: Iterable[str]) -> list[str]:
    """Plans and issues are numbered without leading zeros."""
    return sorted(keys, key=lambda key: int(key.rpartition("/")[2].partition(".")[0]))


def _run_of(export: Export) -> tuple[ExportedRun, RunFolder]:
    if export.run is None:
        raise ValueError("an archive of no run")
    run = export.run
    # As much of a run as its folder is named by.
    named = Run(
        id=run.id,
        district_id=export.district_id,
        integration_id=run.integration_id,
        queued_at=export.requested_at,
    )
    return run, RunFolder(named)


def _chunk(stream: str, part: str, superseded: bool) -> ReceivedChunk:
    return ReceivedChunk(stream=stream, part=part, superseded=superseded)


def _extension(body: bytes) -> str:
    first = body.lstrip()[:1]
    return "json" if first in (b"{", b"[") else "xml" if first == b"<" else "txt"


class _Outlet(io.RawIOBase):
    """A file that can only be written, and is emptied on the way."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        self._written += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since it was asked for last."""
        data = bytes(self._written)
        self._written.clear()
        return data


def _zipped(files: Iterable[File], made_at: datetime) -> Iterator[bytes]:
    outlet = _Outlet()
    day = made_at.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as package:
        for name, pieces in files:
            entry = zipfile.ZipInfo(name, date_time=day)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with package.open(entry, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)
                    yield outlet.taken()
    yield outlet.taken()
