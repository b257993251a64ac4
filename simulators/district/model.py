"""Neutral records of the invented district. Nothing here knows a wire format.

Values that a SIS writes as codes are kept as *details* (`chinese`, `grandmother`), finer than our own values, because
real code tables are finer too. A detail that starts with `~` is a raw code that no mapping is supposed to hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

RAW = "~"
"""Prefix of an unknown code: `~Q` is sent as `Q` by every simulator."""


@dataclass(slots=True)
class Address:
    street: str
    city: str
    state: str
    zip: str


@dataclass(slots=True)
class Phone:
    """`type` is `home`, `mobile` or `work`; `number` is ten digits, or a placeholder such as `000-0000`."""

    type: str
    number: str


@dataclass(slots=True)
class School:
    """`kind`: elementary, middle, high, or a holding place: office (0), transfer (99), inactive (999), graduated."""

    id: int
    code: int
    name: str
    abbreviation: str
    site_code: str
    kind: str
    grades: tuple[str, ...]
    address: Address
    phone: str
    principal_first: str
    principal_last: str
    principal_email: str

    @property
    def holding(self) -> bool:
        return self.kind in ("office", "transfer", "inactive", "graduated")


@dataclass(slots=True)
class Household:
    """`family_key` 0 means that nobody ran the family tool for these people."""

    id: int
    family_key: int
    address: Address
    mailing: Address | None
    home_phone: str


@dataclass(slots=True)
class Guardian:
    """`mailing_only`: the office typed the whole name in one box. `staff_id`: the same human among the staff, or 0."""

    id: int
    first: str
    middle: str
    last: str
    gender: str
    email: str
    phones: tuple[Phone, ...]
    household_id: int
    mailing_only: bool = False
    staff_id: int = 0


@dataclass(slots=True)
class GuardianLink:
    """One guardian of one student. It counts today when `active` and today is within `start`..`end`."""

    guardian_id: int
    relationship: str
    priority: int
    lives_with: bool
    custodial: bool
    emergency: bool
    active: bool = True
    start: date | None = None
    end: date | None = None

    def current(self, today: date) -> bool:
        return (
            self.active
            and (self.start is None or self.start <= today)
            and (self.end is None or today <= self.end)
        )


@dataclass(slots=True)
class Enrollment:
    """One school in one school year. `exit` is the last day attended. `row_number` is the school-local number."""

    school_code: int
    grade: str
    status: str
    entry: date
    exit: date | None
    homeroom: str
    teacher_id: int
    program: str
    primary: bool
    row_number: int

    @property
    def active(self) -> bool:
        return self.status == "active"


@dataclass(slots=True)
class StaffMember:
    """`school_codes[0]` is the home school. `role`: teacher, staff, lunch, substitute."""

    id: int
    local_id: str
    first: str
    middle: str
    last: str
    gender: str
    birth_date: date | None
    email: str
    username: str
    title: str
    role: str
    school_codes: tuple[int, ...]
    active: bool
    phone: str
    address: Address | None
    hired: date
    left: date | None
    guardian_id: int = 0


@dataclass(slots=True)
class Student:
    """`status`: active, inactive, preregistered, transferred, graduated or historical."""

    id: int
    local_id: str
    state_id: str
    first: str
    middle: str
    last: str
    preferred_first: str
    gender: str
    birth_date: date | None
    ethnicity: str
    races: tuple[str, ...]
    language: str
    household_id: int
    email: str
    username: str
    mobile: str
    status: str
    entered_district: date
    lunch: str
    allergies: str
    photo: int
    enrollments: list[Enrollment] = field(default_factory=list)
    links: list[GuardianLink] = field(default_factory=list)

    @property
    def active(self) -> bool:
        return self.status == "active"

    @property
    def home(self) -> Enrollment:
        """The primary enrollment; every student has one, whatever their status."""
        for enrollment in self.enrollments:
            if enrollment.primary:
                return enrollment
        return self.enrollments[-1]


@dataclass(slots=True)
class Change:
    """What a mutation did: its kind, the ids it touched by table, and a few details worth asserting on."""

    kind: str
    student_ids: list[int]
    guardian_ids: list[int] = field(default_factory=list)
    detail: dict[str, object] = field(default_factory=dict)
