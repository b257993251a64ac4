"""Students and staff from the rows of PowerQueries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from rollcall.connectors.mapping import Context, Draft, sorted_addresses
from rollcall.connectors.powerschool_common import contacts
from rollcall.connectors.powerschool_query.rows import Race, Staff, Student
from rollcall.connectors.records import Scalar, identifier, lenient_date, text
from rollcall.domain.person import Enrollment, Mapped, Person

_SEPARATORS = re.compile("[,;]")
_NO_ETHNICITY = frozenset({"-1", "2"})
"""Not asked, and declined to say."""

_student = msgspec.json.Decoder(Student)
_race = msgspec.json.Decoder(Race)
_staff = msgspec.json.Decoder(Staff)


def map_student(
    source_id: str,
    rows: Sequence[bytes],
    race_rows: Sequence[bytes],
    asked: Iterable[contacts.Asked],
    context: Context,
    today: date,
) -> Mapped:
    """A student from the roster, the rows of their races, and their contacts."""
    student = max((_student.decode(raw) for raw in rows), key=_recency)
    draft = context.draft("student", source_id)
    held, revisit_on = contacts.ties(asked, source_id, today)
    first, last = draft.text("first_name", student.first_name), draft.text("last_name", student.last_name)
    draft.check_name(first, last)
    building = draft.place("building", "schoolid", student.schoolid)
    grade = draft.place("grade_level", "grade_level", student.grade_level)
    home = draft.address("home", student.street, student.city, student.state, student.zip)
    mailing = draft.address(
        "mailing", student.mailing_street, student.mailing_city, student.mailing_state, student.mailing_zip
    )
    ethnicity = None if text(student.fedethnicity) in _NO_ETHNICITY else student.fedethnicity
    races = {draft.code("race", "racecd", _race.decode(raw).racecd) for raw in race_rows}
    person = Person(
        type="student",
        source_id=source_id,
        local_id=draft.text("local_id", student.student_number),
        state_id=draft.text("state_id", student.state_studentnumber),
        first_name=first,
        middle_name=draft.text("middle_name", student.middle_name),
        last_name=last,
        birth_date=draft.day("birth_date", student.dob),
        gender=draft.code("gender", "gender", student.gender),
        ethnicity=draft.code("ethnicity", "fedethnicity", ethnicity),
        races=tuple(sorted(race for race in races if race is not None)),
        language=draft.code("language", "primarylanguage", student.primarylanguage),
        email=draft.email("email", student.email),
        phones=draft.phones(("home", student.home_phone)),
        addresses=sorted_addresses(home, mailing),
        grade=grade,
        enrollments=(
            Enrollment(
                school=building,
                school_year=context.school_year,
                grade=grade,
                homeroom=draft.text("homeroom", student.home_room),
                start_date=draft.day("entry_date", student.entrydate),
            ),
        )
        if building
        else (),
        contacts=contacts.links(held, draft, context),
        allergies=_allergies(draft, student.allergies, context),
    )
    return draft.result(person, contacts.household(held, student.home_phone, home), revisit_on)


def map_staff(source_id: str, rows: Iterable[bytes], context: Context) -> Mapped:
    """One person from a row for each of their schools."""
    # The row with the lowest id speaks for the person, whichever school sent it.
    found = sorted(
        (_staff.decode(raw) for raw in rows),
        key=lambda s: (len(identifier(s.staff_dcid)), identifier(s.staff_dcid)),
    )
    row = found[0]
    draft = context.draft("staff", source_id)
    first, last = draft.text("first_name", row.first_name), draft.text("last_name", row.last_name)
    draft.check_name(first, last)
    buildings = {context.building(s.schoolid) for s in found}
    person = Person(
        type="staff",
        source_id=source_id,
        local_id=draft.text("local_id", row.teachernumber),
        first_name=first,
        middle_name=draft.text("middle_name", row.middle_name),
        last_name=last,
        email=draft.email("email", row.email_addr),
        schools=tuple(sorted(b for b in buildings if b is not None)),
    )
    return draft.result(person)


def _recency(student: Student) -> tuple[date, bytes]:
    """A transfer in the middle of a pull can show one student twice: the later stay counts."""
    return lenient_date(student.entrydate) or date.min, msgspec.json.encode(student)


def _allergies(draft: Draft, value: Scalar, context: Context) -> tuple[str, ...]:
    """Free text, a list in practice: each item through the mapping where there is one, else as it was typed."""
    items = [item for item in map(str.strip, _SEPARATORS.split(text(value) or "")) if item]
    if "allergy" in context.lookups:
        found = {draft.code("allergy", "allergies", item) for item in items}
    else:
        found = {draft.text("allergies", item) for item in items}
    return tuple(sorted(item for item in found if item is not None))
