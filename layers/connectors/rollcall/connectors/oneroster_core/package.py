"""The zip of CSV files, opened with mistrust: what it may hold, and its rows one after the other (fact sheet §7).

====================== ================= ==========================================================================
code                   class             when
====================== ================= ==========================================================================
export_not_zip         NeedsAttention    a web page or another file
export_no_manifest     NeedsAttention    no ``manifest.csv``, or it lacks the versions
export_wrong_version   NeedsAttention    another version than 1.1 and 1.2
export_is_delta        NeedsAttention    a file holds only what changed, which proves nothing of the rest
export_file_missing    NeedsAttention    a file that is needed is not in the zip
export_column_missing  NeedsAttention    a file lacks a column, or has it twice
export_row_malformed   SourceContract    a row is not CSV, or does not have a cell for each column
export_not_utf8        SourceContract    a row is in another encoding
export_damaged         SourceContract    a checksum is wrong, or the zip is made in a way that is not read
export_too_large       SourceContract    more than the limits below
export_changed         SourceContract    it is not the export that was surveyed (raised where it is read)
source_interrupted     SourceTransient   the end of the zip is missing, as while it is being written
====================== ================= ==========================================================================

Rows are counted with the header as the first, as a spreadsheet does where no cell holds a line break.
"""

from __future__ import annotations

import csv
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice

from rollcall.connectors.oneroster_core.csv_rows import COLUMNS, Row, clean
from rollcall.domain.errors import NeedsAttention, SourceContract, SourceTransient

MAX_ZIP_BYTES = 128 * 1024 * 1024
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_TOTAL_BYTES = 512 * 1024 * 1024
MAX_SMALL_FILE_BYTES = 8 * 1024 * 1024
MAX_RATIO = 200
"""To one, beyond the first 12 MB. Rows of flags pack to a thirtieth of their size; deflate can do a thousandth."""
MAX_ENTRIES = 1000
MAX_ROW_BYTES = 256 * 1024

_OPTIONAL = ("demographics",)
_SMALL = ("manifest.csv", "orgs.csv", "academicSessions.csv")
_RATIO_FROM = 64 * 1024
_BEGIN, _ENTRY = b"PK\x03\x04", b"PK\x01\x02"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_BOM = b"\xef\xbb\xbf"
_BLANK = b' ,"\t\r\n'
_BUFFER = 256 * 1024
_BROKEN = (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error, zlib.error)


class Package:
    """An export. Files that are not needed are never opened, whatever they are.

    ``version`` is 1.1 or 1.2; ``edition`` differs when anything differs that is read.
    """

    def __init__(self, body: bytes) -> None:
        self._zip = _opened(body)
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        if "manifest.csv" not in self._entries:
            raise NeedsAttention("export_no_manifest", "The zip has no manifest.csv at its top.")
        _check_sizes([self._entries["manifest.csv"]])
        properties = Table(self._zip, "manifest.csv", ("propertyName", "value"))
        self._manifest = {row["propertyName"]: row["value"] for row in properties.rows()}
        self.version = self._version()
        needed = [name for name in COLUMNS[self.version] if self._is_there(name)]
        _check_sizes([self._entries[f"{name}.csv"] for name in needed])
        self._tables = {name: Table(self._zip, f"{name}.csv", COLUMNS[self.version][name]) for name in needed}
        self.edition = self._edition()

    def has(self, name: str) -> bool:
        """Whether it holds a file that it may be without; the others are there."""
        return name in self._tables

    def table(self, name: str) -> Table:
        """A file by the name that the manifest calls it, such as ``users``."""
        return self._tables[name]

    def _version(self) -> str:
        version, made_as = (self._manifest.get(f"{what}.version") for what in ("oneroster", "manifest"))
        if not version or not made_as:
            raise NeedsAttention(
                "export_no_manifest",
                "manifest.csv does not say oneroster.version and manifest.version; export by OneRoster 1.1 or 1.2.",
            )
        if version not in COLUMNS or made_as not in ("1.0", "1"):
            raise NeedsAttention(
                "export_wrong_version",
                "The export is of another version; Rollcall reads OneRoster 1.1 and 1.2 with manifest version 1.0.",
            )
        return version

    def _is_there(self, name: str) -> bool:
        mode = self._manifest.get(f"file.{name}", "absent").lower()
        if mode == "delta":
            raise NeedsAttention(
                "export_is_delta",
                f"{name}.csv holds only what has changed (delta), so nobody can tell who is gone; export in bulk mode.",
            )
        if mode == "bulk" and f"{name}.csv" in self._entries:
            return True
        if mode == "bulk" or name not in _OPTIONAL:
            raise NeedsAttention(
                "export_file_missing", f"The export has no {name}.csv; include it in bulk mode."
            )
        return False

    def _edition(self) -> str:
        """By checksums, because a server may zip the same files anew for every request."""
        entries = [self._entries[f"{name}.csv"] for name in self._tables]
        facts = repr([self.version, *((e.filename, e.CRC, e.file_size) for e in entries)])
        return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()


