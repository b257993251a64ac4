"""Core resources of `/ws/v1` as PowerSchool words them: students, staff, schools, district, metadata."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from simulators import codes
from simulators.district import District, Enrollment, School, StaffMember, Student, values
from simulators.district.model import Address
from simulators.powerschool.options import RESOURCES, Options
from simulators.powerschool.wire import Block, block, children, num, phone

STUDENT_EXPANSIONS = (
    "demographics, addresses, alerts, phones, school_enrollment, ethnicity_race, contact, contact_info, "
    "initial_enrollment, schedule_setup, fees, lunch, counselors, global_id"
)
STUDENT_EXTENSIONS = "s_stu_crdc_x,c_studentlocator,u_students_extension,studentcorefields"
STAFF_EXPANSIONS = "addresses, emails, phones, school_affiliations, school_counselors"
SCHOOL_EXPANSIONS = "school_boundary, full_time_equivalencies, school_fees_setup"
DISTRICT_EXPANSIONS = (
    "districts_of_residence, district_race_codes, entry_codes, ethnicity_race_decline_to_specify, exit_codes, "
    "federal_race_categories, fees_payment_methods, scheduling_reporting_ethnicities, test_setup"
)
STATUSES = {
    "active": ("A", 0, "Active"),
    "preregistered": ("P", -1, "Pre-registered"),
    "transferred": ("T", 2, "Transferred Out"),
    "graduated": ("G", 3, "Graduated"),
    "historical": ("H", 4, "Historical"),
    "inactive": ("I", 1, "Inactive"),
}
ROLES = {"teacher": 1, "staff": 2, "lunch": 3, "substitute": 4}
GRADUATED_SCHOOL = 999999

_GENDER = codes.external("powerschool", "gender")
_GRADE = codes.external("powerschool", "grade_level")
_RACE = codes.external("powerschool", "race")
_LANGUAGE = codes.external("powerschool", "language")
FEDERAL = {
    "white": "White",
    "black_or_african_american": "Black or African American",
    "american_indian_or_alaska_native": "American Indian or Alaska Native",
    "asian": "Asian",
    "native_hawaiian_or_other_pacific_islander": "Native Hawaiian or Other Pacific Islander",
}


def grade_level(row: Enrollment) -> int:
    return 99 if row.status == "graduated" else int(codes.code_of(_GRADE, row.grade))


def school_number(row: Enrollment) -> int:
    return GRADUATED_SCHOOL if row.status == "graduated" else row.school_code


def exit_date(row: Enrollment, start_year: int) -> date:
    """The day after the last day attended; for those still here, the day after the school year."""
    return (row.exit or date(start_year + 1, 6, 4)) + timedelta(days=1)


def student(
    district: District, record: Student, expansions: frozenset[str], extensions: frozenset[str]
) -> Block:
    """One student with the asked blocks. Missing values have no key."""
    row: Block = {"id": record.id, "local_id": num(record.local_id)}
    if record.state_id:
        row["state_province_id"] = num(record.state_id)
    if record.username:
        row["student_username"] = num(record.username)
    name = {"first_name": record.first}
    if record.middle:
        name["middle_name"] = record.middle
    name["last_name"] = record.last
    row["name"] = name
    for expansion, render in _STUDENT_BLOCKS.items():
        if expansion in expansions:
            row[expansion] = render(district, record)
    if "studentcorefields" in extensions:
        row["_extension_data"] = {"_table_extension": _core_fields(record)}
    return row


def _core_fields(record: Student) -> Block:
    filled = {
        "allergies": record.allergies,
        "primarylanguage": codes.code_of(_LANGUAGE, record.language),
        "pscore_legal_first_name": record.first,
    }
    fields = [{"name": name, "type": "String", "value": value} for name, value in filled.items() if value]
    return {"recordFound": False, "_field": children(fields) or "", "name": "studentcorefields"}


def _demographics(district: District, record: Student) -> Block | str:
    year = values.grad_year(record.home.grade, district.start_year)
    return block(
        gender=codes.code_of(_GENDER, record.gender),
        birth_date=record.birth_date.isoformat() if record.birth_date else "",
        projected_graduation_year=year,
    )


def address(place: Address | None) -> Block | str:
    if place is None:
        return ""
    return block(street=place.street, city=place.city, state_province=place.state, postal_code=num(place.zip))


def _addresses(district: District, record: Student) -> Block | str:
    house = district.household(record.household_id)
    return block(physical=address(house.address), mailing=address(house.mailing or house.address))


def _alerts(district: District, record: Student) -> Block | str:
    if not record.allergies:
        return ""
    return {
        "medical": {
            "description": f"{record.allergies} allergy",
            "expires_date": f"{district.start_year + 1}-06-30",
        }
    }


def _phones(district: District, record: Student) -> Block | str:
    number = district.household(record.household_id).home_phone
    return {"main": {"number": phone(number)}} if number else ""


def _school_enrollment(district: District, record: Student) -> Block | str:
    home = record.home
    letter, code, words = STATUSES[record.status]
    number = school_number(home)
    school = district.school(number)
    row: Block = {
        "enroll_status": letter,
        "enroll_status_description": words,
        "enroll_status_code": code,
        "grade_level": grade_level(home),
        "entry_date": home.entry.isoformat(),
        "exit_date": exit_date(home, district.start_year).isoformat(),
        "school_number": number,
    }
    if school:
        row["school_id"] = school.id
    row["entry_code"] = "E1"
    row["district_of_residence"] = 100
    row["full_time_equivalency"] = {"fteid": 2, "name": "Full Time"}
    return row


def _race(detail: str) -> Block:
    filled = {
        "district_race_code": num(codes.code_of(_RACE, detail)),
        "district_race_code_description": codes.label(detail) if detail in _RACE else "",
        "federal_race_code_category": FEDERAL.get(values.RACES.get(detail, ""), ""),
    }
    return {name: value for name, value in filled.items() if value != ""}


def _ethnicity_race(district: District, record: Student) -> Block | str:
    ethnicity = {"hispanic": "YES", "not_hispanic": "NO"}.get(record.ethnicity, "") or record.ethnicity[1:]
    races = [_race(detail) for detail in record.races]
    reporting = codes.code_of(_RACE, record.races[0])[:1] if record.races else ""
    return block(
        federal_ethnicity=num(ethnicity), scheduling_reporting_ethnicity=num(reporting), races=children(races)
    )


def _contact(district: District, record: Student) -> Block | str:
    """The legacy free-text boxes, filled from the first current contacts."""
    current = [link for link in record.links if link.current(district.today)]
    people = {link.relationship: district.guardian(link.guardian_id) for link in reversed(current)}
    mother, father = people.get("mother"), people.get("father")
    filled: Block = {
        "mother": f"{mother.last}, {mother.first}" if mother else "",
        "father": f"{father.last}, {father.first}" if father else "",
    }
    first = district.guardian(current[0].guardian_id) if current else None
    filled["guardian_email"] = first.email if first else ""
    for turn, link in enumerate(current[:2], 1):
        guardian = district.guardian(link.guardian_id)
        if guardian:
            filled[f"emergency_contact_name{turn}"] = f"{guardian.last}, {guardian.first}"
            filled[f"emergency_phone{turn}"] = phone(guardian.phones[0].number) if guardian.phones else ""
    return block(**filled)


def _contact_info(district: District, record: Student) -> Block | str:
    return block(email=record.email)


def _initial_enrollment(district: District, record: Student) -> Block | str:
    return {
        "district_entry_date": record.entered_district.isoformat(),
        "district_entry_grade_level": 0,
        "school_entry_grade_level": grade_level(record.home),
    }


def _schedule_setup(district: District, record: Student) -> Block | str:
    return block(home_room=num(record.home.homeroom), sched_next_year_grade=grade_level(record.home) + 1)


def _fees(district: District, record: Student) -> Block | str:
    return ""


def _lunch(district: District, record: Student) -> Block | str:
    return {"lunch_id": record.id, **{f"balance_{turn}": "0.00" for turn in (1, 2, 3, 4)}}


def _global_id(district: District, record: Student) -> Block | str:
    return f"{record.id:032x}"


_STUDENT_BLOCKS = {
    "demographics": _demographics,
    "addresses": _addresses,
    "alerts": _alerts,
    "phones": _phones,
    "school_enrollment": _school_enrollment,
    "ethnicity_race": _ethnicity_race,
    "contact": _contact,
    "contact_info": _contact_info,
    "initial_enrollment": _initial_enrollment,
    "schedule_setup": _schedule_setup,
    "fees": _fees,
    "lunch": _lunch,
    "global_id": _global_id,
}


def staff_id(member: StaffMember, place: int) -> int:
    """SchoolStaff.DCID: one per person and school, unlike `users_dcid`."""
    return member.id * 2 + place


def staff(district: District, member: StaffMember, place: int, expansions: frozenset[str]) -> Block:
    row: Block = {"id": staff_id(member, place), "local_id": num(member.local_id)}
    row["name"] = block(first_name=member.first, middle_name=member.middle, last_name=member.last)
    if "addresses" in expansions:
        row["addresses"] = block(home=address(member.address))
    if "emails" in expansions:
        row["emails"] = block(work_email=member.email)
    if "phones" in expansions:
        row["phones"] = block(home_phone=phone(member.phone))
    if "school_affiliations" in expansions:
        schools = [school for code in member.school_codes if (school := district.school(code))]
        places = [
            {"school_id": school.id, "type": ROLES[member.role], "status": 1 if member.active else 2}
            for school in schools
        ]
        row["school_affiliations"] = {"school_affiliation": children(places)}
    row["users_dcid"] = member.id
    row["admin_username"] = member.username
    if member.role == "teacher":
        row["teacher_username"] = member.username
    return row


def school(record: School) -> Block:
    grades = [int(_GRADE[grade]) for grade in record.grades]
    head = block(first_name=record.principal_first, last_name=record.principal_last)
    return {
        "id": record.id,
        "name": record.name,
        "school_number": record.code,
        "state_province_id": record.code,
        "low_grade": min(grades, default=0),
        "high_grade": max(grades, default=0),
        "alternate_school_number": 0,
        "addresses": block(physical=address(record.address)),
        "phones": {"main": {"number": phone(record.phone)}},
        "principal": {"email": record.principal_email, "name": head},
        "assistant_principal": "",
    }


def district(record: District, expansions: frozenset[str]) -> Block:
    body: Block = {
        "@expansions": DISTRICT_EXPANSIONS,
        "@extensions": "",
        "uuid": "0d3e6a3e-5f0b-4c3a-b6c8-0f6d4c9e7a11",
        "name": record.name,
        "district_number": 100,
        "addresses": block(physical=address(record.schools[0].address)),
        "phones": {"main": {"number": phone(record.schools[0].phone)}},
    }
    if "district_race_codes" in expansions:
        races = [
            {
                "code": code,
                "description": codes.label(detail),
                "federal_race_category": FEDERAL[values.RACES[detail]],
            }
            for detail, code in _RACE.items()
        ]
        body["district_race_codes"] = {"district_race_code": races}
    return body


def metadata(record: District, options: Options, *, known_plugin: bool) -> Block:
    body: Block = {
        "powerschool_version": "24.7.1.0",
        "state": "CA",
        "state_reporting_version": "24.7.1.0",
        "mobile_api_version": "1.0",
        "machine_uptime": "12 days",
        "powerschool_uptime": "11 days",
    }
    if known_plugin:
        body["plugin_id"] = 41
    body |= {f"{name}_max_page_size": options.max_page_size(name) for name in RESOURCES}
    body["schema_table_query_max_page_size"] = options.max_page_size("schema_table_query")
    body["district_timezone"] = record.time_zone
    body["district_uuid"] = "0d3e6a3e-5f0b-4c3a-b6c8-0f6d4c9e7a11"
    body |= {f"sso_enabled_{who}": "false" for who in ("admin", "guardian", "student", "teacher")}
    return body


STUDENT_FIELDS: dict[str, Any] = {
    "id": lambda s: str(s.id),
    "local_id": lambda s: s.local_id,
    "state_province_id": lambda s: s.state_id,
    "student_username": lambda s: s.username,
    "name.first_name": lambda s: s.first,
    "name.last_name": lambda s: s.last,
    "school_enrollment.enroll_status": lambda s: STATUSES[s.status][0],
    "school_enrollment.enroll_status_code": lambda s: str(STATUSES[s.status][1]),
    "school_enrollment.entry_date": lambda s: s.home.entry.isoformat(),
}
