"""Aeries students and staff as people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from rollcall.connectors.aeries import contacts
from rollcall.connectors.aeries.rows import Contact, Staff, Student
from rollcall.connectors.mapping import Context, Draft, sorted_addresses
from rollcall.connectors.records import Scalar, digits, identifier, lenient_date, number, text
from rollcall.domain.forms import EnrollmentCodeField
from rollcall.domain.person import Address, Enrollment, Household, Mapped, Person

_PRE_ENROLLED = "*"

_student = msgspec.json.Decoder(Student)
_staff = msgspec.json.Decoder(Staff)


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What only an Aeries integration chooses. Codes are values of the student row's ``code_field``."""

    primary_codes: frozenset[str] = frozenset()
    alternate_codes: frozenset[str] = frozenset()
    code_field: EnrollmentCodeField = "AttendanceProgramCodePrimary"
    use_local_id_as_pin: bool = False
    use_contact_record: bool = False
    use_change_feed: bool = False


def map_student(
    source_id: str,
    rows: Sequence[bytes],
    contact_records: Sequence[bytes],
    context: Context,
    options: Options,
) -> Mapped:
    """One person from the rows of all schools of the year."""
    found = [_student.decode(raw) for raw in rows]
    if len(found) > 1:
        found.sort(key=_by_recency)
    known = [row for row in found if text(row.InactiveStatusCode) != _PRE_ENROLLED]
    active = [row for row in known if text(row.InactiveStatusCode) is None]
    leaver = not active
    draft = context.draft("student", source_id, leaver)
    if not known:
        return draft.absent()
    stays = _counting(active, options) if active else [max(known, key=_left)]
    if not stays:
        draft.report("program_not_listed", options.code_field, _code(active[0], options))
        return draft.absent()
    row = stays[0]
    guardians = contacts.read(contact_records)
    head = contacts.head(guardians) if options.use_contact_record else None
    first, last = draft.text("first_name", row.FirstName), draft.text("last_name", row.LastName)
    draft.check_name(first, last)
    enrollments = _enrollments(stays, draft, context, leaver)
    home = _address(draft, "home", row)
    mailing = _address(draft, "mailing", row)
    home_phone = _home_phone(head, row)
    person = Person(
        type="student",
        source_id=source_id,
        status="ended" if leaver else "active",
        local_id=source_id,
        state_id=draft.text("state_id", row.StateStudentID),
        pos_id=source_id if options.use_local_id_as_pin else None,
        first_name=first,
        middle_name=draft.text("middle_name", row.MiddleName),
        last_name=last,
        birth_date=draft.day("birth_date", row.Birthdate),
        gender=draft.code("gender", "gender", row.Gender),
        ethnicity=draft.code("ethnicity", "ethnicity", row.EthnicityCode),
        races=_races(draft, row),
        language=draft.code("language", "language", row.HomeLanguageCode),
        email=draft.email("email", row.StudentEmailAddress),
        phones=draft.phones(("home", home_phone), ("mobile", row.StudentMobilePhone)),
        addresses=sorted_addresses(home, mailing),
        grade=enrollments[0].grade if enrollments else None,
        enrollments=enrollments,
        contacts=contacts.links(guardians, draft, context) if "contact" in context.member_types else (),
    )
    hoh_first, hoh_last = contacts.names(head) if head else contacts.split_name(row.ParentGuardianName)
    household = Household(
        family_key=_key(row.FamilyKey),
        hoh_first_name=hoh_first,
        hoh_last_name=hoh_last,
        hoh_home_phone=digits(home_phone),
        household_home_address=home or mailing,
    )
    return draft.result(person, household)


