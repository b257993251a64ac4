"""What a run leaves for the queue of unmapped values. Its issues are complete: those of people whose records did not
move are said again every night.
"""

from __future__ import annotations

from rollcall.domain.errors import NotFound
from rollcall.domain.ports import Blobs
from rollcall.domain.run import Run
from rollcall.domain.unmapped import Tally, UnmappedValues
from rollcall.engine.blobs import RunFolder, pack, run_of, unpack
from rollcall.engine.issue_files import about, read_issues
from rollcall.engine.job import Job
from rollcall.engine.outcome import stored_id
from rollcall.engine.people_table import COMING, PeopleTable


def write_unmapped(job: Job, people: PeopleTable) -> None:
    """Gather the values from the run's issues. ``people`` are those of the next snapshot: who is not among them is not
    to be loaded, or not yet, so what their records lack is nobody's concern.
    """
    tally = Tally()
    for issue in read_issues(job):
        key = about(issue)
        if not key:
            tally.add(issue, None)
        elif (row := people.get(key)) and not row.flags & COMING:
            tally.add(issue, stored_id(job, key))
    found = tally.result()
    job.at.unmapped = len(found.values)
    if found.values:
        found.date_back(_before(job), job.run.id)
        job.blobs.put(job.folder.unmapped(), pack(found))


def read_unmapped(blobs: Blobs, run: Run) -> UnmappedValues:
    """What a completed run left. Raises ``NotFound`` when its files are no longer kept."""
    if not run.checkpoint.get("unmapped"):
        return UnmappedValues()
    return unpack(blobs.get(RunFolder(run).unmapped()), UnmappedValues)


def _before(job: Job) -> UnmappedValues:
    """What the last run left; nothing when that is no longer kept, and then every value is new."""
    base = job.runs.get(job.run.district_id, run_of(job.at.base)) if job.at.base else None
    try:
        return read_unmapped(job.blobs, base) if base else UnmappedValues()
    except NotFound:
        return UnmappedValues()
