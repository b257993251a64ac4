"""The snapshot: what the last committed run saw, packed so that comparing costs almost nothing.

Two kinds of table: the raw records of each stream (:mod:`rollcall.engine.record_table`) and what was made of people
(:mod:`rollcall.engine.people_table`). Both are keyed by id, never by content.
"""

from __future__ import annotations

from datetime import date

import msgspec

from rollcall.engine.blobs import decompress, unpacked
from rollcall.engine.people_table import PeopleTable, PersonRow
from rollcall.engine.record_table import RecordTable

FORMAT = 2
"""Rises when a snapshot is packed in another way. See ``docs/decisions/0028-packed-snapshot.md``."""


class Snapshot(msgspec.Struct, kw_only=True):
    """Everything the next run compares with. ``blobs`` are the keys that ``RecordTable.blobs`` points into, and
    ``days`` the day each was received. ``marker`` is the survey's, ``full_on`` the day of the last full pull, ``full``
    says that this was one, so nobody is known of whom it had no record and about whom something remains to be done.
    ``reconciled`` names the list of existing users that counted last, ``issues`` are the prints of the issues that
    stand (see :mod:`rollcall.engine.trend`), and ``notes`` those of them that records alone explain
    (:mod:`rollcall.engine.issue_files`).
    """

    format: int = FORMAT
    settings: bytes = b""
    previous: str | None = None
    blobs: list[str] = []
    days: list[date] = []
    tables: dict[str, RecordTable] = {}
    people: PeopleTable = msgspec.field(default_factory=PeopleTable)
    buildings: dict[str, int] = {}
    cohorts: dict[str, int] = {}
    marker: str | None = None
    full_on: date | None = None
    full: bool = False
    reconciled: str = ""
    issues: bytes = b""
    notes: list[bytes] = []


class _Header(msgspec.Struct):
    format: int = 1


class _Unpacked(msgspec.Struct):
    """Of a snapshot as they were first written what no pull can bring back."""

    people: dict[str, PersonRow] = {}
    previous: str | None = None
    buildings: dict[str, int] = {}
    cohorts: dict[str, int] = {}
    reconciled: str = ""
    issues: bytes = b""


def read_snapshot(data: bytes) -> Snapshot:
    """A snapshot from its blob.

    Of the first format the records are not read, so that the next run takes every record for new and maps everybody
    again; what is known of people stands, so nobody gets another family or another host ID for it.
    """
    text = decompress(data)
    if unpacked(text, _Header).format == FORMAT:
        return unpacked(text, Snapshot)
    old = unpacked(text, _Unpacked)
    return Snapshot(
        people=PeopleTable.of(old.people),
        previous=old.previous,
        buildings=old.buildings,
        cohorts=old.cohorts,
        reconciled=old.reconciled,
        issues=old.issues,
    )
