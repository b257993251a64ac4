"""Filling one person's fields: codes through the mappings, and an issue for whatever does not fit.

An error keeps the record out; a warning drops the value. Every issue a connector can raise stands in ``ISSUES``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from rollcall.connectors.records import Scalar, digits, is_email, iso_date, text, zip_code
from rollcall.domain.errors import NeedsAttention
from rollcall.domain.ids import person_id
from rollcall.domain.mapping import Lookup, Unmapped
from rollcall.domain.person import Address, Household, Issue, Mapped, Person, PersonType, Phone, Severity

MAX_TEXT = 500


class IssueKind(NamedTuple):
    severity: Severity
    message: str
    fix: str


def _unmapped(severity: Severity, what: str, effect: str) -> IssueKind:
    return IssueKind(
        severity,
        f"The {what} mapping has no entry for this value; {effect}.",
        f"Add the value to the {what} mapping.",
    )


_VALUE_LOST = "the person is loaded without it"
_REJECTED = "the record cannot be placed and is left out"

ISSUES: Mapping[str, IssueKind] = {
    "building_unmapped": _unmapped("error", "building", _REJECTED),
    "grade_level_unmapped": _unmapped("error", "grade level", _REJECTED),
    "building_missing": IssueKind(
        "error", "The record names no school.", "Enter the student's school in the SIS."
    ),
    "grade_level_missing": IssueKind(
        "error", "The record names no grade level.", "Enter the student's grade level in the SIS."
    ),
    "name_missing": IssueKind(
        "error", "The record has neither a first nor a last name.", "Enter the name in the SIS."
    ),
    "record_malformed": IssueKind(
        "error", "A field of the record holds a value of the wrong kind.", "Correct the record in the SIS."
    ),
    "allergy_unmapped": _unmapped("warning", "allergy", _VALUE_LOST),
    "ethnicity_unmapped": _unmapped("warning", "ethnicity", _VALUE_LOST),
    "gender_unmapped": _unmapped("warning", "gender", _VALUE_LOST),
    "language_unmapped": _unmapped("warning", "language", _VALUE_LOST),
    "race_unmapped": _unmapped("warning", "race", _VALUE_LOST),
    "relationship_unmapped": _unmapped("warning", "relationship", _VALUE_LOST),
    "state_unmapped": _unmapped("warning", "state", _VALUE_LOST),
    "date_invalid": IssueKind("warning", "This is not a date; it is left out.", "Correct it in the SIS."),
    "email_invalid": IssueKind(
        "warning", "This is not an e-mail address; it is left out.", "Correct it in the SIS."
    ),
    "photo_not_an_image": IssueKind(
        "warning",
        "The photo is not a whole JPEG, PNG, GIF or WebP image; the person keeps the photo they had.",
        "Take or upload the photo again in the SIS.",
    ),
    "photo_too_large": IssueKind(
        "warning",
        "The photo is larger than 4 MB; the person keeps the photo they had.",
        "Upload a smaller photo in the SIS.",
    ),
    "value_too_long": IssueKind(
        "warning",
        f"The value is longer than {MAX_TEXT} characters; it is left out.",
        "Shorten it in the SIS.",
    ),
    "program_not_listed": IssueKind(
        "warning",
        "The student's program code is neither a primary nor an alternate enrollment code; "
        "the student is not loaded.",
        "Add the code to one of the two lists of the integration if such students should be loaded.",
    ),
    "school_unknown": IssueKind(
        "warning",
        "The SIS does not say at which school this person works.",
        "Enter the person's school in the SIS.",
    ),
    "endpoint_missing": IssueKind(
        "warning",
        "The SIS does not offer this list; people are loaded without what it tells.",
        "Ask the vendor of the SIS to open it to the credentials of the integration.",
    ),
    "school_not_mapped": IssueKind(
        "warning",
        "This school of the SIS is not in the building mapping, so its people are not pulled.",
        "Add the school to the building mapping if its people should be pulled.",
    ),
    "demographics_not_offered": IssueKind(
        "warning",
        "The SIS does not offer demographics, so birth dates, genders, ethnicities and races are not loaded.",
        "Ask whoever runs the SIS to allow the credentials to read demographics, if they should be loaded.",
    ),
    "school_year_unconfirmed": IssueKind(
        "warning",
        "The SIS does not say which school year its data is of; it is taken to be the district's.",
        "Check the academic sessions in the SIS.",
    ),
}


def issue(
    code: str,
    *,
    person_type: PersonType | None = None,
    source_id: str | None = None,
    field: str | None = None,
    value: str | None = None,
    severity: Severity | None = None,
) -> Issue:
    """An issue of the table; ``severity`` may soften what the table says."""
    kind = ISSUES[code]
    return Issue(
        severity=severity or kind.severity,
        code=code,
        message=kind.message,
        fix=kind.fix,
        person_type=person_type,
        source_id=source_id,
        field=field,
        value=value[:MAX_TEXT] if value else None,
    )


class Draft:
    """One person in the making: reads values and gathers what is wrong with them.

    With ``leaver`` an unmapped school or grade only costs the value: that somebody has left must not get lost.
    """

    def __init__(
        self, person_type: PersonType, source_id: str, lookups: Mapping[str, Lookup], leaver: bool = False
    ) -> None:
        self.type: PersonType = person_type
        self.source_id = source_id
        self._lookups = lookups
        self._leaver = leaver
        self._issues: list[Issue] = []

    def report(self, code: str, field: str | None = None, value: str | None = None) -> None:
        """Add an issue."""
        self._issues.append(
            issue(
                code,
                person_type=self.type,
                source_id=self.source_id,
                field=field,
                value=value,
                severity="warning" if self._leaver else None,
            )
        )

    def text(self, field: str, value: Scalar) -> str | None:
        """Trimmed text of a sane length."""
        found = text(value)
        if found is not None and len(found) > MAX_TEXT:
            self.report("value_too_long", field, found)
            return None
        return found

    def code(self, entity: str, field: str, value: Scalar) -> str | None:
        """Our value for an external one; an entity without a mapping has none."""
        lookup = self._lookups.get(entity)
        if lookup is None:
            return None
        try:
            return lookup.find(text(value))
        except Unmapped as unmapped:
            self.report(f"{entity}_unmapped", field, unmapped.external)
            return None

    def place(self, entity: str, field: str, value: Scalar) -> str | None:
        """Like :meth:`code` for what a record cannot be without."""
        before = len(self._issues)
        found = self.code(entity, field, value)
        if found is None and len(self._issues) == before:
            self.report(f"{entity}_missing", field)
        return found

    def day(self, field: str, value: Scalar) -> str | None:
        """An ISO date."""
        try:
            return iso_date(value)
        except ValueError:
            self.report("date_invalid", field, text(value))
            return None

    def email(self, field: str, value: Scalar) -> str | None:
        """An e-mail address, as the SIS writes it."""
        found = self.text(field, value)
        if found is not None and not is_email(found):
            self.report("email_invalid", field, found)
            return None
        return found

    def phones(self, *numbers: tuple[str, Scalar]) -> tuple[Phone, ...]:
        """``(type, number)`` pairs as sorted phones; a number that is given twice keeps its first type."""
        found: dict[str, Phone] = {}
        for kind, value in numbers:
            digits_only = digits(value)
            if digits_only is not None:
                found.setdefault(digits_only, Phone(number=digits_only, type=kind))
        return tuple(sorted(found.values()))

    def address(
        self,
        kind: str,
        street: Scalar,
        city: Scalar,
        state: Scalar,
        postal_code: Scalar,
        extension: Scalar = None,
    ) -> Address | None:
        """An address, or None when it has neither a street nor a zip (a lone default state is none)."""
        line = self.text("addresses.street", street)
        zip_text = self.text("addresses.postal_code", zip_code(postal_code, extension))
        if line is None and zip_text is None:
            return None
        return Address(
            type=kind,
            street=line,
            city=self.text("addresses.city", city),
            state=self.code("state", "addresses.state", state),
            postal_code=zip_text,
        )

    def check_name(self, first: str | None, last: str | None) -> None:
        """Somebody without any name cannot be loaded."""
        if first is None and last is None:
            self.report("name_missing", "last_name")

    def issues(self) -> tuple[Issue, ...]:
        """What was wrong, each once, in an order that does not depend on that of the records."""
        if not self._issues:
            return ()
        unique = {(i.severity, i.code, i.field or "", i.value or ""): i for i in self._issues}
        return tuple(unique[key] for key in sorted(unique))

    def result(
        self, person: Person, household: Household | None = None, revisit_on: date | None = None
    ) -> Mapped:
        """The person, unless an error keeps them out."""
        issues = self.issues()
        rejected = any(i.severity == "error" for i in issues)
        return Mapped(
            person=None if rejected else person,
            household=None if rejected else household,
            issues=issues,
            revisit_on=revisit_on,
        )

    def absent(self) -> Mapped:
        """Not in the file: nobody to load, which is no error."""
        return Mapped(person=None, issues=self.issues())


def malformed(person_type: PersonType, source_id: str) -> Mapped:
    """A record that cannot be read at all."""
    return Mapped(
        person=None, issues=(issue("record_malformed", person_type=person_type, source_id=source_id),)
    )


def sorted_addresses(*addresses: Address | None) -> tuple[Address, ...]:
    """The addresses that are given, each once, in an order of their own; one that repeats the home address is none."""
    given = {a for a in addresses if a is not None}
    if len(given) < 2:
        return tuple(given)
    homes = {a for a in given if a.type == "home"}
    given = homes | {a for a in given - homes if msgspec.structs.replace(a, type="home") not in homes}
    return tuple(sorted(given, key=lambda a: tuple(x or "" for x in msgspec.structs.astuple(a))))


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What every field map needs to know of the integration. ``lookups`` are by mapping entity."""

    district_id: str
    source: str
    school_year: str
    member_types: frozenset[str]
    lookups: Mapping[str, Lookup]

    def draft(self, person_type: PersonType, source_id: str, leaver: bool = False) -> Draft:
        """A person in the making."""
        return Draft(person_type, source_id, self.lookups, leaver)

    def building(self, school: Scalar) -> str | None:
        """Our building for a school of the SIS; None when it is not mapped."""
        try:
            return self.lookups["building"].find(text(school))
        except Unmapped:
            return None

    def contact_id(self, source_id: str) -> str:
        """The stored id of a contact, for links."""
        return person_id(self.district_id, self.source, "contact", source_id)


