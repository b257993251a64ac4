"""The raw records of one stream, packed: comparing a night's pull with the last one costs next to nothing."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Set
from itertools import compress

import msgspec

from rollcall.domain.person import PersonType
from rollcall.engine.columns import Texts, numbers

PRINT = 16
"""Bytes of a fingerprint."""

_BETWEEN = "\x1f"
"""Stands in no id: whatever cannot be printed is taken out of them."""

_NEAR = 64
"""How many records may have come or gone between two that stand one behind the other in both pulls."""

_FAR = 1024
"""How many records of two pulls are compared at a time."""

_SEARCHES = 20
"""How often the whole table is searched for a place to begin."""


class RecordTable(msgspec.Struct, kw_only=True):
    """For each record its id, the fingerprint of its bytes, whom it speaks of, which blob holds it, and as which of
    the records in that blob. Keyed by id, never by content: a record that goes A→B→A must be seen to change twice.

    A text of ``people`` is blank when the record speaks only of the person of type ``own`` with its own id.
    """

    own: str = ""
    ids: Texts = msgspec.field(default_factory=Texts)
    prints: bytearray = msgspec.field(default_factory=bytearray)
    blobs: array = msgspec.field(default_factory=numbers)  # type: ignore[type-arg]
    places: array = msgspec.field(default_factory=numbers)  # type: ignore[type-arg]
    people: Texts = msgspec.field(default_factory=Texts)

    def __len__(self) -> int:
        return len(self.ids)

    def add(
        self, record_id: str, record_print: bytes, blob: int, place: int, people: tuple[str, ...]
    ) -> None:
        """One more record."""
        self.ids.append(record_id)
        self.prints += record_print
        self.blobs.append(blob)
        self.places.append(place)
        # Each ends with the mark, so that nobody is another text than the one that stands for themselves.
        own = people == (f"{self.own}:{record_id}",)
        self.people.append("" if own else _BETWEEN.join((*people, "")) or _BETWEEN)

    def extend(self, other: RecordTable, first: int, end: int) -> None:
        """Records ``first`` to ``end`` (exclusive) of another table, in the blobs in which that one has them."""
        self._known(other, first, end)
        self.blobs.extend(other.blobs[first:end])
        self.places.extend(other.places[first:end])

    def extend_anew(self, other: RecordTable, first: int, end: int, blob: int, place: int) -> None:
        """The same, where they came again: in ``blob``, from ``place`` on."""
        self._known(other, first, end)
        self.blobs.extend([blob] * (end - first))
        self.places.extend(range(place, place + end - first))

    def last_of_each(self) -> RecordTable:
        """The same without those that come again further behind."""
        if len(set(self.ids)) == len(self):
            return self
        last, kept = self.index(), RecordTable(own=self.own)
        for at, record_id in enumerate(self.ids):
            if last[record_id] == at:
                kept.extend(self, at, at + 1)
        return kept

    def print_at(self, at: int) -> bytes:
        """The fingerprint of a record."""
        return bytes(self.prints[at * PRINT : (at + 1) * PRINT])

    def people_at(self, at: int) -> tuple[str, ...]:
        """The keys of the people of whom a record speaks."""
        people = self.people[at]
        return _named(people) if people else (f"{self.own}:{self.ids[at]}",)

    def all_people(self) -> Iterator[tuple[str, ...]]:
        """:meth:`people_at` of every record, in order."""
        for record_id, people in zip(self.ids, self.people, strict=True):
            yield _named(people) if people else (f"{self.own}:{record_id}",)

    def everybody(self) -> set[str]:
        """The keys of all people of whom there is a record."""
        found = set(self._names())
        found.discard("")
        blanks = self.people.blanks()
        if 1 in blanks:
            found.update(f"{self.own}:{record_id}" for record_id in compress(self.ids, blanks))
        return found

    def naming(self, keys: Set[str]) -> array[int]:
        """The rows that speak of any of these people."""
        if not keys:
            return numbers()
        blanks = self.people.blanks()
        if 0 not in blanks:
            own = f"{self.own}:"
            themselves = {key.removeprefix(own) for key in keys if key.startswith(own)}
            return array("I", compress(range(len(self)), map(themselves.__contains__, self.ids)))
        names = self._names()
        if len(names) == len(self) and 1 not in blanks:
            # Each of one person.
            return array("I", compress(range(len(self)), map(keys.__contains__, names)))
        return array("I", (at for at, people in enumerate(self.all_people()) if not keys.isdisjoint(people)))

    def speaks_of(self, kind: PersonType) -> bool:
        """Whether any record may speak of a person of that type."""
        return self.own == kind or f"{kind}:".encode() in self.people.data

    def index(self) -> dict[str, int]:
        """Where each id stands; of one that stands there twice, the last. Costs memory: not for every night."""
        return dict(zip(self.ids, range(len(self)), strict=True))

    def _names(self) -> list[str]:
        """Who stands in ``people``, one behind the other."""
        names = "".join(self.people).split(_BETWEEN)
        names.pop()  # what is behind the last mark
        return names

    def _known(self, other: RecordTable, first: int, end: int) -> None:
        self.ids.extend(other.ids, first, end)
        self.prints += other.prints[first * PRINT : end * PRINT]
        self.people.extend(other.people, first, end)


class ChunkIndex(RecordTable, kw_only=True):
    """What was in the pages of one chunk. ``moved`` holds the bytes of the records that were not recognised, by place,
    where they are few: so whoever maps them need not open the pages.
    """

    moved: dict[int, bytes] = {}


def _named(people: str) -> tuple[str, ...]:
    return tuple(people[:-1].split(_BETWEEN)) if people != _BETWEEN else ()


class Recognition:
    """Finds records of a table by their fingerprints, in the order in which they come again.

    Most come as they came last time, one behind the other, so each is looked for right behind the one before. Who is
    further away is not found, which only costs that its id is read.
    """

    def __init__(self, table: RecordTable) -> None:
        self._prints = table.prints
        self._next = 0
        self._searches = _SEARCHES

    def begin(self) -> None:
        """A part begins: its records may stand anywhere."""
        self._searches = _SEARCHES

    def stretches(self, prints: bytes | bytearray) -> Iterator[tuple[int, int]]:
        """Fingerprints, one behind the other, as stretches that stand in the table in the same order: the row in which
        each begins and how many it has. A row of -1 stands for one that was not found.
        """
        known, at, done = self._prints, self._next * PRINT, 0
        while done < len(prints):
            if size := _alike(prints, done, known, at):
                yield at // PRINT, size // PRINT
                done += size
                at += size
                self._next = at // PRINT
                continue
            here = self._search(bytes(prints[done : done + PRINT]), at)
            if here < 0:
                yield -1, 1
                done += PRINT
            else:
                at = here

    def _search(self, record_print: bytes, at: int) -> int:
        """Near by, or anywhere as long as nothing of the part has been found."""
        here = self._find(record_print, at, at + _NEAR * PRINT)
        if here >= 0:
            self._searches = 0
        elif self._searches:
            self._searches -= 1
            here = self._find(record_print, 0, len(self._prints))
            if here >= 0:
                self._searches = 0
        return here

    def _find(self, record_print: bytes, start: int, end: int) -> int:
        while (here := self._prints.find(record_print, start, end)) >= 0:
            if here % PRINT == 0:
                return here
            start = here + 1
        return -1


def _alike(one: bytes | bytearray, first: int, other: bytearray, second: int) -> int:
    """How many bytes of whole fingerprints are the same in two columns from these places on, as far as it looks."""
    if one[first : first + PRINT] != other[second : second + PRINT]:
        return 0
    size = min(_FAR * PRINT, len(one) - first, len(other) - second)
    if one[first : first + size] == other[second : second + size]:
        return size
    low, high = 0, size // PRINT
    while high - low > 1:
        middle = (low + high) // 2
        start, end = low * PRINT, middle * PRINT
        if one[first + start : first + end] == other[second + start : second + end]:
            low = middle
        else:
            high = middle
    return low * PRINT


def differences(new: RecordTable, old: RecordTable) -> tuple[list[int], list[int]]:
    """Rows of ``new`` that are new or moved, and rows of ``old`` that moved or are gone."""
    came = bytearray(len(old))
    strange: list[int] = []
    at = 0
    for place, count in Recognition(old).stretches(new.prints):
        if place < 0:
            strange.append(at)
        elif came.find(1, place, place + count) < 0 and new.ids.alike(at, old.ids, place, count):
            came[place : place + count] = b"\x01" * count
        else:
            for one, other in zip(range(at, at + count), range(place, place + count), strict=True):
                if came[other] or old.ids.raw(other) != new.ids.raw(one):
                    strange.append(one)
                else:
                    came[other] = 1
        at += count
    left: dict[bytes, int] = {}
    at = came.find(0)
    while at >= 0:
        left[bytes(old.ids.raw(at))] = at
        at = came.find(0, at + 1)
    fresh, gone = [], []
    for at in strange:
        was = left.pop(bytes(new.ids.raw(at)), None)
        if was is None:
            fresh.append(at)
        elif old.print_at(was) != new.print_at(at):
            fresh.append(at)
            gone.append(was)
    return fresh, [*gone, *left.values()]
