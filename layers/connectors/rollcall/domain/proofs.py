"""Why somebody may be ended for not being in the file: the three proofs that every drop carries.

The pull was complete; the person's building is one that the mapping has the pull read, so that not being there means
something; and the drop is within the limits. A drop that lacks the second or third proof waits, and what lets it go on
then is the approval of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from rollcall.domain.person import Person, PersonType
from rollcall.domain.plan import Change
from rollcall.domain.run import Approval
from rollcall.domain.thresholds import Share, Thresholds, passed, scopes_of


class PullProof(msgspec.Struct, frozen=True, kw_only=True):
    """Everything came. ``announced``: how many records the SIS said there are; None when it does not say."""

    run_id: str
    received_at: datetime
    parts: int
    records: int
    announced: int | None


class BuildingProof(msgspec.Struct, frozen=True, kw_only=True):
    """Where the person was looked for. ``schools`` are theirs, none for a contact; ``mapped`` is False when the mapping
    no longer has any of them.
    """

    schools: tuple[str, ...]
    mapping_id: str
    version: int
    mapped: bool


class ThresholdProof(msgspec.Struct, frozen=True, kw_only=True):
    """How many are ended with this person in each scope, and the limits; ``within`` when none is passed."""

    drop_percent: int
    drop_building_count: int
    floor: int
    shares: tuple[Share, ...]
    within: bool


class DropProofs(msgspec.Struct, frozen=True, kw_only=True):
    """The proofs of one drop. ``approvals`` are those that let go on what waited."""

    complete_pull: PullProof
    mapped_building: BuildingProof
    threshold: ThresholdProof
    approvals: tuple[Approval, ...]


class DropFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knew when it judged its drops, with the ``shares`` by person type."""

    pull: PullProof
    mapping_id: str
    version: int
    buildings: frozenset[str]
    limits: dict[str, int]
    shares: dict[PersonType, tuple[Share, ...]]

    def mapped(self, person: Person) -> bool:
        """Whether the pull looked for the person where they were; a contact is looked for with the students."""
        schools = schools_of(person)
        return not schools or not self.buildings.isdisjoint(schools)


def schools_of(person: Person) -> tuple[str, ...]:
    """The buildings in which a person was before they were ended."""
    return person.buildings() or tuple(sorted({stay.school for stay in person.enrollments}))


def limits_of_drops(limits: Thresholds) -> dict[str, int]:
    """The limits that concern drops, by name."""
    return limits.model_dump(include={"drop_percent", "drop_building_count", "floor"})


def proofs_of(change: Change, facts: DropFacts, approvals: Sequence[Approval]) -> DropProofs | None:
    """The proofs of a change; None unless it drops somebody. ``approvals``: of a person who let it go on."""
    if not change.dropped or change.before is None:
        return None
    person, limits = change.before.person, Thresholds.model_validate(facts.limits)
    scopes = scopes_of(person)
    shares = tuple(share for share in facts.shares[person.type] if share.scope in scopes)
    return DropProofs(
        complete_pull=facts.pull,
        mapped_building=BuildingProof(
            schools=schools_of(person),
            mapping_id=facts.mapping_id,
            version=facts.version,
            mapped=facts.mapped(person),
        ),
        threshold=ThresholdProof(
            **facts.limits,
            shares=shares,
            within=not any(passed(limits, "drop", share.scope, share.ended, share.of) for share in shares),
        ),
        approvals=tuple(approvals),
    )
