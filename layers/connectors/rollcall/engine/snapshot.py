"""The snapshot: what the last committed run saw, packed so that comparing costs almost nothing.

Two tables. *Records*, by stream: the id of every raw record, the fingerprint of its bytes, whom it speaks of and which
blob holds it. *People*: the fingerprint of what was mapped, the family and a few flags. Both are keyed by id, never by
content: a record that goes A→B→A must be seen to change twice.
"""

from __future__ import annotations

from datetime import date

import msgspec

PRINT = 16
NOTHING = bytes(PRINT)
UNSETTLED = b"\xff" * PRINT  # household of a person whose change was postponed: not where they live

ENDED = 1  # the stored person is ended
MISSING = 2  # not in the last pull, but not ended either: the drop switch was off
REVISIT = 4  # loaded with a warning: map again every night, so that it is reported until it is mended
REJECTED = 8  # the last records could not be loaded; what was stored before, if anything, stands
WAITING = 16  # has a photo, but nobody is stored yet who could get it: look again every night
UNDONE = 32  # what a run had made of them was undone: look again, and let what would be made of them wait for a person


class RecordTable(msgspec.Struct, kw_only=True):
    """Raw records of one stream. ``people[i]`` is None when record i speaks only of the person with its own id."""

    own: str = ""
    ids: list[str] = []
    prints: bytearray = msgspec.field(default_factory=bytearray)
    blobs: list[int] = []
    people: list[tuple[str, ...] | None] = []

    def add(self, record_id: str, record_print: bytes, blob: int, people: tuple[str, ...]) -> None:
        self.ids.append(record_id)
        self.prints += record_print
        self.blobs.append(blob)
        self.people.append(None if people == (self.own_key(record_id),) else people)

    def replace(self, at: int, record_print: bytes, blob: int, people: tuple[str, ...]) -> None:
        self.prints[at * PRINT : (at + 1) * PRINT] = record_print
        self.blobs[at] = blob
        self.people[at] = None if people == (self.own_key(self.ids[at]),) else people

    def print_at(self, at: int) -> bytes:
        return bytes(self.prints[at * PRINT : (at + 1) * PRINT])

    def people_at(self, at: int) -> tuple[str, ...]:
        people = self.people[at]
        return (self.own_key(self.ids[at]),) if people is None else people

    def own_key(self, record_id: str) -> str:
        return f"{self.own}:{record_id}"

    def index(self) -> dict[str, int]:
        return {record_id: at for at, record_id in enumerate(self.ids)}


class PersonRow(msgspec.Struct, kw_only=True, array_like=True, omit_defaults=True):
    """What is remembered of one person: fingerprint of the mapped document (without what the store adds), identifier of
    the household, family id, flags, the day on which to map again, and in the media roster the verdict and the host ID.
    ``mapped`` is NOTHING for who was never loaded.
    """

    mapped: bytes
    household: bytes = NOTHING
    family: str | None = None
    flags: int = 0
    revisit_on: date | None = None
    roster: str | None = None
    host_id: str | None = None


class Snapshot(msgspec.Struct, kw_only=True):
    """Everything the next run compares with. ``blobs`` are the keys that ``RecordTable.blobs`` points into, and
    ``days`` the day each was received. ``marker`` is the survey's, ``full_on`` the day of the last full pull,
    ``reconciled`` names the list of existing users that counted last, ``issues`` are the prints of the issues that
    stand (see :mod:`rollcall.engine.trend`).
    """

    settings: bytes = b""
    previous: str | None = None
    blobs: list[str] = []
    days: list[date] = []
    tables: dict[str, RecordTable] = {}
    people: dict[str, PersonRow] = {}
    buildings: dict[str, int] = {}
    cohorts: dict[str, int] = {}
    marker: str | None = None
    full_on: date | None = None
    reconciled: str = ""
    issues: bytes = b""
