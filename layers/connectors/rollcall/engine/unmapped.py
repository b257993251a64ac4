"""What a run leaves for the queue of unmapped values. Its issues are complete, since whoever has one is looked at again
every night, whether or not their records moved.
"""

from __future__ import annotations

from rollcall.domain.errors import NotFound
from rollcall.domain.ids import person_id
from rollcall.domain.person import Issue, person_key
from rollcall.domain.ports import Blobs
from rollcall.domain.run import Run
from rollcall.domain.unmapped import Tally, UnmappedValues
from rollcall.engine.blobs import RunFolder, pack, run_of, unpack, unpack_lines
from rollcall.engine.job import Job
from rollcall.engine.people_table import PeopleTable


def write_unmapped(job: Job, people: PeopleTable) -> None:
    """Gather the values from the run's issues. ``people`` are those of the next snapshot: who is not among them is not
    to be loaded, so what their records lack is nobody's concern.
    """
    tally = Tally()
    for part in range(job.at.issue_files):
        for issue in unpack_lines(job.blobs.get(job.folder.issues(part)), Issue):
            if issue.person_type is None or issue.source_id is None:
                tally.add(issue, None)
            elif person_key(issue.person_type, issue.source_id) in people:
                own = (issue.person_type, issue.source_id)
                tally.add(issue, person_id(job.run.district_id, job.integration.source, *own))
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
