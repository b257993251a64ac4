"""Makes one export from its record, and keeps the record up to date while it does."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from rollcall.domain.csv_text import csv_lines
from rollcall.domain.errors import OutOfTime, SyncError
from rollcall.domain.export import DEFAULT, Export, ExportFailure, ExportKind
from rollcall.domain.ports import Blobs, Clock, Everybody
from rollcall.exports import media, nutrition
from rollcall.exports.oneroster import Package
from rollcall.exports.reading import Reader
from rollcall.exports.records import Exports, file_key

ATTEMPTS = 3
"""How often an export is begun: once, and twice again after a failure that may pass."""

_REPORT = timedelta(seconds=10)
_LINES = 500
_PIECE = 1024 * 1024
_BOM = "\N{BYTE ORDER MARK}"
_TOO_LONG = ExportFailure(
    code="export_too_long", message="There are too many people for one file; tell whoever runs Rollcall."
)


Archive = Callable[[Blobs, Export, Callable[[int], None]], Iterator[bytes]]
"""The bytes of a file that is not made of people. The function it is given it calls with how much it has read."""


@dataclass(frozen=True)
class Maker:
    """What making exports takes. ``archives`` makes the kinds that are of another room."""

    everybody: Everybody
    blobs: Blobs
    clock: Clock
    archives: Mapping[ExportKind, Archive] = field(default_factory=dict)

    def make(self, district_id: str, export_id: str, deadline: datetime) -> Export:
        """Make an export from the beginning, unless it has ended; returns its record as stored.

        Raises ``NotFound`` for an unknown one, and whatever made it fail when it may be tried again: after
        ``ATTEMPTS`` times it has failed for good.
        """
        exports = Exports(self.blobs)
        export = exports.get(district_id, export_id)
        if export.ended:
            return export
        now = self.clock.now()
        export = export.model_copy(
            update={"state": "running", "attempts": export.attempts + 1, "started_at": now, "updated_at": now}
        )
        exports.put(export)
        work = _Work(self, exports, export, deadline)
        try:
            size = work.write()
        except OutOfTime:
            return work.end("failed", error=_TOO_LONG)
        except Exception as error:
            if export.attempts >= ATTEMPTS:
                work.end("failed", error=_failure(error))
            raise
        return work.end("completed", size=size)


@dataclass
class _Work:
    """One attempt at one export."""

    maker: Maker
    exports: Exports
    export: Export
    deadline: datetime
    people: int = 0
    rows: int = 0
    shortened: int = 0
    reported_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.reported_at = self.export.updated_at

    def write(self) -> int:
        """Write the file; returns its size."""
        export = self.export
        reader = Reader(self.maker.everybody, export, self._heard)
        key = file_key(export)
        if export.kind in self.maker.archives:
            archive = self.maker.archives[export.kind]
            return self.maker.blobs.put_stream(key, archive(self.maker.blobs, export, self._heard))
        if export.kind == "oneroster":
            with tempfile.TemporaryDirectory() as folder:
                package = Package(export, reader, Path(folder))
                path = package.write()
                self.rows = package.rows
                return self.maker.blobs.put_stream(key, _pieces(path))
        template = export.template or DEFAULT
        delimiter = template.delimiter if export.kind == "nutrition_students" else ","
        header, rows = self._table(reader)
        lines = csv_lines(header, self._counted(rows), delimiter)
        return self.maker.blobs.put_stream(key, _encoded(lines, bom=bool(export.options.bom)))

    def end(self, state: str, *, size: int | None = None, error: ExportFailure | None = None) -> Export:
        """Store how it ended."""
        return self._store(state=state, size=size, error=error, ended_at=self.maker.clock.now())

    def _table(self, reader: Reader) -> tuple[Sequence[str], Iterable[Sequence[str]]]:
        export = self.export
        if export.kind == "media_users":
            return media.USERS, media.users(reader)
        if export.kind == "media_relationships":
            return media.RELATIONSHIPS, media.relationships(reader)
        if export.kind == "media_groups":
            return media.GROUPS, media.groups(reader, export.district_id)
        if export.kind == "media_memberships":
            return media.MEMBERSHIPS, media.memberships(reader, export.district_id)
        template = export.template or DEFAULT
        names = [column.name for column in template.columns]
        return names, nutrition.rows(reader, template, self._shorten)

    def _heard(self, people: int) -> None:
        now = self.maker.clock.now()
        if now >= self.deadline:
            raise OutOfTime
        self.people += people
        if now - self.reported_at >= _REPORT:
            self.reported_at = now
            self._store()

    def _counted(self, rows: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
        for row in rows:
            self.rows += 1
            yield row

    def _shorten(self) -> None:
        self.shortened += 1

    def _store(self, **changes: object) -> Export:
        counts = {"people": self.people, "rows": self.rows, "shortened": self.shortened}
        changes = {**counts, "updated_at": self.maker.clock.now(), **changes}
        self.export = self.export.model_copy(update=changes)
        self.exports.put(self.export)
        return self.export


def _encoded(lines: Iterator[str], *, bom: bool) -> Iterator[bytes]:
    if bom:
        yield _BOM.encode()
    batch: list[str] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _LINES:
            yield "".join(batch).encode()
            batch.clear()
    yield "".join(batch).encode()


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _failure(error: Exception) -> ExportFailure:
    """What is said of a failure: our own errors hold nobody's data, any other may."""
    if isinstance(error, SyncError):
        return ExportFailure(code=error.code, message=error.message)
    return ExportFailure(
        code="unexpected_error", message="The export failed unexpectedly; tell whoever runs Rollcall."
    )
