"""Rows of the CSV files in the shape that REST gives the same objects (fact sheet §7), so that one mapper reads both.

Only what the mapper reads is taken: neither passwords nor ``metadata`` columns are kept. ``dateLastModified`` is left
out too; in a whole export it is blank, or else the time of the export, which would move every record every night.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rollcall.connectors.oneroster_core.roles import is_active, kind_of

Row = Mapping[str, str]
"""A row by column, cleaned; a blank cell is an empty text."""

_USERS = (
    "sourcedId", "status", "userIds", "givenName", "familyName", "middleName", "identifier", "email", "sms", "phone",
    "agentSourcedIds", "grades",
)  # fmt: skip
_SHARED = {
    "orgs": ("sourcedId", "status", "name", "type", "identifier"),
    "academicSessions": ("sourcedId", "status", "startDate", "endDate", "schoolYear"),
    "demographics": (
        "sourcedId", "status", "birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
        "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity",
    ),
}  # fmt: skip

COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "1.1": {**_SHARED, "users": (*_USERS, "role", "orgSourcedIds")},
    "1.2": {
        **_SHARED,
        "users": (*_USERS, "primaryOrgSourcedId"),
        "roles": ("userSourcedId", "status", "roleType", "role", "beginDate", "endDate", "orgSourcedId"),
    },
}
"""The columns that are read of each file, by version; the first one says what a row is about and is never blank."""

_LISTS = {"agentSourcedIds": "agents", "orgSourcedIds": "orgs"}
_REFERENCES = {"orgSourcedId": "org", "primaryOrgSourcedId": "primaryOrg"}
_USER_ID = re.compile(r"\{([^:{}]*):([^{}]*)\}")


def clean(cell: str) -> str:
    """Without padding, and without what keeps a spreadsheet from reading a cell as a formula or a number."""
    cell = cell.strip()
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        return cell[2:-1].strip()
    # An apostrophe may well begin a name, but not before one of these.
    return cell[1:].strip() if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") else cell


def shape(row: Row) -> dict[str, Any]:
    """The object that a row stands for, as REST would send it; blank cells are left out."""
    found: dict[str, Any] = {}
    for column, cell in row.items():
        if not cell:
            continue
        if column == "userIds":
            found["userIds"] = [
                {"type": kind.strip(), "identifier": value.strip()} for kind, value in _USER_ID.findall(cell)
            ]
        elif column == "grades":
            found["grades"] = _listed(cell)
        elif column in _LISTS:
            found[_LISTS[column]] = [{"sourcedId": each} for each in _listed(cell)]
        elif column in _REFERENCES:
            found[_REFERENCES[column]] = {"sourcedId": cell}
        else:
            found[column] = cell
    return found


def role(row: Row) -> dict[str, Any] | None:
    """One of the ``roles`` of a user of 1.2; None for one that is to be deleted."""
    if not is_active(row["status"]):
        return None
    return {name: value for name, value in shape(row).items() if name not in ("userSourcedId", "status")}


def student_orgs(user: Mapping[str, Any]) -> set[str] | None:
    """Ids of the organisations where a user in REST's shape is a student; None when they are none."""
    if "roles" not in user:
        if kind_of(user.get("role")) != "student":
            return None
        return {org["sourcedId"] for org in user.get("orgs", ())}
    mine = [each for each in user["roles"] if kind_of(each.get("role")) == "student"]
    if not mine:
        return None
    orgs = [each["org"] for each in mine if "org" in each]
    return {org["sourcedId"] for org in (*orgs, *([user["primaryOrg"]] if "primaryOrg" in user else ()))}


def is_only_student(user: Mapping[str, Any]) -> bool:
    """Whether nobody else than a student is told of."""
    roles: Iterable[Mapping[str, Any]] = user.get("roles", (user,))
    kinds = {kind_of(each.get("role")) for each in roles}
    return kinds == {"student"}


def _listed(cell: str) -> list[str]:
    return [each for each in (part.strip() for part in cell.split(",")) if each]
