"""Makes the people of a district: staff first, then families with their students and guardians."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

from simulators.district import names, values
from simulators.district.district import District
from simulators.district.model import (
    Address,
    Enrollment,
    Guardian,
    GuardianLink,
    Household,
    Phone,
    School,
    StaffMember,
    Student,
)

FIRST_ID = 1001
"""Students, staff and guardians all count from here: their ids overlap, as they do in the real systems."""

_RELATION = {"female": "mother", "male": "father"}


def slug(text: str) -> str:
    """ASCII letters of a name, for e-mail addresses and logins; empty for a name in another script."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(c for c in plain.lower() if c.isalnum())


class Builder:
    """One pass over a new district. `rnd` is the only source of chance."""

    def __init__(self, district: District, rnd: Callable[[], float]) -> None:
        self.district = district
        self.rnd = rnd
        self._phone_numbers = 0
        self._slugs: dict[str, str] = {}
        self._rows: defaultdict[int, int] = defaultdict(int)
        self._teachers: defaultdict[int, list[int]] = defaultdict(list)
        self._year = district.start_year
        self._first_day = date(self._year, 8, 17)
        self._by_grade: dict[str, list[School]] = {
            grade: [school for school in district.schools if grade in school.grades]
            for grade in values.GRADES
        }
        self._rounds = len(self._by_grade["12"])

    def pick(self, pool: list[str]) -> str:
        return pool[int(self.rnd() * len(pool))]

    def phone(self) -> str:
        """A new ten-digit number; exchange 555 (then 556…) belongs to nobody."""
        number = self._phone_numbers
        self._phone_numbers += 1
        per_exchange = len(values.AREA_CODES) * 10_000
        area = values.AREA_CODES[number % len(values.AREA_CODES)]
        line = (number // len(values.AREA_CODES)) * 7919 % 10_000
        return f"{area}{555 + number // per_exchange}{line:04d}"

    def login(self, first: str, last: str, number: int) -> str:
        return f"{self._slug(first)[:1]}{self._slug(last)}{number}"

    def _slug(self, text: str) -> str:
        found = self._slugs.get(text)
        if found is None:
            found = self._slugs[text] = slug(text)
        return found

    def address(self, number: int) -> Address:
        city, state, zip_code = (
            names.COLD_CITY if number % 35 == 19 else names.CITIES[int(self.rnd() ** 3 * 7)]
        )
        street = f"{int(self.rnd() * 9900) + 1} {names.STREETS[int(self.rnd() * len(names.STREETS))]}"
        if number % 8 == 3:
            street += f" Apt {int(self.rnd() * 40) + 1}"
        return Address(street, city, state, zip_code)

    # Staff ------------------------------------------------------------------------------------------------------

    def add_staff(self, count: int) -> None:
        district = self.district
        places = [school.code for school in district.schools if not school.holding]
        for i in range(count):
            female = i % 3 != 0
            first = self.pick(names.FEMALE if female else names.MALE)
            last = self.pick(names.LAST)
            title = "Superintendent" if i == 0 else names.TITLES[i % len(names.TITLES)]
            home = 0 if i % 25 == 0 else places[i % len(places)]
            codes: tuple[int, ...] = (home,)
            if i % 12 == 5:
                codes = (home, places[(i + 1) % len(places)])
            gone = i % 30 == 29
            teacher = title == "Teacher"
            if teacher and not gone:
                self._teachers[home].append(FIRST_ID + i)
            login = self.login(first, last, i)
            role = {"Teacher": "teacher", "Cook": "lunch", "Substitute": "substitute"}.get(title, "staff")
            district.add_staff_member(
                StaffMember(
                    id=FIRST_ID + i,
                    local_id=str(4000 + i),
                    first=first,
                    middle="" if i % 3 else self.pick(names.FEMALE if female else names.MALE),
                    last=last,
                    gender="female" if female else "male",
                    birth_date=None
                    if i % 40 == 17
                    else date(1962 + int(self.rnd() * 40), 1 + i % 12, 1 + i % 28),
                    email="" if i % 60 == 41 else f"{login}@district.example.org",
                    username=login,
                    title=title,
                    role=role,
                    school_codes=codes,
                    active=not gone,
                    phone="" if i % 9 == 4 else self.phone(),
                    address=None if i % 3 == 1 else self.address(i),
                    hired=date(self._year - 1 - int(self.rnd() * 20), 8, 1),
                    left=date(self._year, 6, 12) if gone else None,
                )
            )

    # Families ---------------------------------------------------------------------------------------------------

    def add_families(self, budget: int) -> None:
        """Households until students and guardians together are exactly `budget`."""
        number = 0
        while budget > 0:
            budget -= self._family(number, budget)
            number += 1

    def _household(self, number: int, home_phone: str | None = None) -> Household:
        if home_phone is None:
            home_phone = "000-0000" if number % 45 == 17 else "" if number % 33 == 29 else self.phone()
        mailing = None
        if number % 15 == 4:
            mailing = Address(f"PO Box {int(self.rnd() * 900) + 1}", *names.CITIES[0])
        households = self.district.households
        address = self.address(number)
        if number % 100 == 63:
            address = Address("", "", "", "")
        house = Household(len(households) + 1, 0, address, mailing, home_phone)
        house.family_key = 0 if number % 30 == 14 else 2000 + house.id
        households.append(house)
        return house

    def _family(self, number: int, budget: int) -> int:
        house = self._household(number)
        if number % 40 == 5:
            last, odd = names.CJK[number // 40 % len(names.CJK)]
        elif number % 60 == 9:
            last, odd = names.RTL[number // 60 % len(names.RTL)]
        else:
            last, odd = self.pick(names.LAST), ""
        if number % 75 == 50:
            last = "Garcia"
        draw = self.rnd()
        adults = 0 if number % 40 == 22 else 1 if draw < 0.28 else 2
        children = 7 if number % 211 == 100 else 1 + int(self.rnd() ** 1.6 * 4)
        if number % 70 == 33:
            children = max(2, children)
        children = max(1, min(children, budget - adults))
        adults = max(0, min(adults, budget - children))
        parents = [self._guardian(number, a, last, house) for a in range(adults)]
        used = adults + children
        elsewhere: Guardian | None = None
        # Separated parents: the father lives elsewhere; in a blended family a stepfather lives here instead.
        if number % 9 == 4 and used < budget and adults:
            elsewhere = self._guardian(number, 1, self.pick(names.LAST), self._household(number + 1))
            used += 1
        granny: Guardian | None = None
        if number % 14 == 6 and used < budget:
            granny = self._guardian(number, 3, self.pick(names.LAST), house)
            used += 1
        twins = number % 70 == 33
        for child in range(children):
            student = self._student(number, child, last, odd, house, twins)
            self._link(student, child, parents, elsewhere, granny)
        return used

    def _guardian(self, number: int, turn: int, last: str, house: Household) -> Guardian:
        guardian_id = FIRST_ID + len(self.district.guardians)
        female = turn != 1 if number % 50 != 49 else turn == 1
        first = self.pick(names.FEMALE if female else names.MALE)
        if turn and guardian_id % 3 == 0:
            last = self.pick(names.LAST)
        address = f"{self._slug(first)}.{self._slug(last)}{guardian_id}@example.com".lstrip(".")
        email = "" if guardian_id % 12 == 7 else address
        # A couple with one mailbox: two people, one address.
        if turn == 1 and number % 80 == 35:
            email = self.district.guardians[-1].email
        mobile = "" if guardian_id % 20 == 11 else "000-0000" if guardian_id % 97 == 5 else self.phone()
        phones = [Phone("mobile", mobile)] if mobile else []
        if guardian_id % 4 == 1:
            phones.append(Phone("work", self.phone()))
        guardian = Guardian(
            id=guardian_id,
            first=first,
            middle="" if guardian_id % 4 else self.pick(names.FEMALE if female else names.MALE),
            last=last,
            gender="female" if female else "male",
            email=email,
            phones=tuple(phones),
            household_id=house.id,
            mailing_only=guardian_id % 50 == 23,
        )
        self.district.add_guardian(guardian)
        return guardian

    def _link(
        self,
        student: Student,
        child: int,
        parents: list[Guardian],
        elsewhere: Guardian | None,
        granny: Guardian | None,
    ) -> None:
        # A child nobody filled in contacts for, although brothers and sisters have them.
        if student.id % 60 == 13:
            return
        year = self._year
        links = student.links
        for turn, parent in enumerate(parents):
            relationship = _RELATION[parent.gender]
            if elsewhere is not None and turn == 1 and child % 2 == 0:
                relationship = f"step{relationship}"
            if turn == 0 and student.household_id % 45 == 31:
                relationship = "foster_parent" if parent.gender == "male" else "guardian"
            links.append(GuardianLink(parent.id, relationship, len(links) + 1, True, True, True))
        if elsewhere is not None and child % 2 == 0:
            relationship = "father" if elsewhere.gender == "male" else "mother"
            links.append(
                GuardianLink(elsewhere.id, relationship, len(links) + 1, False, child % 4 == 0, True)
            )
        if granny is not None:
            kin = ("grandmother", "aunt", "other")[student.household_id % 3]
            link = GuardianLink(granny.id, kin, len(links) + 1, kin == "grandmother", False, True)
            # Expired in both ways that occur: an end date in the past, or the flag taken off without dates.
            if student.id % 3 == 0:
                link.start, link.end = date(year - 2, 8, 20), date(year, 1, 15)
            elif student.id % 7 == 0:
                link.active = False
            links.append(link)

    # Students ---------------------------------------------------------------------------------------------------

    def _student(
        self, number: int, child: int, last: str, odd: str, house: Household, twins: bool
    ) -> Student:
        district, year = self.district, self._year
        serial = len(district.students)
        student_id = FIRST_ID + serial
        female = self.rnd() < 0.5
        first = odd if odd and not child else self.pick(names.FEMALE if female else names.MALE)
        if number % 75 == 50 and child == 0:
            first, female = "Maria", True
        if serial % 900 == 451:
            first = names.EMOJI
        previous = district.students[-1] if child else None
        # Step-siblings with the same first and last name; only the middle name and the birthday tell them apart.
        if previous is not None and child == 1 and number % 55 == 21:
            first = previous.first
        grade = values.GRADES[int(self.rnd() * 15)]
        birth: date | None = date(year - 4 - values.GRADES.index(grade), 9, 2) + timedelta(
            int(self.rnd() * 364)
        )
        if twins and previous is not None and child == 1:
            birth, grade = previous.birth_date, previous.home.grade
        if serial % 90 == 21 and not twins:
            birth = None
        gender = (
            "" if serial % 80 == 31 else "nonbinary" if serial % 70 == 41 else "female" if female else "male"
        )
        login = self.login(first, last, student_id)
        student = Student(
            id=student_id,
            local_id=str(100_000 + serial * 3 + int(self.rnd() * 3)),
            state_id="" if serial % 70 == 64 else f"{(44_000_000 + serial) * 97 % 10**10:010d}",
            first=first,
            middle="" if serial % 3 == 1 else self.pick(names.FEMALE if female else names.MALE),
            last=last,
            preferred_first="" if serial % 9 else self.pick(names.FEMALE if female else names.MALE),
            gender=gender,
            birth_date=birth,
            ethnicity="" if serial % 65 == 26 else "hispanic" if self.rnd() < 0.4 else "not_hispanic",
            races=self._races(serial),
            language="" if serial % 85 == 43 else self._language(house.id),
            household_id=house.id,
            email="" if serial % 14 == 9 else f"{login}@stu.example.org",
            # All digits in some districts, which one of the systems then sends as a number.
            username=str(70_000 + serial) if serial % 10 == 6 else login,
            mobile=self.phone() if values.GRADES.index(grade) > 9 and serial % 2 else "",
            status="active",
            entered_district=date(year - int(self.rnd() * min(6, values.GRADES.index(grade) + 1)), 8, 17),
            lunch=("P", "P", "R", "F", "F", "FDC", "P", "T")[house.id % 8],
            allergies=names.ALLERGIES[serial // 16 % 6] if serial % 16 == 8 else "",
            photo=0 if serial % 11 == 2 else 1,
        )
        self._enroll(student, serial, grade, number)
        district.add_student(student)
        return student

    def _races(self, serial: int) -> tuple[str, ...]:
        if serial % 60 == 38:
            return ()
        keys = list(values.RACES)
        first = "white" if self.rnd() < 0.55 else self.pick(keys)
        second = self.pick(keys)
        return (first, second) if serial % 8 == 3 and second != first else (first,)

    def _language(self, household: int) -> str:
        keys = list(values.LANGUAGES)
        return keys[household // 3 % len(keys)] if household % 3 == 0 else "english"

    def _enroll(self, student: Student, serial: int, grade: str, number: int) -> None:
        turn = serial % 50
        schools = self._by_grade[grade]
        school = schools[number % self._rounds * len(schools) // self._rounds]
        first_day = self._first_day
        entry = first_day if serial % 7 else first_day + timedelta(1 + int(self.rnd() * 80))
        row = self.enrollment(school, grade, entry, serial)
        student.enrollments.append(row)
        if turn == 7:
            row.status, row.exit, row.entry = "transferred", date(self._year, 10, 9), first_day
        elif turn == 17:
            row.status, row.entry, row.exit = "graduated", date(self._year - 1, 8, 18), date(self._year, 6, 5)
            row.grade = "12"
            row.school_code = self._by_grade["12"][0].code
            student.entered_district = date(self._year - 4, 8, 18)
        elif turn == 27:
            row.status, row.entry = "preregistered", date(self._year + 1, 8, 16)
        elif turn == 37:
            row.status, row.exit, row.entry = "inactive", first_day + timedelta(4), first_day
        elif serial % 200 == 149:
            row.status, row.entry, row.exit = (
                "historical",
                date(self._year - 3, 8, 18),
                date(self._year - 2, 6, 6),
            )
        elif turn % 25 == 3:
            self._moved(student, row, schools, first_day)
        elif serial % 40 == 11:
            self._concurrent(student, row, grade)
        student.status = row.status

    def enrollment(self, school: School, grade: str, entry: date, serial: int) -> Enrollment:
        self._rows[school.code] += 1
        row_number = self._rows[school.code]
        teachers = self._teachers[school.code]
        room = f"{grade}{'ABCDEFGH'[serial % 8]}{row_number % 40}"
        if serial % 20 == 6:
            room = names.ODD_HOMEROOMS[serial // 20 % 5]
        elif serial % 45 == 30:
            room = ""
        teacher = teachers[serial % len(teachers)] if teachers and room else 0
        return Enrollment(school.code, grade, "active", entry, None, room, teacher, "", True, row_number)

    def _moved(self, student: Student, row: Enrollment, schools: list[School], first_day: date) -> None:
        if len(schools) < 2:
            return
        old_school = next(school for school in schools if school.code != row.school_code)
        old = self.enrollment(old_school, row.grade, first_day, student.id)
        old.status, old.exit, old.primary = "inactive", date(self._year, 10, 16), False
        row.entry = date(self._year, 10, 19)
        student.enrollments.insert(0, old)

    def _concurrent(self, student: Student, row: Enrollment, grade: str) -> None:
        """A second active place: a school with the same grade, or else another school for older children."""
        real = [
            school
            for school in self.district.schools
            if not school.holding and school.code != row.school_code
        ]
        same = [school for school in real if grade in school.grades]
        places = same or [school for school in real if school.kind != "elementary"]
        place = places[student.id % len(places)]
        second = self.enrollment(place, grade, row.entry, student.id)
        second.primary, second.program = False, "concurrent"
        student.enrollments.append(second)

    def marry_staff_to_families(self) -> None:
        """Some employees are parents: the same human stands among the staff and among the guardians."""
        district = self.district
        candidates = [guardian for guardian in district.guardians if guardian.email][::5]
        for turn, (member, guardian) in enumerate(zip(district.staff[1::3], candidates, strict=False)):
            member.guardian_id, guardian.staff_id = guardian.id, member.id
            member.first, member.middle, member.last = guardian.first, guardian.middle, guardian.last
            member.gender = guardian.gender
            guardian.mailing_only = False
            if turn % 2 and member.email:
                guardian.email = member.email
