"""Grades as our mappings name them, in order."""

from __future__ import annotations

import re
from functools import lru_cache

LAST = 12
# Transitional kindergarten is a year of its own.
_EARLY = {"K": 0, "KG": 0, "TK": -1, "PK": -2}
_NUMBER = re.compile(r"0?(\d{1,2})")


def grade_number(grade: str | None) -> int | None:
    """1 to 12, 0 for kindergarten, below for what is before; None for any other word."""
    if grade is None:
        return None
    early = _EARLY.get(grade.strip().upper())
    match = _NUMBER.fullmatch(grade.strip())
    number = early if early is not None else int(match[1]) if match else None
    return number if number is not None and number <= LAST else None


@lru_cache(256)
def graduation_year(grade: str | None, school_year: str) -> int | None:
    """The spring in which somebody who is in ``grade`` in ``school_year`` (``2026-27``) leaves grade 12."""
    number = grade_number(grade)
    return None if number is None else int(school_year[:4]) + 1 + LAST - number
