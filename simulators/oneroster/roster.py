"""Everything a OneRoster service knows of the district, as JSON records of one version of the standard."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import Any

from simulators.district import District, Guardian, GuardianLink, Student
from simulators.oneroster.options import PATHS, Options
from simulators.oneroster.placements import Placement, placements, year_of

Row = dict[str, Any]

DISTRICT_ORG = 1
_KEPT = frozenset({"orgs", "roles", "agents", "children", "metadata"})
# Dates, flags, words from a list and references have no empty text.
_NEVER_TEXT = frozenset(
    ("birthDate", "birthdate", "beginDate", "endDate", "hispanicOrLatinoEthnicity", "sex", "parent")
)
_NAMESPACE = uuid.UUID("5d0c6f1e-7d0b-4c1e-9f0a-6a3b9f5f2d11")


def sourced_id(options: Options, kind: str, key: int | str) -> str:
    """The sourcedId of a record: `student-1001`, or a GUID made from that; integers for orgs then."""
    if not options.guids:
        return f"{kind}-{key}"
    return str(key) if kind == "org" else str(uuid.uuid5(_NAMESPACE, f"{kind}-{key}"))


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Roster:
    """The visible people and places, found once; the other modules make records from it.

    `origin` is scheme and host, for the hrefs.
    """

    def __init__(self, district: District, options: Options, version: str, origin: str) -> None:
        self.district = district
        self.options = options
        self.version = version
        self.base = f"{origin}{options.prefix}{PATHS[version]}"
        self.year = year_of(district, next_year=options.next_year)
        self.placements = placements(district, next_year=options.next_year)
        self.by_student: defaultdict[int, list[Placement]] = defaultdict(list)
        for placement in self.placements:
            self.by_student[placement.student.id].append(placement)
        self._generated = stamp(district.generated_at)
        self._touched: dict[tuple[str, int], str] = {}
        for when, area, student_id in district.journal:
            self._touched[area, student_id] = stamp(when)

    # Identity ---------------------------------------------------------------------------------------------------

    def id_of(self, kind: str, key: int | str) -> str:
        return sourced_id(self.options, kind, key)

    def reference(self, path: str, kind: str, sourced: str) -> Row:
        return {"href": f"{self.base}/{path}/{sourced}", "sourcedId": sourced, "type": kind}

    def user(self, kind: str, key: int) -> Row:
        return self.reference("users", "user", self.id_of(kind, key))

    def org(self, school_code: int) -> Row:
        school = self.district.school(school_code)
        return self.reference("orgs", "org", self.id_of("org", school.id if school else DISTRICT_ORG))

    def guardian(self, guardian: Guardian) -> Row:
        """A guardian's user; the employee's own when both are one person."""
        if self.merged(guardian.staff_id):
            return self.user("staff", guardian.staff_id)
        return self.user("guardian", guardian.id)

    def merged(self, staff_id: int) -> bool:
        """Whether this employee also stands for the guardian they are."""
        if not (self.options.merged_people and self.version == "1.2"):
            return False
        member = self.district.staff_member(staff_id)
        return bool(member and member.active and member.guardian_id)

    # People -----------------------------------------------------------------------------------------------------

    def home(self, student: Student) -> Placement:
        """The primary placement among the visible ones."""
        own = self.by_student[student.id]
        return next((placement for placement in own if placement.primary), own[-1])

    def is_active(self, student: Student) -> bool:
        return any(placement.active for placement in self.by_student.get(student.id, []))

    def school_codes(self, student: Student) -> list[int]:
        """Where the student is, the home school first; where they were, when they are gone."""
        own = self.by_student[student.id]
        rows = [placement for placement in own if placement.active] or own
        return list(dict.fromkeys(p.school_code for p in sorted(rows, key=lambda p: not p.primary)))

    def current(self, link: GuardianLink) -> bool:
        return link.current(self.district.today)

    # Records ----------------------------------------------------------------------------------------------------

    def touched(self, student_ids: list[int], *areas: str) -> str:
        """When one of these areas of one of these students was last edited."""
        found = [self._touched.get((area, student_id), "") for area in areas for student_id in student_ids]
        return max([self._generated, *found])

    def record(self, sourced: str, *, active: bool = True, modified: str = "", **fields: Any) -> Row:
        """The base of every object, and its fields with blanks, booleans and dates as the switches say."""
        row: Row = {
            "sourcedId": sourced,
            "status": "active" if active else self.options.deleted,
            "dateLastModified": modified or self._generated,
        }
        for name, value in fields.items():
            if value in ("", None, []) and name not in _KEPT:
                if self.options.blanks == "omitted":
                    continue
                empty = "" if self.options.blanks == "empty" and name not in _NEVER_TEXT else None
                row[name] = value if value == [] else empty
            elif isinstance(value, bool):
                row[name] = value if self.options.json_booleans else str(value).lower()
            elif isinstance(value, date):
                row[name] = self._day(value)
            else:
                row[name] = value
        if not row.get("metadata", True) and self.options.blanks == "omitted":
            del row["metadata"]
        return row

    def _day(self, day: date) -> str:
        return f"{day.isoformat()}T00:00:00.000Z" if self.options.date_times else day.isoformat()

    def served(self, rows: list[Row]) -> list[Row]:
        """Without what is gone, where the service lets it vanish."""
        return [row for row in rows if row["status"] != "absent"]

    def extras(self, **values: str) -> dict[str, str]:
        """`metadata`: a flat map of texts."""
        return {name: value for name, value in values.items() if value} if self.options.metadata else {}
