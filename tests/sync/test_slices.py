"""A district that is cut into many slices ends as one that is not, and no checkpoint grows with it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from bench.record import recording
from bench.slices import TYPES, Limits, Sliced, sliced_night
from bench.stores import stored_people
from rollcall.domain.plan import StoredPerson
from rollcall.engine.job import SAFETY

COPIES = 3
WHOLE = Limits()
CUT = Limits(slice_seconds=SAFETY.total_seconds() + 3, latency=0.5, connections=1)
ITEM = 400_000
"""Bytes that an item of DynamoDB may have."""


def play(state: Path, limits: Limits) -> tuple[list[Sliced], dict[str, StoredPerson]]:
    base = recording("aeries", 300, TYPES)
    nights = [sliced_night(base, COPIES, night, state, limits) for night in ("first", "1")]
    return nights, stored_people(state / "people.sqlite")


def test_a_district_in_slices_ends_as_one_that_is_synced_whole(tmp_path: Path) -> None:
    whole, expected = play(tmp_path / "whole", WHOLE)
    cut, found = play(tmp_path / "cut", CUT)
    assert [night.slices for night in whole] == [1, 1]
    assert all(night.slices > 2 for night in cut)
    assert [(n.people, n.written) for n in cut] == [(n.people, n.written) for n in whole]
    assert {i: _without_family(p) for i, p in found.items()} == {
        i: _without_family(p) for i, p in expected.items()
    }
    assert _families(found) == _families(expected)
    assert len(found) > COPIES * 200
    assert max(night.checkpoint for night in cut) < ITEM


def _without_family(stored: StoredPerson) -> StoredPerson:
    """A family's id is made of the run's."""
    return replace(stored, person=replace(stored.person, family_id=None))


def _families(stored: dict[str, StoredPerson]) -> set[frozenset[str]]:
    found: dict[str | None, set[str]] = {}
    for i, person in stored.items():
        found.setdefault(person.person.family_id, set()).add(i)
    return set(map(frozenset, found.values()))
