"""PowerSchool students and staff as people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from rollcall.connectors.mapping import Context, Draft, sorted_addresses
from rollcall.connectors.powerschool.contacts import read
from rollcall.connectors.powerschool.rows import (
    Affiliation,
    Affiliations,
    ContactInfo,
    Demographics,
    Emails,
    EthnicityRace,
    Extensions,
    Name,
    Number,
    Phones,
    Place,
    Places,
    ScheduleSetup,
    SchoolEnrollment,
    Staff,
    StaffPhones,
    Student,
)
from rollcall.connectors.powerschool_common import contacts
from rollcall.connectors.records import Scalar, as_list, block, identifier, iso_date, number, text
from rollcall.domain.person import Address, Enrollment, Mapped, Person

_STATUS_LETTERS = {0: "A", -1: "P", 2: "T", 3: "G", 4: "H"}
_GONE = 2
CORE_FIELDS = "studentcorefields"
"""The extended table that holds the language."""

_student = msgspec.json.Decoder(Student)
_staff = msgspec.json.Decoder(Staff)


def map_student(
    source_id: str, rows: Sequence[bytes], contact_records: Sequence[bytes], context: Context, today: date
) -> Mapped:
    """A student from their row and the contacts answer for them."""
    student = max((_student.decode(raw) for raw in rows), key=_recency)
    stay = block(student.school_enrollment, SchoolEnrollment())
    status = _status(stay)
    leaver = status not in ("A", "P")
    draft = context.draft("student", source_id, leaver)
    if status == "P":
        # Pre-registered: not at school yet.
        return draft.absent()
    held, revisit_on = contacts.ties(read(contact_records), source_id, today)
    name = block(student.name, Name())
    about = block(student.demographics, Demographics())
    origin = block(student.ethnicity_race, EthnicityRace())
    places = block(student.addresses, Places())
    first, last = draft.text("first_name", name.first_name), draft.text("last_name", name.last_name)
    draft.check_name(first, last)
    main_phone = block(block(student.phones, Phones()).main, Number()).number
    building = draft.place("building", "school_enrollment.school_number", stay.school_number)
    grade = draft.place("grade_level", "school_enrollment.grade_level", stay.grade_level)
    home = _address(draft, "home", places.physical)
    races = (
        draft.code("race", "ethnicity_race.races", race.district_race_code) for race in as_list(origin.races)
    )
    person = Person(
        type="student",
        source_id=source_id,
        status="ended" if leaver else "active",
        local_id=draft.text("local_id", student.local_id),
        state_id=draft.text("state_id", student.state_province_id),
        first_name=first,
        middle_name=draft.text("middle_name", name.middle_name),
        last_name=last,
        birth_date=draft.day("birth_date", about.birth_date),
        gender=draft.code("gender", "gender", about.gender),
        ethnicity=draft.code("ethnicity", "ethnicity_race.federal_ethnicity", origin.federal_ethnicity),
        races=tuple(sorted({race for race in races if race is not None})),
        language=draft.code(
            "language", "studentcorefields.primarylanguage", _core_field(student, "primarylanguage")
        ),
        email=draft.email("email", block(student.contact_info, ContactInfo()).email),
        phones=draft.phones(("home", main_phone)),
        addresses=sorted_addresses(home, _address(draft, "mailing", places.mailing)),
        grade=grade,
        grad_year=number(about.projected_graduation_year),
        enrollments=(
            Enrollment(
                school=building,
                school_year=context.school_year,
                grade=grade,
                homeroom=draft.text("homeroom", block(student.schedule_setup, ScheduleSetup()).home_room),
                start_date=draft.day("entry_date", stay.entry_date),
                # Of an active student it is the end of the school year, still to come.
                drop_date=draft.day("exit_date", stay.exit_date) if leaver else None,
            ),
        )
        if building
        else (),
        contacts=contacts.links(held, draft, context),
    )
    return draft.result(person, contacts.household(held, main_phone, home), revisit_on)


def map_staff(source_id: str, rows: Sequence[bytes], schools: Mapping[str, str], context: Context) -> Mapped:
    """One person from the rows of all their schools. ``schools`` gives school numbers by Schools.DCID."""
    found = sorted((_staff.decode(raw) for raw in rows), key=lambda s: (number(s.id) or 0, identifier(s.id)))
    row = found[0]
    draft = context.draft("staff", source_id)
    name = block(row.name, Name())
    first, last = draft.text("first_name", name.first_name), draft.text("last_name", name.last_name)
    draft.check_name(first, last)
    affiliations = [a for s in found for a in _affiliations(s)]
    current = [a for a in affiliations if number(a.status) != _GONE]
    if not affiliations:
        draft.report("school_unknown", "school_affiliations")
    numbers = {schools.get(text(a.school_id) or "") for a in current}
    buildings = {context.building(school) for school in numbers if school is not None}
    phone = block(row.phones, StaffPhones()).home_phone
    person = Person(
        type="staff",
        source_id=source_id,
        status="ended" if affiliations and not current else "active",
        local_id=draft.text("local_id", row.local_id),
        first_name=first,
        middle_name=draft.text("middle_name", name.middle_name),
        last_name=last,
        email=draft.email("email", block(row.emails, Emails()).work_email),
        phones=draft.phones(("home", phone.number if isinstance(phone, Number) else phone)),
        addresses=sorted_addresses(_address(draft, "home", block(row.addresses, Places()).home)),
        schools=tuple(sorted(b for b in buildings if b is not None)),
    )
    return draft.result(person)


def _core_field(student: Student, name: str) -> Scalar:
    for table in as_list(block(student.extensions, Extensions()).tables):
        if (text(table.name) or "").casefold() == CORE_FIELDS:
            for column in as_list(table.fields):
                if (text(column.name) or "").casefold() == name:
                    return column.value
    return None


def _recency(student: Student) -> tuple[bool, str, bytes]:
    """A transfer in the middle of a pull can show one student twice: the later stay counts."""
    stay = block(student.school_enrollment, SchoolEnrollment())
    try:
        began = iso_date(stay.entry_date) or ""
    except ValueError:
        began = ""
    return _status(stay) == "A", began, msgspec.json.encode(student)


def _status(stay: SchoolEnrollment) -> str:
    """The letter, or made from the number; real servers and their documentation name the number differently."""
    letter = text(stay.enroll_status)
    code = number(stay.enroll_status_code if stay.enroll_status_code is not None else stay.status_code)
    if letter is None and code is not None:
        return _STATUS_LETTERS.get(code, "I")
    # Only active students are asked for, so a row that does not say is one of them.
    return (letter or "A").upper()


def _address(draft: Draft, kind: str, place: Place | str | None) -> Address | None:
    where = block(place, Place())
    return draft.address(kind, where.street, where.city, where.state_province, where.postal_code)


def _affiliations(staff: Staff) -> list[Affiliation]:
    return as_list(block(staff.school_affiliations, Affiliations()).school_affiliation)
