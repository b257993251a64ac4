"""What the API answers about how a run was judged: the proofs of drops, and the changes of families."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from config_api.judgement import HeldAs
from config_api.views import ApprovalView, View
from rollcall.domain.family_change import FamilyChange, FamilyChangeKind, Passing
from rollcall.domain.plan import StoredPerson


class PullProofView(View):
    """Everything came. ``announced`` is null where the SIS does not say how much there is."""

    run_id: str
    received_at: datetime
    parts: int
    records: int
    announced: int | None


class BuildingProofView(View):
    """Where the person was looked for; ``mapped`` is false when the mapping no longer has any of their schools."""

    schools: list[str]
    mapping_id: str
    version: int
    mapped: bool


class ShareView(View):
    """How many of the active people of a scope are ended; a building or grade that is null stands for all."""

    building: str | None
    grade: str | None
    ended: int
    of: int


class ThresholdProofView(View):
    """How many are ended with this person, and the limits; ``within`` when none is passed."""

    drop_percent: int
    drop_building_count: int
    floor: int
    shares: list[ShareView]
    within: bool


class ProofsView(View):
    """What proves a drop. What is not mapped or not within the limits is made only once it is approved."""

    complete_pull: PullProofView
    mapped_building: BuildingProofView
    threshold: ThresholdProofView
    approvals: list[ApprovalView]


class FamilyStudentView(View):
    """A student of a family change, and the families they are in before and after; null while they are not active."""

    person_id: str
    first_name: str | None
    last_name: str | None
    before: str | None
    after: str | None


class FamilyChangeView(View):
    """What becomes of families that exchange students. Whoever gets another family is listed under both ``join`` and
    ``leave``.
    """

    id: str
    kind: FamilyChangeKind
    held: HeldAs | None
    before: list[str] = Field(description="Families that have students before")
    after: list[str] = Field(description="Families that have students afterwards")
    join: list[FamilyStudentView]
    leave: list[FamilyStudentView]
    stay: list[FamilyStudentView]
    agree: list[str] = Field(description="Fields of the family identifier in which all these students agree")
    differ: list[str] = Field(description="Fields that tell the families apart, or are blank for somebody")
    implausible: bool = Field(description="Whether a family becomes larger than a household is")


FAMILY_COLUMNS = [
    *("family_change", "kind", "held", "what", "person_id", "first_name", "last_name"),
    *("family_before", "family_after", "agree", "differ", "implausible"),
]


def family_change_view(
    change: FamilyChange, held: HeldAs | None, known: Mapping[str, StoredPerson]
) -> FamilyChangeView:
    """A family change; ``known`` are the stored students who stay, by id."""
    passing = [_passing(student) for student in change.passing]
    return FamilyChangeView(
        id=change.id,
        kind=change.kind,
        held=held,
        before=list(change.before),
        after=list(change.after),
        join=[student for student in passing if student.after],
        leave=[student for student in passing if student.before],
        stay=[
            FamilyStudentView(
                person_id=staying.person_id,
                first_name=known[staying.person_id].person.first_name if staying.person_id in known else None,
                last_name=known[staying.person_id].person.last_name if staying.person_id in known else None,
                before=staying.family_id,
                after=staying.family_id,
            )
            for staying in change.staying
        ],
        agree=list(change.agree),
        differ=list(change.differ),
        implausible=change.implausible,
    )


def family_rows(change: FamilyChangeView) -> Iterator[list[str | None]]:
    """A line for each student of a family change."""
    everybody = {student.person_id: student for student in (*change.join, *change.leave, *change.stay)}
    for student in everybody.values():
        yield [
            *(change.id, change.kind, change.held, _what(student), student.person_id),
            *(student.first_name, student.last_name, student.before, student.after),
            *(" ".join(change.agree), " ".join(change.differ), "yes" if change.implausible else "no"),
        ]


def _passing(student: Passing) -> FamilyStudentView:
    return FamilyStudentView(
        person_id=student.person_id,
        first_name=student.first_name,
        last_name=student.last_name,
        before=student.before,
        after=student.after,
    )


def _what(student: FamilyStudentView) -> Literal["joins", "leaves", "stays", "changes"]:
    if student.before == student.after:
        return "stays"
    if student.before is None:
        return "joins"
    return "changes" if student.after else "leaves"
