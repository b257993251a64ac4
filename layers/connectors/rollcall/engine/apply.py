"""Apply and commit: the plan's changes into the store, then the pointer that makes them the truth to compare with.

What waits for a person is left out of both.
"""

from __future__ import annotations

from datetime import timedelta

from rollcall.domain.ids import new_id
from rollcall.engine.blobs import pack, snapshot_folder
from rollcall.engine.compare import Received
from rollcall.engine.hold import held_people, keep_waiting
from rollcall.engine.images import key_of, plan_file, put_changes
from rollcall.engine.issue_files import notes_of, write_issues
from rollcall.engine.job import Job
from rollcall.engine.people_table import PeopleTable
from rollcall.engine.snapshot import Snapshot
from rollcall.engine.spared import protected_since, said_protected
from rollcall.engine.unmapped import write_unmapped

KEEP_SNAPSHOTS = timedelta(days=60)
"""No longer than the pages that they point into: template.yaml keeps the files of runs for 60 days at least."""


def apply(job: Job) -> None:
    """Write every change of the plan that need not wait, but for people who were protected since. Each is a whole item,
    so repeating a file after a crash changes nothing.
    """
    held = held_people(job)
    while job.at.batch < job.at.plan_files:
        changes = [c for c in plan_file(job, job.folder, job.at.batch) if key_of(c) not in held]
        late = protected_since(job, changes)
        spared = [c for c in changes if c.after.id in late]
        job.still_ours()
        put_changes(job, [c for c in changes if c.after.id not in late])
        for change in spared:
            job.run.spare(change.type, change.kind, change.dropped)
        write_issues(job, [said_protected(change) for change in spared])
        job.at.batch += 1
        job.checkpoint(job.at.batch, job.at.plan_files)


def write_snapshot(job: Job, received: Received, people: PeopleTable, issues: bytes) -> None:
    """What the next run compares with, of ``people`` as the plan leaves them. It counts only once the run is finished
    with it.
    """
    notes = notes_of(job, people)
    people = keep_waiting(job, people)
    write_unmapped(job, people)
    snapshot = Snapshot(
        settings=bytes.fromhex(job.at.settings),
        previous=job.at.base,
        blobs=received.blobs,
        days=received.days,
        tables=received.tables,
        people=people,
        cohorts=job.cohorts,
        buildings=buildings(job),
        marker=job.survey.marker,
        full_on=job.snapshot.full_on if job.survey.delta else job.today,
        full=not job.survey.delta,
        reconciled=job.accounts.digest,
        issues=issues,
        notes=notes,
    )
    job.blobs.put(job.folder.snapshot(), pack(snapshot))


def prune(job: Job) -> None:
    """Drop snapshots that nobody asks for any more. Those of later runs and of the last but one stay however old they
    are; an older one says which records a run knew, for as long as the files of runs are kept at least.
    """
    known = job.blobs.keys(snapshot_folder(job.run.district_id, job.run.integration_id))
    oldest = new_id("run", job.started_at - KEEP_SNAPSHOTS)
    old = [key for key in known[:-2] if key.rpartition("/")[2] < oldest]
    if old:
        job.blobs.delete(old)


def buildings(job: Job) -> dict[str, int]:
    """Distinct students received for each building of the fetch scope, by the last full pull: a delta counts nobody."""
    if job.survey.delta:
        return job.snapshot.buildings
    found: dict[str, int] = {}
    for part, (_, _, records) in zip(job.survey.parts, job.at.parts, strict=False):
        if part.building is not None and part.stream == "students":
            found[part.building] = found.get(part.building, 0) + records
    return found
