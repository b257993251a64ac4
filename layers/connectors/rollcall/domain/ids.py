"""Opaque ids with a prefix. Those that name a fact are derived from it, so a replay gives the same id."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime

from ulid import ULID


def new_id(prefix: str, now: datetime) -> str:
    """A fresh id that sorts by time, e.g. ``int_01JD…``."""
    return f"{prefix}_{ULID.from_datetime(now)}"


def derived_id(prefix: str, when: datetime, *facts: str) -> str:
    """The same id for the same facts; sorts by ``when`` as :func:`new_id` does."""
    return f"{prefix}_{ULID.from_bytes(ULID.from_datetime(when).bytes[:6] + _digest(*facts)[:10])}"


def hashed_id(prefix: str, *facts: str) -> str:
    """The same id for the same facts, without a time: people and families."""
    return f"{prefix}_{base64.b32encode(_digest(*facts)).decode().rstrip('=').lower()}"


def person_id(district_id: str, source: str, person_type: str, source_id: str) -> str:
    """A person is known by district, source and type: a SIS numbers its students, staff and parents from one on."""
    return hashed_id("per", district_id, source, person_type, source_id)


def _digest(*facts: str) -> bytes:
    return hashlib.blake2b("\x1f".join(facts).encode(), digest_size=15).digest()
