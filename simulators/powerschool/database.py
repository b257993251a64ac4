"""The tables of a PowerSchool database, filled from the district on first use and kept in SQLite memory.

PowerQueries are SQL, so the plugin's own text runs here. Columns and their meaning are those of the fact sheet §9.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from simulators import codes
from simulators.district import District, Guardian, values
from simulators.district.model import Address
from simulators.powerschool import contacts, render

Row = tuple[Any, ...]

STUDENT_ID_OFFSET = 400
"""Students.ID is not Students.DCID: older child tables point to the former."""
PERSON_OF_STUDENT = 5_000_000
_PHONE_TYPES = {"home": "Home", "mobile": "Mobile", "work": "Daytime"}


def _students(d: District) -> Iterator[Row]:
    for s in d.students:
        home, house = s.home, d.household(s.household_id)
        status = render.STATUSES[s.status][1]
        place, mail = house.address, house.mailing or house.address
        family = f"F{house.family_key}" if house.family_key else ""
        ethnicity = codes.FED_ETHNICITY.get(s.ethnicity, s.ethnicity[1:])
        yield (
            s.id - STUDENT_ID_OFFSET, s.id, s.local_id, s.state_id, f"{s.last}, {s.first} {s.middle}".strip(),
            s.first, s.middle, s.last, s.birth_date, codes.code_of(_GENDER, s.gender), render.school_number(home),
            render.school_number(home), render.grade_level(home), status, home.entry,
            render.exit_date(home, d.start_year), "E1", home.homeroom, family, PERSON_OF_STUDENT + s.id, s.id, s.lunch,
            "W" if "white" in s.races else "", ethnicity, f"{s.allergies} allergy" if s.allergies else "",
            1 if s.photo else 0, place.street, place.city, place.state, place.zip, mail.street, mail.city, mail.state,
            mail.zip, contacts.dashed(house.home_phone), s.username, s.username, "100",
        )  # fmt: skip


def _core_fields(d: District) -> Iterator[Row]:
    table = codes.external("powerschool", "language")
    for s in d.students:
        yield s.id, s.allergies, codes.code_of(table, s.language), s.first, s.last, s.preferred_first, d.today


def _student_race(d: District) -> Iterator[Row]:
    for s in d.students:
        # A row keeps its id, whoever comes or goes.
        for number, detail in enumerate(s.races, s.id * 8):
            yield number, number + 50, s.id - STUDENT_ID_OFFSET, codes.code_of(_RACE, detail)


def _gen(d: District) -> Iterator[Row]:
    federal = {value: str(turn) for turn, value in enumerate(render.FEDERAL, 1)}
    rows = [
        ("race", code, federal[values.RACES[detail]], codes.label(detail)) for detail, code in _RACE.items()
    ]
    rows += [("federalrace", federal[value], "", words) for value, words in render.FEDERAL.items()]
    rows += [("ethnicity", "W", "", "White")]
    for number, (cat, name, value, words) in enumerate(rows, 1):
        yield number, number + 300, cat, name, value, words


def _code_sets(d: District) -> Iterator[Row]:
    for number, (kind, code) in enumerate(_code_set_rows(), 1):
        yield number, kind, code, code, code, 1


def _code_set_rows() -> list[tuple[str, str]]:
    rows = [("Relationship", code) for code in codes.external("powerschool", "relationship").values()]
    rows += [("Relationship", "88")]
    rows += [("Phone", kind) for kind in _PHONE_TYPES.values()]
    rows += [("Email", "Current"), ("Address", "Home"), ("Address", "Mailing")]
    rows += [("Gender", code) for code in _GENDER.values()]
    return rows + [("State", state) for state in (*values.STATES, "ZQ", "")]


def _person(d: District) -> Iterator[Row]:
    for g in d.guardians:
        gender = _CODE_SET["Gender", _GENDER[g.gender]]
        yield g.id, g.id + 9, g.first, g.middle, g.last, None, gender, 1, d.today
    for s in d.students:
        yield PERSON_OF_STUDENT + s.id, 6_000_000 + s.id, s.first, s.middle, s.last, None, None, 1, d.today


def _assoc(d: District) -> Iterator[Row]:
    for s in d.students:
        for link in s.links:
            kind = _CODE_SET["Relationship", contacts.relationship(link.relationship)]
            yield s.id * 8 + link.priority, s.id, link.guardian_id, link.priority, kind, d.today


def _detail(d: District) -> Iterator[Row]:
    for s in d.students:
        for link in s.links:
            kind = _CODE_SET["Relationship", contacts.relationship(link.relationship)]
            key, legal = s.id * 8 + link.priority, int(link.custodial)
            yield (key, key, kind, "", int(link.active), legal, int(link.emergency), int(link.lives_with), legal,
                   legal, 0, link.start, link.end)  # fmt: skip


def _emails(d: District) -> Iterator[tuple[int, str]]:
    """Contacts and students: both are people."""
    yield from ((g.id, g.email) for g in d.guardians if g.email)
    yield from ((PERSON_OF_STUDENT + s.id, s.email) for s in d.students if s.email)


def _email_assoc(d: District) -> Iterator[Row]:
    for person, _ in _emails(d):
        yield person + 70, person, person + 91, _CODE_SET["Email", "Current"], 1, 1


def _email(d: District) -> Iterator[Row]:
    return ((person + 91, email) for person, email in _emails(d))


def _all_phones(d: District) -> Iterator[tuple[Guardian, int, str, str]]:
    for g in d.guardians:
        for place, (kind, number) in enumerate(contacts.guardian_phones(d, g)):
            yield g, place, kind, number


def _phone_assoc(d: District) -> Iterator[Row]:
    for g, place, kind, number in _all_phones(d):
        key = g.id * 4 + place
        yield key, g.id, key + 1, _CODE_SET["Phone", _PHONE_TYPES[kind]], int(place == 0), place + 1, number


def _phone(d: District) -> Iterator[Row]:
    for g, place, kind, number in _all_phones(d):
        yield g.id * 4 + place + 1, contacts.dashed(number), "", int(kind == "mobile")


def _places(d: District) -> Iterator[tuple[Guardian, int, Address, str]]:
    for g in d.guardians:
        house = d.household(g.household_id)
        if house.address.street:
            yield g, 0, house.address, "Home"
        if house.mailing:
            yield g, 1, house.mailing, "Mailing"


def _address_assoc(d: District) -> Iterator[Row]:
    for g, turn, _, kind in _places(d):
        yield (
            g.id * 2 + turn,
            g.id,
            g.household_id * 2 + turn,
            _CODE_SET["Address", kind],
            turn + 1,
            None,
            None,
        )


def _address(d: District) -> Iterator[Row]:
    for house in d.households:
        for turn, place in enumerate((house.address, house.mailing)):
            if place and place.street:
                state = _CODE_SET["State", place.state]
                yield house.id * 2 + turn, place.street, "", "", place.city, state, None, place.zip


def _users(d: District) -> Iterator[Row]:
    for m in d.staff:
        yield (m.id + 700, m.id, m.local_id, m.first, m.middle, m.last, "", m.email, m.school_codes[0], m.title,
               m.username, m.username, "")  # fmt: skip


def _school_staff(d: District) -> Iterator[Row]:
    for m in d.staff:
        for place, code in enumerate(m.school_codes):
            key = render.staff_id(m, place)
            yield key + 33, key, m.id, code, 1 if m.active else 2, render.ROLES[m.role]


def _schools(d: District) -> Iterator[Row]:
    for s in d.schools:
        if s.kind not in ("transfer", "inactive"):
            row, place = render.school(s), s.address
            principal = f"{s.principal_last}, {s.principal_first}"
            yield (s.id + 200, s.id, s.code, s.name, s.abbreviation, row["low_grade"], row["high_grade"], 0, principal,
                   s.principal_email, place.street, place.city, place.state, place.zip, contacts.dashed(s.phone), 0,
                   int(s.holding))  # fmt: skip


def _terms(d: District) -> Iterator[Row]:
    year = d.start_year - 1990
    for number, s in enumerate(d.schools, 1):
        if not s.holding:
            yield (year * 100, number, year, s.code, d.school_year, d.school_year, date(d.start_year, 8, 17),
                   date(d.start_year + 1, 6, 4), 1, 1)  # fmt: skip


_GENDER = codes.external("powerschool", "gender")
_RACE = codes.external("powerschool", "race")
_CODE_SET = {key: number for number, key in enumerate(_code_set_rows(), 1)}

TABLES: dict[str, tuple[str, Callable[[District], Iterator[Row]]]] = {
    "students": (
        "id dcid student_number state_studentnumber lastfirst first_name middle_name last_name dob gender schoolid "
        "enrollment_schoolid grade_level enroll_status entrydate exitdate entrycode home_room family_ident person_id "
        "lunch_id lunchstatus ethnicity fedethnicity alert_medical photoflag street city state zip mailing_street "
        "mailing_city mailing_state mailing_zip home_phone web_id student_web_id districtofresidence",
        _students,
    ),
    "studentcorefields": (
        "studentsdcid allergies primarylanguage pscore_legal_first_name pscore_legal_last_name prefname whenmodified",
        _core_fields,
    ),
    "studentrace": ("id dcid studentid racecd", _student_race),
    "gen": ("id dcid cat name value valuet", _gen),
    "codeset": ("codesetid codetype code displayvalue description isvisible", _code_sets),
    "person": (
        "id dcid firstname middlename lastname suffixcodesetid gendercodesetid isactive whenmodified",
        _person,
    ),
    "studentcontactassoc": (
        "studentcontactassocid studentdcid personid contactpriorityorder currreltypecodesetid whenmodified",
        _assoc,
    ),
    "studentcontactdetail": (
        "studentcontactdetailid studentcontactassocid relationshiptypecodesetid relationshipnote isactive iscustodial "
        "isemergency liveswithflg schoolpickupflg receivesmailflg excludefromstatereportingflg startdate enddate",
        _detail,
    ),
    "personemailaddressassoc": (
        "personemailaddressassocid personid emailaddressid emailtypecodesetid isprimaryemailaddress "
        "emailaddresspriorityorder",
        _email_assoc,
    ),
    "emailaddress": ("emailaddressid emailaddress", _email),
    "personphonenumberassoc": (
        "personphonenumberassocid personid phonenumberid phonetypecodesetid ispreferred phonenumberpriorityorder "
        "phonenumberasentered",
        _phone_assoc,
    ),
    "phonenumber": ("phonenumberid phonenumber phonenumberext issms", _phone),
    "personaddressassoc": (
        "personaddressassocid personid personaddressid addresstypecodesetid addresspriorityorder startdate enddate",
        _address_assoc,
    ),
    "personaddress": (
        "personaddressid street linetwo unit city statescodesetid countrycodesetid postalcode",
        _address,
    ),
    "users": (
        "id dcid teachernumber first_name middle_name last_name preferredname email_addr homeschoolid title loginid "
        "teacherloginid homeroom",
        _users,
    ),
    "schoolstaff": ("id dcid users_dcid schoolid status staffstatus", _school_staff),
    "schools": (
        "id dcid school_number name abbreviation low_grade high_grade alternate_school_number principal principalemail "
        "schooladdress schoolcity schoolstate schoolzip schoolphone issummerschool state_excludefromreporting",
        _schools,
    ),
    "terms": ("id dcid yearid schoolid name abbreviation firstday lastday isyearrec portion", _terms),
}


def columns(table: str) -> list[str]:
    return TABLES[table][0].split()


def build(district: District) -> sqlite3.Connection:
    """All tables in memory. Blank is NULL, as in Oracle; dates are ISO text."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    today = district.today.isoformat()
    database.create_function(
        "nvl", 2, lambda value, other: other if value is None else value, deterministic=True
    )
    database.create_function(
        "to_char", -1, lambda *args: None if args[0] is None else str(args[0]), deterministic=True
    )
    database.create_function("to_date", -1, lambda *args: args[0], deterministic=True)
    database.create_function("trunc", -1, lambda *args: args[0], deterministic=True)
    database.create_function("sim_today", 0, lambda: today)
    for table, (names, rows) in TABLES.items():
        fields = names.split()
        database.execute(f"create table {table} ({', '.join(fields)})")
        marks = ", ".join("?" * len(fields))
        filled = (tuple(_stored(value) for value in row) for row in rows(district))
        database.executemany(f"insert into {table} values ({marks})", filled)
        for field in fields:
            if field.endswith(("id", "dcid")) and table != "gen":
                database.execute(f"create index {table}_{field} on {table} ({field})")
    return database


def _stored(value: Any) -> Any:
    return None if value == "" else value.isoformat() if isinstance(value, date) else value


def oracle_to_sqlite(sql: str) -> str:
    """The few Oracle words that roster queries use and SQLite lacks."""
    return re.sub(r"\b(sysdate|current_date)\b", "sim_today()", sql, flags=re.IGNORECASE).strip().rstrip(";")
