"""Reading what a SIS sends: pages into raw records, and values of any make into text, dates and digits.

The hot path is :class:`Shape`: a page is cut into raw records without decoding them, and only of those that are not
known by their bytes are the fields read that name them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Generic, TypeVar

import msgspec

from rollcall.connectors.base import Page, Record
from rollcall.connectors.wire import Split
from rollcall.domain.errors import SourceContract

T = TypeVar("T")

Scalar = str | int | float | bool | None
"""A value whose JSON type a SIS does not promise."""

_NOT_DIGITS = re.compile(r"\D+")
_EXTENSION = re.compile(r"(?:ext\.?|x|#).*$", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


def unexpected_shape() -> SourceContract:
    """The SIS answered with JSON that is not what was asked for. Never says what it was."""
    return SourceContract("unexpected_shape", "The SIS sent data in a shape that Rollcall does not know.")


RawRow = bytes | msgspec.Raw
"""The bytes of a row, undecoded."""

_raws = msgspec.json.Decoder(list[msgspec.Raw])


def raw_rows(page: RawRow) -> list[msgspec.Raw]:
    """Rows of a list, of a single object, or of an empty element (``""``, null or nothing), undecoded.

    Raises ``SourceContract`` for anything else.
    """
    text = bytes(memoryview(page)[:1])
    try:
        if text == b"[":
            return _raws.decode(page)
        if text == b"{":
            return [msgspec.json.decode(page, type=msgspec.Raw)]
        if msgspec.json.decode(page) in ("", None):
            return []
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise unexpected_shape() from None
    raise unexpected_shape()


class Rows(Generic[T]):
    """Reads a few fields, those of the struct ``ids``, of many rows in one go: a call for each would cost more."""

    def __init__(self, ids: type[T]) -> None:
        self._ids = msgspec.json.Decoder(list[ids])  # type: ignore[valid-type]

    def split(self, page: RawRow) -> list[tuple[T, msgspec.Raw]]:
        """The rows of :func:`raw_rows`, each beside its ids."""
        raws = raw_rows(page)
        return list(zip(self.read(raws), raws, strict=True))

    def read(self, raws: Sequence[RawRow]) -> list[T]:
        """The ids of each row. Raises ``SourceContract``."""
        try:
            return self._ids.decode(b"[" + b",".join(raws) + b"]")
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise unexpected_shape() from None


class Shape(Generic[T]):
    """One stream's records: how a page is cut into them, which fields are read of each, and how those name it."""

    def __init__(
        self,
        ids: type[T],
        record: Callable[[T, RawRow], Record],
        cut: Split = raw_rows,
    ) -> None:
        self._ids = Rows(ids)
        self._record = record
        self.cut = cut

    def split(self, page: Page) -> Sequence[msgspec.Raw]:
        """The raw rows of a page, which most bring with them while they are being received."""
        return self.cut(page.body) if page.rows is None else page.rows

    def read(self, raws: Sequence[RawRow]) -> list[Record]:
        """The records of some of the raw rows that :meth:`split` found."""
        return [self._record(ids, raw) for ids, raw in zip(self._ids.read(raws), raws, strict=True)]


def decode(body: bytes | msgspec.Raw, shape: type[T]) -> T:
    """``body`` as ``shape``, or ``SourceContract``. Deep nesting raises ``RecursionError`` in every decoder."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise unexpected_shape() from None


def as_list(value: T | list[T] | str | None) -> list[T]:
    """JSON made from XML: one child is an object, many a list, none a missing key or an empty text."""
    if isinstance(value, list):
        return value
    return [] if value is None or isinstance(value, str) else [value]


def block(value: T | str | None, empty: T) -> T:
    """An element that is ``""`` when it has no children."""
    return empty if value is None or isinstance(value, str) else value


def identifier(value: str | int) -> str:
    """An id as text, whichever type it has today; raises ``SourceContract`` when it is blank."""
    found = text(value)
    if found is None:
        raise unexpected_shape()
    return found


def text(value: Scalar) -> str | None:
    """Trimmed text in Unicode's composed form; blank is None. A whole number has no decimal point."""
    # Asked of every field of every person, and most are plain text.
    if isinstance(value, str):
        if not (value.isascii() and value.isprintable()):
            value = _printable(unicodedata.normalize("NFC", value))
        return value.strip() or None
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, float):
        value = int(value) if value.is_integer() else value
    return str(value)


def _printable(value: str) -> str:
    return "".join(c if c.isprintable() else " " for c in value if c != "\0")


def number(value: Scalar) -> int | None:
    """A whole number, also from text; None for anything else."""
    found = text(value)
    try:
        return int(found) if found is not None else None
    except ValueError:
        return None


def flag(value: Scalar) -> bool:
    """True for true, 1, ``"Y"``, ``"yes"``, ``"true"`` and ``"1"``."""
    return value is True or (text(value) or "").lower() in ("1", "y", "yes", "true")


def iso_date(value: Scalar) -> str | None:
    """``2014-03-09`` from a date or a local midnight; None when blank or .NET's empty date; else ``ValueError``."""
    found = text(value)
    return _iso_day(found[:10]) if found else None


@lru_cache(8192)
def _iso_day(found: str) -> str | None:
    if found == "0001-01-01":
        return None
    day = date.fromisoformat(found)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError("year out of range")
    return day.isoformat()


def lenient_date(value: Scalar) -> date | None:
    """Like :func:`iso_date`, as a ``date``, and None where that raises."""
    try:
        found = iso_date(value)
    except ValueError:
        return None
    return date.fromisoformat(found) if found else None


def digits(value: Scalar) -> str | None:
    """A phone number's digits without extension and without North America's leading 1; None below seven digits."""
    found = _NOT_DIGITS.sub("", _EXTENSION.sub("", text(value) or ""))
    if len(found) == 11 and found.startswith("1"):
        found = found[1:]
    return found if len(found) >= 7 else None


def zip_code(value: Scalar, extension: Scalar = None) -> str | None:
    """A US zip with the zeros that a JSON number loses: 1234 → 01234, 12345678 → 01234-5678. Other text is kept."""
    found = text(value)
    if found is None or not found.isdigit():
        return found
    if len(found) <= 5:
        found = found.zfill(5)
    elif len(found) <= 9:
        found = f"{found.zfill(9)[:5]}-{found.zfill(9)[5:]}"
    tail = text(extension)
    return f"{found}-{tail}" if tail and len(found) == 5 and len(tail) == 4 and tail.isdigit() else found


def is_email(value: str) -> bool:
    """A plain look at the shape, enough to keep remarks such as “none” out."""
    return _EMAIL.fullmatch(value) is not None


def earliest(days: Iterable[date | None]) -> date | None:
    """The first of the days that are given."""
    return min((day for day in days if day is not None), default=None)
