"""Code mappings: which of our values an external value stands for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from pydantic import AwareDatetime, Field, StringConstraints

from rollcall.domain.form import FieldError, Form, Name, Record, invalid, raise_if_any

Entity = Literal[
    "academic_year", "allergy", "building", "ethnicity", "gender",
    "grade_level", "language", "race", "relationship", "state",
]  # fmt: skip
MAX_ENTRIES = 5_000
MAX_LENGTH = 200


class Entry(Form):
    """One row. A blank ``external`` says what to make of a missing value."""

    external: Annotated[str, StringConstraints(max_length=MAX_LENGTH)]
    value: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)]


class MappingForm(Form):
    """A mapping as written. The entity of an existing mapping cannot change."""

    entity: Entity
    name: Name
    ignore_case: bool = False
    ignore_leading_zeros: bool = False
    entries: Annotated[list[Entry], Field(max_length=MAX_ENTRIES)] = Field(default_factory=list)


class CodeMapping(Record):
    """A mapping as stored."""

    id: str
    district_id: str
    entity: Entity
    name: str
    ignore_case: bool = False
    ignore_leading_zeros: bool = False
    entries: tuple[Entry, ...] = ()
    active: bool = True
    version: int = 1
    created_at: AwareDatetime
    updated_at: AwareDatetime


class Unmapped(LookupError):
    """The mapping has no entry for ``external``. The value is for an issue, never for a log."""

    def __init__(self, external: str) -> None:
        super().__init__("unmapped value")
        self.external = external


class Lookup:
    """A mapping made ready for the hot path.

    ``version`` is a digest that moves exactly when some answer of this lookup could.
    """

    def __init__(self, mapping: CodeMapping) -> None:
        self._ignore_case = mapping.ignore_case
        self._ignore_zeros = mapping.ignore_leading_zeros
        self._values = {self._normal(entry.external): entry.value for entry in mapping.entries}
        self._externals: dict[str, list[str]] = {}
        for entry in mapping.entries:
            self._externals.setdefault(entry.value, []).append(entry.external)
        facts = (mapping.ignore_case, mapping.ignore_leading_zeros, sorted(self._values.items()))
        # A code comes thousands of times, and few of them there are.
        self._answer = lru_cache(4096)(self._look_up)
        self.version = hashlib.blake2b(msgspec.json.encode(facts), digest_size=16).hexdigest()

    def find(self, external: str | int | None) -> str | None:
        """Our value; None for blank without an entry of its own. Raises :class:`Unmapped`."""
        return self._answer(external)

    def _look_up(self, external: str | int | None) -> str | None:
        text = "" if external is None else str(external).strip()
        key = self._normal(text)
        try:
            return self._values[key]
        except KeyError:
            if not key:
                return None
        raise Unmapped(text)

    def reverse(self, value: str) -> list[str]:
        """The external values that stand for ``value``, in the order of the mapping."""
        return list(self._externals.get(value, ()))

    def _normal(self, text: str) -> str:
        return normal(text, ignore_case=self._ignore_case, ignore_leading_zeros=self._ignore_zeros)


def normal(external: str, *, ignore_case: bool, ignore_leading_zeros: bool) -> str:
    """The form in which external values are compared. ``000`` becomes ``0``, never blank."""
    text = external.strip()
    if ignore_case:
        text = text.casefold()
    if ignore_leading_zeros and text:
        text = text.lstrip("0") or "0"
    return text


def apply_form(
    mapping_id: str,
    district_id: str,
    form: MappingForm,
    stored: CodeMapping | None,
    active: bool,
    now: datetime,
) -> CodeMapping:
    """The mapping that results from writing ``form`` over ``stored``. Raises :class:`Invalid`."""
    if stored and stored.entity != form.entity:
        raise invalid(
            "entity", "cannot_change", f"This is a {stored.entity} mapping for good; make a new one instead."
        )
    raise_if_any(_same_external_twice(form.entries, form.ignore_case, form.ignore_leading_zeros))
    return CodeMapping(
        id=mapping_id,
        district_id=district_id,
        entity=form.entity,
        name=form.name,
        ignore_case=form.ignore_case,
        ignore_leading_zeros=form.ignore_leading_zeros,
        entries=tuple(form.entries),
        active=active,
        version=stored.version + 1 if stored else 1,
        created_at=stored.created_at if stored else now,
        updated_at=now,
    )


def _same_external_twice(entries: Sequence[Entry], ignore_case: bool, ignore_zeros: bool) -> list[FieldError]:
    first: dict[str, int] = {}
    errors = []
    for row, entry in enumerate(entries):
        key = normal(entry.external, ignore_case=ignore_case, ignore_leading_zeros=ignore_zeros)
        if key in first:
            message = f"Rows {first[key] + 1} and {row + 1} have the same external value; keep one of them."
            errors.append(FieldError(field=f"entries.{row}.external", code="duplicate", message=message))
        first.setdefault(key, row)
    return errors
