"""A person as Rollcall keeps them, and what a connector says of one.

``Person`` is stored as one JSON document; fields at their default are left out, so a document is small and its
bytes are canonical: equal people have equal bytes, whatever order the SIS sent things in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Literal

import msgspec
import xxhash

PersonType = Literal["student", "staff", "contact"]
PERSON_TYPES: tuple[PersonType, ...] = ("student", "staff", "contact")
Status = Literal["active", "ended"]
Severity = Literal["error", "warning"]


class Phone(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """``number`` holds digits only; ``type`` is home, mobile, work or other."""

    number: str
    type: str = "other"


class Address(msgspec.Struct, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """``type`` is home or mailing; ``state`` is our value, after mapping."""

    type: str = "home"
    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None


class Enrollment(msgspec.Struct, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """One stay at one school. ``school`` is our building; dates are ISO; ``drop_date`` is the first day away."""

    school: str
    school_year: str | None = None
    grade: str | None = None
    homeroom: str | None = None
    start_date: str | None = None
    drop_date: str | None = None
    primary: bool = True


class ContactLink(msgspec.Struct, frozen=True, kw_only=True, order=True, omit_defaults=True):
    """A student's tie to a contact; ``priority`` counts from 1."""

    priority: int
    person_id: str
    relationship: str | None = None
    lives_with: bool = False


class MediaAccount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's place in the media application's roster.

    ``blocked`` people were never let in; ``uninvited`` ones have left and are never deleted, since their pictures would
    go with them. ``reasons`` are codes of what keeps changes out. ``same_as`` is the id of the member of staff who is
    this parent is too, and who stands for both.
    """

    status: Literal["invited", "blocked", "uninvited"] = "invited"
    reasons: tuple[str, ...] = ()
    opt_out: bool = False
    same_as: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A student, a member of staff or a contact. ``schools`` of staff are buildings without an enrollment. ``photo``
    names the photo by its content (see :mod:`rollcall.domain.photo`).
    """

    type: PersonType
    source_id: str
    status: Status = "active"
    local_id: str | None = None
    state_id: str | None = None
    pos_id: str | None = None
    host_id: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    suffix: str | None = None
    birth_date: str | None = None
    gender: str | None = None
    ethnicity: str | None = None
    races: tuple[str, ...] = ()
    language: str | None = None
    email: str | None = None
    phones: tuple[Phone, ...] = ()
    addresses: tuple[Address, ...] = ()
    grade: str | None = None
    enrollments: tuple[Enrollment, ...] = ()
    schools: tuple[str, ...] = ()
    family_id: str | None = None
    contacts: tuple[ContactLink, ...] = ()
    allergies: tuple[str, ...] = ()
    photo: str | None = None
    grad_year: int | None = None
    media: MediaAccount | None = None

    def buildings(self) -> tuple[str, ...]:
        """Every building this person belongs to today, sorted."""
        return tuple(sorted({*self.schools, *(e.school for e in self.enrollments if e.drop_date is None)}))


class Household(msgspec.Struct, frozen=True, kw_only=True):
    """The fields an integration may choose as its family identifier, as the SIS has them (domain sheet §6)."""

    family_key: str | None = None
    hoh_first_name: str | None = None
    hoh_last_name: str | None = None
    hoh_home_phone: str | None = None
    household_home_address: Address | None = None


class Issue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong with one record. ``value`` is shown to administrators and never logged; ``label`` is what the SIS
    calls it, where it says.

    An error keeps the whole record out; a warning drops only the value.
    """

    severity: Severity
    code: str
    message: str
    fix: str
    person_type: PersonType | None = None
    source_id: str | None = None
    field: str | None = None
    value: str | None = None
    label: str | None = None


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """What a connector makes of one person's raw records.

    ``person`` is None when the record cannot be placed (then ``issues`` holds an error). ``revisit_on`` is the next
    day on which the same raw records would map to something else, such as the end of a contact's validity.
    """

    person: Person | None
    household: Household | None = None
    issues: tuple[Issue, ...] = ()
    revisit_on: date | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Person)


def encode_person(person: Person) -> bytes:
    """The canonical JSON document."""
    return _encoder.encode(person)


def decode_person(doc: bytes | str) -> Person:
    """The inverse of :func:`encode_person`; raises ``msgspec.ValidationError``."""
    return _decoder.decode(doc)


fingerprint: Callable[[bytes | msgspec.Raw], bytes] = xxhash.xxh3_128_digest
"""16 bytes that move when the data does. Not a secret, not a signature. Taken of every record of every night."""


def person_key(person_type: PersonType, source_id: str) -> str:
    """How the engine names a person inside one integration, e.g. ``student:5011``."""
    return f"{person_type}:{source_id}"


def split_person_key(key: str) -> tuple[PersonType, str]:
    """The inverse of :func:`person_key`."""
    kind, _, source_id = key.partition(":")
    if kind not in PERSON_TYPES:
        raise ValueError(f"not a person key: {kind}")
    return kind, source_id
