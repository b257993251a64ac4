"""PowerSchool's contacts as ``/ws/contacts`` words them (fact sheet §5): camelCase, real lists and booleans.

PowerQueries send the same facts as rows, which are put together to these.
"""

from __future__ import annotations

import msgspec

from rollcall.connectors.records import Scalar


class ContactEmail(msgspec.Struct):
    address: Scalar = None
    primary: Scalar = None


class ContactPhone(msgspec.Struct):
    phoneNumber: Scalar = None
    phoneType: Scalar = None
    sequence: Scalar = None


class ContactAddress(msgspec.Struct):
    addressType: Scalar = None
    sequence: Scalar = None
    street: Scalar = None
    linetwo: Scalar = None
    unit: Scalar = None
    city: Scalar = None
    state: Scalar = None
    postalcode: Scalar = None
    startDate: Scalar = None
    endDate: Scalar = None


class StudentDetail(msgspec.Struct):
    studentContactDetailId: Scalar = None
    relationship: Scalar = None
    custodial: Scalar = None
    livesWith: Scalar = None
    startDate: Scalar = None
    endDate: Scalar = None
    active: Scalar = None


class ContactStudent(msgspec.Struct):
    dcid: Scalar = None
    sequence: Scalar = None
    studentDetails: list[StudentDetail] | None = None


class Contact(msgspec.Struct):
    contactId: int | str
    firstName: Scalar = None
    middleName: Scalar = None
    lastName: Scalar = None
    suffix: Scalar = None
    gender: Scalar = None
    active: Scalar = None
    emails: list[ContactEmail] | None = None
    phones: list[ContactPhone] | None = None
    addresses: list[ContactAddress] | None = None
    contactStudents: list[ContactStudent] | None = None
