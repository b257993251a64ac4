"""Plan: people who are not to be loaded, or not any more: ended, handed to another integration, kept because they are
protected, or awaited on the day that their records name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date

from msgspec.structs import replace

from rollcall.domain.person import person_key, split_person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.engine.blobs import snapshot_key
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.mapping import MappedPerson
from rollcall.engine.outcome import Outcome, as_change, change_to, stored_people
from rollcall.engine.people_table import (
    COMING,
    ENDED,
    MISSING,
    NOTED,
    NOTHING,
    REJECTED,
    REVISIT,
    UNDONE,
    PersonRow,
)
from rollcall.engine.roster import settled
from rollcall.engine.snapshot import read_snapshot


def leave_out(job: Job, person: MappedPerson) -> Outcome:
    """Somebody who is not to be loaded, or not yet. Who is to be ended for it is so elsewhere."""
    known = job.snapshot.people.get(person.key)
    active = known is not None and known.mapped != NOTHING and not known.flags & ENDED
    comes_on = person.row.revisit_on if person.row.flags & COMING else None
    if active or (comes_on is None and (known is None or known.revisit_on is None)):
        return Outcome(person.key, None, issues=person.issues, stays_out=True)
    return Outcome(person.key, _until(known or PersonRow(mapped=NOTHING), comes_on), issues=person.issues)


def keep_protected(
    job: Job, keys: Sequence[str], leavers: Set[str], families: dict[str, str]
) -> list[Outcome]:
    """Protected people whom no record brings, and who are not ended either."""
    before = stored_people(job, keys)
    ours = {key for key, stored in before.items() if stored.integration_id == job.run.integration_id}
    missing = {key for key in ours & leavers if job.protections.stays(key)}
    suppliers = _other_suppliers(job) if missing else {}
    found = []
    for key in keys:
        row = job.snapshot.people[key]
        if key not in ours:
            found.append(Outcome(key, None if key in leavers else row))
        elif key in missing and key in suppliers:
            handed = replace(before[key], integration_id=suppliers[key])
            found.append(Outcome(key, None, as_change("update", handed, before[key])))
        else:
            flags = row.flags & ~ENDED | REVISIT | (MISSING if key in leavers - missing else 0)
            flags |= ENDED if before[key].person.status == "ended" else 0
            row = replace(row, family=families.get(key, row.family), flags=flags)
            said = (issue("protected_person_missing", person=split_person_key(key)),)
            change = held_to(job, key, before[key], families.get(key))
            found.append(Outcome(key, row, change, said if key in missing else ()))
    return found


def held_to(job: Job, key: str, stored: StoredPerson | None, family: str | None = None) -> Change | None:
    """What makes somebody whom no record can be taken of into what is protected, if they are ours."""
    if stored is None or stored.integration_id != job.run.integration_id:
        return None
    return change_to(job, key, stored.person, family or stored.person.family_id, stored)


def end_gone(
    job: Job, keys: Sequence[str], families: dict[str, str], coming: Mapping[str, date | None]
) -> list[Outcome]:
    """People of whom nothing was received, or nothing to load before the day they are ``coming``: end them if they are
    to be dropped and are still ours.
    """
    known = ((key, job.snapshot.people[key]) for key in keys)
    rows = {key: _until(row, coming.get(key)) for key, row in known if row.mapped != NOTHING}
    if not job.dropping:
        kept = {
            key: replace(row, flags=row.flags | MISSING, family=families.get(key, row.family))
            if not row.flags & ENDED
            else replace(row, flags=row.flags & ~UNDONE)
            for key, row in rows.items()
        }
        return [Outcome(key, kept.get(key)) for key in keys]
    before = stored_people(job, list(rows))
    suppliers = _other_suppliers(job) if before else {}
    found = []
    for key in keys:
        stored = before.get(key)
        comes_on = coming.get(key)
        unknown = _until(PersonRow(mapped=NOTHING), comes_on) if comes_on else None
        if stored is None or stored.integration_id != job.run.integration_id:
            found.append(Outcome(key, unknown))
        elif key in suppliers:
            handed = replace(stored, integration_id=suppliers[key])
            found.append(Outcome(key, unknown, as_change("update", handed, stored)))
        elif stored.person.status == "ended":
            found.append(Outcome(key, replace(rows[key], flags=rows[key].flags & ~UNDONE)))
        else:
            row = replace(rows[key], flags=(rows[key].flags | ENDED) & ~(MISSING | UNDONE))
            change = as_change("inactivate", ended(job, stored), stored)
            found.append(Outcome(key, row, replace(change, dropped=True)))
    return found


def ended(job: Job, stored: StoredPerson) -> StoredPerson:
    """The person as *Drop Students Not In File* leaves them: enrollments end on the run's date, nothing is deleted."""
    key, today = person_key(stored.person.type, stored.person.source_id), job.today.isoformat()
    enrollments = tuple(e if e.drop_date else replace(e, drop_date=today) for e in stored.person.enrollments)
    left = replace(stored.person, status="ended", enrollments=enrollments)
    return replace(stored, person=job.protections.over(key, settled(left, None, stored.person)))


def _until(row: PersonRow, comes_on: date | None) -> PersonRow:
    """The row of somebody who has no records to load, before the day they come, if one is known."""
    flags = row.flags & ~(COMING | NOTED | REJECTED)
    return replace(row, flags=flags | (COMING if comes_on else 0), revisit_on=comes_on)


def _other_suppliers(job: Job) -> dict[str, str]:
    """People whom another integration of the same SIS had in its last pull, with its id: they did not leave, they
    moved. A photo is no proof that somebody is still there.
    """
    found: dict[str, str] = {}
    for other in job.settings.integrations(job.run.district_id):
        same = other.source == job.integration.source and other.id != job.integration.id
        if not same or not other.active or other.pictures_only:
            continue
        current = job.runs.state(job.run.district_id, other.id).snapshot
        if current is None:
            continue
        blob = job.blobs.get(snapshot_key(job.run.district_id, other.id, current))
        found.update(dict.fromkeys(read_snapshot(blob).people.loaded(), other.id))
    return found
