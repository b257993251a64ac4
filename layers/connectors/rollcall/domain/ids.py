"""Opaque ids with a prefix. Those that name a fact are derived from it, so a replay gives the same id."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache

from ulid import ULID

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
"""Ten bits as text: every person's id is made anew in every run, and the standard library's base32 is slow."""
_SHIFTS = range(110, -1, -10)


def new_id(prefix: str, now: datetime) -> str:
    """A fresh id that sorts by time, e.g. ``int_01JD…``."""
    return f"{prefix}_{ULID.from_datetime(now)}"


def derived_id(prefix: str, when: datetime, *facts: str) -> str:
    """The same id for the same facts; sorts by ``when`` as :func:`new_id` does."""
    return f"{prefix}_{ULID.from_bytes(ULID.from_datetime(when).bytes[:6] + _digest(*facts)[:10])}"


def hashed_id(prefix: str, *facts: str) -> str:
    """The same id for the same facts, without a time: people and families."""
    number = int.from_bytes(_digest(*facts))
    return f"{prefix}_{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"


@lru_cache(8192)
def person_id(district_id: str, source: str, person_type: str, source_id: str) -> str:
    """A person is known by district, source and type: a SIS numbers its students, staff and parents from one on.

    Asked of each of a batch of people several times in a row.
    """
    return hashed_id("per", district_id, source, person_type, source_id)


def _digest(*facts: str) -> bytes:
    return hashlib.blake2b("\x1f".join(facts).encode(), digest_size=15).digest()
