"""What has become of the issues of the last completed sync: a print of each is kept in the snapshot.

A run looks only at people whose records moved, or about whom something must be looked at again. An issue of somebody
who was not looked at stands as it stood.
"""

from __future__ import annotations

from collections.abc import Iterator

import xxhash

from rollcall.domain.person import Issue
from rollcall.domain.run import Trend
from rollcall.engine.compare import Work, present
from rollcall.engine.issue_files import about, read_issues
from rollcall.engine.job import Job

_HALF = 8
"""Bytes of a print that tell the person, and as many that tell the issue."""


def weigh(job: Job, work: Work) -> bytes:
    """Say in the run how its issues compare with the last snapshot's; return the prints for the next snapshot.

    Call it when the plan is complete: it reads the run's files of issues.
    """
    known = set(_prints(job.snapshot.issues))
    found = {_print(issue) for issue in read_issues(job)}
    standing = _untouched(job, work, known - found)
    job.run.trend = Trend(
        new=len(found - known),
        persisting=len(found & known) + len(standing),
        fixed=len(known - found - standing),
    )
    return b"".join(sorted(found | standing))


def _untouched(job: Job, work: Work, missing: set[bytes]) -> set[bytes]:
    """Of issues that were not found again, those of people who are there and were not looked at."""
    if not missing:
        return set()
    looked_at = {_person(key) for key in (*work.again, *work.gone)}
    there = {_person(key) for key in present(work.received.tables.values())}
    return {p for p in missing if p[:_HALF] in there and p[:_HALF] not in looked_at}


def _print(issue: Issue) -> bytes:
    """Of an issue of nobody in particular the first half stands for no person."""
    key = about(issue)
    facts = "\x1f".join((issue.code, key, issue.field or "", issue.value or ""))
    return _person(key) + xxhash.xxh3_64_digest(facts.encode())


def _person(key: str) -> bytes:
    return xxhash.xxh3_64_digest(key.encode())


def _prints(packed: bytes) -> Iterator[bytes]:
    size = 2 * _HALF
    yield from (packed[at : at + size] for at in range(0, len(packed), size))