def in_scope(
    schools: Iterable[tuple[str, str | None]], context: Context
) -> tuple[list[tuple[str, str]], list[Issue]]:
    """Of ``(number, name)`` pairs those that are mapped, as ``(number, building)``, and an issue for each other.

    Raises ``NeedsAttention`` when none is: pulling nobody is never what is wanted.
    """
    mapped: list[tuple[str, str]] = []
    issues: list[Issue] = []
    for number, name in schools:
        building = context.building(number)
        if building is None:
            found = issue("school_not_mapped", field="school", value=number)
            message = found.message.replace("This school", f"School {number} ({name or 'without a name'})")
            issues.append(msgspec.structs.replace(found, message=message, label=name))
        else:
            mapped.append((number, building))
    if not mapped:
        listed = ", ".join(str(i.value) for i in issues[:20]) or "none"
        raise NeedsAttention(
            "no_school_mapped", f"The building mapping holds none of the schools of the SIS ({listed})."
        )
    return mapped, issues


def named(schools: Sequence[tuple[str, str | None]]) -> str:
    """How many schools a SIS has, and the first of them by number and name."""
    first = ", ".join(f"{number} ({name})" if name else number for number, name in schools[:5])
    more = f" and {len(schools) - 5} more" if len(schools) > 5 else ""
    return f"{len(schools)} school{'' if len(schools) == 1 else 's'}: {first}{more}."
