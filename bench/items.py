"""Write units of the people table: what a person costs as DynamoDB counts it, indexes and claims included."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rollcall.domain.plan import StoredPerson, claims
from rollcall.store.dynamo import Item, Value
from rollcall.store.people import item_of

UNIT = 1024
"""Bytes that one write unit pays for."""

INDEXES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "by_name": (("name_pk", "name_sk"), ("type", "status", "schools")),
    "by_local_id": (("local_pk",), ()),
    "by_state_id": (("state_pk",), ()),
    "by_family": (("family_pk",), ()),
}
"""The table's indexes: their keys, and what else is kept in them."""


def size(item: Item) -> int:
    """Bytes of an item as DynamoDB counts them: names and values, and overhead in lists."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def write_units(before: StoredPerson | None, after: StoredPerson) -> int:
    """Units of replacing ``before``, None for nobody, by ``after``: the item, its claims, and the indexes it moves in.

    A write costs by the larger of the old and the new item.
    """
    own = max(item_units(item_of(person)) for person in (before, after) if person)
    new_claims = len(set(claims(after)) - set(claims(before) if before else ()))
    return own + new_claims + index_units(before, after)


def item_units(item: Item) -> int:
    """Units of writing an item, without its indexes."""
    return _units(size(item))


def index_units(before: StoredPerson | None, after: StoredPerson) -> int:
    """Units of the indexes alone: nothing while what one keeps stays the same, one write for a new or a longer row, and
    two where a row moves.
    """
    new, old = item_of(after), item_of(before) if before else None
    units = 0
    for keys, others in INDEXES.values():
        was, now = _row(old, keys, others), _row(new, keys, others)
        if was == now:
            continue
        moved = was is not None and now is not None and any(was[key] != now[key] for key in keys)
        parts = [row for row in (was, now) if row is not None]
        units += sum(_units(size(row)) for row in parts) if moved else _units(max(map(size, parts)))
    return units


def read_units(people: Iterable[StoredPerson]) -> float:
    """Units of reading all of a table by Scan, eventually consistent: half a unit for 4 kB."""
    return math.ceil(sum(size(item_of(person)) for person in people) / 4096) / 2


def _row(item: Item | None, keys: tuple[str, ...], others: tuple[str, ...]) -> Item | None:
    """What an index keeps of an item; None where it lacks a key."""
    if item is None or not all(key in item for key in keys):
        return None
    return {name: item[name] for name in ("pk", *keys, *others) if name in item}


def _units(octets: int) -> int:
    return max(1, math.ceil(octets / UNIT))


def _size(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bool):
        return 1
    if isinstance(value, int):
        return 1 + math.ceil(len(str(abs(value)).strip("0")) / 2)
    return 3 + sum(1 + len(element.encode()) for element in value)
