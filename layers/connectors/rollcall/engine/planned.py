"""Reading a run's plan back, file by file."""

from __future__ import annotations

from collections.abc import Iterator

from rollcall.domain.person import person_key
from rollcall.domain.plan import Change
from rollcall.engine.blobs import unpack_lines
from rollcall.engine.job import Job


def planned(job: Job) -> Iterator[Change]:
    """Every change of the plan."""
    for number in range(job.at.plan_files):
        yield from planned_file(job, number)


def planned_file(job: Job, number: int) -> Iterator[Change]:
    """The changes of one file."""
    return unpack_lines(job.blobs.get(job.folder.plan(number)), Change)


def key_of(change: Change) -> str:
    """The key of the person who is changed."""
    return person_key(change.after.person.type, change.after.person.source_id)
