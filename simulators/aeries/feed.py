"""`StudentDataChanges`: keys of the rows of students changed since a minute of the server's own wall clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulators.aeries import render
from simulators.aeries.rows import StudentTable
from simulators.district import District

AREAS = ("student", "contact", "program", "enrollment", "test", "class")
REFUSALS = {
    "off": (501, "This feature is not enabled."),
    "denied": (401, "Authorization has been denied for this request."),
    "missing": (404, "No HTTP resource was found that matches the request URI."),
}


def changed(
    district: District, table: StudentTable, which: str, path: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Keys and nothing else; of everybody when the minute is before the first edit. A student who is gone has no key.

    `which` rows of a student are named: `all`, or only the `newest`. A change is stamped with its minute and without a
    zone, so in the hour that comes twice in autumn nobody can tell which was meant. Raises ValueError.
    """
    if path["area"] not in AREAS:
        raise ValueError("Invalid Data Area")
    since = datetime(*(path[name] for name in ("year", "month", "day", "hour", "minute")))  # noqa: DTZ001
    if since <= district.generated_at.replace(tzinfo=None):
        students = [] if path["area"] in ("test", "class") else district.students
    else:
        zone = ZoneInfo(district.time_zone)
        ids = {
            student_id
            for when, area, student_id in district.journal
            if area == path["area"]
            and when.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None) >= since
        }
        students = [student for student_id in sorted(ids) if (student := district.student(student_id))]
    named = [table.of(student, district.start_year) for student in students]
    return [render.keys(row) for rows in named for row in (rows[-1:] if which == "newest" else rows)]
