"""CSV for spreadsheets: RFC 4180, and nothing in it that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(value: str) -> str:
    """The value, behind an apostrophe when a spreadsheet would run it (OWASP, CSV injection)."""
    return f"'{value}" if value.lstrip(" ").startswith(_DANGEROUS) else value


class CsvWriter:
    """Writes rows to an open text, the header among them; every cell is :func:`safe`, and None is blank."""

    def __init__(self, out: TextIO, delimiter: str = ",") -> None:
        self._writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")

    def row(self, cells: Sequence[str | None]) -> None:
        """One row."""
        self._writer.writerow([safe(cell or "") for cell in cells])


def csv_lines(
    header: Sequence[str], rows: Iterable[Sequence[str | None]], delimiter: str = ","
) -> Iterator[str]:
    """Lines with their ends, the header first; None is blank."""
    buffer = io.StringIO(newline="")
    writer = CsvWriter(buffer, delimiter)
    writer.row(header)
    yield _taken(buffer)
    for row in rows:
        writer.row(row)
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
