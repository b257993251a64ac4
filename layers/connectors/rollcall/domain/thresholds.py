"""How much of a district one run may change before a person must look at it (domain sheet §8).

A limit is a percentage of the active students of a *scope*: the district's part that the integration supplies, one
building, or one grade of one building. It is passed only by more people than the floor, so that a small school can
have a bad day. What passes a limit waits, alone: additions and everything within the limits go on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from typing import Annotated, Literal

import msgspec
from pydantic import AwareDatetime, Field

from rollcall.domain.form import Form, Record
from rollcall.domain.grades import grade_number
from rollcall.domain.person import Person, PersonType
from rollcall.domain.plan import Change, ChangeKind
from rollcall.domain.run import Hold

Danger = Literal["drop", "move", "household", "update"]
"""What a change may do to a student: end them, give them another grade or school, another family, or anything else."""

Percent = Annotated[int, Field(ge=0, le=100)]
Scope = tuple[str | None, str | None]
"""A building and a grade; None for all."""

WHOLE: Scope = (None, None)
ROLLOVER_PERCENT = 50
"""So many of the active students going one grade up at once is the turn of the school year."""


class Thresholds(Form):
    """Limits of a district. ``floor`` people or fewer never wait; with ``hold_everything`` nothing goes on beside a
    hold.
    """

    drop_percent: Percent = 10
    drop_building_count: Annotated[int, Field(ge=0, le=100_000)] = 25
    update_percent: Percent = 60
    move_percent: Percent = 10
    household_percent: Percent = 10
    floor: Annotated[int, Field(ge=0, le=10_000)] = 5
    hold_everything: bool = False

    def percent(self, danger: Danger) -> int:
        """The limit for one kind of change."""
        limits: dict[Danger, int] = {
            "drop": self.drop_percent,
            "move": self.move_percent,
            "household": self.household_percent,
            "update": self.update_percent,
        }
        return limits[danger]


UNLIMITED = Thresholds(
    drop_percent=100, drop_building_count=100_000, update_percent=100, move_percent=100, household_percent=100
)
"""Limits that nothing passes: for the night on which a whole district is meant to change."""


class ThresholdOverride(Record):
    """Other limits for one integration, for a while: somebody knows why tonight is different."""

    thresholds: Thresholds
    expires_at: AwareDatetime
    reason: str
    set_by: str


def dangers(change: Change) -> tuple[Danger, ...]:
    """What a change does, as far as a limit cares; an addition is none."""
    if change.kind == "inactivate":
        return ("drop",)
    if change.kind != "update" or change.before is None:
        return ()
    before, after = change.before.person, change.after.person
    found: list[Danger] = []
    if change.type == "student" and cohort(before) != cohort(after):
        found.append("move")
    if before.family_id is not None and before.family_id != after.family_id:
        found.append("household")
    if set(change.fields) - {"family_id"}:
        found.append("update")
    return tuple(found)


def cohort(person: Person) -> Scope:
    """Building and grade of a student, as cohorts are counted."""
    home = next((e for e in person.enrollments if e.primary), None)
    return (home.school if home else None, person.grade)


@dataclass
class Tally:
    """What a plan does to active students, by kind and scope; staff and contacts are counted as a whole.

    ``known`` counts the changes of people who are stored.
    """

    counts: dict[tuple[str, Danger, Scope], int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    up_a_grade: int = 0

    def add(self, change: Change) -> None:
        """Count one change."""
        person = change.before.person if change.before else change.after.person
        scopes = scopes_of(person)
        if change.before:
            self.known[change.type] = self.known.get(change.type, 0) + 1
        for danger in dangers(change):
            for scope in scopes:
                key = (change.type, danger, scope)
                self.counts[key] = self.counts.get(key, 0) + 1
        if change.type == "student" and change.before and _goes_up(change.before.person, change.after.person):
            self.up_a_grade += 1


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the active people of a scope are ended."""

    building: str | None
    grade: str | None
    ended: int
    of: int

    @property
    def scope(self) -> Scope:
        """The scope that is counted."""
        return self.building, self.grade


def drop_shares(
    tally: Tally, bases: Mapping[str, int], cohorts: Mapping[Scope, int], person_type: str
) -> tuple[Share, ...]:
    """Who is ended of one type of person, by scope, widest first."""
    return tuple(
        Share(
            building=scope[0],
            grade=scope[1],
            ended=count,
            of=_of(tally, bases, cohorts, person_type, scope),
        )
        for (kind, danger, scope), count in sorted(tally.counts.items(), key=_width)
        if kind == person_type and danger == "drop"
    )


@dataclass(frozen=True)
class Wait:
    """One limit that was passed."""

    person_type: str
    danger: Danger
    scope: Scope
    hold: Hold


