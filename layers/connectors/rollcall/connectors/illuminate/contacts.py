"""Illuminate contacts: one row per child, and one person out of all rows of a contact.

Who stands first is not numbered (fact sheet §4.7), so the flags say: primary contact, legal guardian, living with the
child. Rows under a restraining order do not count at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rollcall.connectors.illuminate import field_map as f
from rollcall.connectors.illuminate.rows import Row, addresses, code, is_set, phones, read, value
from rollcall.connectors.mapping import Context, Draft, sorted_addresses
from rollcall.connectors.records import number, text
from rollcall.domain.person import ContactLink, Mapped, Person

_LAST = 99


def guardians(records: Sequence[bytes]) -> list[Row]:
    """The rows that count for one student, closest first, one per contact."""
    found: dict[str, Row] = {}
    for row in sorted((row for row in read(records) if not is_set(row, f.RESTRAINED)), key=_closeness):
        found.setdefault(code(row, f.CONTACT_ID) or "", row)
    return list(found.values())


def head(rows: Sequence[Row]) -> Row | None:
    """The head of the household: of those who live with the student, one of the primary household first."""
    candidates = [row for row in rows if is_set(row, f.RESIDES_WITH) and _named(row)]
    return min(candidates, key=lambda row: not is_set(row, f.PRIMARY_HOUSEHOLD), default=None)


def links(rows: Sequence[Row], draft: Draft, context: Context) -> tuple[ContactLink, ...]:
    """Links to the contacts that can be loaded."""
    found = []
    for place, row in enumerate(rows, start=1):
        contact_id = code(row, f.CONTACT_ID)
        relationship = draft.code("relationship", "contacts.relationship", code(row, f.RELATIONSHIP))
        if contact_id is not None and _named(row):
            found.append(
                ContactLink(
                    priority=max(1, number(value(row, f.CONTACT_ORDER)) or place),
                    person_id=context.contact_id(contact_id),
                    relationship=relationship,
                    lives_with=is_set(row, f.RESIDES_WITH),
                )
            )
    return tuple(sorted(found, key=lambda link: (link.priority, link.person_id)))


def map_contact(source_id: str, records: Sequence[bytes], context: Context) -> Mapped:
    """One person from the rows of all their children: the fullest row speaks."""
    draft = context.draft("contact", source_id)
    rows = [row for row in read(records) if not is_set(row, f.RESTRAINED)]
    if not rows:
        return draft.absent()
    row = max(rows, key=_fullness)
    first = draft.text("first_name", value(row, f.FIRST_NAME))
    last = draft.text("last_name", value(row, f.LAST_NAME))
    draft.check_name(first, last)
    person = Person(
        type="contact",
        source_id=source_id,
        first_name=first,
        middle_name=draft.text("middle_name", value(row, f.MIDDLE_NAME)),
        last_name=last,
        suffix=draft.text("suffix", value(row, f.SUFFIX)),
        gender=draft.code("gender", "gender", code(row, f.GENDER)),
        language=draft.code("language", "language", code(row, f.CONTACT_LANGUAGE)),
        email=draft.email("email", value(row, f.CONTACT_EMAIL)),
        phones=draft.phones(*phones(row)),
        addresses=sorted_addresses(*addresses(row, draft)),
    )
    return draft.result(person)


def _closeness(row: Row) -> tuple[object, ...]:
    return (
        number(value(row, f.CONTACT_ORDER)) or _LAST,
        not is_set(row, f.PRIMARY_CONTACT),
        not is_set(row, f.IS_LEGAL),
        not is_set(row, f.RESIDES_WITH),
        is_set(row, f.EMERGENCY),
        number(value(row, f.CONTACT_ID)) or 0,
        code(row, f.CONTACT_ID) or "",
        not is_set(row, f.PRIMARY_HOUSEHOLD),
        msgspec.json.encode(row),
    )


def _fullness(row: Row) -> tuple[int, bytes]:
    return sum(found not in (None, "", [], {}) for found in row.values()), msgspec.json.encode(row)


def _named(row: Row) -> bool:
    return text(value(row, f.FIRST_NAME)) is not None or text(value(row, f.LAST_NAME)) is not None
