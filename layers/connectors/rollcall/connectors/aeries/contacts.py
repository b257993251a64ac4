"""Aeries contacts: one person out of rows that nothing but their content ties together.

A parent of three children is three rows (fact sheet §5.7), so the person is known by name and e-mail address, else by
name and telephone, else every row is a person of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

import msgspec

from rollcall.connectors.aeries.rows import Contact, ContactIds
from rollcall.connectors.mapping import Context, Draft, sorted_addresses
from rollcall.connectors.records import Scalar, digits, flag, identifier, is_email, number, text
from rollcall.domain.person import ContactLink, Mapped, Person

_TITLES = frozenset(["m/m", "mr", "mrs", "ms", "miss", "mx", "dr", "rev", "mr/mrs", "mr/ms", "and"]) | {"&"}
_LAST = 99
_WORDS = re.compile(r"[^\w]+")

_decoder = msgspec.json.Decoder(Contact)
_encoder = msgspec.json.Encoder()


def contact_key(row: ContactIds | Contact) -> str:
    """The person a row means, e.g. ``c-0011223344556677``; equal for rows with equal name and address or number."""
    name = _plain(" ".join(part or "" for part in names(row)))
    mail = (text(row.EmailAddress) or "").lower()
    reach = mail if is_email(mail) else _usable(row.CellPhone) or _usable(row.HomePhone)
    row_id = f"{identifier(row.StudentID)}-{identifier(row.SequenceNumber)}"
    facts = f"{name}\x1f{reach}" if name and reach else row_id
    return f"c-{hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()}"


def names(row: ContactIds | Contact) -> tuple[str | None, str | None]:
    """First and last name; taken from the mailing name when both are empty."""
    first, last = text(row.FirstName), text(row.LastName)
    return (first, last) if first or last else split_name(row.MailingName)


def split_name(value: Scalar) -> tuple[str | None, str | None]:
    """A line of free text as first and last name: “M/M A Rivers” is (A, Rivers), “Rivers, A” as well."""
    line = text(value) or ""
    if "," in line:
        last, _, first = line.partition(",")
        return _without_titles(first) or None, _without_titles(last) or None
    words = _without_titles(line).split()
    return " ".join(words[:-1]) or None, words[-1] if words else None


def read(records: Iterable[bytes]) -> list[Contact]:
    """Rows in an order of their own; the same row listed by two schools counts once."""
    found = {(identifier(c.StudentID), identifier(c.SequenceNumber)): c for c in sorted(
        (_decoder.decode(raw) for raw in records), key=_encoder.encode
    )}  # fmt: skip
    return sorted(
        found.values(),
        key=lambda c: (
            _priority(c),
            number(c.SequenceNumber) or 0,
            identifier(c.StudentID),
            _encoder.encode(c),
        ),
    )


def head(rows: Sequence[Contact]) -> Contact | None:
    """The first contact who lives with the student."""
    return next((c for c in rows if flag(c.LivesWithStudentIndicator) and any(names(c))), None)


def links(rows: Sequence[Contact], draft: Draft, context: Context) -> tuple[ContactLink, ...]:
    """A student's links, one per person."""
    found: dict[str, ContactLink] = {}
    for row in rows:
        key = contact_key(row)
        relationship = draft.code("relationship", "contacts.relationship", row.RelationshipToStudentCode)
        if key not in found and any(names(row)):
            found[key] = ContactLink(
                priority=_priority(row),
                person_id=context.contact_id(key),
                relationship=relationship,
                lives_with=flag(row.LivesWithStudentIndicator),
            )
    return tuple(sorted(found.values(), key=lambda link: (link.priority, link.person_id)))


def map_contact(source_id: str, records: Sequence[bytes], context: Context) -> Mapped:
    """One person from all their rows: the fullest row speaks."""
    mine = [c for c in read(records) if contact_key(c) == source_id]
    row = min(mine, key=lambda c: (-_fullness(c), identifier(c.StudentID), number(c.SequenceNumber) or 0))
    draft = context.draft("contact", source_id)
    first, last = names(row)
    draft.check_name(first, last)
    language = row.CorrespondenceLanguageCode
    person = Person(
        type="contact",
        source_id=source_id,
        first_name=draft.text("first_name", first),
        middle_name=draft.text("middle_name", row.MiddleName),
        last_name=draft.text("last_name", last),
        suffix=draft.text("suffix", row.NameSuffix),
        language=draft.code(
            "language", "language", row.CorrespondanceLanguageCode if language is None else language
        ),
        email=draft.email("email", row.EmailAddress),
        phones=draft.phones(("mobile", row.CellPhone), ("home", row.HomePhone), ("work", row.WorkPhone)),
        addresses=sorted_addresses(
            draft.address(
                "home", row.Address, row.AddressCity, row.AddressState, row.AddressZipCode, row.AddressZipExt
            )
        ),
    )
    return draft.result(person)


def _priority(row: Contact) -> int:
    return max(1, number(row.ContactOrder) or number(row.SequenceNumber) or _LAST)


def _fullness(row: Contact) -> int:
    return sum(text(value) is not None for value in msgspec.structs.astuple(row))


def _plain(name: str) -> str:
    return _WORDS.sub(" ", name).strip().casefold()


def _usable(value: Scalar) -> str | None:
    """A number that can tell people apart, so not 0000000."""
    found = digits(value)
    return found if found and len(set(found)) > 1 else None


def _without_titles(line: str) -> str:
    return " ".join(word for word in line.split() if word.lower().rstrip(".") not in _TITLES)
