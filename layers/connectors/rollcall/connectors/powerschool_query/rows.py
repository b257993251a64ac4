"""Rows as PowerQueries send them (fact sheet §3): every value a text, nulls left out, in one of two shapes."""

from __future__ import annotations

import msgspec

from rollcall.connectors.powerschool_query.queries import Query
from rollcall.connectors.records import Rows, Scalar, identifier, raw_rows, unexpected_shape
from rollcall.domain.person import person_key

Id = int | str | None


class Keys(msgspec.Struct):
    """The columns that name rows and people, of all queries. ``tables`` is there in the nested shape alone."""

    student_dcid: Id = None
    person_id: Id = None
    users_dcid: Id = None
    staff_dcid: Id = None
    race_id: Id = None
    detail_id: Id = None
    association_id: Id = None
    phone_id: Id = None
    address_id: Id = None
    school_number: Id = None
    tables: dict[str, dict[str, Scalar]] | None = None

    def record_id(self, query: Query) -> str:
        """What tells the row apart; raises ``SourceContract`` when it does not say."""
        return "-".join(_id(self, column) for column in query.key)

    def people(self, query: Query) -> tuple[str, ...]:
        """The keys of the people the row speaks of."""
        return tuple(person_key(kind, _id(self, column)) for kind, column in query.people.items())


class School(msgspec.Struct):
    school_number: int | str
    name: Scalar = None


class Student(msgspec.Struct):
    student_number: Scalar = None
    state_studentnumber: Scalar = None
    first_name: Scalar = None
    middle_name: Scalar = None
    last_name: Scalar = None
    dob: Scalar = None
    gender: Scalar = None
    fedethnicity: Scalar = None
    schoolid: Scalar = None
    grade_level: Scalar = None
    entrydate: Scalar = None
    home_room: Scalar = None
    street: Scalar = None
    city: Scalar = None
    state: Scalar = None
    zip: Scalar = None
    mailing_street: Scalar = None
    mailing_city: Scalar = None
    mailing_state: Scalar = None
    mailing_zip: Scalar = None
    home_phone: Scalar = None
    email: Scalar = None
    primarylanguage: Scalar = None
    allergies: Scalar = None


class Race(msgspec.Struct):
    racecd: Scalar = None


class ContactDetail(msgspec.Struct):
    """One period of one contact's tie to one student, with the contact's own fields."""

    detail_id: int | str
    association_id: int | str
    student_dcid: int | str
    person_id: int | str
    priority_order: Scalar = None
    relationship: Scalar = None
    custodial: Scalar = None
    lives_with: Scalar = None
    detail_active: Scalar = None
    start_date: Scalar = None
    end_date: Scalar = None
    person_active: Scalar = None
    first_name: Scalar = None
    middle_name: Scalar = None
    last_name: Scalar = None
    suffix: Scalar = None
    gender: Scalar = None
    email: Scalar = None


class Phone(msgspec.Struct):
    phone_id: int | str
    person_id: int | str
    phone_type: Scalar = None
    priority_order: Scalar = None
    phone_number: Scalar = None


class Address(msgspec.Struct):
    address_id: int | str
    person_id: int | str
    address_type: Scalar = None
    priority_order: Scalar = None
    start_date: Scalar = None
    end_date: Scalar = None
    street: Scalar = None
    linetwo: Scalar = None
    unit: Scalar = None
    city: Scalar = None
    state: Scalar = None
    postalcode: Scalar = None


class Staff(msgspec.Struct):
    staff_dcid: int | str
    schoolid: Scalar = None
    teachernumber: Scalar = None
    first_name: Scalar = None
    middle_name: Scalar = None
    last_name: Scalar = None
    email_addr: Scalar = None


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_rows = Rows(Keys)
_encoder = msgspec.json.Encoder()
_TABLES = b'"tables"'


def listed(body: bytes) -> list[msgspec.Raw]:
    """The raw rows of an answer, each flat. An empty answer has no ``record``; any other answer is refused."""
    try:
        fields = _fields.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise unexpected_shape() from None
    record = fields.pop("record", None)
    if any(name not in ("name", "count") and not name.startswith("@") for name in fields):
        raise unexpected_shape()
    if record is None:
        return []
    found = raw_rows(record)
    if _TABLES in bytes(record):
        rows = _rows.read(found)
        if any(keys.tables is not None for keys in rows):
            return raw_rows(_encoder.encode([_flat(keys) for keys in rows]))
    return found


def _flat(keys: Keys) -> dict[str, Scalar]:
    """A row that came in tables, without them: no key of ours is there twice."""
    return {name: value for table in (keys.tables or {}).values() for name, value in table.items()}


def _id(keys: Keys, column: str) -> str:
    value: Id = getattr(keys, column)
    if value is None:
        raise unexpected_shape()
    return identifier(value)
