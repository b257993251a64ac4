"""Reading the lists that a returning school uploads: its users, and the new host ID of each.

A list is CSV with a header. One list may hold everything, or a second one the pairs of old and new IDs. Faults name
row and column as a spreadsheet counts them, the header being row 1; they never repeat what stands there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Literal, get_args

import msgspec

from rollcall.domain.form import FieldError, Invalid, invalid
from rollcall.domain.person import PersonType
from rollcall.domain.reconciliation import ExistingUser

MAX_ROWS = 50_000
MAX_CELL = 254  # the longest e-mail address
MAX_FAULTS = 100

Column = Literal["type", "host_id", "new_host_id", "first_name", "last_name", "email", "opt_out"]

_COLUMNS: Mapping[str, Column] = {
    **dict.fromkeys(("type", "member_type", "user_type", "role"), "type"),
    **dict.fromkeys(("host_id", "old_host_id", "old_id"), "host_id"),
    **dict.fromkeys(("new_host_id", "new_id"), "new_host_id"),
    **dict.fromkeys(("first_name", "first"), "first_name"),
    **dict.fromkeys(("last_name", "last"), "last_name"),
    **dict.fromkeys(("email", "e_mail", "email_address"), "email"),
    **dict.fromkeys(("opt_out", "opted_out", "optout"), "opt_out"),
}
_TYPES: Mapping[str, PersonType] = {
    **dict.fromkeys(("s", "student", "students", "pupil"), "student"),
    **dict.fromkeys(("t", "teacher", "teachers", "staff", "faculty", "employee"), "staff"),
    **dict.fromkeys(("p", "parent", "parents", "contact", "contacts", "guardian"), "contact"),
}
_ANSWERS: Mapping[str, bool | None] = {
    "": None,
    **dict.fromkeys(("yes", "y", "true", "1", "x"), True),
    **dict.fromkeys(("no", "n", "false", "0"), False),
}


class _Faults:
    """Faults found so far in one list."""

    def __init__(self, field: str) -> None:
        self._field = field
        self.errors: list[FieldError] = []

    def add(self, row: int, column: str, code: str, message: str) -> None:
        self.errors.append(FieldError(field=f"{self._field}.{row}.{column}", code=code, message=message))
        if len(self.errors) == MAX_FAULTS:
            raise Invalid(self.errors)


def read_users(users: str, pairs: str = "") -> list[ExistingUser]:
    """The users of a list ``csv``, with the new IDs of a list ``pairs`` where one is given. Raises :class:`Invalid`."""
    found = {user.key: user for user in _read("csv", users, ("type", "host_id"))} if users.strip() else {}
    for pair in _read("pairs", pairs, ("type", "host_id", "new_host_id")) if pairs.strip() else ():
        user = found.get(pair.key, pair)
        found[pair.key] = msgspec.structs.replace(user, new_host_id=pair.new_host_id)
    if not found:
        raise invalid("csv", "no_rows", "There is no user in the list; send a header and a row for each.")
    if len(found) > MAX_ROWS:
        raise invalid("csv", "too_long", f"There are {len(found)} users; at most {MAX_ROWS} are accepted.")
    return list(found.values())


def _read(field: str, text: str, required: tuple[Column, ...]) -> list[ExistingUser]:
    faults = _Faults(field)
    lines = _lines(field, text)
    columns = _header(field, next(lines, (1, []))[1], required)
    users: dict[str, ExistingUser] = {}
    for number, cells in lines:
        if not any(cells):
            continue
        if len(cells) > len(columns):
            faults.add(
                number, "row", "too_long", "The row has more cells than the header; quote the commas in it."
            )
            continue
        user = _user(dict(zip(columns, cells, strict=False)), number, required, faults)
        if user is None:
            continue
        if user.key in users:
            message = "This member type has this host ID in an earlier row already; remove one of the two."
            faults.add(number, "host_id", "duplicate", message)
        users[user.key] = user
    if faults.errors:
        raise Invalid(faults.errors)
    return list(users.values())


def _lines(field: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with their numbers, cells without surrounding blanks."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            message = "This row is not CSV; a quotation mark is open, or a character cannot be read."
            raise invalid(f"{field}.{number}", "not_csv", message) from None
        yield number, [cell.strip() for cell in cells]


def _header(field: str, cells: list[str], required: tuple[Column, ...]) -> list[Column]:
    named = ["_".join(cell.casefold().replace("-", " ").replace("_", " ").split()) for cell in cells]
    columns = [_COLUMNS[name] for name in named if name in _COLUMNS]
    if len(columns) < len(named):
        at = next(n for n, name in enumerate(named, start=1) if name not in _COLUMNS)
        known = ", ".join(get_args(Column))
        message = f"Column {at} of the header is not known; the columns are {known}."
        raise invalid(f"{field}.1", "unknown_column", message)
    if missing := [name for name in required if name not in columns]:
        raise invalid(f"{field}.1", "required", f"The header needs the columns {', '.join(missing)}.")
    if len(set(columns)) < len(columns):
        raise invalid(
            f"{field}.1", "duplicate", "A column stands in the header twice; remove one of the two."
        )
    return columns


def _user(
    cells: Mapping[Column, str], number: int, required: tuple[Column, ...], faults: _Faults
) -> ExistingUser | None:
    """The user of one row; None when something in it cannot be accepted."""
    before = len(faults.errors)
    for column, cell in cells.items():
        if len(cell) > MAX_CELL:
            faults.add(number, column, "too_long", f"At most {MAX_CELL} characters are accepted.")
    for column in required:
        if not cells.get(column):
            faults.add(number, column, "required", "This cell may not be blank; fill it in.")
    kind = _TYPES.get(cells.get("type", "").casefold())
    if kind is None and cells.get("type"):
        message = "This member type is not known; write student, staff or contact (or S, T, P)."
        faults.add(number, "type", "not_allowed", message)
    opt_out = cells.get("opt_out", "").casefold()
    if opt_out not in _ANSWERS:
        faults.add(number, "opt_out", "not_allowed", "Write yes or no, or leave the cell blank.")
    if len(faults.errors) > before or kind is None:
        return None
    return ExistingUser(
        type=kind,
        host_id=cells["host_id"],
        new_host_id=cells.get("new_host_id") or None,
        first_name=cells.get("first_name") or None,
        last_name=cells.get("last_name") or None,
        email=cells.get("email") or None,
        opt_out=_ANSWERS[opt_out],
    )
