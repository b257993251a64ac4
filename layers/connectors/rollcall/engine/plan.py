"""Plan, second half: what differs from the store, as changes with before-images, and the issues.

Batches: first those that mapping left, then students whose family changed though they did not, then people who are
gone. Each batch leaves at most one file of changes, one of issues, and the rows of the next snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date
from functools import partial

from msgspec.structs import replace

from rollcall.domain.person import Issue, decode_person, person_key, split_person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.engine.blobs import pack, snapshot_key, unpack
from rollcall.engine.compare import Work
from rollcall.engine.gather import batch_of, batches
from rollcall.engine.households import regroup
from rollcall.engine.images import write_plan_file
from rollcall.engine.issue_files import repeat_notes, write_issues
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.judged import Judged
from rollcall.engine.mapping import MappedPerson, mapped_batch
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
    UNSETTLED,
    WAITING,
    PeopleTable,
    PersonRow,
    loaded,
)
from rollcall.engine.roster import Entry, settled
from rollcall.engine.snapshot import read_snapshot

_OVERLAID = 50
"""Batches of rows in memory together."""

Row = tuple[str, PersonRow | None]
"""A person's key and their row in the next snapshot; None forgets them."""


def plan(job: Job, work: Work) -> None:
    """Write all remaining batches of the change set; at the end the run's counts and ``plan_hash`` are complete."""
    if job.integration.pictures_only:
        _plan_photos(job, work)
    else:
        _plan_people(job, work)


def _plan_people(job: Job, work: Work) -> None:
    mapped = Judged(job, work)
    known = job.snapshot.people
    leavers = dict.fromkeys(work.gone)
    leavers |= {
        k: d for k, d in mapped.left.items() if not known[k].flags & ENDED or k in job.protections.ended
    }
    ending = [key for key in leavers if not job.protections.stays(key)] if job.dropping else []
    families = regroup(job, mapped.homes, [*ending, *mapped.ended])
    again = set(work.again)
    elsewhere = again.difference(mapped.left).union(ending)
    kept = sorted(key for key in job.protections if key in known and key not in elsewhere)
    gone = sorted(set(leavers).difference(kept))
    relatives = sorted(
        key
        for key, family in families.items()
        if key not in again and key not in job.protections and _moves(job, key, family)
    )
    todo: list[_Step] = [partial(_mapped, job, mapped, n, families) for n in range(mapped.count)]
    todo += [partial(_relatives, job, part, families) for part in _parts(relatives)]
    todo += [partial(_gone, job, part, families, leavers) for part in _parts(gone)]
    todo += [partial(_kept, job, part, leavers.keys(), families) for part in _parts(kept)]
    _write_all(job, todo)
    _close(job, again.union(relatives, leavers, kept), work)


def _plan_photos(job: Job, work: Work) -> None:
    """Photos of people whom another integration brings. Nobody is added, ended or rejected; a photo that is gone is
    forgotten here and left alone in the store.
    """
    todo: list[_Step] = [partial(_photos, job, n) for n in range(batches(len(work.again)))]
    todo.append(lambda: [Outcome(key, None) for key in work.gone])
    _write_all(job, todo)
    _close(job, {*work.again, *work.gone}, work)


_Step = Callable[[], list[Outcome]]


def _write_all(job: Job, todo: Sequence[_Step]) -> None:
    while job.at.batch < len(todo):
        outcomes = todo[job.at.batch]()
        _write(job, [_postponed(job, o) for o in outcomes] if job.adds_only else outcomes)
        job.at.batch += 1
        job.checkpoint(job.at.batch, len(todo))


def _postponed(job: Job, outcome: Outcome) -> Outcome:
    """In a time in which people are only added: whoever would be changed or ended is left as they are, and looked at
    again until the time is over.

    The household is forgotten, so that the next run sees them move into it, and brings their family up to date.
    """
    if outcome.change is None or outcome.change.kind in ("add", "reactivate"):
        return outcome
    known = job.snapshot.people.get(outcome.key) or PersonRow(mapped=NOTHING)
    row = replace(known, household=UNSETTLED, flags=known.flags | REVISIT)
    return Outcome(outcome.key, row, issues=outcome.issues, postponed=True)


def _parts(keys: Sequence[str]) -> list[Sequence[str]]:
    return [batch_of(keys, number) for number in range(batches(len(keys)))]


def _moves(job: Job, key: str, family: str) -> bool:
    return job.snapshot.people[key].family != family


