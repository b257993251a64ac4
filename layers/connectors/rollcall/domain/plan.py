"""The plan: every change a run would make, with what stood there before."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollcall.domain.media import folded_email
from rollcall.domain.person import Person, PersonType

ChangeKind = Literal["add", "update", "inactivate", "reactivate"]


class StoredPerson(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person with the keys they are stored under. ``integration_id`` is the integration that last supplied them."""

    id: str
    district_id: str
    integration_id: str
    person: Person


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One person's change. ``before`` is None for an add; applying writes ``after`` whole, so a replay is harmless.
    ``dropped``: the person is ended because the pull did not have them.
    """

    kind: ChangeKind
    type: PersonType
    after: StoredPerson
    before: StoredPerson | None = None
    fields: tuple[str, ...] = ()
    dropped: bool = False


Claim = Literal["pos", "host", "mail"]
"""What only one person of a district can have: a POS ID, a host ID, an e-mail address in the media application."""


def claims(stored: StoredPerson) -> list[tuple[Claim, str]]:
    """What a person lays claim to. A host ID is for ever, whatever becomes of the person."""
    person = stored.person
    found: list[tuple[Claim, str | None]] = [("host", person.host_id)]
    if person.status == "active":
        found.append(("pos", person.pos_id))
        if person.media and person.media.status == "invited" and not person.media.same_as:
            found.append(("mail", folded_email(person)))
    return [(kind, value) for kind, value in found if value]


def new_claims(stored: StoredPerson, before: StoredPerson | None) -> list[tuple[Claim, str]]:
    """What a person lays claim to and did not ``before``."""
    return [claim for claim in claims(stored) if before is None or claim not in claims(before)]


def changed_fields(before: Person | None, after: Person) -> tuple[str, ...]:
    """Names of the fields that differ, in the order of the model."""
    if before is None:
        return ()
    return tuple(name for name in after.__struct_fields__ if getattr(before, name) != getattr(after, name))