def judge(
    tally: Tally, bases: Mapping[str, int], cohorts: Mapping[Scope, int], limits: Thresholds
) -> list[Wait]:
    """Every limit that the plan passes, widest scope first; within a scope that waits, no narrower one is named.

    ``bases`` are active people by type; ``cohorts`` active students by building and grade.
    """
    found: list[Wait] = []
    for (person_type, danger, scope), count in sorted(tally.counts.items(), key=_width):
        base = _of(tally, bases, cohorts, person_type, scope)
        if person_type != "student" and danger != "drop":
            continue
        if any(
            _within(scope, wait.scope)
            for wait in found
            if (wait.person_type, wait.danger) == (person_type, danger)
        ):
            continue
        limit = passed(limits, danger, scope, count, base)
        if limit:
            reason = _reason(danger, scope, tally, base)
            detail = _detail(person_type, danger, scope, count, base, limit)
            if reason == "rollover":
                detail = f"{detail} {tally.up_a_grade} go up one grade: this looks like a rollover."
            hold = Hold(reason, detail)
            found.append(Wait(person_type, danger, scope, hold))
    # What explains all the others goes first.
    return sorted(found, key=lambda wait: wait.hold.reason != "rollover")


def passed(limits: Thresholds, danger: Danger, scope: Scope, count: int, base: int) -> str | None:
    """The limit that ``count`` of ``base`` people of a scope pass, in words; None when they pass none."""
    percent = limits.percent(danger)
    if count > limits.floor and count * 100 > percent * base:
        return f"{percent} %"
    building, grade = scope
    if danger == "drop" and building is not None and grade is None and count > limits.drop_building_count:
        return f"{limits.drop_building_count} in one building"
    return None


class Waiting:
    """Tells which changes wait: what passes a limit, and the people whose change is to be ``reviewed``, by id.
    ``undone`` are those that wait in any case, by type and kind.
    """

    def __init__(
        self,
        waits: Iterable[Wait],
        limits: Thresholds,
        undone: Set[tuple[PersonType, ChangeKind]],
        reviewed: Collection[str],
    ) -> None:
        self._waits = {(wait.person_type, wait.danger, wait.scope) for wait in waits}
        self._reviewed = reviewed
        self._everything = bool(self._waits or undone or reviewed) and limits.hold_everything
        self._children = ("student", "inactivate") in undone or any(
            kind == "student" and danger == "drop" for kind, danger, _ in self._waits
        )

    def holds(self, change: Change) -> bool:
        """Whether a change waits. A parent is not ended while it is asked whether the children have left."""
        if self._everything or change.after.id in self._reviewed:
            return True
        if change.type == "contact" and change.kind == "inactivate" and self._children:
            return True
        person = change.before.person if change.before else change.after.person
        scopes = scopes_of(person)
        return any(
            (change.type, danger, scope) in self._waits for danger in dangers(change) for scope in scopes
        )


def scopes_of(person: Person) -> tuple[Scope, ...]:
    """The scopes that a person is counted in, widest first; only students are counted by building and grade."""
    building, grade = cohort(person)
    if building is None or person.type != "student":
        return (WHOLE,)
    return (WHOLE, (building, None)) if grade is None else (WHOLE, (building, None), (building, grade))


def _within(scope: Scope, wider: Scope) -> bool:
    return wider == WHOLE or (wider[1] is None and wider[0] == scope[0])


def _of(
    tally: Tally, bases: Mapping[str, int], cohorts: Mapping[Scope, int], person_type: str, scope: Scope
) -> int:
    # An integration's first sync has no people of its own yet, only those whom it finds.
    whole = max(bases.get(person_type, 0), tally.known.get(person_type, 0))
    return whole if scope == WHOLE else _base(cohorts, scope) or whole


def _base(cohorts: Mapping[Scope, int], scope: Scope) -> int:
    building, grade = scope
    return sum(n for (b, g), n in cohorts.items() if b == building and grade in (None, g))


def _goes_up(before: Person, after: Person) -> bool:
    old, new = grade_number(before.grade), grade_number(after.grade)
    return old is not None and new is not None and new == old + 1


def _width(item: tuple[tuple[str, Danger, Scope], int]) -> tuple[str, str, int, str, str]:
    (person_type, danger, (building, grade)), _ = item
    width = (building is not None) + (grade is not None)
    return person_type, danger, width, building or "", grade or ""


def _reason(danger: Danger, scope: Scope, tally: Tally, base: int) -> str:
    if danger in ("move", "update") and scope == WHOLE and tally.up_a_grade * 100 > ROLLOVER_PERCENT * base:
        return "rollover"
    names: dict[Danger, str] = {
        "drop": "drops",
        "move": "moves",
        "household": "household_changes",
        "update": "updates",
    }
    where = "" if scope == WHOLE else "_in_building" if scope[1] is None else "_in_grade"
    return names[danger] + where


def _detail(person_type: str, danger: Danger, scope: Scope, count: int, base: int, limit: str) -> str:
    what: dict[Danger, str] = {
        "drop": "would be ended",
        "move": "would change grade or school",
        "household": "would change family",
        "update": "would change",
    }
    building, grade = scope
    where = (
        "" if building is None else f" of {building}" if grade is None else f" of grade {grade} of {building}"
    )
    people = {"student": "students", "staff": "staff", "contact": "contacts"}[person_type]
    share = f" ({count * 100 / base:.1f} %)" if base else ""
    return f"{count} of {base} active {people}{where} {what[danger]}{share}; the limit is {limit}."
