"""Orgs, academic sessions, courses, classes and enrollments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from simulators import codes
from simulators.codes import BEDS_DISTRICT
from simulators.district import School, values
from simulators.oneroster.placements import Placement
from simulators.oneroster.roster import DISTRICT_ORG, Roster, Row

_UPPER = frozenset(values.GRADES[values.GRADES.index("6") :])
_GRADES = codes.external("oneroster", "grade_level")
_SIRS = {"PK": "PKF", "K": "KF"}


class Group(NamedTuple):
    """One class: a homeroom, or English for a grade of an upper school."""

    school_code: int
    kind: str
    name: str
    grade: str


def org_identifier(school: School, *, beds: bool) -> str:
    return f"{BEDS_DISTRICT}{school.code:04d}" if beds else str(school.code)


def grade_code(grade: str, style: str) -> str:
    if style == "sirs" and grade in _SIRS:
        return _SIRS[grade]
    return codes.code_of(_GRADES, grade)


def shown_schools(roster: Roster) -> list[School]:
    """Real schools, and the office as a department; nobody shows holding places to a partner."""
    return [s for s in roster.district.schools if not s.holding or s.kind == "office"]


def orgs(roster: Roster) -> list[Row]:
    options, schools = roster.options, shown_schools(roster)
    parent = roster.reference("orgs", "org", roster.id_of("org", DISTRICT_ORG))
    top = roster.record(
        parent["sourcedId"],
        name=roster.district.name,
        type="district",
        identifier=f"{BEDS_DISTRICT}0000" if options.beds else "district",
        children=[roster.org(school.code) for school in schools],
    )
    if options.null_references:
        top["parent"] = None
    rows = [top]
    for school in schools:
        row = roster.record(
            roster.id_of("org", school.id),
            name=school.name,
            type="department" if school.holding else "school",
            identifier=org_identifier(school, beds=options.beds),
            parent=parent,
            metadata=roster.extras(siteCode=school.site_code),
        )
        # Some schools have lost their parent; for others the field is not there at all.
        if options.null_references and school.code % 2:
            row["parent"] = None
        elif options.null_references and school.code % 4 == 2:
            del row["parent"]
        rows.append(row)
    return rows


def sessions(roster: Roster) -> list[Row]:
    """The school year, its two terms, and two grading periods in each."""
    year = roster.year
    spans = [
        ("year", "", "schoolYear", f"{year}-{year + 1}", date(year, 8, 16), date(year + 1, 6, 8)),
        ("term1", "year", "term", "Semester 1", date(year, 8, 16), date(year + 1, 1, 11)),
        ("term2", "year", "term", "Semester 2", date(year + 1, 1, 11), date(year + 1, 6, 8)),
        ("period1", "term1", "gradingPeriod", "Quarter 1", date(year, 8, 16), date(year, 10, 25)),
        ("period2", "term1", "gradingPeriod", "Quarter 2", date(year, 10, 25), date(year + 1, 1, 11)),
        ("period3", "term2", "gradingPeriod", "Quarter 3", date(year + 1, 1, 11), date(year + 1, 3, 29)),
        ("period4", "term2", "gradingPeriod", "Quarter 4", date(year + 1, 3, 29), date(year + 1, 6, 8)),
    ]
    return [
        roster.record(
            session_id(roster, key),
            title=title,
            startDate=start,
            endDate=end,
            type=kind,
            parent=_session(roster, above) if above else None,
            children=[_session(roster, child) for child, parent, *_ in spans if parent == key],
            schoolYear=str(year + 1),
        )
        for key, above, kind, title, start, end in spans
    ]


def session_id(roster: Roster, key: str) -> str:
    return roster.id_of("session", f"{roster.year + 1}-{key}")


def _session(roster: Roster, key: str) -> Row:
    return roster.reference("academicSessions", "academicSession", session_id(roster, key))


def _groups(placement: Placement) -> Iterator[Group]:
    if placement.homeroom:
        yield Group(placement.school_code, "homeroom", placement.homeroom, "")
        if placement.grade in _UPPER:
            yield Group(placement.school_code, "scheduled", f"English {placement.grade}", placement.grade)


class Timetable:
    """The classes that somebody is placed in, and who teaches them."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.members: defaultdict[Group, list[Placement]] = defaultdict(list)
        for placement in roster.placements:
            for group in _groups(placement):
                self.members[group].append(placement)
        self.teachers = {group: self._teachers(group) for group in self.members}

    def _teachers(self, group: Group) -> list[int]:
        found = dict.fromkeys(p.teacher_id for p in self.members[group] if p.active and p.teacher_id)
        return list(found)[: None if group.kind == "homeroom" else 1]

    @property
    def teaching(self) -> set[int]:
        """Staff who have a class."""
        return {staff_id for staff in self.teachers.values() for staff_id in staff}

    def class_id(self, group: Group) -> str:
        # Rooms may be written with blanks and slashes, which an id in a path may not hold.
        room = "".join(c if c.isascii() and c.isalnum() else "_" for c in group.name)
        return self.roster.id_of("class", f"{self.roster.year + 1}-{group.school_code}-{group.kind}-{room}")

    def course_id(self, group: Group) -> str:
        return self.roster.id_of("course", f"{group.kind}-{group.grade or 'all'}")

    def courses(self) -> list[Row]:
        roster = self.roster
        kinds = {self.course_id(group): group for group in sorted(self.members)}
        return [
            roster.record(
                sourced,
                title=group.name if group.grade else "Homeroom",
                schoolYear=_session(roster, "year"),
                courseCode=f"EN{group.grade}" if group.grade else "HR",
                grades=self._grades({group.grade}) if group.grade else [],
                subjects=["English" if group.grade else "Homeroom"],
                org=roster.reference("orgs", "org", roster.id_of("org", DISTRICT_ORG)),
                subjectCodes=[],
            )
            for sourced, group in kinds.items()
        ]

    def _grades(self, grades: set[str]) -> list[str]:
        return sorted(grade_code(grade, self.roster.options.grade_style) for grade in grades)

    def classes(self) -> list[Row]:
        roster = self.roster
        return [
            roster.record(
                self.class_id(group),
                title=f"Homeroom {group.name}" if group.kind == "homeroom" else group.name,
                classCode=group.name,
                classType=group.kind,
                location=group.name if group.kind == "homeroom" else "",
                grades=self._grades({member.grade for member in members}),
                subjects=["English" if group.grade else "Homeroom"],
                course=roster.reference("courses", "course", self.course_id(group)),
                school=roster.org(group.school_code),
                terms=[_session(roster, "term1"), _session(roster, "term2")],
                subjectCodes=[],
                periods=["1" if group.kind == "homeroom" else "2"],
            )
            for group, members in self.members.items()
        ]

    def enrollments(self) -> list[Row]:
        return self.roster.served([*self._of_students(), *self._of_teachers()])

    def _of_students(self) -> Iterator[Row]:
        roster = self.roster
        for group, members in self.members.items():
            for member in members:
                student = member.student
                yield self._enrollment(
                    f"s{student.id}-{member.number}",
                    group,
                    roster.user("student", student.id),
                    "student",
                    active=member.active,
                    primary=roster.options.null_references and student.id % 3 == 0,
                    modified=roster.touched([student.id], "student", "enrollment"),
                    begin=member.begin,
                    end=member.end,
                )

    def _of_teachers(self) -> Iterator[Row]:
        for group, staff in self.teachers.items():
            for turn, staff_id in enumerate(staff):
                user = self.roster.user("staff", staff_id)
                yield self._enrollment(f"t{staff_id}", group, user, "teacher", primary=turn == 0)

    def _enrollment(
        self,
        key: str,
        group: Group,
        user: Row,
        role: str,
        *,
        primary: bool,
        active: bool = True,
        modified: str = "",
        begin: date | None = None,
        end: date | None = None,
    ) -> Row:
        roster, class_id = self.roster, self.class_id(group)
        return roster.record(
            roster.id_of("enrollment", f"{key}-{class_id}"),
            active=active,
            modified=modified,
            user=user,
            **{"class": roster.reference("classes", "class", class_id)},
            school=roster.org(group.school_code),
            role=role,
            primary=primary,
            beginDate=begin or date(roster.year, 8, 16),
            endDate=end,
        )
