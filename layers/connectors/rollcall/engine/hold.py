"""After the plan: what of it must wait for a person, and what becomes of it.

The rest of the plan is applied at once. Whoever waits keeps the row of the last snapshot, so the next run plans the
same again and an approval that never comes loses nothing. An approved plan is applied as it was judged, or not at all:
a newer snapshot makes it void.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from rollcall.domain.person import Issue, person_key, split_person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.domain.ports import APPROVED
from rollcall.domain.thresholds import Scope, Tally, Thresholds, Waiting, cohort, judge
from rollcall.engine.blobs import pack, snapshot_key, unpack, unpack_lines
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.plan import loaded, next_people, write_issues
from rollcall.engine.snapshot import NOTHING, REVISIT, WAITING, PersonRow, Snapshot
from rollcall.engine.spared import protected_since, said_protected

Held = dict[str, bool]
"""Keys of the people whose change waits; True where it would change their family."""


def judge_plan(job: Job) -> None:
    """Say what waits and why; count it as ``held`` and not as its kind. Cohorts are left as the rest will make them."""
    limits = _limits(job)
    tally = Tally()
    for change in _changes(job):
        tally.add(change)
    bases: dict[str, int] = {}
    for key, row in job.snapshot.people.items():
        if loaded(row):
            kind = split_person_key(key)[0]
            bases[kind] = bases.get(kind, 0) + 1
    waits = judge(tally, bases, _cohorts(job.snapshot), limits)
    waiting = Waiting(waits, limits)
    job.run.holds = [wait.hold for wait in waits]
    held: Held = {}
    cohorts = _cohorts(job.snapshot)
    for change in _changes(job):
        if waiting.holds(change):
            held[_key(change)] = "family_id" in change.fields
            job.run.hold(change.type, change.kind, change.dropped)
        else:
            _move(cohorts, change)
    job.at.held = len(held)
    job.cohorts = _packed(cohorts)
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
        else:
            people[key] = replace(known, flags=known.flags | REVISIT, family=None if family else known.family)
    return people


def apply_held(job: Job) -> None:
    """Write what waited, now that it is approved. Whoever was changed or protected since is left alone."""
    held = held_people(job)
    while job.at.batch < job.at.plan_files:
        changes = [c for c in _file(job, job.at.batch) if _key(c) in held]
        stored = job.people.get_many(job.run.district_id, [c.after.id for c in changes])
        late = protected_since(job, changes)
        fresh = [c for c in changes if c.after.id not in late and _still(c, stored.get(c.after.id))]
        job.still_ours()
        job.people.put_many([c.after for c in fresh])
        for change in fresh:
            job.run.counts[change.type]["held"] -= 1
            job.run.count(change.type, change.kind, change.dropped)
        left = [c for c in changes if c not in fresh]
        write_issues(job, [said_protected(c) if c.after.id in late else _changed_since(c) for c in left])
        job.at.batch += 1
        job.checkpoint(job.at.batch, job.at.plan_files)


def write_approved_snapshot(job: Job) -> str:
    """The snapshot that the safe part left, with the rows of those who waited as the plan made them; its id."""
    held = held_people(job)
    planned = next_people(job, job.at.batches)
    people = dict(job.snapshot.people)
    for key in held:
        if key in planned:
            people[key] = planned[key]
        else:
            people.pop(key, None)
    cohorts = _cohorts(job.snapshot)
    for change in _changes(job):
        if _key(change) in held:
            _move(cohorts, change)
    approved = approved_id(job.run.id)
    # The pages are the same; only what is known of people has moved on.
    snapshot = replace(job.snapshot, people=people, cohorts=_packed(cohorts), previous=job.run.id)
    job.blobs.put(snapshot_key(job.run.district_id, job.run.integration_id, approved), pack(snapshot))
    return approved


def approved_id(run_id: str) -> str:
    """What the snapshot of an approved run is called; the run's own id is that of its safe part."""
    return run_id + APPROVED


def _limits(job: Job) -> Thresholds:
    override = job.integration.threshold_override
    if override and override.expires_at > job.started_at:
        return override.thresholds
    return job.district.thresholds


def _changes(job: Job) -> Iterator[Change]:
    for number in range(job.at.plan_files):
        yield from _file(job, number)


def _file(job: Job, number: int) -> Iterator[Change]:
    return unpack_lines(job.blobs.get(job.folder.plan(number)), Change)


def _key(change: Change) -> str:
    return person_key(change.after.person.type, change.after.person.source_id)


def _still(change: Change, stored: StoredPerson | None) -> bool:
    """Whether the person is as the plan found them, or has been written already. Photos come by another way."""
    now = stored.person if stored else None
    found = change.before.person if change.before else None
    photo = now.photo if now else None
    expected = replace(found, photo=photo) if found else None
    return now == expected or now == replace(change.after.person, photo=photo)


def _changed_since(change: Change) -> Issue:
    person = change.after.person
    return issue("changed_since_hold", person=(person.type, person.source_id))


def _cohorts(snapshot: Snapshot) -> dict[Scope, int]:
    return {tuple(key.split("\x1f", 1)): count for key, count in snapshot.cohorts.items()}  # type: ignore[misc]


def _packed(cohorts: dict[Scope, int]) -> dict[str, int]:
    return {
        f"{building or ''}\x1f{grade or ''}": count for (building, grade), count in cohorts.items() if count
    }


def _move(cohorts: dict[Scope, int], change: Change) -> None:
    """Count a student out of the cohort they were in, and into the one they are in now."""
    if change.type != "student":
        return
    for stored, step in ((change.before, -1), (change.after, 1)):
        if stored is not None and stored.person.status == "active":
            building, grade = cohort(stored.person)
            scope = (building or "", grade or "")
            cohorts[scope] = cohorts.get(scope, 0) + step
