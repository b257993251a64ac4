"""The rows of table STU: one per student and school inside a school year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from simulators.district import District, Enrollment, Student, values

TRANSFER, INACTIVE = 99, 999


class Row(NamedTuple):
    """`tag` is InactiveStatusCode: blank active, `*` pre-enrolled, anything else inactive."""

    student: Student
    enrollment: Enrollment
    tag: str


_TAGS = {
    "active": "",
    "preregistered": "*",
    "inactive": "I",
    "transferred": "T",
    "graduated": "G",
    "historical": "H",
}


class StudentTable:
    """Rows by school and by student, for the current and the previous year; rebuilt after a change."""

    def __init__(self, district: District, *, blank_holding_status: bool) -> None:
        self._district = district
        self._blank_holding = blank_holding_status
        self._cache: dict[int, tuple[int, dict[int, list[Row]]]] = {}

    def schools(self, year: int) -> dict[int, list[Row]]:
        """School code → rows in order of StudentNumber."""
        version, rows = self._cache.get(year, (-1, {}))
        if version != self._district.version:
            rows = self._build(year)
            self._cache[year] = (self._district.version, rows)
        return rows

    def school(self, code: int, year: int) -> Sequence[Row]:
        return self.schools(year).get(code, [])

    def of(self, student: Student, year: int) -> list[Row]:
        """All rows of one student, whatever the school."""
        return self._last_year(student) if year < self._district.start_year else self._this_year(student)

    def _build(self, year: int) -> dict[int, list[Row]]:
        schools: defaultdict[int, list[Row]] = defaultdict(list)
        for student in self._district.students:
            for row in self.of(student, year):
                schools[row.enrollment.school_code].append(row)
        for rows in schools.values():
            rows.sort(key=lambda row: row.enrollment.row_number)
        return dict(schools)

    def _this_year(self, student: Student) -> list[Row]:
        rows = [Row(student, enrollment, self._tag(enrollment)) for enrollment in student.enrollments]
        holding = {"transferred": TRANSFER, "historical": INACTIVE, "graduated": INACTIVE}.get(student.status)
        if holding:
            # Who has left also stands in a holding school, under a number of its own.
            parked = replace(
                student.home, school_code=holding, row_number=student.id, homeroom="", teacher_id=0
            )
            rows.append(Row(student, parked, "" if self._blank_holding else _TAGS[student.status]))
        return rows

    def _tag(self, enrollment: Enrollment) -> str:
        # A no-show left before the first week was over.
        if (
            enrollment.status == "inactive"
            and enrollment.exit
            and (enrollment.exit - enrollment.entry).days < 7
        ):
            return "N"
        return _TAGS[enrollment.status]

    def _last_year(self, student: Student) -> list[Row]:
        start = self._district.start_year
        if student.entered_district >= date(start, 7, 1) or student.status == "preregistered":
            return []
        home = student.home
        if home.grade not in values.GRADES or home.grade == "PK":
            return []
        grade = values.GRADES[values.GRADES.index(home.grade) - 1]
        first, last = date(start - 1, 8, 18), date(start, 6, 5)
        return [Row(student, replace(home, status="active", grade=grade, entry=first, exit=last), "")]
