"""What PowerSchool sends, as far as it is read (fact sheet §2.4, §2.5).

JSON of ``/ws/v1`` is made from XML: an empty block is ``""``, one child is an object and several are a list, and
whatever consists of digits is a number.
"""

from __future__ import annotations

import msgspec

from rollcall.connectors.records import Scalar


class StudentIds(msgspec.Struct):
    """``id`` is Students.DCID."""

    id: int | str


class StaffIds(msgspec.Struct):
    """``id`` is SchoolStaff.DCID, one per person and school; ``users_dcid`` is the person."""

    id: int | str
    users_dcid: int | str


class ContactIds(msgspec.Struct):
    """``contactId`` is Person.id."""

    contactId: int | str


class ContactsIds(msgspec.Struct):
    """The contacts of one student, as :mod:`~rollcall.connectors.powerschool.contacts` keeps them; blank for none."""

    student: str
    contacts: ContactIds | list[ContactIds] | str | None


class Name(msgspec.Struct):
    first_name: Scalar = None
    middle_name: Scalar = None
    last_name: Scalar = None


class Demographics(msgspec.Struct):
    gender: Scalar = None
    birth_date: Scalar = None
    projected_graduation_year: Scalar = None


class Place(msgspec.Struct):
    street: Scalar = None
    city: Scalar = None
    state_province: Scalar = None
    postal_code: Scalar = None


class Places(msgspec.Struct):
    physical: Place | str | None = None
    mailing: Place | str | None = None
    home: Place | str | None = None


class Number(msgspec.Struct):
    number: Scalar = None


class Phones(msgspec.Struct):
    main: Number | str | None = None


class SchoolEnrollment(msgspec.Struct):
    """``exit_date`` is the first day away."""

    enroll_status: Scalar = None
    enroll_status_code: Scalar = None
    status_code: Scalar = None
    grade_level: Scalar = None
    entry_date: Scalar = None
    exit_date: Scalar = None
    school_number: Scalar = None


class Race(msgspec.Struct):
    district_race_code: Scalar = None


class EthnicityRace(msgspec.Struct):
    federal_ethnicity: Scalar = None
    races: Race | list[Race] | str | None = None


class ContactInfo(msgspec.Struct):
    email: Scalar = None


class ScheduleSetup(msgspec.Struct):
    home_room: Scalar = None


class ExtensionField(msgspec.Struct):
    name: Scalar = None
    value: Scalar = None


class Extension(msgspec.Struct):
    """One extended table; its columns are an object or a list."""

    name: Scalar = None
    fields: ExtensionField | list[ExtensionField] | str | None = msgspec.field(name="_field", default=None)


class Extensions(msgspec.Struct):
    tables: Extension | list[Extension] | str | None = msgspec.field(name="_table_extension", default=None)


class Student(msgspec.Struct):
    id: int | str
    local_id: Scalar = None
    state_province_id: Scalar = None
    name: Name | str | None = None
    demographics: Demographics | str | None = None
    addresses: Places | str | None = None
    phones: Phones | str | None = None
    school_enrollment: SchoolEnrollment | str | None = None
    ethnicity_race: EthnicityRace | str | None = None
    contact_info: ContactInfo | str | None = None
    schedule_setup: ScheduleSetup | str | None = None
    extensions: Extensions | str | None = msgspec.field(name="_extension_data", default=None)


class Emails(msgspec.Struct):
    work_email: Scalar = None


class StaffPhones(msgspec.Struct):
    home_phone: Number | Scalar = None


class Affiliation(msgspec.Struct):
    """``school_id`` is Schools.DCID; ``status`` 1 is current, 2 no longer here."""

    school_id: Scalar = None
    status: Scalar = None


class Affiliations(msgspec.Struct):
    school_affiliation: Affiliation | list[Affiliation] | str | None = None


class Staff(msgspec.Struct):
    id: int | str
    users_dcid: int | str
    local_id: Scalar = None
    name: Name | str | None = None
    addresses: Places | str | None = None
    emails: Emails | str | None = None
    phones: StaffPhones | str | None = None
    school_affiliations: Affiliations | str | None = None
