"""Which student is where: the district's enrollments as a roster service sees them, this year or from July on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from simulators.district import District, Enrollment, Student, values

_NEXT_GRADE = dict(zip(values.GRADES, values.GRADES[1:], strict=False)) | {"PK": "K"}
_LAST_GRADE = values.GRADES[-1]


@dataclass(slots=True, frozen=True)
class Placement:
    """`end` is exclusive, as the standard has it. `homeroom` is blank for a student without a class."""

    student: Student
    number: int
    school_code: int
    grade: str
    active: bool
    primary: bool
    begin: date
    end: date | None
    homeroom: str
    teacher_id: int


def year_of(district: District, *, next_year: bool) -> int:
    """The year in which the visible school year began."""
    return district.start_year + (1 if next_year else 0)


def placements(district: District, *, next_year: bool) -> list[Placement]:
    """The visible enrollments. Earlier years are never shown, the next one not before it is released in July."""
    found = []
    for student in district.students:
        for number, row in enumerate(student.enrollments):
            made = (
                _next_year(district, student, number, row)
                if next_year
                else _this_year(district, student, number, row)
            )
            if made is not None:
                found.append(made)
    return found


def _this_year(district: District, student: Student, number: int, row: Enrollment) -> Placement | None:
    if row.status == "preregistered" or (row.exit and row.exit < date(district.start_year, 7, 1)):
        return None
    end = row.exit + timedelta(days=1) if row.exit else None
    return Placement(
        student,
        number,
        row.school_code,
        row.grade,
        row.active,
        row.primary,
        row.entry,
        end,
        row.homeroom,
        row.teacher_id,
    )


def _next_year(district: District, student: Student, number: int, row: Enrollment) -> Placement | None:
    """A grade up, in another school where that ends; only part of the classes have been made by then."""
    grade, begin = row.grade, row.entry
    if row.active:
        if grade == _LAST_GRADE:
            return None
        grade, begin = _NEXT_GRADE.get(grade, grade), date(district.start_year + 1, 8, 16)
    elif row.status != "preregistered":
        return None
    school_code = _school_for(district, row.school_code, grade)
    rostered = row.active and school_code == row.school_code and row.teacher_id % 3 != 0
    homeroom = f"{grade}-{row.homeroom}" if rostered and row.homeroom else ""
    return Placement(
        student,
        number,
        school_code,
        grade,
        True,
        row.primary,
        begin,
        None,
        homeroom,
        row.teacher_id if homeroom else 0,
    )


def _school_for(district: District, school_code: int, grade: str) -> int:
    """The same school while it has the grade, or else the next one that does."""
    school = district.school(school_code)
    if grade not in values.GRADES or (school and grade in school.grades):
        return school_code
    fitting = [s.code for s in district.schools if grade in s.grades]
    return next((code for code in fitting if code > school_code), fitting[0])
