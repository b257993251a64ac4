"""Lists of accounts as a media application exports them, of people whom a preview has found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

USERS_HEADER = "type,host_id,first_name,last_name,email,new_host_id"
_TYPES = {"student": "student", "staff": "staff", "contact": "parent"}


def invited(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everybody whom a sync of these changes would give an account."""
    people = [change["after"] for change in changes]
    return [p for p in people if p["media"]["status"] == "invited" and not p["media"]["same_as"]]


def user(person: dict[str, Any], **changes: str) -> str:
    """A line of the media application's list of users."""
    fields = {**person, "type": _TYPES[person["type"]], "new_host_id": "", **changes}
    return ",".join(fields[name] or "" for name in USERS_HEADER.split(","))


def users(people: Sequence[dict[str, Any]]) -> str:
    """One old ID that is proposed, one with a new ID, one lost, and two who collide; the rest is right."""
    first, second, third, *rest = people
    return "\n".join(
        [
            USERS_HEADER,
            user(first, host_id="OLD1"),
            user(second, host_id="OLD2", new_host_id=second["host_id"]),
            user(third),
            user(third, host_id="TWICE", new_host_id=third["host_id"]),
            "staff,LOST,Xanthippe,Quull,,",
            *(user(person) for person in rest),
        ]
    )
