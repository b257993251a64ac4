"""What Illuminate's public sources leave open: names, sizes and numbers to try, all in this one module.

``docs/illuminate.md`` lists them with where each comes from. A tuple of names is tried in its order and the first that
holds something counts, so a server that differs needs a name here and nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from rollcall.connectors.records import Scalar
from rollcall.domain.mapping import Entity

Names = tuple[str, ...]

PAGE_SIZE = 200
"""Rows asked for with ``limit``; clients in use ask for 200 to 5000. How many come is for the server to say."""

ENDPOINTS = {
    "students": "Students",
    "enrollment": "Enrollment",
    "contacts": "Contacts",
    "staff": "Users",
    "roster": "Roster",
}
"""Endpoint by stream; ``Sites`` and ``GradeLevels`` are certain."""

CODES = "Codes"
CODE_LISTS: Mapping[Entity, str] = {
    "language": "language",
    "race": "ethnicity",
    "relationship": "contact_type",
}
"""Name of the list that holds an entity's codes, where the endpoint is there at all."""
CODE_LIST: Names = ("code_list", "list_name")
CODE_KEY: Names = ("code_key",)
CODE_LABEL: Names = ("code_translation",)

OPTIONAL = frozenset({"contacts", "roster"})
"""Streams that a district may not have: a 404 at the survey is reported and the rest is loaded."""

DISTRICT_SITE = "9999999"
DISTRICT_TYPE = "district"
PSEUDO_SITES = frozenset({"9999998", "999999999", "10000000", "20000000", "999999"})
"""Seen for the private, the inactive and the graduated. Not reported as unmapped; pulled when mapped."""


class StudentIds(msgspec.Struct):
    student_id: int | str


class EnrollmentIds(msgspec.Struct):
    student_id: int | str
    enrollment_id: Scalar = None
    stu_sess_id: Scalar = None
    session_id: Scalar = None
    site_id: Scalar = None
    grade_level_id: Scalar = None
    entry_date: Scalar = None
    leave_date: Scalar = None


class ContactIds(msgspec.Struct):
    student_id: int | str
    contact_id: Scalar = None
    household_id: Scalar = None


class StaffIds(msgspec.Struct):
    user_id: int | str


class RosterIds(msgspec.Struct):
    user_id: Scalar = None
    site_id: Scalar = None


# -------------------------------------------------------------------------------------------------------- people

FIRST_NAME: Names = ("first_name",)
MIDDLE_NAME: Names = ("middle_name",)
LAST_NAME: Names = ("last_name",)
SUFFIX: Names = ("name_suffix", "suffix")
BIRTH_DATE: Names = ("birth_date", "date_of_birth")
GENDER: Names = ("gender",)
STATE_ID: Names = ("state_student_id", "state_id")
IS_HISPANIC: Names = ("is_hispanic",)
RACES: tuple[Names, ...] = (
    ("primary_ethnicity",),
    ("secondary_ethnicity",),
    ("tertiary_ethnicity",),
    ("quaternary_ethnicity",),
    ("quinary_ethnicity",),
)

STUDENT_LOCAL_ID: Names = ("local_student_id", "district_student_id")
STUDENT_EMAIL: Names = ("email", "email_address")
STUDENT_LANGUAGE: Names = ("primary_language", "home_language", "correspondence_language")
HOMEROOM: Names = ("homeroom", "current_homeroom_teacher_id", "current_homeroom_teacher")

# ------------------------------------------------------------------------------------------------------ enrollment

ACADEMIC_YEAR: Names = ("academic_year",)
SITE: Names = ("site_id",)
GRADE: Names = ("grade_level_id",)
ENTRY_DATE: Names = ("entry_date",)
LEAVE_DATE: Names = ("leave_date",)
IS_PRIMARY: Names = ("is_primary_ada",)

# ----------------------------------------------------------------------------------------------------------- staff

STAFF_LOCAL_ID: Names = ("local_user_id",)
STAFF_STATE_ID: Names = ("state_id",)
STAFF_EMAIL: Names = ("email1", "email", "email2")
STAFF_SITE: Names = ("site_id", "primary_site_id")
STAFF_ACTIVE: Names = ("active", "is_active")
STAFF_EXIT: Names = ("exit_date",)

# -------------------------------------------------------------------------------------------------------- contacts

CONTACT_ID: Names = ("contact_id",)
CONTACT_EMAIL: Names = ("email_address", "email")
CONTACT_LANGUAGE: Names = ("correspondance_language_id", "correspondence_language_id", "primary_language")
RELATIONSHIP: Names = ("contact_type", "relationship")
CONTACT_ORDER: Names = ("contact_order", "sort_order", "priority")
PRIMARY_CONTACT: Names = ("primary_contact",)
PRIMARY_HOUSEHOLD: Names = ("primary_household",)
RESIDES_WITH: Names = ("resides_with",)
IS_LEGAL: Names = ("is_legal",)
EMERGENCY: Names = ("emergency_contact",)
RESTRAINED: Names = ("restraining_order",)

# --------------------------------------------------------------------------------------------- addresses and phones


class Place(NamedTuple):
    """The names of one address's fields."""

    street: Names
    second: Names
    city: Names
    state: Names
    postal_code: Names


NESTED_ADDRESSES: Names = ("addresses", "dwellings", "address", "home_address")
NESTED_PLACE = Place(
    ("address", "street"), ("address_2", "address2"), ("city",), ("state",), ("zip", "postal_code")
)
HOME_PLACE = Place(
    ("home_address", "address"),
    ("home_address_2", "home_address2", "address_2", "address2"),
    ("home_city", "city"),
    ("home_state", "state"),
    ("home_zip", "zip"),
)
MAILING_PLACE = Place(
    ("mailing_address",),
    ("mailing_address_2", "mailing_address2"),
    ("mailing_city",),
    ("mailing_state",),
    ("mailing_zip",),
)
IS_PRIMARY_ADDRESS: Names = ("is_primary",)
IS_MAILING: Names = ("is_mailing",)
MOVED_OUT: Names = ("moveout_date",)

NESTED_PHONES: Names = ("phones",)
PHONE_NUMBER: Names = ("phone", "number")
PHONE_TYPE: Names = ("phone_type", "type")
IS_PRIMARY_PHONE: Names = ("is_primary",)
PHONE_TYPES = {"home": "home", "cellular": "mobile", "cell": "mobile", "mobile": "mobile", "work": "work"}
FLAT_PHONES: tuple[tuple[str, Names], ...] = (
    ("home", ("home_phone", "phone")),
    ("mobile", ("cellphone", "cell_phone", "mobile_phone")),
    ("work", ("work_phone",)),
    ("other", ("phone1",)),
    ("other", ("phone2",)),
)
