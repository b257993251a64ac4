"""Values of the SIS that no mapping translates: gathered by each sync, and answered by an operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, get_args

import msgspec
from pydantic import Field, StringConstraints

from rollcall.domain.form import FieldError, Form, raise_if_any
from rollcall.domain.mapping import MAX_ENTRIES, MAX_LENGTH, CodeMapping, Entity, Entry, normal
from rollcall.domain.person import Issue, Severity
from rollcall.domain.suggest import CONFIDENT, Proposal

MAX_VALUES = 5_000
"""Distinct values that are kept of one run."""

MAX_ANSWERS = 500
SAMPLES = 5
SCHOOL = "school_not_mapped"
"""The issue of a whole pull that leaves a school out; all other unmapped values are somebody's."""

_ENTITIES: dict[str, Entity] = {f"{entity}_unmapped": entity for entity in get_args(Entity)} | {
    SCHOOL: "building"
}


class UnmappedValue(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One value without an entry, at the end of a run.

    ``count`` is how many people have it, and ``samples`` are ids of some of them. ``severity`` is the worst of its
    issues: an error keeps people out. ``label`` is what the SIS calls the value, where it says. ``whole_school``: it is
    a school that was left out of the pull, so nobody counts its people. ``first_run`` is the run that saw it first.
    """

    entity: Entity
    value: str
    label: str | None = None
    severity: Severity = "warning"
    count: int = 0
    samples: list[str] = []
    whole_school: bool = False
    first_run: str = ""


class UnmappedValues(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What one run left, worst and most frequent first. ``cut``: there were more than are kept."""

    values: list[UnmappedValue] = []
    cut: bool = False

    def date_back(self, before: UnmappedValues, run_id: str) -> None:
        """Say of each value which run saw it first: as the run before says, or else ``run_id``."""
        first = {(value.entity, value.value): value.first_run for value in before.values}
        for value in self.values:
            value.first_run = first.get((value.entity, value.value), run_id)


class Tally:
    """Gathers issues into values, in bounded memory.

    Free text may make a value of every person. When there are too many the rarest are let go, so the counts of what is
    rare may then be low; what keeps people out stays.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Entity, str], UnmappedValue] = {}
        self._last: dict[tuple[Entity, str], str | None] = {}
        self._cut = False

    def add(self, issue: Issue, person_id: str | None) -> None:
        """Count an issue if it is of an unmapped value. Issues of one person come together."""
        entity = _ENTITIES.get(issue.code)
        if entity is None or issue.value is None:
            return
        key = (entity, issue.value)
        found = self._found.setdefault(key, UnmappedValue(entity=entity, value=issue.value))
        found.label = found.label or issue.label
        found.whole_school = found.whole_school or issue.code == SCHOOL
        if issue.severity == "error":
            found.severity = "error"
        if person_id is not None and self._last.get(key) != person_id:
            self._last[key] = person_id
            found.count += 1
            if len(found.samples) < SAMPLES:
                found.samples.append(person_id)
        if len(self._found) > 2 * MAX_VALUES:
            self._let_go()

    def result(self) -> UnmappedValues:
        """Everything found."""
        self._let_go()
        return UnmappedValues(values=list(self._found.values()), cut=self._cut)

    def _let_go(self) -> None:
        kept = sorted(self._found.values(), key=rank)[:MAX_VALUES]
        self._cut = self._cut or len(kept) < len(self._found)
        self._found = {(value.entity, value.value): value for value in kept}
        self._last = {key: person for key, person in self._last.items() if key in self._found}


def rank(value: UnmappedValue) -> tuple[bool, int, Entity, str]:
    """What keeps people out first, then what most people have."""
    return value.severity != "error", -value.count, value.entity, value.value


class Answer(Form):
    """What an external value of one entity stands for."""

    entity: Entity
    external: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)]
    value: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)]


class Answers(Form):
    """Answers for the mappings of one integration.

    ``accept_from``: all other values, or those of one ``entity``, whose best suggestion is at least so likely stand for
    what is suggested.
    """

    entries: Annotated[list[Answer], Field(max_length=MAX_ANSWERS)] = Field(default_factory=list)
    accept_from: Annotated[int | None, Field(ge=CONFIDENT, le=100)] = None
    entity: Entity | None = None


def with_accepted(
    mappings: Mapping[str, CodeMapping],
    answers: Sequence[Answer],
    likely: Iterable[tuple[UnmappedValue, Proposal]],
) -> list[Answer]:
    """``answers``, and the ``likely`` proposals of values that they leave open. Of values that a mapping takes for one
    the first counts.
    """
    found = list(answers)
    taken = {
        (answer.entity, _normal(mappings[answer.entity], answer.external))
        for answer in answers
        if answer.entity in mappings
    }
    for value, proposal in likely:
        key = (value.entity, _normal(mappings[value.entity], value.value))
        if key not in taken:
            found.append(Answer(entity=value.entity, external=value.value, value=proposal.value))
            taken.add(key)
    return found


def answered(
    mappings: Mapping[str, CodeMapping], answers: Sequence[Answer], now: datetime
) -> list[CodeMapping]:
    """The mappings that change, each with its new entries. ``mappings`` are the integration's, by entity.

    An entry that says the same already is no fault, so that a repeated answer is none. Raises :class:`Invalid`.
    """
    errors: list[FieldError] = []
    known = {
        (entity, _normal(mapping, entry.external)): entry.value
        for entity, mapping in mappings.items()
        for entry in mapping.entries
    }
    row_of: dict[tuple[str, str], int] = {}
    added: dict[str, list[Entry]] = {}
    for row, answer in enumerate(answers):
        mapping = mappings.get(answer.entity)
        if mapping is None:
            errors.append(_fault(row, "entity", "not_chosen", _NOT_CHOSEN))
            continue
        key = (answer.entity, _normal(mapping, answer.external))
        if key in row_of:
            message = f"Rows {row_of[key] + 1} and {row + 1} have the same external value; keep one of them."
            errors.append(_fault(row, "external", "duplicate", message))
        elif key not in known:
            added.setdefault(answer.entity, []).append(Entry(external=answer.external, value=answer.value))
        elif known[key] != answer.value:
            errors.append(_fault(row, "external", "already_mapped", _ALREADY_MAPPED))
        row_of.setdefault(key, row)
    errors += [
        FieldError(field="entries", code="too_many", message=_FULL.format(entity.replace("_", " ")))
        for entity, entries in added.items()
        if len(mappings[entity].entries) + len(entries) > MAX_ENTRIES
    ]
    raise_if_any(errors)
    return [_with(mappings[entity], entries, now) for entity, entries in sorted(added.items())]


_NOT_CHOSEN = "The integration has no mapping of this entity; choose one in its form first."
_ALREADY_MAPPED = "The mapping has another value for this one; change it in the mapping itself."
_FULL = f"The {{}} mapping would have more than {MAX_ENTRIES} entries; remove some that are not used."


def _with(mapping: CodeMapping, entries: Sequence[Entry], now: datetime) -> CodeMapping:
    changes = {
        "entries": (*mapping.entries, *entries),
        "version": mapping.version + 1,
        "updated_at": now,
    }
    return mapping.model_copy(update=changes)


def _normal(mapping: CodeMapping, external: str) -> str:
    return normal(
        external, ignore_case=mapping.ignore_case, ignore_leading_zeros=mapping.ignore_leading_zeros
    )


def _fault(row: int, field: str, code: str, message: str) -> FieldError:
    return FieldError(field=f"entries.{row}.{field}", code=code, message=message)
