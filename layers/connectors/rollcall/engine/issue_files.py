"""A run's files of issues, and the notes of the snapshot: what was wrong with the records of people who did not move.

A record that does not move maps to the same person with the same issues, so whoever has some need not be mapped again
every night to be reported: their issues are kept with the snapshot and written into the next run's files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rollcall.connectors.mapping import ISSUES
from rollcall.domain.person import Issue, person_key, split_person_key
from rollcall.engine.blobs import pack_lines, unpack_lines
from rollcall.engine.job import Job
from rollcall.engine.people_table import NOTED, REJECTED, PeopleTable


def write_issues(job: Job, issues: Sequence[Issue]) -> None:
    """One file of issues, counted in the run."""
    if not issues:
        return
    for found in issues:
        job.run.issues[found.severity] += 1
        job.run.issue_codes[found.code] = job.run.issue_codes.get(found.code, 0) + 1
    job.blobs.put(job.folder.issues(job.at.issue_files), pack_lines(issues))
    job.at.issue_files += 1


def read_issues(job: Job) -> Iterator[Issue]:
    """Every issue of this run so far."""
    for part in range(job.at.issue_files):
        yield from unpack_lines(job.blobs.get(job.folder.issues(part)), Issue)


def about(issue: Issue) -> str:
    """Key of the person an issue is about; blank for nobody in particular."""
    if issue.person_type is None or issue.source_id is None:
        return ""
    return person_key(issue.person_type, issue.source_id)


def repeat_notes(job: Job, noted: Collection[str]) -> None:
    """Say of these people, whom this run does not look at, what the last one said; count who is kept out by it."""
    keys = set(noted)
    for lines in job.snapshot.notes:
        write_issues(job, [issue for issue in unpack_lines(lines, Issue) if about(issue) in keys])
    for key in keys:
        job.run.counts[split_person_key(key)[0]]["reject"] += bool(job.snapshot.people[key].flags & REJECTED)


def notes_of(job: Job, people: PeopleTable) -> list[bytes]:
    """The notes of the next snapshot, of ``people`` as the plan leaves them: what connectors found in their records."""
    noted = set(people.flagged(NOTED))
    found = []
    for part in range(job.at.issue_files if noted else 0):
        issues = unpack_lines(job.blobs.get(job.folder.issues(part)), Issue)
        of_records = [issue for issue in issues if issue.code in ISSUES and about(issue) in noted]
        if of_records:
            found.append(pack_lines(of_records))
    return found
