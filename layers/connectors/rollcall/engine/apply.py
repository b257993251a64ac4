"""Apply and commit: the plan's changes into the store, then the pointer that makes them the truth to compare with.

What waits for a person is left out of both.
"""

from __future__ import annotations

from rollcall.domain.person import person_key
from rollcall.domain.plan import Change
from rollcall.engine.blobs import pack, snapshot_key, unpack_lines
from rollcall.engine.compare import Received
from rollcall.engine.hold import held_people, keep_waiting
from rollcall.engine.job import Job
from rollcall.engine.plan import next_people, write_issues
from rollcall.engine.snapshot import Snapshot
from rollcall.engine.spared import protected_since, said_protected
from rollcall.engine.unmapped import write_unmapped


def apply(job: Job) -> None:
    """Write every change of the plan that need not wait, but for people who were protected since. Each is a whole item,
    so repeating a file after a crash changes nothing.
    """
    held = held_people(job)
    while job.at.batch < job.at.plan_files:
        planned = unpack_lines(job.blobs.get(job.folder.plan(job.at.batch)), Change)
        changes = [c for c in planned if person_key(c.type, c.after.person.source_id) not in held]
        protected = protected_since(job, changes)
        late = [c for c in changes if c.after.id in protected]
        changes = [c for c in changes if c.after.id not in protected]
        job.still_ours()
        if job.integration.pictures_only:
            photos = {change.after.id: change.after.person.photo for change in changes}
            job.people.put_photos(
                job.run.district_id, {person: photo for person, photo in photos.items() if photo}
            )
        else:
            job.people.put_many([change.after for change in changes])
        for change in late:
            job.run.spare(change.type, change.kind, change.dropped)
        write_issues(job, [said_protected(change) for change in late])
        job.at.batch += 1
        job.checkpoint(job.at.batch, job.at.plan_files)


def write_snapshot(job: Job, received: Received, plan_batches: int, issues: bytes) -> None:
    """What the next run compares with. It counts only once the run is finished with it."""
    people = keep_waiting(job, next_people(job, plan_batches))
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
        reconciled=job.accounts.digest,
        issues=issues,
    )
    job.blobs.put(job.folder.snapshot(), pack(snapshot))


def prune(job: Job) -> None:
    """Drop the snapshot before the last one; the last stays, for an investigation of the night."""
    if job.snapshot.previous:
        key = snapshot_key(job.run.district_id, job.run.integration_id, job.snapshot.previous)
        job.blobs.delete([key])


def buildings(job: Job) -> dict[str, int]:
    """Distinct students received for each building of the fetch scope, by the last full pull: a delta counts nobody."""
    if job.survey.delta:
        return job.snapshot.buildings
    found: dict[str, int] = {}
    for part, (_, _, records) in zip(job.survey.parts, job.at.parts, strict=False):
        if part.building is not None and part.stream == "students":
            found[part.building] = found.get(part.building, 0) + records
    return found
