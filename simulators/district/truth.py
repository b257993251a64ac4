"""`truth`: what is really so in the district, before any system distorts it. End-to-end tests compare with this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from simulators.district import values
from simulators.district.district import District
from simulators.district.model import RAW, Enrollment, Guardian, GuardianLink, School, StaffMember, Student

Record = dict[str, Any]


def programs(student: Student) -> list[str]:
    """Neutral names of the programs a student is in: meals, special_education, plan_504."""
    found = {"F": ["free_meals"], "FDC": ["free_meals"], "R": ["reduced_meals"]}.get(student.lunch, [])
    if student.id % 20 == 3:
        found = [*found, "special_education"]
    if student.id % 33 == 5:
        found = [*found, "plan_504"]
    return found


def truth(district: District, only: str = "") -> Record:
    """`{district, schools, students, staff, guardians}` as plain JSON; `only` names one of the last four.

    The README lists the fields. Coded values appear twice: the detail the SIS knows (`race_details`), and our own plain
    value (`races`). A value that no mapping holds is None or left out, and its code is in `unknown_codes`.
    """
    parts: dict[str, Callable[[], list[Record]]] = {
        "schools": lambda: [_school(school) for school in district.schools],
        "students": lambda: [_student(district, student) for student in district.students],
        "staff": lambda: [_staff(district, member) for member in district.staff],
        "guardians": lambda: [_guardian(district, guardian) for guardian in district.guardians],
    }
    if only and only not in parts:
        raise KeyError(f"no table {only}")
    about = {
        "name": district.name,
        "seed": district.seed,
        "people": len(district.students) + len(district.staff) + len(district.guardians),
        "today": district.today.isoformat(),
        "school_year": district.school_year,
        "start_year": district.start_year,
        "time_zone": district.time_zone,
        "version": district.version,
    }
    return {"district": about, **{key: make() for key, make in parts.items() if only in ("", key)}}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _school(school: School) -> Record:
    record = asdict(school)
    record["grades"] = list(school.grades)
    record["holding"] = school.holding
    return record


def _enrollment(district: District, row: Enrollment) -> Record:
    school = district.school(row.school_code)
    return {
        "school_code": row.school_code,
        "school_name": school.name if school else "",
        "site_code": school.site_code if school else "",
        "school_year": district.school_year,
        "grade": row.grade if row.grade in values.GRADES else None,
        "status": row.status,
        "active": row.active,
        "primary": row.primary,
        "entry_date": row.entry.isoformat(),
        "exit_date": _day(row.exit),
        "homeroom": row.homeroom,
        "homeroom_teacher_id": row.teacher_id or None,
        "program": row.program,
        "row_number": row.row_number,
    }


def _link(district: District, link: GuardianLink) -> Record:
    return {
        "guardian_id": link.guardian_id,
        "relationship_detail": link.relationship,
        "relationship": values.RELATIONSHIPS.get(link.relationship),
        "priority": link.priority,
        "lives_with": link.lives_with,
        "custodial": link.custodial,
        "emergency": link.emergency,
        "current": link.current(district.today),
        "start_date": _day(link.start),
        "end_date": _day(link.end),
    }


def _unknown(student: Student, state: str) -> dict[str, str]:
    raw = {"gender": student.gender, "ethnicity": student.ethnicity, "language": student.language}
    raw["grade_level"] = student.home.grade
    raw["race"] = next((race for race in student.races if race.startswith(RAW)), "")
    raw["relationship"] = next(
        (ln.relationship for ln in student.links if ln.relationship.startswith(RAW)), ""
    )
    found = {entity: value[len(RAW) :] for entity, value in raw.items() if value.startswith(RAW)}
    if state and state not in values.STATES:
        found["state"] = state
    return found


def _student(district: District, student: Student) -> Record:
    home, house = student.home, district.household(student.household_id)
    school = district.school(home.school_code)
    phones = [{"type": "home", "number": house.home_phone}] if house.home_phone else []
    if student.mobile:
        phones.append({"type": "mobile", "number": student.mobile})
    races = [values.RACES[race] for race in student.races if race in values.RACES]
    grade = home.grade if home.grade in values.GRADES else None
    return {
        "id": student.id,
        "local_id": student.local_id,
        "state_id": student.state_id,
        "first_name": student.first,
        "middle_name": student.middle,
        "last_name": student.last,
        "preferred_first_name": student.preferred_first,
        "gender": values.GENDERS.get(student.gender),
        "birth_date": _day(student.birth_date),
        "status": student.status,
        "active": student.active,
        "school_code": home.school_code,
        "school_name": school.name if school else "",
        "grade": grade,
        "graduation_year": values.grad_year(grade, district.start_year) if grade else None,
        "homeroom": home.homeroom,
        "ethnicity": values.ETHNICITIES.get(student.ethnicity),
        "race_details": list(student.races),
        "races": list(dict.fromkeys(races)),
        "language_detail": student.language,
        "language": values.LANGUAGES.get(student.language),
        "household_id": house.id,
        "family_key": house.family_key,
        "address": asdict(house.address),
        "mailing_address": asdict(house.mailing) if house.mailing else None,
        "home_phone": house.home_phone,
        "phones": phones,
        "email": student.email,
        "username": student.username,
        "entered_district": student.entered_district.isoformat(),
        "lunch_status": student.lunch,
        "programs": programs(student),
        "allergies": student.allergies,
        "photo": student.photo,
        "enrollments": [_enrollment(district, row) for row in student.enrollments],
        "guardians": [_link(district, link) for link in student.links],
        "unknown_codes": _unknown(student, house.address.state),
    }


def _staff(district: District, member: StaffMember) -> Record:
    schools = [district.school(code) for code in member.school_codes]
    return {
        "id": member.id,
        "local_id": member.local_id,
        "first_name": member.first,
        "middle_name": member.middle,
        "last_name": member.last,
        "gender": values.GENDERS.get(member.gender),
        "birth_date": _day(member.birth_date),
        "email": member.email,
        "username": member.username,
        "title": member.title,
        "role": member.role,
        "active": member.active,
        "phone": member.phone,
        "address": asdict(member.address) if member.address else None,
        "school_code": member.school_codes[0],
        "schools": [{"code": school.code, "name": school.name} for school in schools if school],
        "hired": member.hired.isoformat(),
        "left": _day(member.left),
        "guardian_id": member.guardian_id or None,
    }


def _guardian(district: District, guardian: Guardian) -> Record:
    house = district.household(guardian.household_id)
    children = district.children(guardian.id)
    return {
        "id": guardian.id,
        "first_name": guardian.first,
        "middle_name": guardian.middle,
        "last_name": guardian.last,
        "mailing_name": f"{guardian.first} {guardian.last}",
        "mailing_name_only": guardian.mailing_only,
        "gender": values.GENDERS.get(guardian.gender),
        "email": guardian.email,
        "phones": [asdict(phone) for phone in guardian.phones],
        "household_id": house.id,
        "home_phone": house.home_phone,
        "address": asdict(house.address),
        "staff_id": guardian.staff_id or None,
        "student_ids": [student.id for student in children],
        "active": any(
            student.active and link.guardian_id == guardian.id and link.current(district.today)
            for student in children
            for link in student.links
        ),
    }
