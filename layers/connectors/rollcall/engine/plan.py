"""Plan, second half: what differs from the store, as changes with before-images, and the issues.

Batches: first those that mapping left, then students whose family changed though they did not, then people who are
gone. Each batch leaves at most one file of changes, one of issues, and the rows of the next snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec.structs import replace

from rollcall.domain.person import Issue, decode_person, split_person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.engine.blobs import pack, unpack
from rollcall.engine.compare import Work
from rollcall.engine.departures import end_gone, held_to, keep_protected, leave_out
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
    ENDED,
    NOTHING,
    REVISIT,
    UNSETTLED,
    WAITING,
    PeopleTable,
    PersonRow,
    loaded,
)
from rollcall.engine.roster import Entry, settled

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
    todo += [partial(end_gone, job, part, families, leavers) for part in _parts(gone)]
    todo += [partial(keep_protected, job, part, leavers.keys(), families) for part in _parts(kept)]
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
            change = held_to(job, key, before.get(key))
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
            found.append(leave_out(job, person))
    return mapped.pins.give_way(found)


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
