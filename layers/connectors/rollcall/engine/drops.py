"""What proves the drops of a plan, kept with the run; and the drops that lack the proof of their building."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from rollcall.domain.person import PERSON_TYPES
from rollcall.domain.proofs import DropFacts, PullProof, limits_of_drops
from rollcall.domain.run import Hold
from rollcall.domain.thresholds import WHOLE, Scope, Tally, Thresholds, Wait, cohort, drop_shares
from rollcall.engine.blobs import pack
from rollcall.engine.frozen import Frozen
from rollcall.engine.images import plan_changes
from rollcall.engine.job import Job


def facts_of_drops(
    job: Job, tally: Tally, bases: Mapping[str, int], cohorts: Mapping[Scope, int], limits: Thresholds
) -> DropFacts:
    """What is known when the drops are judged; written for as long as the run's files are kept."""
    mapping = Frozen.load(job.blobs, job.run).mappings["building"]
    pull = next((stage for stage in reversed(job.run.stages) if stage.stage == "pull"), None)
    facts = DropFacts(
        pull=PullProof(
            run_id=job.run.id,
            received_at=pull.ended_at if pull and pull.ended_at else job.started_at,
            parts=len(job.at.parts),
            records=sum(records for _, _, records in job.at.parts),
            announced=job.at.announced,
        ),
        mapping_id=mapping.id,
        version=mapping.version,
        buildings=frozenset(entry.value for entry in mapping.entries),
        limits=limits_of_drops(limits),
        shares={kind: drop_shares(tally, bases, cohorts, kind) for kind in PERSON_TYPES},
    )
    job.blobs.put(job.folder.drops(), pack(facts))
    return facts


def waits_of_unmapped(job: Job, facts: DropFacts) -> list[Wait]:
    """A wait for each building that the mapping no longer has and whose people would be ended for it: the pull did not
    look there. That is right when the building has closed, and a slip of the hand otherwise.
    """
    counts: Counter[tuple[str, Scope]] = Counter()
    for change in plan_changes(job):
        if change.dropped and change.before and not facts.mapped(change.before.person):
            student = change.type == "student"
            counts[change.type, (cohort(change.before.person)[0], None) if student else WHOLE] += 1
    return [
        Wait(kind, "drop", scope, Hold("drops_unmapped_building", _detail(kind, scope[0], count)))
        for (kind, scope), count in sorted(counts.items(), key=str)
    ]


def _detail(kind: str, building: str | None, count: int) -> str:
    who = "students" if kind == "student" else kind
    where = f" of {building}" if building else ""
    return (
        f"{count} active {who}{where} would be ended because the building mapping no longer has their building. "
        "Approve if it has closed; else put it back into the mapping."
    )
