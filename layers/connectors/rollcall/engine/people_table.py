"""What is remembered of everybody, packed: rows are read only of those about whom something is asked.

Rows stand in the order of a hash of the key, so one is found by bisection, and the next table is the last one with
stretches between the changed rows taken over whole.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from datetime import date
from itertools import compress

import msgspec
import xxhash

from rollcall.domain.person import PERSON_TYPES, split_person_key
from rollcall.engine.columns import Texts, Values, hashes
from rollcall.engine.record_table import PRINT

NOTHING = bytes(PRINT)
UNSETTLED = b"\xff" * PRINT  # household of a person whose change was postponed: not where they live

ENDED = 1  # the stored person is ended
MISSING = 2  # not in the last pull, but not ended either: the drop switch was off
REVISIT = 4  # depends on more than their own records: look again every night
REJECTED = 8  # the last records could not be loaded; what was stored before, if anything, stands
WAITING = 16  # has a photo, but nobody is stored yet who could get it: look again every night
UNDONE = 32  # what a run had made of them was undone: look again, and let what would be made of them wait for a person
COMING = 64  # the records say on which day to load them: look again then
NOTED = 128  # something is wrong with the records: said again every night, but looked at when they move

_NOT_LOADED = ENDED | MISSING | REJECTED | WAITING | COMING
_NIGHTLY = MISSING | REVISIT | WAITING | UNDONE

_STUDENTS = bytes(kind == PERSON_TYPES.index("student") for kind in range(256))
_LOADED = bytes(not flags & _NOT_LOADED for flags in range(256))
_NOT_ENDED = bytes(not flags & ENDED for flags in range(256))
_RESTLESS = bytes(
    bool(flags & _NIGHTLY) or flags & (REJECTED | NOTED) == REJECTED for flags in range(256)
)  # who was rejected for what others have, such as their POS ID
_USUAL = (None, None, None)


class PersonRow(msgspec.Struct, array_like=True, omit_defaults=True):
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


def takes_part(row: PersonRow) -> bool:
    """Whether a student is active in the store, as far as a snapshot's row tells, and so counts for a family."""
    return not row.flags & ENDED and row.mapped != NOTHING


def loaded(row: PersonRow | None) -> bool:
    """Whether a person is active in the store, as far as their row tells."""
    return row is not None and not row.flags & _NOT_LOADED


class _Rare(msgspec.Struct, array_like=True):
    """What most rows do not have."""

    revisit_on: date | None
    roster: str | None
    host_id: str | None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Rare)