def _mapped(job: Job, mapped: Judged, batch: int, families: dict[str, str]) -> list[Outcome]:
    people = mapped.batch(batch)
    loads = {p.key: p for p in people if p.verdict == "load"}
    entries = mapped.roster.entries([(key, p.member) for key, p in loads.items() if p.member])
    rows = {key: _row(job, p, families, entries.get(key)) for key, p in loads.items()}
    stand = {key for key, row in rows.items() if _stands(job.snapshot.people.get(key), row)}
    differ = (rows.keys() - stand) | (rows.keys() & job.protections.known)
    rejected = {p.key for p in people if p.verdict == "reject" and p.key in job.protections}
    before = stored_people(job, sorted(differ | rejected))
    found: list[Outcome] = []
    for person in people:
        key = person.key
        if person.verdict == "reject":
            change = _held_to(job, key, before.get(key))
            found.append(Outcome(key, person.row, change, issues=person.issues, rejected=True))
        elif key in differ:
            stored = before.get(key)
            member = settled(decode_person(person.doc), entries.get(key), stored.person if stored else None)
            family = rows[key].family
            if key in stand and stored:
                member = job.protections.brought(key, stored.person, replace(member, family_id=family))
                family = member.family_id
            change = change_to(job, key, member, family, stored)
            if key in stand and change and not change.fields:
                change = None  # both of two integrations bring them, and neither need own them tonight
            # ended in the SIS and never loaded here: not ours to know
            row = rows[key] if change or stored else None
            found.append(Outcome(key, row, change, _issues(person, entries)))
        elif key in loads:
            found.append(Outcome(key, rows[key], issues=_issues(person, entries)))
        elif person.verdict == "leave":
            found.append(_left_out(job, person))
    return mapped.pins.give_way(found)


def _left_out(job: Job, person: MappedPerson) -> Outcome:
    """Somebody who is not to be loaded, or not yet. Who is to be ended for it is so elsewhere."""
    known = job.snapshot.people.get(person.key)
    active = known is not None and known.mapped != NOTHING and not known.flags & ENDED
    comes_on = person.row.revisit_on if person.row.flags & COMING else None
    if active or (comes_on is None and (known is None or known.revisit_on is None)):
        return Outcome(person.key, None, issues=person.issues, stays_out=True)
    return Outcome(person.key, _until(known or PersonRow(mapped=NOTHING), comes_on), issues=person.issues)


def _until(row: PersonRow, comes_on: date | None) -> PersonRow:
    """The row of somebody who has no records to load, before the day they come, if one is known."""
    flags = row.flags & ~(COMING | NOTED | REJECTED)
    return replace(row, flags=flags | (COMING if comes_on else 0), revisit_on=comes_on)


def _issues(person: MappedPerson, entries: dict[str, Entry]) -> tuple[Issue, ...]:
    entry = entries.get(person.key)
    return (*person.issues, *entry.issues) if entry else person.issues


def _row(job: Job, person: MappedPerson, families: dict[str, str], entry: Entry | None) -> PersonRow:
    known = job.snapshot.people.get(person.key)
    family = families.get(person.key) or (known.family if known else None)
    flags = person.row.flags | (0 if person.active else ENDED)
    if entry and (entry.issues or entry.account.same_as):
        # Whoever stands in the way may be gone tomorrow.
        flags |= REVISIT
    return replace(
        person.row,
        family=family,
        flags=flags,
        roster=entry.mark if entry else _standing(job, person.key),
        host_id=entry.host_id if entry else known.host_id if known else None,
    )


def _standing(job: Job, key: str) -> str | None:
    """The roster mark of somebody who was not judged: none, unless their account stays as it is."""
    known = job.snapshot.people.get(key)
    return known.roster if known and job.protections.covers_account(key) else None


def _stands(known: PersonRow | None, row: PersonRow) -> bool:
    """True when the store holds this already. Somebody who was ended may have been ended by us, not by the SIS."""
    if known is None or (known.flags & ENDED and not row.flags & ENDED):
        return False
    return (known.mapped, known.family, known.roster) == (row.mapped, row.family, row.roster)


def _relatives(job: Job, keys: Sequence[str], families: dict[str, str]) -> list[Outcome]:
    """Students whose own records did not move, but whose family did."""
    before = stored_people(job, keys)
    found = []
    for key in keys:
        row = replace(job.snapshot.people[key], family=families[key])
        stored = before.get(key)
        change = change_to(job, key, stored.person, families[key], stored) if stored else None
        found.append(Outcome(key, row, change))
    return found


def _kept(job: Job, keys: Sequence[str], leavers: Set[str], families: dict[str, str]) -> list[Outcome]:
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
            change = _held_to(job, key, before[key], families.get(key))
            found.append(Outcome(key, row, change, said if key in missing else ()))
    return found


