"""Rows of contacts, phones and addresses put together to contacts as the contacts API words them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from rollcall.connectors.powerschool_common.contacts import Asked
from rollcall.connectors.powerschool_common.rows import (
    Contact,
    ContactAddress,
    ContactEmail,
    ContactPhone,
    ContactStudent,
    StudentDetail,
)
from rollcall.connectors.powerschool_query.rows import Address, ContactDetail, Phone
from rollcall.connectors.records import Scalar, flag, identifier, text

_details = msgspec.json.Decoder(ContactDetail)
_phones = msgspec.json.Decoder(Phone)
_addresses = msgspec.json.Decoder(Address)


def read(details: Iterable[bytes], phones: Iterable[bytes], addresses: Iterable[bytes] = ()) -> list[Asked]:
    """Each contact of each student that the rows speak of."""
    numbers: dict[str, dict[str, ContactPhone]] = defaultdict(dict)
    for phone in map(_phones.decode, phones):
        # A row for each child: the same phone comes several times.
        numbers[identifier(phone.person_id)][identifier(phone.phone_id)] = ContactPhone(
            phoneNumber=phone.phone_number, phoneType=phone.phone_type, sequence=phone.priority_order
        )
    places: dict[str, list[ContactAddress]] = defaultdict(list)
    for address in map(_addresses.decode, addresses):
        places[identifier(address.person_id)].append(_address(address))
    pairs: dict[tuple[str, str], list[ContactDetail]] = defaultdict(list)
    for raw in sorted(details):
        row = _details.decode(raw)
        pairs[identifier(row.student_dcid), identifier(row.person_id)].append(row)
    return [
        (student, _contact(contact, rows, list(numbers[contact].values()), places[contact]))
        for (student, contact), rows in pairs.items()
    ]


def _contact(
    contact_id: str, rows: list[ContactDetail], phones: list[ContactPhone], addresses: list[ContactAddress]
) -> Contact:
    """One contact of one student; ``rows`` are all periods, each with the contact's own fields."""
    ties: dict[str, list[ContactDetail]] = defaultdict(list)
    for row in rows:
        ties[identifier(row.association_id)].append(row)
    first = rows[0]
    return Contact(
        contactId=contact_id,
        firstName=first.first_name,
        middleName=first.middle_name,
        lastName=first.last_name,
        suffix=first.suffix,
        gender=first.gender,
        active=_active(first.person_active),
        emails=[ContactEmail(address=first.email, primary=True)],
        phones=phones,
        addresses=addresses,
        contactStudents=[
            ContactStudent(
                dcid=some[0].student_dcid,
                sequence=some[0].priority_order,
                studentDetails=[_detail(row) for row in some],
            )
            for some in ties.values()
        ],
    )


def _detail(row: ContactDetail) -> StudentDetail:
    return StudentDetail(
        studentContactDetailId=row.detail_id,
        relationship=row.relationship,
        custodial=row.custodial,
        livesWith=row.lives_with,
        startDate=row.start_date,
        endDate=row.end_date,
        active=_active(row.detail_active),
    )


def _address(row: Address) -> ContactAddress:
    return ContactAddress(
        addressType=row.address_type,
        sequence=row.priority_order,
        street=row.street,
        linetwo=row.linetwo,
        unit=row.unit,
        city=row.city,
        state=row.state,
        postalcode=row.postalcode,
        startDate=row.start_date,
        endDate=row.end_date,
    )


def _active(value: Scalar) -> bool:
    """What does not say is active."""
    return text(value) is None or flag(value)