class PeopleTable(msgspec.Struct, kw_only=True):
    """Rows by person key, a column for each of their values: ``kinds`` and ``flags`` have a byte for each row,
    ``mapped`` a fingerprint, ``rare`` MessagePack or nothing. ``revisits`` holds whom to map again on which day.

    It does not change: :meth:`overlaid` makes the next one.
    """

    order: array = msgspec.field(default_factory=hashes)  # type: ignore[type-arg]  # msgspec knows no array[int]
    keys: Texts = msgspec.field(default_factory=Texts)
    kinds: bytearray = msgspec.field(default_factory=bytearray)
    flags: bytearray = msgspec.field(default_factory=bytearray)
    mapped: bytearray = msgspec.field(default_factory=bytearray)
    households: Values = msgspec.field(default_factory=Values)
    families: Texts = msgspec.field(default_factory=Texts)
    rare: Values = msgspec.field(default_factory=Values)
    revisits: dict[str, date] = {}

    @classmethod
    def of(cls, rows: Mapping[str, PersonRow]) -> PeopleTable:
        """A table of these rows alone."""
        return cls().overlaid(rows)

    def __len__(self) -> int:
        return len(self.order)

    def __contains__(self, key: str) -> bool:
        return self._find(_hash(key), key.encode())[1]

    def __getitem__(self, key: str) -> PersonRow:
        row = self.get(key)
        if row is None:
            raise KeyError
        return row

    def get(self, key: str) -> PersonRow | None:
        """The row of a person."""
        at, there = self._find(_hash(key), key.encode())
        return self._row(at) if there else None

    def items(self) -> Iterator[tuple[str, PersonRow]]:
        """Everybody with their row."""
        return zip(self.keys, map(self._row, range(len(self))), strict=True)

    def members(self, families: Set[str]) -> Iterator[tuple[str, str]]:
        """Students who take part in one of these families (:func:`takes_part`), with its id."""
        parting, texts = self._parting(), list(self.families)
        rows = compress(range(len(self)), map(families.__contains__, texts))
        return ((self.keys[at], texts[at]) for at in rows if parting[at])

    def family_sizes(self) -> Counter[str]:
        """How many students take part in each family."""
        found = Counter(compress(self.families, self._parting()))
        del found[""]
        return found

    def living_at(self, households: Set[bytes]) -> Iterator[tuple[str, bytes]]:
        """Students who take part in a family and live in one of these households."""
        parting = compress(enumerate(self.households.raws()), self._parting())
        return ((self.keys[at], home) for at, home in parting if home in households)

    def loaded(self) -> Iterator[str]:
        """Keys of everybody who is loaded."""
        return (key for key, flags in self.standing() if not flags & _NOT_LOADED)

    def flagged(self, mask: int) -> list[str]:
        """Keys of everybody who has any of these flags."""
        return self._marked(bytes(bool(flags & mask) for flags in range(256)))

    def restless(self) -> list[str]:
        """Keys of everybody who must be looked at every night, whether or not their records move."""
        return self._marked(_RESTLESS)

    def standing(self) -> Iterator[tuple[str, int]]:
        """Everybody with their flags."""
        return zip(self.keys, self.flags, strict=True)

    def count_loaded(self) -> Counter[str]:
        """How many are loaded, by type."""
        kinds = bytes(compress(self.kinds, self.flags.translate(_LOADED)))
        return Counter({kind: count for at, kind in enumerate(PERSON_TYPES) if (count := kinds.count(at))})

    def overlaid(self, changes: Mapping[str, PersonRow | None]) -> PeopleTable:
        """The same with these rows in place of theirs; None takes a person out."""
        if not changes:
            return self
        after = PeopleTable(revisits=self.revisits.copy())
        done = 0
        for order, key in sorted((_hash(key), key) for key in changes):
            at, there = self._find(order, key.encode())
            after._take(self, done, at)
            done = at + there
            after.revisits.pop(key, None)
            row = changes[key]
            if row is not None:
                after._append(order, key, row)
        after._take(self, done, len(self))
        return after

    def _parting(self) -> bytes:
        """A byte for each row: 1 for students who take part in a family."""
        students = int.from_bytes(self.kinds.translate(_STUDENTS))
        mask = bytearray((students & int.from_bytes(self.flags.translate(_NOT_ENDED))).to_bytes(len(self)))
        at = self.mapped.find(NOTHING)
        while at >= 0:
            if at % PRINT == 0:
                mask[at // PRINT] = 0
            at = self.mapped.find(NOTHING, at + 1)
        return bytes(mask)

    def _marked(self, wanted: bytes) -> list[str]:
        """Keys of whose flags ``wanted``, a byte for each combination of flags, is 1."""
        found, marked = [], self.flags.translate(wanted)
        at = marked.find(1)
        while at >= 0:
            found.append(self.keys[at])
            at = marked.find(1, at + 1)
        return found

    def _find(self, order: int, key: bytes) -> tuple[int, bool]:
        """Where a key stands or belongs, and whether it is there. Keys that share a hash stand in their own order."""
        at = bisect_left(self.order, order)
        while at < len(self.order) and self.order[at] == order:
            known = self.keys.raw(at)
            if known >= key:
                return at, known == key
            at += 1
        return at, False

    def _row(self, at: int) -> PersonRow:
        rare = self.rare.raw(at)
        return PersonRow(
            bytes(self.mapped[at * PRINT : (at + 1) * PRINT]),
            bytes(self.households.raw(at)),
            self.families[at] or None,
            self.flags[at],
            *(msgspec.structs.astuple(_decoder.decode(rare)) if rare else ()),
        )

    def _append(self, order: int, key: str, row: PersonRow) -> None:
        self.order.append(order)
        self.keys.append(key)
        self.kinds.append(PERSON_TYPES.index(split_person_key(key)[0]))
        self.flags.append(row.flags)
        self.mapped += row.mapped
        self.households.put(row.household)
        self.families.append(row.family or "")
        rare = (row.revisit_on, row.roster, row.host_id)
        self.rare.put(_encoder.encode(_Rare(*rare)) if rare != _USUAL else b"")
        if row.revisit_on is not None:
            self.revisits[key] = row.revisit_on

    def _take(self, other: PeopleTable, first: int, end: int) -> None:
        if first == end:
            return
        self.order.extend(other.order[first:end])
        self.keys.extend(other.keys, first, end)
        self.kinds += other.kinds[first:end]
        self.flags += other.flags[first:end]
        self.mapped += other.mapped[first * PRINT : end * PRINT]
        self.households.extend(other.households, first, end)
        self.families.extend(other.families, first, end)
        self.rare.extend(other.rare, first, end)


def _hash(key: str) -> int:
    return xxhash.xxh3_64_intdigest(key.encode())