class Table:
    """One file. Every reading begins anew, and fails at its end when the checksum is wrong."""

    def __init__(self, package: zipfile.ZipFile, file: str, columns: Sequence[str]) -> None:
        self._package = package
        self._file = file
        header = next(self._records(), None)
        names = [name.strip() for name in self._cells(*header)] if header else []
        for column in columns:
            if names.count(column) != 1:
                raise NeedsAttention(
                    "export_column_missing",
                    f"{file} must have one column {column}, spelled in this way; export by OneRoster 1.1 or 1.2.",
                )
        self._width = len(names)
        self._columns = [(column, names.index(column)) for column in columns]

    def rows(self) -> Iterator[Row]:
        """All rows. Raises at the row in question."""
        key = self._columns[0][0]
        for number, record in islice(self._records(), 1, None):
            cells = self._cells(number, record)
            if len(cells) != self._width:
                raise self._malformed(number, f"has {len(cells)} cells instead of {self._width}")
            row = {column: clean(cells[at]) for column, at in self._columns}
            if not row[key]:
                raise self._malformed(number, f"has no {key}")
            yield row

    def _records(self) -> Iterator[tuple[int, bytes]]:
        """Rows that are not blank, each with its number: the lines up to one behind which no quote is open."""
        lines: list[bytes] = []
        size = quotes = 0
        number = 1
        for line in self._lines():
            lines.append(line)
            size += len(line)
            quotes += line.count(b'"')
            if size > MAX_ROW_BYTES:
                raise self._malformed(number, "is too long, as when a quote is never closed")
            if quotes % 2:
                continue
            record = b"".join(lines)
            # A spreadsheet leaves rows of nothing but commas behind.
            if record.strip(_BLANK):
                yield number, record
            lines, size, number = [], 0, number + 1
        if lines:
            raise self._malformed(number, "has a quote that is never closed")

    def _lines(self) -> Iterator[bytes]:
        try:
            with self._package.open(self._file) as file:
                line = file.readline(MAX_ROW_BYTES + 1).removeprefix(_BOM)
                while line:
                    yield line
                    line = file.readline(MAX_ROW_BYTES + 1)
        except _BROKEN:
            raise _damaged() from None

    def _cells(self, number: int, record: bytes) -> list[str]:
        try:
            (cells,) = csv.reader([record.decode()], strict=True)
        except UnicodeDecodeError:
            raise SourceContract(
                "export_not_utf8", f"{self._file}, row {number}, is not in UTF-8; export in that encoding."
            ) from None
        except (csv.Error, ValueError):
            raise self._malformed(number, "is not written as CSV") from None
        return cells

    def _malformed(self, number: int, why: str) -> SourceContract:
        return SourceContract(
            "export_row_malformed", f"{self._file}, row {number}, {why}. Nothing was changed."
        )


def _opened(body: bytes) -> zipfile.ZipFile:
    # Every entry costs many times its size in memory.
    if body.count(_ENTRY) > MAX_ENTRIES:
        raise SourceContract("export_too_large", "The zip holds far more files than an export has.")
    try:
        return zipfile.ZipFile(io.BytesIO(body))
    except _BROKEN:
        if not body or body.startswith(_BEGIN):
            raise SourceTransient(
                "source_interrupted", "The zip ends too early; perhaps it is just being written."
            ) from None
        raise NeedsAttention(
            "export_not_zip", "The address answers with something else than a zip of CSV files."
        ) from None


def _check_sizes(entries: Sequence[zipfile.ZipInfo]) -> None:
    """By the sizes that the zip declares, beyond which nothing is unpacked."""
    for entry in entries:
        most = MAX_SMALL_FILE_BYTES if entry.filename in _SMALL else MAX_FILE_BYTES
        packed = max(entry.compress_size, _RATIO_FROM)
        if entry.file_size > most or entry.file_size > MAX_RATIO * packed:
            raise SourceContract("export_too_large", f"{entry.filename} is too large to be read.")
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise SourceContract(
                "export_damaged", f"{entry.filename} is encrypted or packed in a way that is not read."
            )
    if sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
        raise SourceContract("export_too_large", "The files of the export are too large to be read.")


def _damaged() -> SourceContract:
    return SourceContract("export_damaged", "The zip is damaged. Nothing was changed; export it again.")
