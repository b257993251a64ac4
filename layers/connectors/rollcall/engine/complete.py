"""Whether what was pulled is all there is: what no approval can override."""

from __future__ import annotations

from rollcall.domain.guard import refuse_empty, refuse_silence
from rollcall.engine.apply import buildings
from rollcall.engine.compare import received
from rollcall.engine.job import Job
from rollcall.engine.pull import stream_table


def refuse_incomplete(job: Job) -> None:
    """Fail a run whose pull looks emptier than it can be. A stream that was there last time and is not offered any more
    counts as empty.
    """
    known = {name: len(table) for name, table in job.snapshot.tables.items() if name in job.streams}
    now = dict.fromkeys(known, 0)
    for part, (_, _, records) in zip(job.survey.parts, job.at.parts, strict=True):
        now[part.stream] = now.get(part.stream, 0) + records
    if job.survey.delta:
        now |= {name: len(table) for name, table in received(job).tables.items()}
    before = {name: count for name, count in known.items() if not job.streams[name].per}
    refuse_empty(now, before, buildings(job), job.snapshot.buildings)
    for name in known:
        if job.streams[name].per:
            refuse_silence(name, *_naming(job, name))


def _naming(job: Job, stream: str) -> tuple[int, int]:
    """Of the records received of a stream that hangs on another: how many named more people than their subject last
    time, and how many of those do now.
    """
    asked, old = stream_table(job, stream), job.snapshot.tables[stream]
    came = set(asked.ids)
    before = {i for i, named in zip(old.ids, old.all_people(), strict=True) if len(named) > 1 and i in came}
    now = sum(i in before and len(named) > 1 for i, named in zip(asked.ids, asked.all_people(), strict=True))
    return len(before), now
