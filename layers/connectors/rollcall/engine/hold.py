"""After the plan: what of it must wait for a person.

The rest of the plan is applied at once. Whoever waits keeps the row of the last snapshot, so the next run plans the
same again and an approval that never comes loses nothing. What becomes of an approved plan is in
:mod:`rollcall.engine.approved`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from msgspec.structs import replace

from rollcall.domain.family_change import Passage, Passing
from rollcall.domain.person import PersonType
from rollcall.domain.plan import ChangeKind
from rollcall.domain.run import Hold
from rollcall.domain.thresholds import Tally, Thresholds, Waiting, judge
from rollcall.engine.blobs import pack, unpack
from rollcall.engine.cohorts import cohorts_of, move, packed
from rollcall.engine.drops import facts_of_drops, waits_of_unmapped
from rollcall.engine.families import passing_of, plan_families
from rollcall.engine.images import key_of, plan_changes
from rollcall.engine.job import Job
from rollcall.engine.people_table import (
    ENDED,
    NOTHING,
    REVISIT,
    UNDONE,
    UNSETTLED,
    WAITING,
    PeopleTable,
    PersonRow,
)

Held = dict[str, str]
"""Keys of the people whose change waits, with the family change that it is part of; blank for none."""


def judge_plan(job: Job, people: PeopleTable) -> None:
    """Say what waits and why; count it as ``held`` and not as its kind. Cohorts are left as the rest will make them.

    ``people`` are those of the next snapshot, if nothing waited.
    """
    limits = _limits(job)
    tally, cohorts, moved = Tally(), cohorts_of(job.snapshot), cohorts_of(job.snapshot)
    again: Counter[tuple[PersonType, ChangeKind]] = Counter()
    passing: dict[str, tuple[Passage, Passing]] = {}
    for change in plan_changes(job):
        key = key_of(change)
        if _undone(job, key):
            again[change.type, change.kind] += 1
        else:
            tally.add(change)
        move(moved, change)
        # A first load changes no family, since there are none before.
        if job.snapshot.people and (passes := passing_of(change)):
            passing[key] = passes
    bases = job.snapshot.people.count_loaded()
    waits = judge(tally, bases, cohorts, limits)
    if job.district.review_families == "never":
        waits = [wait for wait in waits if wait.danger != "household"]
    facts = facts_of_drops(job, tally, bases, cohorts, limits) if any(job.run.dropped.values()) else None
    waits += waits_of_unmapped(job, facts) if facts else []
    family_change = plan_families(job, people, passing)
    reviewed = family_change if job.district.review_families == "always" else {}
    job.run.holds = [
        *(wait.hold for wait in waits),
        *_to_review(job, len(reviewed)),
        *_made_again(again.total()),
    ]
    if job.run.holds:
        _hold(job, Waiting(waits, limits, again.keys(), reviewed), family_change)
    else:
        job.cohorts = packed(moved)


def _to_review(job: Job, count: int) -> list[Hold]:
    """Changes of families that the district wants to see."""
    if not count:
        return []
    kinds = ", ".join(
        f"{kind} {job.run.families[kind]}" for kind in ("merge", "split", "move") if kind in job.run.families
    )
    return [Hold("families", f"{count} active students would change family ({kinds}); each waits.")]


def _made_again(count: int) -> list[Hold]:
    """What was undone does not come back by itself."""
    if not count:
        return []
    return [Hold("undone", f"{count} changes were undone and would be made again; approve to make them.")]


def _undone(job: Job, key: str) -> bool:
    row = job.snapshot.people.get(key)
    return row is not None and bool(row.flags & UNDONE)


def _hold(job: Job, waiting: Waiting, family_change: Mapping[str, str]) -> None:
    """Note who waits, with everybody who would exchange families with them."""
    waits = {c.after.id for c in plan_changes(job) if _undone(job, key_of(c)) or waiting.holds(c)}
    stuck = {family_change[person] for person in waits if person in family_change}
    held: Held = {}
    cohorts = cohorts_of(job.snapshot)
    for change in plan_changes(job):
        part_of = family_change.get(change.after.id, "")
        if change.after.id in waits or part_of in stuck:
            held[key_of(change)] = part_of
            job.run.hold(change.type, change.kind, change.dropped)
        else:
            move(cohorts, change)
    job.at.held = len(held)
    job.cohorts = packed(cohorts)
    if held:
        job.blobs.put(job.folder.held(), pack(held))


def held_people(job: Job) -> Held:
    """Who waits, as judged."""
    return unpack(job.blobs.get(job.folder.held()), Held) if job.at.held else {}


def keep_waiting(job: Job, people: PeopleTable) -> PeopleTable:
    """The rows of the next snapshot, with those of the people who wait put back: they are looked at again."""
    known = job.snapshot.people
    return people.overlaid({key: _waiting_row(known.get(key), people.get(key)) for key in held_people(job)})


def _waiting_row(known: PersonRow | None, plan: PersonRow | None) -> PersonRow:
    """The old row of somebody who waits. Who would move, or leave, need not live any more where the row says: the next
    run must see them move in anew, or others would keep a family with them that nobody is of.
    """
    if known is None:
        return PersonRow(mapped=NOTHING, flags=WAITING)
    if known.flags & UNDONE:
        return known
    stays = (
        plan is not None
        and not plan.flags & ENDED
        and (plan.household, plan.family) == (known.household, known.family)
    )
    return replace(known, flags=known.flags | REVISIT, household=known.household if stays else UNSETTLED)


def _limits(job: Job) -> Thresholds:
    override = job.integration.threshold_override
    if override and override.expires_at > job.started_at:
        return override.thresholds
    return job.district.thresholds
