"""OneRoster users as people: students with their demographics, staff, and guardians."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TypeVar

import msgspec

from rollcall.connectors.mapping import Context, Draft
from rollcall.connectors.oneroster_core import households
from rollcall.connectors.oneroster_core.roles import Held, held, is_active
from rollcall.connectors.oneroster_core.rows import Demographics, User
from rollcall.connectors.records import Scalar, earliest, flag, text
from rollcall.domain.person import Enrollment, Mapped, Person

RACES = (
    "americanIndianOrAlaskaNative",
    "asian",
    "blackOrAfricanAmerican",
    "nativeHawaiianOrOtherPacificIslander",
    "white",
)
SEVERAL_RACES = "demographicRaceTwoOrMoreRaces"

_Row = TypeVar("_Row", User, Demographics)

_user = msgspec.json.Decoder(User)
_demographics = msgspec.json.Decoder(Demographics)


def map_student(
    source_id: str,
    records: Mapping[str, Sequence[bytes]],
    schools: Mapping[str, str],
    state_id_types: frozenset[str],
    context: Context,
    today: date,
) -> Mapped:
    """A student from their row, their demographics and the rows of their guardians.

    ``schools`` gives the building mapping's external value for the id of every school of the SIS.
    """
    user = _latest(_user.decode(raw) for raw in records["students"])
    draft = context.draft("student", source_id)
    role = held(user, "student", today)
    if role is None:
        return draft.absent()
    stays = [org for org in role.orgs if org in schools]
    scope = [org for org in stays if context.building(schools[org]) is not None]
    if not role.names or (stays and not scope):
        return Mapped(person=None, revisit_on=role.revisit_on)
    guardians, others_on = households.read(user, records.get("users", ()), today)
    about = _about(records.get("demographics", ()))
    first, last = _names(draft, user)
    grade = draft.place("grade_level", "grades", _grade(user))
    if not scope:
        draft.report("building_missing", "orgs")
    person = Person(
        type="student",
        source_id=source_id,
        local_id=draft.text("local_id", user.identifier),
        state_id=draft.text("state_id", _state_id(user, state_id_types)),
        first_name=first,
        middle_name=draft.text("middle_name", user.middleName),
        last_name=last,
        birth_date=draft.day(
            "birthDate", about.birthdate if text(about.birthDate) is None else about.birthDate
        ),
        gender=draft.code("gender", "sex", about.sex),
        ethnicity=draft.code(
            "ethnicity", "hispanicOrLatinoEthnicity", _word(about.hispanicOrLatinoEthnicity)
        ),
        races=_races(draft, about),
        email=draft.email("email", user.email),
        phones=draft.phones(("mobile", user.sms), ("other", user.phone)),
        grade=grade,
        enrollments=_enrollments(scope, schools, role, grade, draft, context),
        contacts=households.links(guardians, draft, context) if "contact" in context.member_types else (),
    )
    revisit_on = earliest((role.revisit_on, others_on))
    return draft.result(person, households.household(guardians, user), revisit_on)


def map_staff(
    source_id: str, rows: Sequence[bytes], schools: Mapping[str, str], context: Context, today: date
) -> Mapped:
    """A member of staff of a mapped school; nobody when they work elsewhere."""
    user = _latest(_user.decode(raw) for raw in rows)
    draft = context.draft("staff", source_id)
    role = held(user, "staff", today)
    if role is None:
        return draft.absent()
    buildings = {context.building(schools[org]) for org in role.orgs if org in schools} - {None}
    if not role.names or not buildings:
        return Mapped(person=None, revisit_on=role.revisit_on)
    first, last = _names(draft, user)
    person = Person(
        type="staff",
        source_id=source_id,
        local_id=draft.text("local_id", user.identifier),
        first_name=first,
        middle_name=draft.text("middle_name", user.middleName),
        last_name=last,
        email=draft.email("email", user.email),
        phones=draft.phones(("mobile", user.sms), ("other", user.phone)),
        schools=tuple(sorted(b for b in buildings if b is not None)),
    )
    return draft.result(person, revisit_on=role.revisit_on)


def map_contact(source_id: str, rows: Sequence[bytes], context: Context, today: date) -> Mapped:
    """A guardian, parent or other relative."""
    user = _latest(_user.decode(raw) for raw in rows)
    draft = context.draft("contact", source_id)
    role = held(user, "contact", today)
    if role is None:
        return draft.absent()
    if not role.names:
        return Mapped(person=None, revisit_on=role.revisit_on)
    first, last = _names(draft, user)
    person = Person(
        type="contact",
        source_id=source_id,
        first_name=first,
        middle_name=draft.text("middle_name", user.middleName),
        last_name=last,
        email=draft.email("email", user.email),
        phones=draft.phones(("mobile", user.sms), ("other", user.phone)),
    )
    return draft.result(person, revisit_on=role.revisit_on)


def _enrollments(
    scope: Sequence[str],
    schools: Mapping[str, str],
    role: Held,
    grade: str | None,
    draft: Draft,
    context: Context,
) -> tuple[Enrollment, ...]:
    """One stay a building, the primary one first. Only 1.2 says since when."""
    buildings = dict.fromkeys(b for b in (context.building(schools[org]) for org in scope) if b is not None)
    start = draft.day("beginDate", role.start)
    return tuple(
        Enrollment(
            school=building,
            school_year=context.school_year,
            grade=grade,
            start_date=start if first else None,
            primary=first,
        )
        for building, first in zip(buildings, [True] + [False] * len(buildings), strict=False)
    )


def _names(draft: Draft, user: User) -> tuple[str | None, str | None]:
    first, last = draft.text("first_name", user.givenName), draft.text("last_name", user.familyName)
    draft.check_name(first, last)
    return first, last


def _grade(user: User) -> Scalar:
    """The first grade that is given; a server may write the list as one text."""
    if isinstance(user.grades, list):
        return next((grade for grade in user.grades if text(grade) is not None), None)
    return user.grades


def _state_id(user: User, types: frozenset[str]) -> Scalar:
    ids = ((_plain(i.type), text(i.identifier)) for i in user.userIds or ())
    return min((value for kind, value in ids if kind in types and value is not None), default=None)


def _races(draft: Draft, about: Demographics) -> tuple[str, ...]:
    """The field names are the codes. That there are several is said only where it does not say which."""
    given = [name for name in RACES if flag(getattr(about, name))]
    if not given and flag(about.demographicRaceTwoOrMoreRaces):
        given = [SEVERAL_RACES]
    races = (draft.code("race", "races", name) for name in given)
    return tuple(sorted({race for race in races if race is not None}))


def _about(rows: Sequence[bytes]) -> Demographics:
    found = [d for d in (_demographics.decode(raw) for raw in rows) if is_active(d.status)]
    return _latest(found) if found else Demographics(sourcedId="")


def _word(value: Scalar) -> Scalar:
    """``true`` and ``false`` as text, whichever type the server gives them."""
    return str(value).lower() if isinstance(value, bool) else text(value)


def _plain(value: Scalar) -> str:
    return "".join(c for c in (text(value) or "").lower() if c.isalnum())


def _latest(rows: Iterable[_Row]) -> _Row:
    """Two lists may show one object at two moments: the later one counts."""
    return max(rows, key=lambda row: (text(row.dateLastModified) or "", msgspec.json.encode(row)))
