"""A returning school's users as a list: filtered, searched, and page by page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from config_api.listing import encode_cursor
from config_api.reconciliation_views import AnyState, RowView, missing_view, user_view
from rollcall.domain.candidates import SisPerson
from rollcall.domain.person import PersonType
from rollcall.domain.reconciliation import Reconciliation, Row


class Wanted(NamedTuple):
    """What a user must be to be listed. ``search`` is part of a name, a host ID or an e-mail address."""

    state: AnyState | None
    type: PersonType | None
    search: str | None
    min_confidence: int | None

    def takes(self, file: Reconciliation, row: Row | SisPerson) -> bool:
        """Whether a user, or a person without an account, is listed."""
        if isinstance(row, SisPerson):
            state, kind, sure = "missing", row.type, 0
        else:
            state, kind = row.state, row.user.type
            sure = row.candidates[0].confidence if row.candidates else 0
        return (
            self.state in (None, state)
            and self.type in (None, kind)
            and (self.min_confidence or 0) <= sure
            and self._finds(file, row)
        )

    def _finds(self, file: Reconciliation, row: Row | SisPerson) -> bool:
        words = (self.search or "").casefold().split()
        if not words:
            return True
        person = row if isinstance(row, SisPerson) else file.people.get(row.person or "")
        user = row.user if isinstance(row, Row) else None
        told = [text for who in (user, person) if who for text in _told(who)]
        line = " ".join([*told, (user and user.new_host_id) or ""]).casefold()
        return all(word in line for word in words)


def rows_of(file: Reconciliation, wanted: Wanted, start: int, limit: int) -> dict[str, Any]:
    """A page: users in the order of the upload, then people without an account; and how many there are in all."""
    page: list[RowView] = []
    more: str | None = None
    total = 0
    for at, row in enumerate(_all(file)):
        if not wanted.takes(file, row):
            continue
        total += 1
        if at < start:
            continue
        if len(page) < limit:
            page.append(missing_view(row) if isinstance(row, SisPerson) else user_view(file, row))
        else:
            more = more or encode_cursor(at)
    return {"items": page, "next": more, "total": total}


def _all(file: Reconciliation) -> Iterator[Row | SisPerson]:
    yield from file.rows
    for person_id in file.missing:
        yield file.people[person_id]


def _told(who: Any) -> Iterator[str]:
    """What a user or a person of the SIS may be searched by."""
    return (text for text in (who.first_name, who.last_name, who.host_id, who.email) if text)
