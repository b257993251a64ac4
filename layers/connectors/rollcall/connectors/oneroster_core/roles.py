"""Who a user is, and where: the one ``role`` of 1.1 and the many ``roles`` of 1.2 as one thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec

from rollcall.connectors.oneroster_core.rows import Ref, Role, User, UserIds
from rollcall.connectors.records import Scalar, identifier, lenient_date, text
from rollcall.domain.person import PersonType, person_key

_KINDS: dict[str, PersonType] = {
    "student": "student",
    **dict.fromkeys(("guardian", "parent", "relative"), "contact"),
    **dict.fromkeys(
        (
            "administrator",
            "aide",
            "counselor",
            "districtadministrator",
            "principal",
            "siteadministrator",
            "systemadministrator",
            "teacher",
        ),
        "staff",
    ),
}


class Held(msgspec.Struct, frozen=True):
    """The roles of one kind that a user holds today, the main one first.

    ``orgs`` are the ids of their organisations, each once; ``start`` is the first day of the main role, where it says
    so; ``revisit_on`` is the next day on which this will be different.
    """

    names: tuple[str, ...]
    orgs: tuple[str, ...]
    start: Scalar
    revisit_on: date | None


def kind_of(role: Any) -> PersonType | None:
    """What we call somebody with this role; None for a role that is no concern of ours, or no text."""
    return _KINDS.get((text(role) or "").lower()) if isinstance(role, str) else None


def held(user: User, kind: PersonType, today: date) -> Held | None:
    """The roles of ``kind``; None when the user holds none today and will not."""
    if not is_active(user.status):
        return None
    if not user.roles:
        if kind_of(user.role) != kind:
            return None
        return Held((text(user.role) or "",), org_ids(user.orgs or (), user.primaryOrg), None, None)
    main = _id(user.primaryOrg)
    mine = [role for role in user.roles if kind_of(role.role) == kind]
    now = sorted((role for role in mine if _holds(role, today)), key=lambda role: _order(role, main))
    names = tuple(text(role.role) or "" for role in now)
    # The main organisation is said beside the roles, and need not be repeated in them.
    orgs = org_ids([role.org for role in now if role.org], user.primaryOrg if now else None)
    days = [day for role in mine for day in (lenient_date(role.beginDate), lenient_date(role.endDate)) if day]
    revisit_on = min((day for day in days if day > today), default=None)
    if not now and revisit_on is None:
        return None
    return Held(names, orgs, now[0].beginDate if now else None, revisit_on)


def org_ids(orgs: Iterable[Ref], main: Ref | None) -> tuple[str, ...]:
    """Ids of organisations, each once, the main one first."""
    found = dict.fromkeys(i for i in (_id(main), *map(_id, orgs)) if i is not None)
    return tuple(found)


def is_active(status: Scalar) -> bool:
    """``tobedeleted`` (and ``inactive``, as some servers write) means: not in the file. Nothing said is active."""
    return (text(status) or "active").lower() == "active"


def people_of(ids: UserIds) -> tuple[str, ...]:
    """The keys of the people that a row of the user list speaks of, when it is not a student's.

    A guardian's row speaks of their students too, for a student's ties need the guardian's role and name.
    """
    user_id = identifier(ids.sourcedId)
    roles = _value(ids.roles)
    written = [_value(ids.role)] if roles in (None, []) else _roles_of(roles)
    kinds = {kind_of(role) for role in written}
    if not all(isinstance(role, str) for role in written):
        # Not readable: mapping will say so, of whichever of the two was there before.
        kinds |= {"staff", "contact"}
    keys = [person_key(kind, user_id) for kind in ("contact", "staff") if kind in kinds]
    if "contact" in kinds:
        keys += (person_key("student", agent) for agent in agents_of(ids.agents))
    return tuple(keys)


def agents_of(raw: msgspec.Raw) -> list[str]:
    """Ids of the users that a record refers to, in its order, each once; entries without an id are passed over."""
    agents = _value(raw)
    entries: Sequence[Any] = agents if isinstance(agents, list) else ()
    found = (entry.get("sourcedId") for entry in entries if isinstance(entry, dict))
    return list(dict.fromkeys(i for i in (text(v) for v in found if isinstance(v, str | int)) if i))


def _value(raw: msgspec.Raw) -> Any:
    """What a field holds; False, which no field holds, when that cannot be read."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False


def _roles_of(roles: Any) -> list[Any]:
    if not isinstance(roles, list):
        return [None]
    return [role.get("role") if isinstance(role, dict) else None for role in roles]


def _order(role: Role, main: str | None) -> tuple[bool, bool]:
    """Stable beyond this, in the order of the record."""
    return _id(role.org) != main, (text(role.roleType) or "").lower() != "primary"


def _holds(role: Role, today: date) -> bool:
    begins, ends = lenient_date(role.beginDate), lenient_date(role.endDate)
    return (begins is None or begins <= today) and (ends is None or today < ends)


def _id(ref: Ref | None) -> str | None:
    return text(ref.sourcedId) if ref else None
