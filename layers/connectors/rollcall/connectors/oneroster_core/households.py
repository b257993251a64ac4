"""Who stands by a student. Guardians and students name each other in ``agents``; either side may leave it out.

OneRoster knows no household and no addresses: the head is the first guardian, whose phone stands for the home's.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date

import msgspec

from rollcall.connectors.mapping import Context, Draft
from rollcall.connectors.oneroster_core.roles import held, org_ids
from rollcall.connectors.oneroster_core.rows import User
from rollcall.connectors.records import digits, earliest, identifier, text
from rollcall.domain.person import ContactLink, Household

_user = msgspec.json.Decoder(User)


class Guardian(msgspec.Struct, frozen=True):
    """One tie. ``user`` and ``role`` are None when only the student's record knows of it."""

    id: str
    user: User | None = None
    role: str | None = None


def read(student: User, rows: Iterable[bytes], today: date) -> tuple[list[Guardian], date | None]:
    """Ties of today in the student's own order, then those that only guardians tell of, by id; and the next day on
    which there will be others.
    """
    known = {identifier(user.sourcedId): user for user in _readable(rows)}
    order = dict.fromkeys((*org_ids(student.agents or (), None), *sorted(known)))
    found = []
    days = []
    for guardian_id in order:
        user = known.get(guardian_id)
        if user is None:
            found.append(Guardian(guardian_id))
            continue
        role = held(user, "contact", today)
        if role is not None:
            days.append(role.revisit_on)
            if role.names:
                found.append(Guardian(guardian_id, user, role.names[0]))
    return found, earliest(days)


def _readable(rows: Iterable[bytes]) -> list[User]:
    """A guardian that cannot be read is an issue of the guardian, not of the student."""
    found = []
    for raw in sorted(rows):
        with suppress(msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            found.append(_user.decode(raw))
    return found


def links(guardians: Iterable[Guardian], draft: Draft, context: Context) -> tuple[ContactLink, ...]:
    """The ties as stored; the relationship is the guardian's role, the only word that OneRoster has for it."""
    return tuple(
        ContactLink(
            priority=priority,
            person_id=context.contact_id(guardian.id),
            relationship=draft.code("relationship", "agents.role", guardian.role),
        )
        for priority, guardian in enumerate(guardians, 1)
    )


def household(guardians: Iterable[Guardian], student: User) -> Household:
    """The fields for a family identifier, as far as OneRoster has them."""
    head = next((guardian.user for guardian in guardians if guardian.user), None)
    phone = (digits(head.phone) or digits(head.sms)) if head else None
    return Household(
        hoh_first_name=text(head.givenName) if head else None,
        hoh_last_name=text(head.familyName) if head else None,
        hoh_home_phone=phone or digits(student.phone),
    )
