"""What one person contributes to the plan: a row of the snapshot, and a change with what was there before, or none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from rollcall.domain.ids import person_id
from rollcall.domain.person import Issue, Person, split_person_key
from rollcall.domain.plan import Change, ChangeKind, StoredPerson, changed_fields
from rollcall.engine.job import Job
from rollcall.engine.people_table import PersonRow

STORED_FIELDS = ("pos_id", "host_id", "photo", "media")
"""What the store adds to a person; a SIS that does not say leaves them alone (domain sheet §5)."""


class Outcome(msgspec.Struct):
    """What one person contributes to the plan; of somebody who ``stays_out``, only what is wrong."""

    key: str
    row: PersonRow | None
    change: Change | None = None
    issues: tuple[Issue, ...] = ()
    rejected: bool = False
    stays_out: bool = False
    postponed: bool = False


def stored_id(job: Job, key: str) -> str:
    """Under which id the store has the person of this key."""
    return person_id(job.run.district_id, job.integration.source, *split_person_key(key))


def stored_people(job: Job, keys: Sequence[str]) -> dict[str, StoredPerson]:
    """What the store holds, by key."""
    ids = {stored_id(job, key): key for key in keys}
    return {ids[i]: stored for i, stored in job.people.get_many(job.run.district_id, list(ids)).items()}


def change_to(
    job: Job, key: str, person: Person, family: str | None, before: StoredPerson | None
) -> Change | None:
    """What makes ``before`` into ``person`` in this family, but for what is protected; None when nothing does."""
    kept = (
        {name: getattr(before.person, name) for name in STORED_FIELDS if getattr(person, name) is None}
        if before
        else {}
    )
    after = StoredPerson(
        id=stored_id(job, key),
        district_id=job.run.district_id,
        integration_id=job.run.integration_id,
        person=job.protections.over(key, replace(person, family_id=family, **kept)),
    )
    if before is None:
        return None if after.person.status == "ended" else as_change("add", after, None)
    if before.person == after.person and before.integration_id == after.integration_id:
        return None
    kinds: dict[tuple[str, str], ChangeKind] = {
        ("active", "ended"): "inactivate",
        ("ended", "active"): "reactivate",
    }
    return as_change(kinds.get((before.person.status, after.person.status), "update"), after, before)


def as_change(kind: ChangeKind, after: StoredPerson, before: StoredPerson | None) -> Change:
    """A change, with the names of the fields that differ."""
    fields = changed_fields(before.person if before else None, after.person)
    return Change(kind=kind, type=after.person.type, after=after, before=before, fields=fields)