def map_staff(source_id: str, rows: Sequence[bytes], context: Context, today: date) -> Mapped:
    """A member of staff of a mapped school; nobody when they work elsewhere."""
    row = min((_staff.decode(raw) for raw in rows), key=msgspec.json.encode)
    draft = context.draft("staff", source_id)
    codes = (row.PrimaryAeriesSchool, *(access.SchoolCode for access in row.SchoolAccessPermissions or ()))
    buildings = {context.building(code) for code in codes if _key(code) is not None} - {None}
    if not buildings:
        return draft.absent()
    leaves = lenient_date(row.LeaveDate)
    ended = text(row.InactiveStatusCode) is not None or (leaves is not None and leaves < today)
    first, last = draft.text("first_name", row.FirstName), draft.text("last_name", row.LastName)
    draft.check_name(first, last)
    person = Person(
        type="staff",
        source_id=source_id,
        status="ended" if ended else "active",
        local_id=source_id,
        state_id=draft.text("state_id", row.StateEducatorID),
        first_name=first,
        middle_name=draft.text("middle_name", row.MiddleName),
        last_name=last,
        suffix=draft.text("suffix", row.NameSuffix),
        birth_date=draft.day("birth_date", row.BirthDate),
        gender=draft.code("gender", "gender", row.Gender),
        ethnicity=draft.code("ethnicity", "ethnicity", row.EthnicityCode),
        races=_races(draft, row),
        email=draft.email("email", row.EmailAddress),
        phones=draft.phones(("home", row.HomePhone), ("mobile", row.CellPhone)),
        addresses=sorted_addresses(
            draft.address(
                "home", row.Address, row.AddressCity, row.AddressState, row.AddressZipCode, row.AddressZipExt
            )
        ),
        schools=tuple(sorted(b for b in buildings if b is not None)),
    )
    return draft.result(person, revisit_on=leaves + timedelta(days=1) if leaves and not ended else None)


def _counting(active: Sequence[Student], options: Options) -> list[Student]:
    """The active rows that count, the home building first (fact sheet §8).

    A code of the primary list, or a blank one when that list is empty, makes a row the home building; one of the
    alternate list makes it a further building; any other does not count, unless both lists are empty.
    """
    primary = options.primary_codes or {""}

    def rank(row: Student) -> int:
        code = _code(row, options) or ""
        return 0 if code in primary else 1 if code in options.alternate_codes else 2

    everything_counts = not options.primary_codes and not options.alternate_codes
    # Stable, so rows of one rank stay in the order of recency that they come in.
    return sorted((row for row in active if everything_counts or rank(row) < 2), key=rank)


def _code(row: Student, options: Options) -> str | None:
    value: Scalar = getattr(row, options.code_field)
    return text(value)


def _enrollments(
    stays: Sequence[Student], draft: Draft, context: Context, leaver: bool
) -> tuple[Enrollment, ...]:
    """Enrollments, the primary one first."""
    found = []
    for row in stays:
        building = draft.place("building", "SchoolCode", row.SchoolCode)
        grade = draft.place("grade_level", "Grade", row.Grade)
        if building is not None:
            found.append(
                Enrollment(
                    school=building,
                    school_year=context.school_year,
                    grade=grade,
                    homeroom=_key(draft.text("homeroom", row.HomeRoomTeacherNumber)),
                    start_date=draft.day("SchoolEnterDate", row.SchoolEnterDate),
                    drop_date=draft.day("SchoolLeaveDate", row.SchoolLeaveDate) if leaver else None,
                    primary=row is stays[0],
                )
            )
    return tuple(found)


def _by_recency(row: Student) -> tuple[int, int, str, bytes]:
    """The latest start first, then the lowest school."""
    entered = lenient_date(row.SchoolEnterDate)
    return (
        -entered.toordinal() if entered else 0,
        number(row.SchoolCode) or 0,
        identifier(row.StudentNumber),
        msgspec.json.encode(row),
    )


def _left(row: Student) -> date:
    return lenient_date(row.SchoolLeaveDate) or date.min


def _home_phone(head: Contact | None, row: Student) -> Scalar:
    return head.HomePhone if head and digits(head.HomePhone) else row.HomePhone


def _address(draft: Draft, kind: str, row: Student) -> Address | None:
    if kind == "home":
        return draft.address(
            kind,
            row.ResidenceAddress,
            row.ResidenceAddressCity,
            row.ResidenceAddressState,
            row.ResidenceAddressZipCode,
            row.ResidenceAddressZipExt,
        )
    return draft.address(
        kind,
        row.MailingAddress,
        row.MailingAddressCity,
        row.MailingAddressState,
        row.MailingAddressZipCode,
        row.MailingAddressZipExt,
    )


def _races(draft: Draft, row: Student | Staff) -> tuple[str, ...]:
    codes = (row.RaceCode1, row.RaceCode2, row.RaceCode3, row.RaceCode4, row.RaceCode5)
    races = (draft.code("race", "races", code) for code in codes if text(code) is not None)
    return tuple(sorted({race for race in races if race is not None}))


def _key(value: Scalar) -> str | None:
    """A key where zero means none."""
    found = text(value)
    return None if found is None or found.strip("0") == "" else found
