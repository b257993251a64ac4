"""After the plan: what of it must wait for a person, and what becomes of it.

The rest of the plan is applied at once. Whoever waits keeps the row of the last snapshot, so the next run plans the
same again and an approval that never comes loses nothing. An approved plan is applied as it was judged, or not at all:
a newer snapshot makes it void.
"""

from __future__ import annotations

from collections import Counter

from msgspec.structs import replace

from rollcall.domain.person import Issue, PersonType, split_person_key
from rollcall.domain.plan import Change, ChangeKind, StoredPerson
from rollcall.domain.run import Hold
from rollcall.domain.thresholds import Tally, Thresholds, Waiting, judge
from rollcall.engine.blobs import approved_id, pack, snapshot_key, unpack
from rollcall.engine.cohorts import cohorts_of, move, packed
from rollcall.engine.images import key_of, plan_changes, plan_file, put_changes, shows
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.plan import loaded, next_people, write_issues
from rollcall.engine.snapshot import NOTHING, REVISIT, UNDONE, WAITING, PersonRow
from rollcall.engine.spared import protected_since, said_protected

Held = dict[str, bool]
"""Keys of the people whose change waits; True where it would change their family."""


def judge_plan(job: Job) -> None:
    """Say what waits and why; count it as ``held`` and not as its kind. Cohorts are left as the rest will make them."""
    limits = _limits(job)
    tally = Tally()
    undone = {key for key, row in job.snapshot.people.items() if row.flags & UNDONE}
    again: Counter[tuple[PersonType, ChangeKind]] = Counter()
    for change in plan_changes(job):
        if key_of(change) in undone:
            again[change.type, change.kind] += 1
        else:
            tally.add(change)
    bases: dict[str, int] = {}
    for key, row in job.snapshot.people.items():
        if loaded(row):
            kind = split_person_key(key)[0]
            bases[kind] = bases.get(kind, 0) + 1
    waits = judge(tally, bases, cohorts_of(job.snapshot), limits)
    waiting = Waiting(waits, limits, again.keys())
    job.run.holds = [*(wait.hold for wait in waits), *_made_again(again.total())]
    held: Held = {}
    cohorts = cohorts_of(job.snapshot)
    for change in plan_changes(job):
        if key_of(change) in undone or waiting.holds(change):
            held[key_of(change)] = "family_id" in change.fields
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


def keep_waiting(job: Job, people: dict[str, PersonRow]) -> dict[str, PersonRow]:
    """The rows of the next snapshot, with those of the people who wait put back: they are looked at again."""
    for key, family in held_people(job).items():
        known = job.snapshot.people.get(key)
        if known is None:
            people[key] = PersonRow(mapped=NOTHING, flags=WAITING)
        elif known.flags & UNDONE:
            people[key] = known
        else:
            people[key] = replace(known, flags=known.flags | REVISIT, family=None if family else known.family)
    return people


def apply_held(job: Job) -> None:
    """Write what waited, now that it is approved. Whoever was changed or protected since is left alone."""
    held = held_people(job)
    while job.at.batch < job.at.plan_files:
        changes = [c for c in plan_file(job, job.folder, job.at.batch) if key_of(c) in held]
        stored = job.people.get_many(job.run.district_id, [c.after.id for c in changes])
        late = protected_since(job, changes)
        fresh = [c for c in changes if c.after.id not in late and _still(job, c, stored.get(c.after.id))]
        job.still_ours()
        put_changes(job, fresh)
        for change in fresh:
            job.run.counts[change.type]["held"] -= 1
            job.run.count(change.type, change.kind, change.dropped)
        left = [c for c in changes if c not in fresh]
        job.at.passed_over += map(key_of, left)
        write_issues(job, [said_protected(c) if c.after.id in late else _changed_since(c) for c in left])
        job.at.batch += 1
        job.checkpoint(job.at.batch, job.at.plan_files)


def write_approved_snapshot(job: Job) -> str:
    """The snapshot that the safe part left, with the rows of those who waited as the plan made them; its id."""
    held = held_people(job)
    planned = next_people(job, job.at.batches)
    people = dict(job.snapshot.people)
    passed_over = set(job.at.passed_over)
    for key in held:
        if key in passed_over:
            continue  # still waits, as far as the snapshot knows: the next sync plans it again
        if key in planned:
            people[key] = planned[key]
        else:
            people.pop(key, None)
    cohorts = cohorts_of(job.snapshot)
    for change in plan_changes(job):
        if key_of(change) in held and key_of(change) not in passed_over:
            move(cohorts, change)
    approved = approved_id(job.run.id)
    # The pages are the same; only what is known of people has moved on.
    snapshot = replace(job.snapshot, people=people, cohorts=packed(cohorts), previous=job.run.id)
    job.blobs.put(snapshot_key(job.run.district_id, job.run.integration_id, approved), pack(snapshot))
    return approved


def _made_again(count: int) -> list[Hold]:
    """What was undone does not come back by itself."""
    if not count:
        return []
    return [Hold("undone", f"{count} changes were undone and would be made again; approve to make them.")]


def _limits(job: Job) -> Thresholds:
    override = job.integration.threshold_override
    if override and override.expires_at > job.started_at:
        return override.thresholds
    return job.district.thresholds


def _still(job: Job, change: Change, stored: StoredPerson | None) -> bool:
    """Whether the person is as the plan found them, or has been written already."""
    return shows(job, change.before, stored) or shows(job, change.after, stored)


def _changed_since(change: Change) -> Issue:
    person = change.after.person
    return issue("changed_since_hold", person=(person.type, person.source_id))
