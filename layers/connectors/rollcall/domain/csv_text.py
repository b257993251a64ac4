"""CSV for spreadsheets: RFC 4180, and nothing in it that a spreadsheet would take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(value: str) -> str:
    """The value, behind an apostrophe when a spreadsheet would run it (OWASP, CSV injection)."""
    return f"'{value}" if value.lstrip(" ").startswith(_DANGEROUS) else value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Iterator[str]:
    """Lines with their ends, the header first; None is blank."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    yield _taken(buffer)
    for row in rows:
        writer.writerow([safe(value or "") for value in row])
        yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
