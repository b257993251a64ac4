"""Where a stored value comes from: raw values of the SIS, code mappings, settings, and rules of Rollcall's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

import msgspec

from rollcall.domain.mapping import Entity

Scalar = str | int | float | bool | None
Matched = Literal["exact", "ignore_case", "leading_zeros", "ignore_case_and_leading_zeros", "blank"]


class RawValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value as the SIS sent it. ``path`` leads to it inside its record, such as ``addresses.home.zip``.

    The stream ``survey``, which has no records, is what the SIS said of itself, such as the numbers of its schools.
    """

    stream: str
    record_id: str
    path: str
    value: Scalar


class Translation(msgspec.Struct, frozen=True, kw_only=True):
    """The entry of a code mapping that made ``value`` of ``external``; ``entry`` is how the mapping writes it."""

    entity: Entity
    mapping_id: str
    mapping_name: str
    version: int
    external: str
    entry: str
    value: str
    matched: Matched


class FieldLineage(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a person. ``field`` is its path, such as ``enrollments.0.grade``; without one of the ``settings``
    it would be another; ``rule`` is a key of ``RULES`` where Rollcall itself had a say.
    """

    field: str
    value: Any
    sources: tuple[RawValue, ...] = ()
    translations: tuple[Translation, ...] = ()
    settings: tuple[str, ...] = ()
    rule: str | None = None


class RecordLineage(msgspec.Struct, frozen=True, kw_only=True):
    """A raw record that speaks of the person, with the run that received it and the day on which it did."""

    stream: str
    id: str
    run_id: str
    received_on: date


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """A person as a run left them. ``current``: nothing newer counts, so the values are those that are stored.
    ``issues`` are codes of what mapping found wrong with the records. Not ``complete``: there were more raw values than
    are tried out.
    """

    current: bool
    complete: bool
    issues: tuple[str, ...]
    records: tuple[RecordLineage, ...]
    fields: tuple[FieldLineage, ...]


RULES: Mapping[str, str] = {
    "record_type": "The list that the record stands in says what kind of person it is of.",
    "record_id": "The SIS's own number of the person, by which records are told apart.",
    "status": "Whoever the SIS lists is active, unless their record says that they have left; who is not listed any "
    "more is ended where the integration drops them.",
    "family": "Students whose family identifier is the same are one family. The family keeps its id when members come "
    "and go.",
    "host_id": "Letters of the host-ID policy and the person's number. A host ID that was given once stays.",
    "media_roster": "The whole run decides who is let into the media application.",
    "photo": "Another integration of the same SIS brings photos.",
    "grad_year": "The SIS does not say, so it is counted from the grade and the school year.",
    "place": "Follows from where in the record the value stands.",
    "stands": "The records of this run say nothing of it, or something else that was not applied: what was stored "
    "before stands.",
}
"""What Rollcall decides itself, in a sentence for the administrator."""

RULE_OF_FIELD: Mapping[str, str] = {
    "type": "record_type",
    "source_id": "record_id",
    "status": "status",
    "family_id": "family",
    "host_id": "host_id",
    "media": "media_roster",
    "photo": "photo",
}
"""The rule behind a field that the engine makes or has a say in."""

PLACED = frozenset(
    {
        "phones.*.type",
        "addresses.*.type",
        "enrollments.*.primary",
        "contacts.*.priority",
        "contacts.*.lives_with",
    }
)
"""Values that may be no raw value's, but that of a place in the record."""
