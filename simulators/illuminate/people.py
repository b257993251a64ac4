"""Students, enrollments, contacts, users and the roster, in Illuminate's words."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from simulators import codes
from simulators.district import District, Guardian, GuardianLink, StaffMember, Student
from simulators.district.model import Address
from simulators.district.truth import programs
from simulators.illuminate.options import Options
from simulators.illuminate.places import day, grade_id, number_or_text, session_id
from simulators.illuminate.rows import GRADUATES, Row, site_id

Record = dict[str, Any]

_GENDER = codes.external("illuminate", "gender")
_RACE = codes.external("illuminate", "race")
_LANGUAGE = codes.external("illuminate", "language")
_ETHNICITY = codes.external("illuminate", "ethnicity")
_RELATIONSHIP = codes.external("illuminate", "relationship")
_PHONE_TYPES = {"home": "Home", "mobile": "Cellular", "work": "Work"}
_TRUTHS: dict[str, bool | None] = {"true": True, "false": False, "": None}


def _row_grade(row: Row, options: Options) -> int | str:
    graduated = row.enrollment.school_code == GRADUATES
    return grade_id("99" if graduated else row.enrollment.grade, options.grade_id_offset)


def _code(table: dict[str, str], detail: str) -> int | str | None:
    return number_or_text(codes.code_of(table, detail)) or None


def student(district: District, options: Options, person: Student) -> Record:
    """Blanks are null. Only one race is told, and not where the student goes to school."""
    house = district.household(person.household_id)
    mail = house.mailing or house.address
    ethnicity = codes.code_of(_ETHNICITY, person.ethnicity)
    taken = programs(person)
    keys = {"local_student_id": person.local_id, "district_student_id": person.local_id}
    if options.student_key != "both":
        keys = {options.student_key: person.local_id}
    language = _code(_LANGUAGE, person.language)
    return {
        "student_id": person.id,
        **keys,
        "state_student_id": person.state_id or None,
        "first_name": person.first,
        "middle_name": person.middle or None,
        "last_name": person.last,
        "name_suffix": None,
        "nickname": person.preferred_first or None,
        "birth_date": day(person.birth_date),
        "gender": codes.code_of(_GENDER, person.gender) or None,
        "email": person.email or None,
        "username": person.username or None,
        "cellphone": person.mobile or None,
        "primary_ethnicity": _code(_RACE, person.races[0]) if person.races else None,
        "is_hispanic": _TRUTHS.get(ethnicity, ethnicity),
        "primary_language": language,
        "correspondence_language": language,
        "english_proficiency": None,
        "grade_level_id": grade_id(person.home.grade, options.grade_id_offset),
        "lunch_id": person.local_id,
        "lunch_balance": 0.0,
        "_nslp": person.lunch in ("F", "FDC", "R"),
        "is_homeless": False,
        "is_foster_care": False,
        "_migrant": False,
        "_has_504_plan": "plan_504" in taken,
        "military_family": None,
        "special_needs_status": 1 if "special_education" in taken else None,
        "address": house.address.street or None,
        "city": house.address.city or None,
        "state": house.address.state or None,
        "zip": house.address.zip or None,
        "phone": house.home_phone or None,
        "home_address_is_mailing_address": house.mailing is None,
        "mailing_address": mail.street or None,
        "mailing_city": mail.city or None,
        "mailing_state": mail.state or None,
        "mailing_zip": mail.zip or None,
        "district_enter_date": day(person.entered_district),
    }


def enrollment(district: District, options: Options, row: Row) -> Record:
    """The district's number is called `district_student_id` here, and the site comes with its name."""
    person, place = row.student, row.enrollment
    school, number = district.school(place.school_code), site_id(place.school_code)
    return {
        "stu_sess_id": row.key,
        "session_id": session_id(number, row.session),
        "academic_year": row.session.year,
        "session_type": row.session.kind,
        "student_id": person.id,
        "district_student_id": person.local_id,
        "state_student_id": person.state_id or None,
        "first_name": person.first,
        "middle_name": person.middle or None,
        "last_name": person.last,
        "birth_date": day(person.birth_date),
        "gender": codes.code_of(_GENDER, person.gender) or None,
        "site_id": number,
        "school": school.name if school else None,
        "district": district.name,
        "grade_level_id": _row_grade(row, options),
        "entry_date": day(place.entry),
        "leave_date": day(row.leave),
        "entry_code": None,
        "exit_code": None,
        # The place a student moved away from was the primary one in its time.
        "is_primary_ada": place.program != "concurrent",
    }


def roster(options: Options, row: Row) -> Record:
    """The homeroom section of one enrollment, with its teacher."""
    place = row.enrollment
    section = zlib.crc32(f"{place.school_code} {place.homeroom}".encode())
    return {
        "student_id": row.student.id,
        "local_student_id": row.student.local_id,
        "district_student_id": row.student.local_id,
        "user_id": place.teacher_id,
        "grade_level_id": _row_grade(row, options),
        "section_id": section,
        "section_name": place.homeroom,
        "site_id": site_id(place.school_code),
        "course_id": 1,
        "entry_date": day(place.entry),
        "leave_date": day(row.leave),
    }


