"""The change feed (fact sheet §5.6): who changed since a minute of the server's own clock, and where to ask."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from rollcall.connectors.base import LastPull
from rollcall.connectors.records import Rows, Scalar, identifier, text
from rollcall.domain.person import person_key

AREAS = ("student", "enrollment", "contact")
"""What the student and contact rows are made from; a deleted contact shows as a change of its student's contacts."""

OVERLAP = timedelta(minutes=70)
"""Times in the feed are local and without a zone, so in the night on which the clocks go back an hour comes twice; the
rest is for a change that was under way, and for the seconds that a minute drops. To be told twice costs one call.
"""

MAX_SHARE = 0.2
"""Of the known rows of students. Beyond it whole lists are quicker than one call for each student."""

Stay = tuple[str, str]
"""A student and a school that has, or had, a row of them."""


class _Key(msgspec.Struct):
    StudentID: int | str
    SchoolCode: int | str


_keys = Rows(_Key)


def marker(clock: Scalar) -> str | None:
    """Where the next feed begins, as its path has it, by ``systeminfo.CurrentDateTime``; None without a clock."""
    try:
        now = datetime.fromisoformat(text(clock) or "")
        return (now.replace(tzinfo=None) - OVERLAP).strftime("%Y/%m/%d/%H/%M")
    except (ValueError, OverflowError):
        return None


def named(answer: bytes) -> list[Stay]:
    """The students of one answer of the feed, each with a school. Raises ``SourceContract``."""
    return [(identifier(key.StudentID), identifier(key.SchoolCode)) for key, _ in _keys.split(answer)]


def stays(changed: Collection[Stay], last: LastPull, schools: Collection[str]) -> list[Stay] | None:
    """Where to ask for those who changed: in each of ``schools`` that the feed names, or that is known to have a row.

    A student who moved may be named in one school alone, but the row in the other says something else now as well.
    None when there are too many.
    """
    students = {person_key("student", student) for student, _ in changed}
    known = (record_id.split("-") for record_id in last.records("students", students))
    everywhere = {*changed, *((student, school) for student, school, _ in known)}
    found = [stay for stay in everywhere if stay[1] in schools]
    if len(found) > MAX_SHARE * last.count("students"):
        return None
    return sorted(found)