def _held_to(job: Job, key: str, stored: StoredPerson | None, family: str | None = None) -> Change | None:
    """What makes somebody whom no record can be taken of into what is protected, if they are ours."""
    if stored is None or stored.integration_id != job.run.integration_id:
        return None
    return change_to(job, key, stored.person, family or stored.person.family_id, stored)


def _gone(
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


def _photos(job: Job, batch: int) -> list[Outcome]:
    people = mapped_batch(job, batch)
    moved = {p.key for p in people if not _stands(job.snapshot.people.get(p.key), p.row)}
    moved |= job.protections.known & {p.key for p in people}
    before = stored_people(job, sorted(moved))
    found = []
    for person in people:
        stored = before.get(person.key)
        if person.key not in moved:
            found.append(Outcome(person.key, person.row, issues=person.issues))
        elif stored is None:
            row = replace(person.row, mapped=NOTHING, flags=person.row.flags | WAITING)
            found.append(Outcome(person.key, row))
        else:
            change = _with_photo(stored, decode_person(person.doc).photo)
            found.append(Outcome(person.key, person.row, change, person.issues))
    return found


def _with_photo(stored: StoredPerson, photo: str | None) -> Change | None:
    """The same person, still their owner's, with this photo; without a usable one they keep what they have."""
    if photo is None or photo == stored.person.photo:
        return None
    return as_change("update", replace(stored, person=replace(stored.person, photo=photo)), stored)


def ended(job: Job, stored: StoredPerson) -> StoredPerson:
    """The person as *Drop Students Not In File* leaves them: enrollments end on the run's date, nothing is deleted."""
    key, today = person_key(stored.person.type, stored.person.source_id), job.today.isoformat()
    enrollments = tuple(e if e.drop_date else replace(e, drop_date=today) for e in stored.person.enrollments)
    left = replace(stored.person, status="ended", enrollments=enrollments)
    return replace(stored, person=job.protections.over(key, settled(left, None, stored.person)))


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


def _write(job: Job, outcomes: list[Outcome]) -> None:
    people = [o for o in outcomes if not o.stays_out]
    for outcome in people:
        counts = job.run.counts[split_person_key(outcome.key)[0]]
        if outcome.rejected:
            counts["reject"] += 1
        elif outcome.postponed:
            counts["held"] += 1
        elif outcome.change is None and loaded(outcome.row):
            counts["unchanged"] += 1
        job.run.protected += outcome.key in job.protections
        _enroll(job, outcome.key, outcome.row)
    write_plan_file(job, [o.change for o in outcomes if o.change])
    write_issues(job, [found for o in outcomes for found in o.issues])
    rows: list[Row] = [(o.key, o.row) for o in people]
    job.blobs.put(job.folder.rows(job.at.batch), pack(rows))


def _enroll(job: Job, key: str, row: PersonRow | None) -> None:
    """Count a person in the import summary of the media application."""
    if row is not None and row.roster and loaded(row):
        counts = job.run.roster.setdefault(split_person_key(key)[0], {})
        standing = row.roster.partition(":")[0]
        counts[standing] = counts.get(standing, 0) + 1


def next_people(job: Job, batch_count: int) -> PeopleTable:
    """The people of the next snapshot: the old ones, overlaid with what the plan's batches left."""
    people = job.snapshot.people
    for first in range(0, batch_count, _OVERLAID):
        changes: dict[str, PersonRow | None] = {}
        for batch in range(first, min(first + _OVERLAID, batch_count)):
            changes.update(unpack(job.blobs.get(job.folder.rows(batch)), list[Row]))
        people = people.overlaid(changes)
    return people


def _left_for_later(job: Job) -> list[Issue]:
    waiting = sum(counts["held"] for counts in job.run.counts.values()) if job.adds_only else 0
    if not waiting:
        return []
    return [issue("changes_postponed", count=waiting)]


def _close(job: Job, touched: set[str], work: Work) -> None:
    """Issues of the whole run and of people who were not looked at, and how many people the plan leaves alone."""
    write_issues(job, [*job.survey.issues, *job.at.issues, *_left_for_later(job)])
    people = job.snapshot.people
    repeat_notes(job, work.noted)
    unchanged = people.count_loaded()
    for key in touched:
        unchanged[split_person_key(key)[0]] -= loaded(people.get(key))
    for kind, count in unchanged.items():
        job.run.counts[kind]["unchanged"] += count
    if "media" in job.integration.destinations:
        for key, row in people.items():
            if key not in touched:
                _enroll(job, key, row)
