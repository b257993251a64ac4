"""Illuminate students and staff as people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec

from rollcall.connectors.illuminate import contacts
from rollcall.connectors.illuminate import field_map as f
from rollcall.connectors.illuminate.rows import (
    Row,
    addresses,
    code,
    home_phone,
    is_set,
    phones,
    read,
    value,
)
from rollcall.connectors.mapping import Context, Draft, sorted_addresses
from rollcall.connectors.records import Scalar, earliest, lenient_date, number, text
from rollcall.domain.person import Address, Enrollment, Household, Mapped, Person

_YEAR = re.compile(r"(\d{4})(\s*[-/]\s*(?:\d{2}|\d{4}))?")
_DAY = timedelta(days=1)


class Stay(NamedTuple):
    """One enrollment row. ``building`` is None where the site is not mapped or not named."""

    row: Row
    building: str | None
    entry: date | None
    leave: date | None
    """The last day there; of current students the end of the session, still to come."""


def ending_year(value: Scalar) -> int | None:
    """The year in which a school year ends, as Illuminate counts: 2027 for 2026-27, 2026-2027 or 2027."""
    match = _YEAR.fullmatch(text(value) or "")
    return (int(match[1]) + (1 if match[2] else 0)) if match else None


def map_student(
    source_id: str,
    records: Mapping[str, Sequence[bytes]],
    reference: Mapping[str, Any],
    context: Context,
    today: date,
) -> Mapped:
    """One person from their row, their enrollments of the year and their contacts.

    ``reference`` is the survey's. Somebody without an enrollment at a mapped school is out of scope.
    """
    stays = _stays(records.get("enrollment", ()), reference["year"], context)
    current = [s for s in stays if (s.entry or today) <= today <= (s.leave or today)]
    coming = [s.entry for s in stays if s.entry and s.entry > today]
    past = [s for s in stays if s.leave and s.leave < today and s.building]
    revisit_on = earliest([*coming, *(s.leave + _DAY for s in current if s.leave)])
    leaver = not any(s.building for s in current) and bool(past)
    draft = context.draft("student", source_id, leaver)
    chosen = _chosen(current) or ([max(past, key=lambda s: s.leave or date.min)] if past else [])
    if not chosen:
        nowhere = [s for s in current if value(s.row, f.SITE) is None]
        if not nowhere:
            return msgspec.structs.replace(draft.absent(), revisit_on=revisit_on)
        chosen = nowhere[:1]
    row = read(records["students"])[0]
    first = draft.text("first_name", value(row, f.FIRST_NAME))
    last = draft.text("last_name", value(row, f.LAST_NAME))
    draft.check_name(first, last)
    rows = contacts.guardians(records.get("contacts", ()))
    enrollments = _enrollments(chosen, row, reference["grades"], draft, context, leaver)
    home, mailing = _places(row, contacts.head(rows), draft)
    person = Person(
        type="student",
        source_id=source_id,
        status="ended" if leaver else "active",
        local_id=draft.text("local_id", value(row, f.STUDENT_LOCAL_ID)),
        state_id=draft.text("state_id", value(row, f.STATE_ID)),
        first_name=first,
        middle_name=draft.text("middle_name", value(row, f.MIDDLE_NAME)),
        last_name=last,
        suffix=draft.text("suffix", value(row, f.SUFFIX)),
        birth_date=draft.day("birth_date", value(row, f.BIRTH_DATE)),
        gender=draft.code("gender", "gender", code(row, f.GENDER)),
        ethnicity=draft.code("ethnicity", "is_hispanic", code(row, f.IS_HISPANIC)),
        races=_races(draft, row),
        language=draft.code("language", "language", code(row, f.STUDENT_LANGUAGE)),
        email=draft.email("email", value(row, f.STUDENT_EMAIL)),
        phones=draft.phones(*phones(row)),
        addresses=sorted_addresses(home, mailing),
        grade=enrollments[0].grade if enrollments else None,
        enrollments=enrollments,
        contacts=contacts.links(rows, draft, context) if "contact" in context.member_types else (),
    )
    return draft.result(person, _household(row, rows, home or mailing), revisit_on)


def map_staff(
    source_id: str, records: Mapping[str, Sequence[bytes]], with_roster: bool, context: Context, today: date
) -> Mapped:
    """A user; their schools are where they teach. Nobody when all of those are unmapped."""
    row = read(records["staff"])[0]
    draft = context.draft("staff", source_id)
    sites = {code(taught, f.SITE) for taught in read(records.get("roster", ()))}
    sites = (sites | {code(row, f.STAFF_SITE)}) - {None}
    buildings = {context.building(site) for site in sites} - {None}
    if sites and not buildings:
        return draft.absent()
    if not sites and with_roster:
        draft.report("school_unknown", "site_id")
    leaves = lenient_date(value(row, f.STAFF_EXIT))
    active = value(row, f.STAFF_ACTIVE)
    ended = (active is not None and not is_set(row, f.STAFF_ACTIVE)) or (
        leaves is not None and leaves < today
    )
    first = draft.text("first_name", value(row, f.FIRST_NAME))
    last = draft.text("last_name", value(row, f.LAST_NAME))
    draft.check_name(first, last)
    person = Person(
        type="staff",
        source_id=source_id,
        status="ended" if ended else "active",
        local_id=draft.text("local_id", value(row, f.STAFF_LOCAL_ID)),
        state_id=draft.text("state_id", value(row, f.STAFF_STATE_ID)),
        first_name=first,
        middle_name=draft.text("middle_name", value(row, f.MIDDLE_NAME)),
        last_name=last,
        suffix=draft.text("suffix", value(row, f.SUFFIX)),
        birth_date=draft.day("birth_date", value(row, f.BIRTH_DATE)),
        gender=draft.code("gender", "gender", code(row, f.GENDER)),
        ethnicity=draft.code("ethnicity", "is_hispanic", code(row, f.IS_HISPANIC)),
        races=_races(draft, row),
        email=draft.email("email", value(row, f.STAFF_EMAIL)),
        phones=draft.phones(*phones(row)),
        addresses=sorted_addresses(*addresses(row, draft)),
        schools=tuple(sorted(b for b in buildings if b is not None)),
    )
    return draft.result(person, revisit_on=leaves + _DAY if leaves and not ended else None)


def _stays(records: Sequence[bytes], year: int, context: Context) -> list[Stay]:
    """The rows of the year, the primary one first (fact sheet §4.3), then the latest begun."""
    found = []
    for row in read(records):
        if ending_year(value(row, f.ACADEMIC_YEAR)) in (None, year):
            site = value(row, f.SITE)
            building = context.building(site) if site is not None else None
            entry, leave = (lenient_date(value(row, names)) for names in (f.ENTRY_DATE, f.LEAVE_DATE))
            found.append(Stay(row, building, entry, leave))
    return sorted(
        found,
        key=lambda s: (
            not is_set(s.row, f.IS_PRIMARY),
            -s.entry.toordinal() if s.entry else 0,
            number(value(s.row, f.SITE)) or 0,
        ),
    )


def _chosen(current: Sequence[Stay]) -> list[Stay]:
    """One stay for each mapped school, the first of those that it has."""
    found: dict[str, Stay] = {}
    for stay in current:
        if stay.building is not None:
            found.setdefault(stay.building, stay)
    return list(found.values())


def _enrollments(
    stays: Sequence[Stay],
    student: Row,
    grades: Mapping[str, str],
    draft: Draft,
    context: Context,
    leaver: bool,
) -> tuple[Enrollment, ...]:
    """Enrollments, the primary one first."""
    found = []
    for stay in stays:
        level = code(stay.row, f.GRADE) or code(student, f.GRADE)
        # An id is no grade: 4 is the third one. Without an entry in GradeLevels it must not be taken for one.
        grade = draft.place(
            "grade_level", "grade_level_id", grades.get(level, f"grade_level_id {level}") if level else None
        )
        building = draft.place("building", "site_id", value(stay.row, f.SITE))
        if building is not None:
            primary = stay is stays[0]
            room = value(stay.row, f.HOMEROOM)
            if room is None and primary:
                room = value(student, f.HOMEROOM)
            found.append(
                Enrollment(
                    school=building,
                    school_year=context.school_year,
                    grade=grade,
                    homeroom=draft.text("homeroom", room),
                    start_date=draft.day("entry_date", value(stay.row, f.ENTRY_DATE)),
                    drop_date=(stay.leave + _DAY).isoformat() if leaver and stay.leave else None,
                    primary=primary,
                )
            )
    return tuple(found)


def _places(row: Row, head: Row | None, draft: Draft) -> tuple[Address | None, Address | None]:
    """The student's own addresses, else those of whom they live with."""
    home, mailing = addresses(row, draft)
    return addresses(head, draft) if head and not (home or mailing) else (home, mailing)


def _household(row: Row, rows: Sequence[Row], home: Address | None) -> Household:
    head = contacts.head(rows)
    return Household(
        hoh_first_name=text(value(head, f.FIRST_NAME)) if head else None,
        hoh_last_name=text(value(head, f.LAST_NAME)) if head else None,
        hoh_home_phone=(home_phone(head) if head else None) or home_phone(row),
        household_home_address=home,
    )


def _races(draft: Draft, row: Row) -> tuple[str, ...]:
    codes = (code(row, names) for names in f.RACES)
    races = (draft.code("race", "races", found) for found in codes if found is not None)
    return tuple(sorted({race for race in races if race is not None}))
