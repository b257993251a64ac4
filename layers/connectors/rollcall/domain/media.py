"""The roster of the media application: who is in it, under which host ID, and why somebody is not (domain sheet §7).

A SIS numbers its students, staff and parents from one on, so each number gets the letters of its member type. Host IDs
are case-sensitive, unique in a district, and stay with a person for ever.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from rollcall.domain.person import Issue, Person, PersonType

LETTERS: Mapping[PersonType, str] = {"student": "S", "staff": "T", "contact": "P"}
"""Usual letters: student, teacher, parent."""

LOGIN_TYPES: tuple[PersonType, ...] = ("staff", "contact")
"""Member types that sign in, and so need an e-mail address, unless an integration says otherwise."""

_NUMBERS: Mapping[str, Mapping[PersonType, str]] = {
    "powerschool": {"student": "local_id"},
    "illuminate": {"student": "local_id"},
}
"""By family of systems, the field that the member type's number is taken from, where it is not the SIS's own key.
PowerSchool: ``student_number`` of Students, ``users_dcid`` of Users, ``id`` of Persons (source document)."""

_WORDS = re.compile(r"[^\w]+")

REASONS: Mapping[str, tuple[str, str]] = {
    "media_name_missing": (
        "Somebody in the media application needs a first and a last name.",
        "Enter the name in the SIS.",
    ),
    "media_email_missing": (
        "Somebody who signs in needs an e-mail address.",
        "Enter the e-mail address in the SIS.",
    ),
    "media_number_missing": (
        "The SIS gives no number to make a host ID from.",
        "Enter the number in the SIS.",
    ),
    "media_email_shared": (
        "This e-mail address belongs to {other}; only the first of several is loaded.",
        "Give each person an e-mail address of their own in the SIS.",
    ),
    "host_id_duplicate": (
        "Several people of this member type ask for one host ID ({other}); none is loaded.",
        "Give each person a number of their own in the SIS.",
    ),
    "host_id_collision": (
        "With the letters of the host-ID policy this host ID is also that of {other}; none is loaded.",
        "Choose other letters for one of the member types.",
    ),
    "host_id_taken": (
        "This host ID has been {other}'s before, and a host ID is for ever.",
        "Give the person a number of their own in the SIS.",
    ),
    "host_id_mismatch": (
        "The media application knows this person by another host ID than the SIS's number gives; that host ID stays.",
        "Correct the number in the SIS, or reconcile the host ID and update it in the media application.",
    ),
    "parent_without_child": (
        "None of this parent's children is loaded, so neither is the parent.",
        "Nothing, unless a child is missing; then look at the child's issues.",
    ),
}
"""Why somebody is kept out of the media application: what it means and what to do."""


def host_number(family: str, person: Person) -> str | None:
    """The number that a person's host ID is made from, as the SIS writes it."""
    field = _NUMBERS.get(family, {}).get(person.type, "source_id")
    value: str | None = getattr(person, field)
    return value.strip() or None if value else None


def host_id(letters: Mapping[PersonType, str], person_type: PersonType, number: str) -> str:
    """``S2038788`` for the student 2038788; without letters the number itself. Case is kept."""
    return f"{letters.get(person_type, '')}{number}"


class Named(Protocol):
    """Whoever has a name and an e-mail address: a person of the SIS, or a user of the media application."""

    @property
    def first_name(self) -> str | None: ...
    @property
    def last_name(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...


def folded_name(person: Named) -> str:
    """First and last name as they compare: case, accents apart, and punctuation do not count."""
    return " ".join(_WORDS.sub(" ", f"{person.first_name or ''} {person.last_name or ''}").casefold().split())


def folded_email(person: Named) -> str | None:
    """The e-mail address as it compares."""
    return person.email.strip().casefold() if person.email and person.email.strip() else None


def blocked(code: str, person: tuple[PersonType, str], value: str | None, other: str = "") -> Issue:
    """The issue for somebody who is kept out; the person is loaded otherwise, so it is a warning."""
    message, fix = REASONS[code]
    kind, source_id = person
    return Issue(
        severity="warning",
        code=code,
        message=message.format(other=other),
        fix=fix,
        person_type=kind,
        source_id=source_id,
        field="email" if "email" in code else "name" if "name" in code else "host_id",
        value=value,
    )
