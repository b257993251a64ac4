"""PowerSchool contacts: who stands by a student today, and each contact as one person for all children."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import msgspec

from rollcall.connectors.mapping import Context, Draft, sorted_addresses
from rollcall.connectors.powerschool_common.rows import (
    Contact,
    ContactAddress,
    ContactPhone,
    ContactStudent,
    StudentDetail,
)
from rollcall.connectors.records import (
    Scalar,
    digits,
    earliest,
    flag,
    identifier,
    lenient_date,
    number,
    text,
)
from rollcall.domain.person import Address, ContactLink, Household, Mapped, Person

_LAST = 99

_encoder = msgspec.json.Encoder()


Asked = tuple[str, Contact]
"""A contact, and the student it was sent for."""


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """One contact's tie to one student as it holds today."""

    contact: Contact
    contact_id: str
    priority: int
    relationship: str | None
    custodial: bool
    lives_with: bool


def ties(contacts: Iterable[Asked], student_id: str, today: date) -> tuple[list[Tie], date | None]:
    """The ties that hold today, closest first, and the next day on which that changes."""
    found: dict[str, Tie] = {}
    changes: list[date | None] = []
    for _, contact in _in_order(contacts):
        contact_id = identifier(contact.contactId)
        for association in contact.contactStudents or ():
            if text(association.dcid) != student_id or contact.active is False:
                continue
            detail, change = _current(association, today)
            changes.append(change)
            tie = detail and Tie(
                contact=contact,
                contact_id=contact_id,
                priority=max(1, number(association.sequence) or _LAST),
                relationship=text(detail.relationship),
                custodial=flag(detail.custodial),
                lives_with=flag(detail.livesWith),
            )
            if tie and (contact_id not in found or tie.priority < found[contact_id].priority):
                found[contact_id] = tie
    return sorted(found.values(), key=lambda t: (t.priority, t.contact_id)), earliest(changes)


def head(held: Sequence[Tie]) -> Tie | None:
    """The head of the household: custodial before living with, then by priority."""
    candidates = [t for t in held if t.custodial or t.lives_with]
    return min(candidates, key=lambda t: (not t.custodial, t.priority, t.contact_id), default=None)


def home_phone(contact: Contact) -> Scalar:
    """The first home number."""
    return next((p.phoneNumber for p in _phones(contact) if _phone_type(p.phoneType) == "home"), None)


def named(contact: Contact) -> bool:
    """Whether the contact can be loaded, and so linked to."""
    return text(contact.firstName) is not None or text(contact.lastName) is not None


def links(held: Sequence[Tie], draft: Draft, context: Context) -> tuple[ContactLink, ...]:
    """A student's links to the contacts that can be loaded, where contacts are wanted."""
    if "contact" not in context.member_types:
        return ()
    relationships = {
        t.contact_id: draft.code("relationship", "contacts.relationship", t.relationship) for t in held
    }
    return tuple(
        ContactLink(
            priority=t.priority,
            person_id=context.contact_id(t.contact_id),
            relationship=relationships[t.contact_id],
            lives_with=t.lives_with,
        )
        for t in held
        if named(t.contact)
    )


def household(held: Sequence[Tie], main_phone: Scalar, home: Address | None) -> Household:
    """The household of a student with these ties; ``main_phone`` stands in for a head without a home number."""
    first = head(held)
    phone = (digits(home_phone(first.contact)) if first else None) or digits(main_phone)
    return Household(
        hoh_first_name=text(first.contact.firstName) if first else None,
        hoh_last_name=text(first.contact.lastName) if first else None,
        hoh_home_phone=phone,
        household_home_address=home,
    )


def map_contact(source_id: str, contacts: Iterable[Asked], context: Context, today: date) -> Mapped:
    """One person from what was sent for all their children; nobody when no tie to one of those holds today."""
    mine = [(child, c) for child, c in _in_order(contacts) if identifier(c.contactId) == source_id]
    changes: list[date | None] = []
    current = False
    for child, contact in mine:
        for association in contact.contactStudents or ():
            if text(association.dcid) != child:
                continue
            detail, change = _current(association, today)
            current = current or (detail is not None and contact.active is not False)
            changes.append(change)
    draft = context.draft("contact", source_id)
    if not current:
        return msgspec.structs.replace(draft.absent(), revisit_on=earliest(changes))
    # The answers for several children can be of several nights; any fixed choice does.
    _, contact = mine[0]
    first = draft.text("first_name", contact.firstName)
    last = draft.text("last_name", contact.lastName)
    draft.check_name(first, last)
    emails = sorted(contact.emails or (), key=lambda e: (not flag(e.primary), text(e.address) or ""))
    addresses = sorted(
        contact.addresses or (), key=lambda a: (number(a.sequence) or _LAST, _encoder.encode(a))
    )
    valid = [a for a in addresses if _holds(a.startDate, a.endDate, today)]
    changes += [_next_change(a.startDate, a.endDate, today) for a in addresses]
    by_type = {_address_type(a): a for a in reversed(valid)}
    person = Person(
        type="contact",
        source_id=source_id,
        first_name=first,
        middle_name=draft.text("middle_name", contact.middleName),
        last_name=last,
        suffix=draft.text("suffix", contact.suffix),
        gender=draft.code("gender", "gender", contact.gender),
        email=draft.email("email", next((e.address for e in emails if text(e.address)), None)),
        phones=draft.phones(*((_phone_type(p.phoneType), p.phoneNumber) for p in _phones(contact))),
        addresses=sorted_addresses(
            *(draft.address(kind, _street(a), a.city, a.state, a.postalcode) for kind, a in by_type.items())
        ),
    )
    return draft.result(person, revisit_on=earliest(changes))


def _in_order(contacts: Iterable[Asked]) -> list[Asked]:
    """An order of their own, whichever they were sent in."""
    return sorted(contacts, key=lambda pair: (_encoder.encode(pair[1]), pair[0]))


def _current(association: ContactStudent, today: date) -> tuple[StudentDetail | None, date | None]:
    """The detail that holds today (of several the latest) and the next day on which another one does."""
    active = [d for d in association.studentDetails or () if d.active is not False]
    valid = [d for d in active if _holds(d.startDate, d.endDate, today)]
    newest = max(
        valid,
        key=lambda d: (lenient_date(d.startDate) or date.min, number(d.studentContactDetailId) or 0),
        default=None,
    )
    return newest, earliest(_next_change(d.startDate, d.endDate, today) for d in active)


def _holds(start: Scalar, end: Scalar, today: date) -> bool:
    return (lenient_date(start) or today) <= today <= (lenient_date(end) or today)


def _next_change(start: Scalar, end: Scalar, today: date) -> date | None:
    """The end date is the last valid day."""
    begins, ends = lenient_date(start), lenient_date(end)
    if begins and begins > today:
        return begins
    return ends + timedelta(days=1) if ends and ends >= today else None


def _phones(contact: Contact) -> list[ContactPhone]:
    return sorted(contact.phones or (), key=lambda p: (number(p.sequence) or _LAST, _encoder.encode(p)))


def _phone_type(value: Scalar) -> str:
    kind = (text(value) or "").lower()
    for ours, words in (
        ("home", ("home",)),
        ("mobile", ("mobile", "cell")),
        ("work", ("work", "day", "business")),
    ):
        if any(word in kind for word in words):
            return ours
    return "other"


def _address_type(address: ContactAddress) -> str:
    return "mailing" if "mail" in (text(address.addressType) or "").lower() else "home"


def _street(address: ContactAddress) -> str | None:
    return " ".join(p for p in map(text, (address.street, address.linetwo, address.unit)) if p) or None
