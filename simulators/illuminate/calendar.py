"""School years and their sessions. A school year is named after the year in which it ends: 2026-2027 is 2027."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from simulators.district import District


@dataclass(frozen=True, slots=True)
class Session:
    """`kind` is normal or summer; only normal ones have enrollments here."""

    year: int
    kind: str
    first: date
    last: date


def normal(district: District, year: int) -> Session:
    """The days slide by one each year, as the district's own enrollments do."""
    shift = year - 1 - district.start_year
    return Session(year, "normal", date(year - 1, 8, 17 - shift), date(year, 6, 4 - shift))


def years(district: District) -> list[int]:
    """Last year, this year, and the next, which is already planned."""
    current = district.start_year + 1
    return [current - 1, current, current + 1]


def sessions(district: District) -> list[Session]:
    """Every session of a school."""
    found = []
    for year in years(district):
        found += [normal(district, year), Session(year, "summer", date(year, 6, 15), date(year, 7, 17))]
    return found


def session_of(district: District, day: date, outside: str) -> Session:
    """The normal session of a day; between two, the `nearest` or the `last` that began.

    A day inside a session is nearer to its ends than to another session's, so it needs no case of its own.
    """
    candidates = [normal(district, year) for year in years(district)]
    if outside == "last":
        return next((session for session in reversed(candidates) if session.first <= day), candidates[0])
    return min(candidates, key=lambda session: min(abs(session.first - day), abs(session.last - day)))
