"""What becomes of a held plan that a person let go on.

It is applied as it was judged, or not at all: a newer snapshot makes it void. Three kinds of people are kept back and
wait on: whoever is part of a family change that was left out, whoever was protected or changed by somebody else since,
and those who would exchange families with them, because half of a merger is neither what was nor what is.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from rollcall.domain.person import Issue, split_person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.engine.blobs import approved_id, pack, snapshot_key, unpack
from rollcall.engine.cohorts import cohorts_of, move, packed
from rollcall.engine.hold import Held, held_people
from rollcall.engine.images import key_of, plan_changes, plan_file, put_changes, shows
from rollcall.engine.issue_files import write_issues
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.plan import next_people
from rollcall.engine.spared import protected_since


def apply_held(job: Job) -> None:
    """Write what waited, now that it is approved: first a step that settles who is kept back, then file by file."""
    held = held_people(job)
    steps = job.at.plan_files + 1
    if job.at.batch == 0:
        _settle(job, held)
        job.at.batch = 1
        job.checkpoint(1, steps)
    while job.at.batch < steps:
        _apply_file(job, job.at.batch - 1, held)
        job.at.batch += 1
        job.checkpoint(job.at.batch, steps)


def _settle(job: Job, held: Held) -> None:
    """Say who is kept back, before anybody is written."""
    left_out = job.run.left_out
    kept = {key for key, family_change in held.items() if family_change in left_out}
    lost: dict[str, str] = {}
    for number in range(job.at.plan_files):
        lost |= _lost(job, _waiting(job, number, held, kept))
    stuck = {held[key] for key in lost} - {""}
    mates = {key for key, family_change in held.items() if family_change in stuck} - lost.keys() - kept
    write_issues(job, _issues(lost))
    write_issues(job, _issues(dict.fromkeys(mates, "family_change_kept_back")))
    _keep_back(job, kept | lost.keys() | mates)


def _apply_file(job: Job, number: int, held: Held) -> None:
    kept = _kept_back(job)
    changes = _waiting(job, number, held, kept)
    # Looked at once more: whoever is changed at this very moment is kept back alone.
    lost = _lost(job, changes)
    fresh = [change for change in changes if key_of(change) not in lost]
    job.still_ours()
    put_changes(job, fresh)
    for change in fresh:
        job.run.counts[change.type]["held"] -= 1
        job.run.count(change.type, change.kind, change.dropped)
    if lost:
        write_issues(job, _issues(lost))
        _keep_back(job, kept | lost.keys())


def _waiting(job: Job, number: int, held: Held, kept: set[str]) -> list[Change]:
    """The changes of one file that wait and are let go."""
    return [c for c in plan_file(job, job.folder, number) if key_of(c) in held and key_of(c) not in kept]


def _lost(job: Job, changes: list[Change]) -> dict[str, str]:
    """Who was protected, or changed by somebody else, since the plan was made: the code of the issue, by key."""
    protected = protected_since(job, changes)
    stored = job.people.get_many(job.run.district_id, [change.after.id for change in changes])
    changed = {c.after.id for c in changes if not _still(job, c, stored.get(c.after.id))} - protected
    return {
        key_of(c): "protected_since_plan" if c.after.id in protected else "changed_since_hold"
        for c in changes
        if c.after.id in protected | changed
    }


def _keep_back(job: Job, keys: set[str]) -> None:
    # Under the number of the step, so that a step that is repeated finds what the one before left.
    job.at.kept = job.at.batch
    job.blobs.put(job.folder.kept_back(job.at.kept), pack(sorted(keys)))


def _kept_back(job: Job) -> set[str]:
    return unpack(job.blobs.get(job.folder.kept_back(job.at.kept)), set[str])


def _issues(codes: Mapping[str, str]) -> list[Issue]:
    return [issue(code, person=split_person_key(key)) for key, code in sorted(codes.items())]


def write_approved_snapshot(job: Job) -> str:
    """The snapshot that the safe part left, with the rows of those who were let go as the plan made them; its id."""
    held = held_people(job)
    kept = _kept_back(job)
    plan = next_people(job, job.at.batches)
    people = job.snapshot.people.overlaid({key: plan.get(key) for key in held.keys() - kept})
    cohorts = cohorts_of(job.snapshot)
    for change in plan_changes(job):
        if key_of(change) in held and key_of(change) not in kept:
            move(cohorts, change)
    approved = approved_id(job.run.id)
    # The pages are the same; only what is known of people has moved on.
    snapshot = replace(job.snapshot, people=people, cohorts=packed(cohorts), previous=job.run.id)
    job.blobs.put(snapshot_key(job.run.district_id, job.run.integration_id, approved), pack(snapshot))
    return approved


def _still(job: Job, change: Change, stored: StoredPerson | None) -> bool:
    """Whether the person is as the plan found them, or has been written already."""
    return shows(job, change.before, stored) or shows(job, change.after, stored)
