"""`District`: the invented people, the indexes a server needs, and the edits a demo or a test makes."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from simulators.district import names, values
from simulators.district.model import (
    Address,
    Change,
    Enrollment,
    Guardian,
    GuardianLink,
    Household,
    Phone,
    School,
    StaffMember,
    Student,
)


def school_year_start(today: date) -> int:
    """The year in which the school year of `today` began; it turns on 1 July."""
    return today.year if today.month >= 7 else today.year - 1


class District:
    """All records, in id order. `version` grows with every edit, so that servers know when to drop their caches."""

    time_zone = "America/Los_Angeles"

    def __init__(
        self, name: str, seed: int, people: int, today: date, schools: list[School], unknown: int
    ) -> None:
        self.name = name
        self.seed = seed
        self.people = people
        self.today = today
        self.start_year = school_year_start(today)
        self.unknown_codes = unknown
        self.school_rounds: int | None = None
        self.schools = schools
        self.households: list[Household] = []
        self.guardians: list[Guardian] = []
        self.staff: list[StaffMember] = []
        self.students: list[Student] = []
        self.version = 0
        # Who changed when, by area: what a change feed or a modified-since column is made from.
        self.journal: list[tuple[datetime, str, int]] = []
        self._school_by_code = {school.code: school for school in schools}
        self._school_by_id = {school.id: school for school in schools}
        self._students: dict[int, Student] = {}
        self._guardians: dict[int, Guardian] = {}
        self._staff: dict[int, StaffMember] = {}
        self._by_local: dict[str, Student] = {}
        self._children: dict[int, list[Student]] | None = None
        self._started = time.monotonic()

    # Building and finding ---------------------------------------------------------------------------------------

    def add_student(self, student: Student) -> None:
        self.students.append(student)
        self._students[student.id] = student
        self._by_local[student.local_id] = student

    def add_guardian(self, guardian: Guardian) -> None:
        self.guardians.append(guardian)
        self._guardians[guardian.id] = guardian

    def add_staff_member(self, member: StaffMember) -> None:
        self.staff.append(member)
        self._staff[member.id] = member

    def student(self, student_id: int) -> Student | None:
        return self._students.get(student_id)

    def student_by_local_id(self, local_id: str) -> Student | None:
        return self._by_local.get(local_id)

    def guardian(self, guardian_id: int) -> Guardian | None:
        return self._guardians.get(guardian_id)

    def staff_member(self, staff_id: int) -> StaffMember | None:
        return self._staff.get(staff_id)

    def household(self, household_id: int) -> Household:
        return self.households[household_id - 1]

    def school(self, code: int) -> School | None:
        return self._school_by_code.get(code)

    def school_by_id(self, school_id: int) -> School | None:
        return self._school_by_id.get(school_id)

    def children(self, guardian_id: int) -> list[Student]:
        """The students linked to a guardian."""
        if self._children is None:
            grouped: defaultdict[int, list[Student]] = defaultdict(list)
            for student in self.students:
                for link in student.links:
                    grouped[link.guardian_id].append(student)
            self._children = dict(grouped)
        return self._children.get(guardian_id, [])

    def pass_time(self, hours: float) -> None:
        """Sets the district's clock ahead; `today` stays."""
        self._started -= hours * 3600

    def now(self) -> datetime:
        """The district's own local clock: 08:00 of `today` when it was generated, and running."""
        start = datetime.combine(self.today, clock_time(8), ZoneInfo(self.time_zone))
        return start + timedelta(seconds=time.monotonic() - self._started)

    @property
    def school_year(self) -> str:
        return f"{self.start_year}-{(self.start_year + 1) % 100:02d}"

    # Edits ------------------------------------------------------------------------------------------------------

    def _changed(self, area: str, *students: Student) -> None:
        self.version += 1
        now = self.now()
        self.journal.extend((now, area, student.id) for student in students)

    def _require(self, student_id: int) -> Student:
        student = self._students.get(student_id)
        if student is None:
            raise KeyError(f"no student {student_id}")
        return student

    def rename_student(self, student_id: int, first: str | None = None, last: str | None = None) -> Change:
        student = self._require(student_id)
        before = [student.first, student.last]
        student.first = first if first is not None else student.first
        student.last = last if last is not None else student.last
        self._changed("student", student)
        return Change(
            "rename", [student_id], detail={"before": before, "after": [student.first, student.last]}
        )

    def change_household_phone(self, household_id: int, number: str) -> Change:
        """A new home phone; every student of the household shows it."""
        if not 1 <= household_id <= len(self.households):
            raise KeyError(f"no household {household_id}")
        house = self.household(household_id)
        before, house.home_phone = house.home_phone, number
        students = [student for student in self.students if student.household_id == household_id]
        self._changed("student", *students)
        return Change("phone", [s.id for s in students], detail={"before": before, "after": number})

    def move_student(self, student_id: int, school_code: int) -> Change:
        """Closes the primary enrollment and opens one in another school, in the same grade."""
        student, school = self._require(student_id), self._school_by_code.get(school_code)
        if school is None or school.holding:
            raise KeyError(f"no school {school_code}")
        old = student.home
        if not student.active or old.school_code == school_code:
            raise ValueError(f"student {student_id} cannot move to {school_code}")
        old.status, old.primary, old.exit = "inactive", False, self.today - timedelta(days=1)
        student.enrollments = [e for e in student.enrollments if e.school_code != school_code or not e.active]
        student.enrollments.append(self._new_enrollment(school_code, old.grade))
        self._changed("student", student)
        self._changed("enrollment", student)
        return Change("move", [student_id], detail={"before": old.school_code, "after": school_code})

    def _new_enrollment(self, school_code: int, grade: str) -> Enrollment:
        rows = [e.row_number for s in self.students for e in s.enrollments if e.school_code == school_code]
        row = max(rows, default=0) + 1
        return Enrollment(school_code, grade, "active", self.today, None, "", 0, "", True, row)

    def enroll_student(
        self,
        school_code: int,
        grade: str = "",
        first: str = "Wren",
        last: str = "Newcomer",
        guardian_first: str = "Robin",
        email: str = "robin.newcomer@example.com",
    ) -> Change:
        """A new student with one guardian in a new household."""
        school = self._school_by_code.get(school_code)
        if school is None or school.holding or (grade and grade not in values.GRADES):
            raise KeyError(f"no school {school_code} or no grade {grade}")
        grade = grade or school.grades[0]
        house_id = len(self.households) + 1
        address = Address(f"{house_id} Newcomer Way", *names.CITIES[0])
        self.households.append(
            Household(house_id, 2000 + house_id, address, None, f"209554{house_id % 10_000:04d}")
        )
        guardian_id = self.guardians[-1].id + 1 if self.guardians else 1001
        phones = (Phone("mobile", f"530554{guardian_id % 10_000:04d}"),)
        self.add_guardian(Guardian(guardian_id, guardian_first, "", last, "female", email, phones, house_id))
        newest = self.students[-1]
        student = Student(
            id=newest.id + 1,
            local_id=str(max(int(s.local_id) for s in self.students) + 1),
            state_id=f"{99_000_000_00 + newest.id + 1}",
            first=first,
            middle="",
            last=last,
            preferred_first="",
            gender="female",
            birth_date=date(self.start_year - 4 - values.GRADES.index(grade), 10, 1),
            ethnicity="not_hispanic",
            races=("white",),
            language="english",
            household_id=house_id,
            email=f"new{newest.id + 1}@stu.example.org",
            username=f"new{newest.id + 1}",
            mobile="",
            status="active",
            entered_district=self.today,
            lunch="P",
            allergies="",
            photo=1,
            enrollments=[self._new_enrollment(school_code, grade)],
            links=[GuardianLink(guardian_id, "mother", 1, True, True, True)],
        )
        self.add_student(student)
        self._children = None
        for area in ("student", "contact", "enrollment"):
            self._changed(area, student)
        return Change("enroll", [student.id], [guardian_id], {"school_code": school_code, "grade": grade})

    def withdraw_student(self, student_id: int) -> Change:
        """Yesterday was the student's last day; the record stays, as transferred out."""
        student = self._require(student_id)
        if not student.active:
            raise ValueError(f"student {student_id} is not active")
        for row in student.enrollments:
            if row.active:
                row.status, row.exit = "transferred", self.today - timedelta(days=1)
        student.status = "transferred"
        self._changed("student", student)
        self._changed("enrollment", student)
        return Change("withdraw", [student_id])

    def delete_student(self, student_id: int) -> Change:
        """The office deletes the record: no list and no change feed names the student any more."""
        return self.delete_students([self._require(student_id).id])

    def delete_students(self, student_ids: Collection[int]) -> Change:
        """The same for many at once; KeyError for an unknown one."""
        for student in [self._require(student_id) for student_id in student_ids]:
            del self._students[student.id], self._by_local[student.local_id]
        self.students = [student for student in self.students if student.id in self._students]
        self._children = None
        self.version += 1
        return Change("delete", list(student_ids))

    def change_guardian_email(self, guardian_id: int, email: str) -> Change:
        guardian = self._guardians.get(guardian_id)
        if guardian is None:
            raise KeyError(f"no guardian {guardian_id}")
        before, guardian.email = guardian.email, email
        students = list(self.children(guardian_id))
        self._changed("contact", *students)
        detail: dict[str, object] = {"before": before, "after": email}
        return Change("guardian_email", [s.id for s in students], [guardian_id], detail)

    def change_grade(self, student_id: int, grade: str) -> Change:
        student = self._require(student_id)
        if grade not in values.GRADES:
            raise KeyError(f"no grade {grade}")
        before = student.home.grade
        for row in student.enrollments:
            if row.active:
                row.grade = grade
        self._changed("student", student)
        return Change("grade", [student_id], detail={"before": before, "after": grade})

    def roll_over(self) -> Change:
        """Everybody one grade up, into the next school where theirs ends; seniors graduate."""
        students = [student for student in self.students if student.active]
        graduates = 0
        for student in students:
            position = values.GRADES.index(student.home.grade) + 1
            if position == len(values.GRADES):
                self._graduate(student)
                graduates += 1
            else:
                self._promote(student, values.GRADES[position])
        for area in ("student", "enrollment"):
            self._changed(area, *students)
        return Change("rollover", [s.id for s in students], detail={"graduates": graduates})

    def _graduate(self, student: Student) -> None:
        for row in student.enrollments:
            if row.active:
                row.status, row.exit = "graduated", self.today - timedelta(days=1)
        student.status = "graduated"

    def _promote(self, student: Student, grade: str) -> None:
        for row in list(student.enrollments):
            school = self._school_by_code[row.school_code]
            if not row.active:
                continue
            if grade in school.grades:
                row.grade = grade
                continue
            row.status, row.exit, row.primary = "inactive", self.today - timedelta(days=1), False
            places = [place for place in self.schools if grade in place.grades]
            nearest = min(places, key=lambda place: abs(place.code - school.code))
            if not any(e.active and e.school_code == nearest.code for e in student.enrollments):
                student.enrollments.append(self._new_enrollment(nearest.code, grade))
        if not any(row.primary for row in student.enrollments):
            next(row for row in student.enrollments if row.active).primary = True

    def touch_student(self, student_id: int, area: str = "student") -> Change:
        """Somebody opened the record and saved it as it was."""
        self._changed(area, self._require(student_id))
        return Change("touch", [student_id], detail={"area": area})

    def remove_contact(self, student_id: int, guardian_id: int) -> Change:
        """The office deletes a contact of a student."""
        student = self._require(student_id)
        if all(link.guardian_id != guardian_id for link in student.links):
            raise KeyError(f"student {student_id} has no guardian {guardian_id}")
        student.links = [link for link in student.links if link.guardian_id != guardian_id]
        self._children = None
        self._changed("contact", student)
        return Change("remove_contact", [student_id], [guardian_id])

    def change_photo(self, student_id: int) -> Change:
        student = self._require(student_id)
        student.photo += 1
        self._changed("student", student)
        return Change("photo", [student_id])

    def change_some(self, n: int, seed: int) -> Change:
        """`n` edits to the own records of `n` distinct active students; nobody is added or removed.

        `detail["fields"]` maps each id to the field that now has another value.
        """
        rng = random.Random(seed)
        active = [student for student in self.students if student.active]
        chosen = rng.sample(active, n)
        fields: dict[str, object] = {}
        for number, student in enumerate(chosen):
            fields[str(student.id)] = _edit(student, number, rng.random)
        self._changed("student", *chosen)
        return Change("some", [student.id for student in chosen], detail={"fields": fields})

    @property
    def generated_at(self) -> datetime:
        """When every record that nobody edited was last touched: 06:00 of `today`."""
        return datetime.combine(self.today, clock_time(6), ZoneInfo(self.time_zone))


def _other(pool: list[str], current: str, rnd: Callable[[], float]) -> str:
    value = pool[int(rnd() * len(pool))]
    return value if value != current else pool[0] if pool[0] != current else pool[1]


def _edit(student: Student, turn: int, rnd: Callable[[], float]) -> str:
    match turn % 6:
        case 0:
            student.first = _other(names.FEMALE, student.first, rnd)
            return "first"
        case 1:
            student.last = _other(names.LAST, student.last, rnd)
            return "last"
        case 2:
            student.middle = _other(names.MALE, student.middle, rnd)
            return "middle"
        case 3:
            student.birth_date = (student.birth_date or date(2015, 1, 1)) + timedelta(days=1)
            return "birth_date"
        case 4:
            student.email = f"changed{student.id}.{int(rnd() * 10**6)}@stu.example.org"
            return "email"
        case _:
            student.gender = "male" if student.gender == "female" else "female"
            return "gender"
