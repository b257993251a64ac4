"""What each kind of application may know of a person: the only way out of the people table.

Whatever leaves Rollcall for an application (exports, events, changes as that application sees them) goes through
:func:`project`, which copies the fields that are named here and nothing else. A field that a person gains later reaches
nobody until somebody names it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from rollcall.domain.person import Person

Destination = Literal["nutrition", "media"]
DESTINATIONS: tuple[Destination, ...] = ("nutrition", "media")

_WHOLE = None
Allowed = Mapping[str, tuple[str, ...] | None]
"""Field → the parts of it that may be seen; None for all of it."""

_NAMES: Allowed = dict.fromkeys(
    ("type", "source_id", "status", "first_name", "middle_name", "last_name", "suffix", "email"), _WHOLE
)
_STAY = ("school", "school_year", "grade", "homeroom", "drop_date", "primary")

ALLOWED: Mapping[Destination, Allowed] = {
    "nutrition": {
        **_NAMES,
        **dict.fromkeys(
            ("local_id", "state_id", "pos_id", "birth_date", "gender", "ethnicity", "races", "language"),
            _WHOLE,
        ),
        **dict.fromkeys(("phones", "addresses", "grade", "enrollments", "schools", "family_id"), _WHOLE),
        **dict.fromkeys(("contacts", "allergies", "photo"), _WHOLE),
    },
    # Domain sheet §7: never race, allergy, address or meal data; the keypad PIN is meal data.
    "media": {
        **_NAMES,
        **dict.fromkeys(("host_id", "grad_year", "grade", "schools"), _WHOLE),
        "enrollments": _STAY,
        "contacts": ("person_id", "relationship"),
        "media": ("status", "reasons", "opt_out", "same_as"),
    },
}


def project(person: Person, destination: Destination) -> dict[str, Any]:
    """What ``destination`` may know of a person, as plain data; empty values are left out."""
    whole = msgspec.to_builtins(person)
    return {name: _parts(whole[name], parts) for name, parts in ALLOWED[destination].items() if name in whole}


def known_as(person: Person, destination: Destination) -> dict[str, Any] | None:
    """As :func:`project`, but None for somebody whom ``destination`` does not know at all."""
    facts = project(person, destination)
    return None if destination == "media" and not is_user(facts) else facts


def is_user(facts: Mapping[str, Any]) -> bool:
    """Whether somebody, as projected for media, has an account of their own there, in use or not.

    Blocked people have none, and neither do parents whom a member of staff stands for.
    """
    account = facts.get("media")
    if account is None or "same_as" in account:
        return False
    return "host_id" in facts and account.get("status", "invited") != "blocked"


def visible(fields: tuple[str, ...], destination: Destination) -> tuple[str, ...]:
    """Of changed fields those that ``destination`` may know of."""
    return tuple(name for name in fields if name in ALLOWED[destination])


def _parts(value: Any, parts: tuple[str, ...] | None) -> Any:
    if isinstance(value, tuple):
        return [_parts(element, parts) for element in value]
    if parts is None:
        return value
    return {name: value[name] for name in parts if name in value}
