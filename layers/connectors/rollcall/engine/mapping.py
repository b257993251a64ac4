"""Plan, first half: map everybody whose records moved. Batches of people, each leaving one blob."""

from __future__ import annotations

from typing import Literal

import msgspec

from rollcall.domain.family import identifier
from rollcall.domain.grades import graduation_year
from rollcall.domain.person import Issue, Mapped, Person, encode_person, fingerprint, split_person_key
from rollcall.engine.blobs import pack, unpack
from rollcall.engine.compare import Work
from rollcall.engine.gather import BATCH, Gatherer, batch_of, batches
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.people_table import COMING, NOTED, NOTHING, REJECTED, REVISIT, PersonRow
from rollcall.engine.roster import Member, member_of

Verdict = Literal["load", "reject", "leave"]


class MappedPerson(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One person after mapping. ``leave`` means that the records say the person is not one to load (no mapped building,
    not enrolled yet and then ``COMING``), which is the same as not being in the file. ``students`` are those whom the
    records of a contact name with them.
    """

    key: str
    verdict: Verdict
    active: bool
    row: PersonRow
    doc: bytes = b""
    pos_id: str | None = None
    member: Member | None = None
    issues: tuple[Issue, ...] = ()
    students: tuple[str, ...] = ()


def map_people(job: Job, work: Work) -> None:
    """Map all remaining batches of ``work.again``."""
    gatherer = Gatherer(job, work)
    gatherer.gather()
    while job.at.batch < batches(len(work.again)):
        keys = batch_of(work.again, job.at.batch)
        mapped = []
        for key, found in zip(keys, gatherer.batch(job.at.batch), strict=True):
            person = _judged(job, key, job.connector.map(key, found.records, job.survey, job.today))
            person.students = found.students
            mapped.append(person)
        job.blobs.put(job.folder.mapped(job.at.batch), pack(mapped))
        job.at.batch += 1
        job.checkpoint(min(job.at.batch * BATCH, len(work.again)), len(work.again))
    gatherer.forget()


def mapped_batch(job: Job, batch: int) -> list[MappedPerson]:
    """What :func:`map_people` left for one batch."""
    return unpack(job.blobs.get(job.folder.mapped(batch)), list[MappedPerson])


def rejected_row(job: Job, key: str) -> PersonRow:
    """The row of somebody whose records cannot be loaded: what was known of them stands."""
    known = job.snapshot.people.get(key) or PersonRow(mapped=NOTHING)
    return msgspec.structs.replace(known, flags=known.flags & ~(COMING | NOTED) | REJECTED)


def with_grad_year(person: Person, school_year: str) -> Person:
    """A student with the year in which they graduate, counted from their grade where the SIS does not say."""
    if person.type != "student" or person.grad_year is not None:
        return person
    return msgspec.structs.replace(person, grad_year=graduation_year(person.grade, school_year))


def _judged(job: Job, key: str, mapped: Mapped) -> MappedPerson:
    person = mapped.person
    if person is None:
        rejected = any(issue.severity == "error" for issue in mapped.issues)
        row = rejected_row(job, key) if rejected else PersonRow(mapped=NOTHING)
        row.flags |= NOTED if rejected else COMING if mapped.revisit_on else 0
        row.revisit_on = mapped.revisit_on
        verdict: Verdict = "reject" if rejected else "leave"
        return MappedPerson(key=key, verdict=verdict, active=False, row=row, issues=mapped.issues)
    left = person.status == "ended"
    person = job.protections.over(key, person)
    issues = job.protections.silence(key, mapped.issues)
    if left and person.status == "active":
        issues = (*issues, issue("protected_person_missing", person=split_person_key(key)))
    person = with_grad_year(person, job.school_year)
    doc = encode_person(person)
    fields = job.integration.family_identifier
    household = identifier(mapped.household, fields) if mapped.household else b""
    row = PersonRow(
        mapped=fingerprint(doc),
        household=household or NOTHING,
        flags=(NOTED if issues else 0) | (REVISIT if key in job.protections else 0),
        revisit_on=mapped.revisit_on,
    )
    active = person.status == "active"
    return MappedPerson(
        key=key,
        verdict="load",
        active=active,
        row=row,
        doc=doc,
        pos_id=person.pos_id,
        member=None if job.protections.covers_account(key) else member_of(job, person),
        issues=issues,
    )
