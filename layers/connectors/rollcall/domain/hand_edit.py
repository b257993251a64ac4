"""What somebody writes to protect a person: fields that stay as they are, and values in place of the SIS's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec.structs import replace
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from rollcall.domain.form import FieldError, Form, Name, Reason, raise_if_any, repeated, written
from rollcall.domain.mapping import Entity
from rollcall.domain.person import Phone
from rollcall.domain.plan import StoredPerson
from rollcall.domain.protection import PROTECTABLE, Protection, keep

_DIGITS = written(r"\d{7,15}", "Write a phone number as 7 to 15 digits.")
_MOST = 20


def _in_calendar(text: str) -> str:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError(
            "not_in_calendar", "There is no such day; check the month and day."
        ) from None
    return text


Day = Annotated[
    str,
    *written("(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}", "Write a date such as 2015-02-03."),
    AfterValidator(_in_calendar),
]

CODED: Mapping[str, Entity] = {
    "gender": "gender",
    "ethnicity": "ethnicity",
    "races": "race",
    "language": "language",
}
"""Fields whose values come from a mapping, and so must those that are written by hand."""


class PhoneEdit(Form):
    """A phone number, digits only."""

    number: Annotated[str, StringConstraints(max_length=15), *_DIGITS]
    type: Literal["home", "mobile", "work", "other"] = "other"


class HandEdit(Form):
    """Values in place of the SIS's; null for none. What is left out is not written."""

    first_name: Name | None = None
    middle_name: Name | None = None
    last_name: Name | None = None
    suffix: Name | None = None
    birth_date: Day | None = None
    gender: Name | None = None
    ethnicity: Name | None = None
    races: Annotated[list[Name], Field(max_length=_MOST)] = Field(default_factory=list)
    language: Name | None = None
    phones: Annotated[list[PhoneEdit], Field(max_length=_MOST)] = Field(default_factory=list)

    def values(self) -> dict[str, Any]:
        """What was written, as a person has it."""
        found: dict[str, Any] = {name: getattr(self, name) for name in sorted(self.model_fields_set)}
        if "races" in found:
            found["races"] = tuple(sorted(set(self.races)))
        if "phones" in found:
            found["phones"] = tuple(sorted({Phone(number=p.number, type=p.type) for p in self.phones}))
        return found


class ProtectionForm(Form):
    """What of a person stays: all of them (``whole``), or ``fields`` as they are and ``values`` as they are written
    here. ``until`` is the last day of it, in the district's zone.
    """

    whole: bool = False
    fields: Annotated[list[str], Field(max_length=len(PROTECTABLE))] = Field(default_factory=list)
    values: HandEdit = HandEdit()
    reason: Reason
    until: Day | None = None
    version: int | None = None


def apply_form(
    form: ProtectionForm,
    stored: StoredPerson,
    before: Protection | None,
    vocabulary: Mapping[str, Set[str]],
    today: date,
    by: str,
    at: datetime,
) -> Protection:
    """The protection that results from ``form``. ``vocabulary`` holds the values that a field may have, where only some
    may be. Raises :class:`Invalid`.
    """
    values = form.values.values()
    person = replace(stored.person, **values)
    faults = [*_field_faults(form), *repeated("fields", form.fields), *_value_faults(values, vocabulary)]
    if not person.first_name and not person.last_name:
        faults.append(_fault("values.last_name", "required", "Leave a first or a last name."))
    if (form.values.birth_date or "") > today.isoformat():
        faults.append(_fault("values.birth_date", "out_of_range", "Give a day that is not in the future."))
    until = date.fromisoformat(form.until) if form.until else None
    if until and until < today:
        faults.append(_fault("until", "out_of_range", "Give a day that is not over, or leave it out."))
    raise_if_any(faults)
    fields = () if form.whole else tuple(name for name in PROTECTABLE if name in {*form.fields, *values})
    return Protection(
        district_id=stored.district_id,
        person_id=stored.id,
        person_type=stored.person.type,
        source_id=stored.person.source_id,
        fields=fields,
        written=tuple(values),
        kept=keep(person, fields),
        reason=form.reason,
        until=until,
        set_by=by,
        set_at=at,
        version=before.version + 1 if before else 1,
    )


def _field_faults(form: ProtectionForm) -> Iterable[FieldError]:
    if form.whole and form.fields:
        yield _fault("fields", "not_allowed", "Leave the fields out, or protect not all of the person.")
    elif not form.whole and not form.fields and not form.values.model_fields_set:
        yield _fault("fields", "required", "Name a field, write a value, or protect the whole person.")
    for index, name in enumerate(form.fields):
        if name not in PROTECTABLE:
            yield _fault(f"fields.{index}", "not_allowed", f"Choose from {', '.join(PROTECTABLE)}.")


def _value_faults(values: Mapping[str, Any], vocabulary: Mapping[str, Set[str]]) -> Iterable[FieldError]:
    for field, known in vocabulary.items():
        given = values.get(field) or ()
        if {given} - known if isinstance(given, str) else set(given) - known:
            message = f"Choose from the values of the {CODED[field]} mapping."
            yield _fault(f"values.{field}", "unknown_value", message)


def _fault(field: str, code: str, message: str) -> FieldError:
    return FieldError(field=field, code=code, message=message)
