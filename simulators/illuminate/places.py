"""Sites, grade levels, sessions, terms, roles and codes."""

from __future__ import annotations

from datetime import date
from typing import Any

from simulators import codes
from simulators.codes import DISTRICT_SITE
from simulators.district import District, School, values
from simulators.illuminate.calendar import Session, normal, sessions
from simulators.illuminate.rows import PRIVATE_SITE, site_id

Record = dict[str, Any]

GRADE_IDS = {"K": 1, **{str(grade): grade + 1 for grade in range(1, 13)}, "99": 14, "PK": 15, "TK": 16}
"""Short name → id: K is 1, so grade n is n + 1."""

_WORDS = {"K": "Kindergarten", "99": "Graduate", "PK": "Pre-Kindergarten", "TK": "Transitional Kindergarten"}
_STATE_IDS = {"K": "KN", "99": "GR", "PK": "PS", "TK": "TK"}
_AGES = {"K": 5, "PK": 3, "TK": 4, "99": 18}
_KINDS = {"elementary": "Elementary", "middle": "Middle School", "high": "High School", "office": "DISTRICT"}
_SUFFIXES = {1: "st", 2: "nd", 3: "rd"}


def number_or_text(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def grade_id(grade: str, offset: int) -> int | str:
    """The id of one of our grades; what is not one of them is sent as it stands."""
    known = GRADE_IDS.get(grade)
    return known + offset if known else number_or_text(codes.code_of({}, grade))


def grade_levels(offset: int) -> list[Record]:
    """In the order of schooling. Short names and state ids are numbers where they can be: `K` and then 1."""
    return [
        {
            "grade_level_id": GRADE_IDS[name] + offset,
            "short_name": number_or_text(name),
            "long_name": _WORDS.get(name) or f"{name}{_SUFFIXES.get(int(name), 'th')} Grade",
            "standard_age": _AGES[name] if name in _AGES else int(name) + 5,
            "state_id": _STATE_IDS.get(name) or int(name),
            "sort_order": order,
        }
        for order, name in enumerate((*values.GRADES, "99"))
    ]


def site(school: School, offset: int) -> Record:
    """One site. Numbers stand where texts belong, and the district is a site like any other."""
    number = site_id(school.code)
    grades = [GRADE_IDS[grade] + offset for grade in school.grades]
    return {
        "site_id": number,
        "site_name": school.name,
        "state_school_id": 19999980000000 + number if grades else None,
        "start_grade_level_id": grades[0] if grades else None,
        "end_grade_level_id": grades[-1] if grades else None,
        "site_type_name": _KINDS.get(school.kind, "Other"),
        "address": school.address.street,
        "address2": None,
        "city": school.address.city,
        "state": school.address.state,
        "zip": number_or_text(school.address.zip),
        "local_site_code": None,
        "num_hours": None,
        "num_weeks": None,
        "parent_site_id": DISTRICT_SITE if school.code else None,
    }


def private_site(district: District, offset: int) -> Record:
    """Where tenants keep children of private schools."""
    office = district.schools[0]
    return {**site(office, offset), "site_id": PRIVATE_SITE, "site_name": "Private School",
            "site_type_name": "Other", "parent_site_id": DISTRICT_SITE}  # fmt: skip


def session_id(number: int, session: Session) -> int:
    """Sessions belong to one site and one year."""
    return (session.year * 10 + (session.kind == "summer")) * 10**6 + number % 10**6


def session_rows(district: District, school: School) -> list[Record]:
    return [
        {
            "session_id": session_id(site_id(school.code), session),
            "academic_year": session.year,
            "site_id": site_id(school.code),
            "session_type_id": 1 if session.kind == "normal" else 2,
            "session_type": session.kind,
            "start_date": day(session.first),
            "end_date": day(session.last),
        }
        for session in sessions(district)
    ]


def term_rows(district: District, school: School, year: int) -> list[Record]:
    session = normal(district, year)
    parent = session_id(site_id(school.code), session)
    halves = (("Fall", session.first, date(year - 1, 12, 18)), ("Spring", date(year, 1, 11), session.last))
    return [
        {
            "term_id": parent * 10 + number,
            "term_name": name,
            "start_date": day(first),
            "end_date": day(last),
            "session_id": parent,
            "term_num": number,
            "term_type": 2,
            "local_term_id": None,
        }
        for number, (name, first, last) in enumerate(halves, 1)
    ]


ROLES: list[Record] = [
    {"role_id": number, "role_name": name, "role_short_name": short, "role_level": level,
     "can_teach": name == "Teacher", "can_counsel": name == "Counselor"}
    for number, (name, short, level) in enumerate(
        [("Teacher", "TCH", 1), ("Counselor", "CNS", 2), ("Site Administrator", "SA", 3), ("Clerical", "CLR", 2)], 1
    )
]  # fmt: skip


def code_rows() -> list[Record]:
    """The district's code lists that people's records point into."""
    found = []
    for name, entity in (("language", "language"), ("ethnicity", "race"), ("contact_type", "relationship")):
        for order, (detail, code) in enumerate(codes.external("illuminate", entity).items(), 1):
            found.append(
                {
                    "code_list": name,
                    "code_id": number_or_text(code) if entity != "relationship" else order,
                    "code_key": code,
                    "code_translation": codes.label(detail) if entity != "relationship" else code,
                    "site_id": DISTRICT_SITE,
                    "system_key": detail,
                    "system_key_sort": order,
                    "state_id": None,
                    "sort_order": order,
                }
            )
    return found
