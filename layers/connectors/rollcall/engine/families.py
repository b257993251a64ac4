"""After the plan: what it does to families, told as changes of their own, and families too large to be households.

The first load of an integration changes no family, since there are none before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rollcall.domain.family import LARGE_FAMILY, large, unlike
from rollcall.domain.family_change import (
    REVIEWED,
    Exchange,
    FamilyChange,
    Passage,
    Passing,
    Staying,
    changes_family,
    exchanges,
)
from rollcall.domain.ids import hashed_id, person_id
from rollcall.domain.person import split_person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.engine.blobs import pack_lines
from rollcall.engine.issue_files import write_issues
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.people_table import UNSETTLED, PeopleTable

FILE = 1000
"""Family changes in one file."""


def plan_families(
    job: Job, people: PeopleTable, passing: Mapping[str, tuple[Passage, Passing]]
) -> dict[str, str]:
    """Write the run's family changes, given the ``people`` of the next snapshot and who is ``passing`` from one family
    to another, and count them by kind.

    Returns, by id of each student who gets another family, the family change that they are part of.
    """
    crowds = large(people.family_sizes())
    write_issues(
        job,
        [
            issue(
                "family_implausibly_large",
                field="family_identifier",
                value=family,
                size=size,
                usual=LARGE_FAMILY,
            )
            for family, size in crowds.items()
        ],
    )
    if not passing:
        return {}
    concerned = {family for passage, _ in passing.values() for family in passage if family}
    staying = ((key, family) for key, family in people.members(concerned) if key not in passing)
    found: list[FamilyChange] = []
    change_of: dict[str, str] = {}
    for exchange in exchanges({key: passage for key, (passage, _) in passing.items()}, staying):
        change = _family_change(
            job, exchange, {key: passing[key][1] for key in exchange.passing}, people, crowds
        )
        if change is None:
            continue
        found.append(change)
        job.run.families[change.kind] = job.run.families.get(change.kind, 0) + 1
        if change.kind in REVIEWED:
            moved = (p.person_id for p in change.passing if changes_family((p.before, p.after)))
            change_of.update(dict.fromkeys(moved, change.id))
    _write(job, found)
    return change_of


def _write(job: Job, changes: list[FamilyChange]) -> None:
    for at in range(0, len(changes), FILE):
        job.blobs.put(job.folder.families(job.at.family_files), pack_lines(changes[at : at + FILE]))
        job.at.family_files += 1


def passing_of(change: Change) -> tuple[Passage, Passing] | None:
    """The student of a change who comes, leaves or gets another family by it."""
    if change.type != "student":
        return None
    was, now = _family(change.before), _family(change.after)
    if was == now:
        return None
    student = change.after.person
    return (was, now), Passing(
        person_id=change.after.id,
        first_name=student.first_name,
        last_name=student.last_name,
        before=was,
        after=now,
    )


def _family(stored: StoredPerson | None) -> str | None:
    return stored.person.family_id if stored and stored.person.status == "active" else None


def _family_change(
    job: Job,
    exchange: Exchange,
    passing: Mapping[str, Passing],
    people: PeopleTable,
    crowds: Collection[str],
) -> FamilyChange | None:
    kind = exchange.kind
    if kind is None:
        return None
    before, after = sorted(exchange.before), sorted(exchange.after)
    fields = sorted(job.integration.family_identifier)
    differ = _differ(job, exchange, people) if len(after) > 1 else ()
    own = (job.run.district_id, job.integration.source)
    return FamilyChange(
        id=hashed_id("fch", job.run.id, *before, "\x1e", *after),
        kind=kind,
        before=tuple(before),
        after=tuple(after),
        passing=tuple(passing[key] for key in sorted(passing)),
        staying=tuple(
            Staying(person_id=person_id(*own, *split_person_key(key)), family_id=family)
            for key, family in sorted(exchange.staying.items())
        ),
        agree=tuple(name for name in fields if name not in differ),
        differ=differ,
        implausible=not exchange.after.isdisjoint(crowds),
    )


def _differ(job: Job, exchange: Exchange, people: PeopleTable) -> tuple[str, ...]:
    """Fields that tell the families after the change apart."""
    there = {*exchange.staying, *(key for key, (_, now) in exchange.passing.items() if now)}
    households = {people[key].household for key in there} - {UNSETTLED}
    return unlike(households, job.integration.family_identifier)
