"""What a run does to families, as changes of their own that a person can look at before they are made.

A *family change* is the least set of families that exchange students in one run, with everybody who was in one of
them or will be. It is made whole or not at all: half of a merger is neither what was nor what is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

FamilyChangeKind = Literal["form", "join", "leave", "dissolve", "merge", "split", "move"]
"""What becomes of families, judged by their active students before and after.

``merge``: several become one. ``split``: one becomes several. ``move``: students go from one to another, or several
become several. ``join``: a student who was in none, new or back, comes into a family. ``leave``: a student is ended and
the family stays. ``form`` and ``dissolve``: a family of two or more comes whole, or its last students leave.
"""
REVIEWED: frozenset[FamilyChangeKind] = frozenset({"merge", "split", "move"})
"""Kinds that change the family of somebody who has one. Who comes or leaves takes nothing from anybody."""

Review = Literal["never", "over_limit", "always"]
"""When family changes wait for a person: not at all, with more students than the limit, or each of them."""

Passage = tuple[str | None, str | None]
"""The family a student was in before, and the one afterwards; None while they are not active."""


class Passing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A student whose family changes. The name is that of the plan: who is new may not be stored yet."""

    person_id: str
    first_name: str | None = None
    last_name: str | None = None
    before: str | None = None
    after: str | None = None


class Staying(msgspec.Struct, frozen=True, kw_only=True):
    """A student who keeps their family."""

    person_id: str
    family_id: str


class FamilyChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One family change. ``before`` and ``after`` are the families that have students then.

    ``agree``: fields of the identifier in which the students of every one of these families agree. ``differ``: fields
    that tell the families apart, or are blank for somebody, who then stands alone. ``implausible``: a family grows
    larger than a household is.
    """

    id: str
    kind: FamilyChangeKind
    before: tuple[str, ...]
    after: tuple[str, ...]
    passing: tuple[Passing, ...]
    staying: tuple[Staying, ...] = ()
    agree: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()
    implausible: bool = False


class Exchange(msgspec.Struct, kw_only=True):
    """Of families that exchange students, those who pass and those who stay, by key."""

    passing: dict[str, Passage]
    staying: dict[str, str]

    @property
    def before(self) -> set[str]:
        """Families that had students before."""
        return {*self.staying.values(), *(was for was, _ in self.passing.values() if was)}

    @property
    def after(self) -> set[str]:
        """Families that have students afterwards."""
        return {*self.staying.values(), *(now for _, now in self.passing.values() if now)}

    @property
    def kind(self) -> FamilyChangeKind | None:
        """What this is; None for a student without siblings who comes or leaves."""
        before, after = self.before, self.after
        if any(map(changes_family, self.passing.values())):
            if len(before) > 1 and len(after) == 1:
                return "merge"
            return "split" if len(before) == 1 and len(after) > 1 else "move"
        if before and after:
            return "join" if any(now for _, now in self.passing.values()) else "leave"
        if len(self.passing) == 1:
            return None
        return "form" if after else "dissolve"


def changes_family(passage: Passage) -> bool:
    """Whether somebody who has a family gets another."""
    was, now = passage
    return was is not None and now is not None and was != now


def exchanges(passing: Mapping[str, Passage], staying: Iterable[tuple[str, str]]) -> list[Exchange]:
    """The least sets of families that exchange students, in an order that does not depend on the students'."""
    leader: dict[str, str] = {}

    def led(family: str) -> str:
        while leader.setdefault(family, family) != family:
            leader[family] = family = leader[leader[family]]
        return family

    for was, now in passing.values():
        one, other = led(was or now or ""), led(now or was or "")
        leader[max(one, other)] = min(one, other)
    found = {led(family): Exchange(passing={}, staying={}) for family in list(leader)}
    for student, passage in passing.items():
        found[led(passage[0] or passage[1] or "")].passing[student] = passage
    for student, family in staying:
        if family in leader:
            found[led(family)].staying[student] = family
    return [found[head] for head in sorted(found)]
