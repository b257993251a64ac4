"""Exported CSV files as a source of lists: one zip, fetched once by whoever reads from it.

``users.csv`` has everybody in one file, in any order. It is read once, and its people are put on disk in the shape of
REST beside an index of places, so that the students of each school are a list of their own, as a server gives them: a
school that is missing from an export is then seen. A list is as long as the index says, and the zip's checksums prove
that nothing was cut off.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec

from rollcall.connectors.base import Page
from rollcall.connectors.oneroster_core.csv_rows import is_only_student, role, shape, student_orgs
from rollcall.connectors.oneroster_core.package import MAX_FILE_BYTES, MAX_ZIP_BYTES, Package
from rollcall.connectors.oneroster_core.paging import Collection
from rollcall.connectors.records import Rows
from rollcall.connectors.transport import Client
from rollcall.connectors.wire import Request
from rollcall.domain.errors import SourceContract

T = TypeVar("T")

PAGE_ROWS = 1000
_ZIP = Request(
    path="",
    template="export",
    headers={"Accept": "application/zip, application/octet-stream;q=0.9, */*;q=0.1"},
    is_json=False,
    most=MAX_ZIP_BYTES,
)


class Export:
    """The export under the address of ``client``."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._fetched: Package | None = None
        self._sorted: _People | None = None
        self._lock = threading.RLock()  # lists may be read at the same time, and the export is fetched once

    def edition(self) -> str:
        """Which export this is, by what is read of it."""
        return self._package().edition

    def offers(self, collection: Collection, refusals: tuple[int, ...] = ()) -> bool:
        """Whether the export has such a list; that every person can be read is seen here."""
        if collection.name in ("students", "users"):
            self._people()
            return True
        return self._package().has(collection.name)

    def all(self, collection: Collection, rows: Rows[T]) -> list[T]:
        """Every object of a small file."""
        objects = [shape(row) for row in self._package().table(collection.name).rows()]
        return [row for row, _ in rows.split(msgspec.json.encode(objects))]

    def pages(self, collection: Collection, cursor: str | None) -> Iterator[Page]:
        """Pages in the order of the file; a cursor is the number of rows before it."""
        start = int(cursor or 0)
        if collection.name in ("students", "users"):
            people = self._people()
            places = people.students[collection.school] if collection.name == "students" else people.others
            return _paged(collection.key, map(people.at, islice(places, start, None)), start, len(places))
        found = map(msgspec.json.encode, map(shape, self._package().table(collection.name).rows()))
        return _paged(collection.key, islice(found, start, None), start, None)

    def _package(self) -> Package:
        with self._lock:
            if self._fetched is None:
                self._fetched = Package(self._client.send(_ZIP).body)
            return self._fetched

    def _people(self) -> _People:
        with self._lock:
            if self._sorted is None:
                self._sorted = _People(self._package())
            return self._sorted


class _People:
    """``users.csv`` on disk. A place is a number: where a row begins, and its length in the lower bits.

    ``students`` are by the id of the school, and under a blank id all of them; ``others`` are those who are not only
    students.
    """

    def __init__(self, package: Package) -> None:
        self.students: defaultdict[str, array[int]] = defaultdict(lambda: array("Q"))
        self.others = array("Q")
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it goes with this object, which nobody closes
        weakref.finalize(self, self._file.close)
        roles = _roles(package) if package.has("roles") else None
        begins = 0
        for row in package.table("users").rows():
            user = shape(row)
            if roles is not None:
                user["roles"] = roles.get(row["sourcedId"], ())
            raw = msgspec.json.encode(user)
            self._note(user, begins << _LENGTH_BITS | len(raw))
            begins += self._file.write(raw)
            if begins > MAX_FILE_BYTES:
                raise SourceContract("export_too_large", "users.csv is too large to be read.")
        self._file.flush()

    def at(self, place: int) -> bytes:
        return os.pread(self._file.fileno(), place & _LENGTH_MASK, place >> _LENGTH_BITS)

    def _note(self, user: dict[str, Any], place: int) -> None:
        orgs = student_orgs(user)
        if orgs is not None:
            for org in {"", *orgs}:
                self.students[org].append(place)
        if not is_only_student(user):
            self.others.append(place)


_LENGTH_BITS = 32
_LENGTH_MASK = (1 << _LENGTH_BITS) - 1


def _roles(package: Package) -> dict[str, Sequence[dict[str, Any]]]:
    """The roles of 1.2 by user, in the order of the file. There are few different ones, so they are kept once."""
    kept: dict[bytes, Sequence[dict[str, Any]]] = {}
    found: dict[str, Sequence[dict[str, Any]]] = {}
    for row in package.table("roles").rows():
        one = role(row)
        if one is not None:
            roles = (*found.get(row["userSourcedId"], ()), one)
            found[row["userSourcedId"]] = kept.setdefault(msgspec.json.encode(roles), roles)
    return found


def _paged(key: str, rows: Iterator[bytes], start: int, total: int | None) -> Iterator[Page]:
    """At least one page. A file that is read for the first time is known to be whole, and counted, at its end."""
    chunk = list(islice(rows, PAGE_ROWS))
    while True:
        start += len(chunk)
        following = list(islice(rows, PAGE_ROWS))
        body = b'{"%b":[%b]}' % (key.encode(), b",".join(chunk))
        if not following:
            yield Page(body=body, cursor=None, announced=start if total is None else total)
            return
        yield Page(body=body, cursor=str(start), announced=total)
        chunk = following