def user(member: StaffMember) -> Record:
    """One employee. Which sites they work at is not told here."""
    place = member.address or Address("", "", "", "")
    return {
        "user_id": member.id,
        "local_user_id": member.local_id,
        "first_name": member.first,
        "middle_name": member.middle or None,
        "last_name": member.last,
        "suffix": None,
        "username": member.username,
        "email1": member.email or None,
        "email2": None,
        "phone1": member.phone or None,
        "phone2": None,
        "address": place.street or None,
        "city": place.city or None,
        "state": place.state or None,
        "zip": place.zip or None,
        "gender": codes.code_of(_GENDER, member.gender) or None,
        "birth_date": day(member.birth_date),
        "job_title": member.title,
        "state_id": None,
        "hire_date": day(member.hired),
        "exit_date": day(member.left),
        "active": member.active,
    }


# Contacts ---------------------------------------------------------------------------------------------------------


class Contact(NamedTuple):
    """One row of Contacts: a guardian of a student, and in the flat shape which of the phones."""

    student: Student
    guardian: Guardian
    link: GuardianLink
    phone: int


def contacts(district: District, options: Options, person: Student) -> Iterator[Contact]:
    """Current contacts only: the office deletes the others."""
    for link in person.links:
        guardian = district.guardian(link.guardian_id)
        if guardian is not None and link.current(district.today):
            count = len(_phones(district, guardian)) if options.contact_shape == "flat" else 1
            for turn in range(max(1, count)):
                yield Contact(person, guardian, link, turn)


def _dwelling(
    place: Address,
    *,
    moved_in: date,
    moved_out: date | None = None,
    primary: bool = False,
    mailing: bool = False,
) -> Record:
    return {
        "address": place.street or None,
        "address_2": None,
        "city": place.city or None,
        "state": place.state or None,
        "zip": place.zip or None,
        "is_primary": primary,
        "is_mailing": mailing,
        "movein_date": day(moved_in),
        "moveout_date": day(moved_out),
    }


def _dwellings(district: District, household_id: int) -> list[Record]:
    """Every fifth household's former address comes first."""
    house, year = district.household(household_id), district.start_year
    found = []
    if household_id % 5 == 0:
        former = Address(f"{household_id} Former Road", "Old Town", "CA", "95999")
        moved = date(year - 1, 3, 31)
        found.append(_dwelling(former, moved_in=date(year - 4, 7, 1), moved_out=moved))
    moved_in = date(year - 1, 4, 1)
    found.append(_dwelling(house.address, primary=True, mailing=house.mailing is None, moved_in=moved_in))
    if house.mailing:
        found.append(_dwelling(house.mailing, mailing=True, moved_in=moved_in))
    return found


def _phones(district: District, guardian: Guardian) -> list[Record]:
    numbers = [(_PHONE_TYPES[phone.type], phone.number) for phone in guardian.phones]
    home = district.household(guardian.household_id).home_phone
    if home:
        numbers.append(("Home", home))
    return [
        {"phone": number, "phone_type": kind, "is_primary": not turn}
        for turn, (kind, number) in enumerate(numbers)
    ]


def contact(district: District, options: Options, row: Contact) -> Record:
    """One contact of one student; a parent of three is three rows with one `contact_id`."""
    person, guardian, link, turn = row
    # Where nothing was ticked there is null as often as false.
    no = None if guardian.id % 3 == 0 else False
    order = options.restraining_orders and not link.lives_with and not link.custodial
    nameless = options.null_relationships and guardian.id % 11 == 0
    phones, places = _phones(district, guardian), _dwellings(district, guardian.household_id)
    details: Record = {"phones": phones, "addresses": places}
    if options.contact_shape == "flat":
        phone = phones[turn] if phones else {"phone": None, "phone_type": None}
        details = next(place for place in places if place["is_primary"])
        details |= {"phone": phone["phone"], "phone_type": phone["phone_type"]}
    return {
        "student_id": person.id,
        "local_student_id": person.local_id,
        "contact_id": guardian.id,
        "household_id": guardian.household_id,
        "contact_type": None if nameless else codes.code_of(_RELATIONSHIP, link.relationship) or None,
        "primary_household": guardian.household_id == person.household_id or no,
        "primary_contact": link.priority == 1 or no,
        "resides_with": link.lives_with or no,
        "is_legal": link.custodial or no,
        "emergency_contact": link.emergency or no,
        "restraining_order": order or no,
        "correspondance_language_id": _code(_LANGUAGE, person.language),
        "education_level_id": None,
        "marital_status_id": None,
        "first_name": guardian.first,
        "last_name": guardian.last,
        "email_address": guardian.email or None,
        **details,
    }
