"""Table `student_session_aff`: one row per student, school and session; and who is listed on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from simulators.codes import DISTRICT_SITE
from simulators.district import District, Enrollment, Student, school_year_start, values
from simulators.illuminate.calendar import Session, session_of
from simulators.illuminate.options import Options

PRIVATE_SITE, GRADUATES = 10000000, 999999
PSEUDO_SITES = {99: 9999998, 999: 20000000, GRADUATES: GRADUATES}
"""The district's holding places, by the sites that are not schools in real tenants."""


class Row(NamedTuple):
    """One enrollment. `leave` is never empty: who stays leaves when the session ends."""

    key: int
    student: Student
    enrollment: Enrollment
    session: Session
    leave: date

    def on(self, day: date) -> bool:
        return self.enrollment.entry <= day <= self.leave


def site_id(school_code: int) -> int:
    """A school's code is its site; the district office is the district's own site."""
    return PSEUDO_SITES.get(school_code, school_code) if school_code else DISTRICT_SITE


class Rows:
    """Rows by school year, and the students an answer lists; rebuilt after a change."""

    def __init__(self, district: District, options: Options) -> None:
        self.district = district
        self._options = options
        self._years: dict[int, tuple[int, list[Row]]] = {}

    def session(self, day: date) -> Session:
        return session_of(self.district, day, self._options.out_of_session)

    def visible(self, school_code: int) -> bool:
        """Whether the user whose token it is may see the site."""
        allowed = self._options.visible_sites
        return not allowed or str(site_id(school_code)) in allowed

    def enrollments(self, day: date) -> list[Row]:
        """All rows of the session that the day belongs to, those of leavers too."""
        session = self.session(day)
        version, rows = self._years.get(session.year, (-1, []))
        if version != self.district.version:
            version = self.district.version
            rows = [row for student in self.district.students for row in self._of(student, session)]
            rows = [row for row in rows if self.visible(row.enrollment.school_code)]
            self._years[session.year] = (version, rows)
        return rows

    def students(self, day: date) -> list[Student]:
        """The students of the day's session, each once."""
        if self._options.students_listed == "all" and not self._options.visible_sites:
            return self.district.students
        rows, session = self.enrollments(day), self.session(day)
        if self._options.students_listed == "enrolled":
            inside = min(max(day, session.first), session.last)
            rows = [row for row in rows if row.on(inside)]
        return list({row.student.id: row.student for row in rows}.values())

    def _of(self, student: Student, session: Session) -> list[Row]:
        found = [
            self._row(student, enrollment, session, number)
            for number, enrollment in enumerate(student.enrollments)
            if school_year_start(enrollment.entry) + 1 == session.year
        ]
        current = self.district.start_year + 1
        if not found and session.year == current - 1:
            found = self._year_before(student, session)
        if self._options.pseudo_sites and session.year == current:
            found += self._parked(student, session)
        return found

    def _row(self, student: Student, enrollment: Enrollment, session: Session, number: int) -> Row:
        leave = session.last
        if enrollment.exit is not None:
            leave = enrollment.exit + timedelta(self._options.leave_date == "day_after")
        return Row(
            (session.year % 100 * 10 + number) * 10**7 + student.id, student, enrollment, session, leave
        )

    def _year_before(self, student: Student, session: Session) -> list[Row]:
        """The same school, one grade below, for everybody who was here."""
        home, start = student.home, self.district.start_year
        here = student.entered_district < date(start, 7, 1) and student.status != "preregistered"
        if not here or home.grade not in values.GRADES[1:] or home.entry < session.first:
            return []
        grade = values.GRADES[values.GRADES.index(home.grade) - 1]
        past = replace(home, status="active", grade=grade, entry=session.first, exit=None)
        return [self._row(student, past, session, 0)]

    def _parked(self, student: Student, session: Session) -> list[Row]:
        """A row that looks like any other, in a site that is no school."""
        place = {"transferred": 999, "historical": 999, "graduated": GRADUATES}.get(student.status)
        if place is None:
            return []
        parked = replace(
            student.home, school_code=place, entry=session.first, exit=None, homeroom="", teacher_id=0
        )
        return [self._row(student, parked, session, 9)]
