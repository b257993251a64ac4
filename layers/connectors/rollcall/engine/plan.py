"""Plan, second half: what differs from the store, as changes with before-images, and the issues.

Batches: first those that mapping left, then students whose family changed though they did not, then people who are
gone. Each batch leaves at most one file of changes, one of issues, and the rows of the next snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from rollcall.domain.family import LARGE_FAMILY, large
from rollcall.domain.ids import person_id
from rollcall.domain.person import Issue, Person, decode_person, split_person_key
from rollcall.domain.plan import Change, ChangeKind, StoredPerson, changed_fields
from rollcall.engine.blobs import pack, pack_lines, snapshot_key, unpack
from rollcall.engine.compare import Work
from rollcall.engine.households import regroup
from rollcall.engine.images import write_plan_file
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.judged import Judged
from rollcall.engine.mapping import BATCH, MappedPerson, batches, mapped_batch
from rollcall.engine.roster import Entry, settled
from rollcall.engine.snapshot import (
    ENDED,
    MISSING,
    NOTHING,
    REJECTED,
    REVISIT,
    UNDONE,
    UNSETTLED,
    WAITING,
    PersonRow,
    Snapshot,
)

Row = tuple[str, PersonRow | None]
"""A person's key and their row in the next snapshot; None forgets them."""

STORED_FIELDS = ("pos_id", "host_id", "photo", "media")
"""What the store adds to a person; a SIS that does not say leaves them alone (domain sheet §5)."""


def plan(job: Job, work: Work) -> None:
    """Write all remaining batches of the change set; at the end the run's counts and ``plan_hash`` are complete."""
    if job.integration.pictures_only:
        _plan_photos(job, work)
    else:
        _plan_people(job, work)


def _plan_people(job: Job, work: Work) -> None:
    mapped = Judged(job, work)
    leavers = [*work.gone, *mapped.leaving()]
    ending = leavers if job.dropping else []
    families = regroup(job, mapped, ending)
    again = set(work.again)
    relatives = sorted(
        key for key, family in families.items() if key not in again and _moves(job, key, family)
    )
    todo: list[_Step] = [partial(_mapped, job, mapped, n, families) for n in range(mapped.count)]
    todo += [partial(_relatives, job, part, families) for part in _parts(relatives)]
    todo += [partial(_gone, job, part, families) for part in _parts(leavers)]
    _write_all(job, todo)
    _close(job, families, again.union(relatives, leavers))


def _plan_photos(job: Job, work: Work) -> None:
    """Photos of people whom another integration brings. Nobody is added, ended or rejected; a photo that is gone is
    forgotten here and left alone in the store.
    """
    todo: list[_Step] = [partial(_photos, job, n) for n in range(batches(len(work.again)))]
    todo.append(lambda: [_Outcome(key, None) for key in work.gone])
    _write_all(job, todo)
    _close(job, {}, {*work.again, *work.gone})


class _Outcome(msgspec.Struct):
    """What one person contributes to the plan; of somebody who ``stays_out``, only what is wrong."""

    key: str
    row: PersonRow | None
    change: Change | None = None
    issues: tuple[Issue, ...] = ()
    rejected: bool = False
    stays_out: bool = False
    postponed: bool = False


_Step = Callable[[], list[_Outcome]]


def _write_all(job: Job, todo: Sequence[_Step]) -> None:
    while job.at.batch < len(todo):
        outcomes = todo[job.at.batch]()
        _write(job, [_postponed(job, o) for o in outcomes] if job.adds_only else outcomes)
        job.at.batch += 1
        job.checkpoint(job.at.batch, len(todo))


def _postponed(job: Job, outcome: _Outcome) -> _Outcome:
    """In a time in which people are only added: whoever would be changed or ended is left as they are, and looked at
    again until the time is over.

    The household is forgotten, so that the next run sees them move into it, and brings their family up to date.
    """
    if outcome.change is None or outcome.change.kind in ("add", "reactivate"):
        return outcome
    known = job.snapshot.people.get(outcome.key) or PersonRow(mapped=NOTHING)
    row = replace(known, household=UNSETTLED, flags=known.flags | REVISIT)
    return _Outcome(outcome.key, row, issues=outcome.issues, postponed=True)


def _parts(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[at : at + BATCH] for at in range(0, len(keys), BATCH)]


def _moves(job: Job, key: str, family: str) -> bool:
    return job.snapshot.people[key].family != family


def _id(job: Job, key: str) -> str:
    return person_id(job.run.district_id, job.integration.source, *split_person_key(key))


def _before(job: Job, keys: Sequence[str]) -> dict[str, StoredPerson]:
    """What the store holds, by key."""
    ids = {_id(job, key): key for key in keys}
    return {ids[i]: stored for i, stored in job.people.get_many(job.run.district_id, list(ids)).items()}


def _mapped(job: Job, mapped: Judged, batch: int, families: dict[str, str]) -> list[_Outcome]:
    people = mapped.batch(batch)
    loads = {p.key: p for p in people if p.verdict == "load"}
    entries = mapped.roster.entries([(key, p.member) for key, p in loads.items() if p.member])
    rows = {key: _row(job, p, families, entries.get(key)) for key, p in loads.items()}
    differ = {key for key, row in rows.items() if not _stands(job.snapshot.people.get(key), row)}
    before = _before(job, sorted(differ))
    found: list[_Outcome] = []
    for person in people:
        key = person.key
        if person.verdict == "reject":
            found.append(_Outcome(key, person.row, issues=person.issues, rejected=True))
        elif key in differ:
            stored = before.get(key)
            member = settled(decode_person(person.doc), entries.get(key), stored.person if stored else None)
            change = _change(job, key, member, rows[key].family, stored)
            # ended in the SIS and never loaded here: not ours to know
            row = rows[key] if change or stored else None
            found.append(_Outcome(key, row, change, _issues(person, entries)))
        elif key in loads:
            found.append(_Outcome(key, rows[key], issues=_issues(person, entries)))
        elif person.issues:
            found.append(_Outcome(key, None, issues=person.issues, stays_out=True))
    return found


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
        roster=entry.mark if entry else None,
        host_id=entry.host_id if entry else known.host_id if known else None,
    )


def _stands(known: PersonRow | None, row: PersonRow) -> bool:
    """True when the store holds this already. Somebody who was ended may have been ended by us, not by the SIS."""
    if known is None or (known.flags & ENDED and not row.flags & ENDED):
        return False
    return (known.mapped, known.family, known.roster) == (row.mapped, row.family, row.roster)


def _change(
    job: Job, key: str, person: Person, family: str | None, before: StoredPerson | None
) -> Change | None:
    kept = (
        {name: getattr(before.person, name) for name in STORED_FIELDS if getattr(person, name) is None}
        if before
        else {}
    )
    after = StoredPerson(
        id=_id(job, key),
        district_id=job.run.district_id,
        integration_id=job.run.integration_id,
        person=replace(person, family_id=family, **kept),
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
    """A change of this kind, with the fields that differ."""
    fields = changed_fields(before.person if before else None, after.person)
    return Change(kind=kind, type=after.person.type, after=after, before=before, fields=fields)


def _relatives(job: Job, keys: Sequence[str], families: dict[str, str]) -> list[_Outcome]:
    """Students whose own records did not move, but whose family did."""
    before = _before(job, keys)
    found = []
    for key in keys:
        row = replace(job.snapshot.people[key], family=families[key])
        stored = before.get(key)
        change = _change(job, key, stored.person, families[key], stored) if stored else None
        found.append(_Outcome(key, row, change))
    return found


def _gone(job: Job, keys: Sequence[str], families: dict[str, str]) -> list[_Outcome]:
    """People of whom nothing was received: end them if they are to be dropped and are still ours."""
    rows = {key: row for key in keys if (row := job.snapshot.people[key]).mapped != NOTHING}
    if not job.dropping:
        kept = {
            key: replace(row, flags=row.flags | MISSING, family=families.get(key, row.family))
            if not row.flags & ENDED
            else replace(row, flags=row.flags & ~UNDONE)
            for key, row in rows.items()
        }
        return [_Outcome(key, kept.get(key)) for key in keys]
    before = _before(job, list(rows))
    suppliers = _other_suppliers(job) if before else {}
    found = []
    for key in keys:
        stored = before.get(key)
        if stored is None or stored.integration_id != job.run.integration_id:
            found.append(_Outcome(key, None))
        elif stored.person.status == "ended":
            found.append(
                _Outcome(key, replace(rows[key], flags=(rows[key].flags | ENDED) & ~(MISSING | UNDONE)))
            )
        elif key in suppliers:
            handed = replace(stored, integration_id=suppliers[key])
            found.append(_Outcome(key, None, as_change("update", handed, stored)))
        else:
            row = replace(rows[key], flags=(rows[key].flags | ENDED) & ~(MISSING | UNDONE))
            change = as_change("inactivate", ended(job, stored), stored)
            found.append(_Outcome(key, row, replace(change, dropped=True)))
    return found


def _photos(job: Job, batch: int) -> list[_Outcome]:
    people = mapped_batch(job, batch)
    moved = {p.key for p in people if not _stands(job.snapshot.people.get(p.key), p.row)}
    before = _before(job, sorted(moved))
    found = []
    for person in people:
        stored = before.get(person.key)
        if person.key not in moved:
            found.append(_Outcome(person.key, person.row, issues=person.issues))
        elif stored is None:
            row = replace(person.row, mapped=NOTHING, flags=person.row.flags | WAITING)
            found.append(_Outcome(person.key, row))
        else:
            change = _with_photo(stored, decode_person(person.doc).photo)
            found.append(_Outcome(person.key, person.row, change, person.issues))
    return found


def _with_photo(stored: StoredPerson, photo: str | None) -> Change | None:
    """The same person, still their owner's, with this photo; without a usable one they keep what they have."""
    if photo is None or photo == stored.person.photo:
        return None
    return as_change("update", replace(stored, person=replace(stored.person, photo=photo)), stored)


def ended(job: Job, stored: StoredPerson) -> StoredPerson:
    """The person as *Drop Students Not In File* leaves them: enrollments end on the run's date, nothing is deleted."""
    today = job.today.isoformat()
    enrollments = tuple(e if e.drop_date else replace(e, drop_date=today) for e in stored.person.enrollments)
    left = replace(stored.person, status="ended", enrollments=enrollments)
    return replace(stored, person=settled(left, None, stored.person))


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
        people = unpack(blob, Snapshot).people
        found.update({key: other.id for key, row in people.items() if loaded(row)})
    return found


def _write(job: Job, outcomes: list[_Outcome]) -> None:
    people = [o for o in outcomes if not o.stays_out]
    for outcome in people:
        counts = job.run.counts[split_person_key(outcome.key)[0]]
        if outcome.rejected:
            counts["reject"] += 1
        elif outcome.postponed:
            counts["held"] += 1
        elif outcome.change is None and loaded(outcome.row):
            counts["unchanged"] += 1
        _enroll(job, outcome.key, outcome.row)
    write_plan_file(job, [o.change for o in outcomes if o.change])
    write_issues(job, [found for o in outcomes for found in o.issues])
    rows: list[Row] = [(o.key, o.row) for o in people]
    job.blobs.put(job.folder.rows(job.at.batch), pack(rows))


def write_issues(job: Job, issues: Sequence[Issue]) -> None:
    """One file of issues, counted in the run."""
    if not issues:
        return
    for found in issues:
        job.run.issues[found.severity] += 1
        job.run.issue_codes[found.code] = job.run.issue_codes.get(found.code, 0) + 1
    job.blobs.put(job.folder.issues(job.at.issue_files), pack_lines(issues))
    job.at.issue_files += 1


def _enroll(job: Job, key: str, row: PersonRow | None) -> None:
    """Count a person in the import summary of the media application."""
    if row is not None and row.roster and loaded(row):
        counts = job.run.roster.setdefault(split_person_key(key)[0], {})
        standing = row.roster.partition(":")[0]
        counts[standing] = counts.get(standing, 0) + 1


def loaded(row: PersonRow | None) -> bool:
    """Whether a person is active in the store, as far as a snapshot's row tells."""
    return row is not None and not row.flags & (ENDED | MISSING | REJECTED | WAITING)


def next_people(job: Job, batch_count: int) -> dict[str, PersonRow]:
    """The people of the next snapshot: the old ones, overlaid with what the plan's batches left."""
    people = dict(job.snapshot.people)
    for batch in range(batch_count):
        for key, row in unpack(job.blobs.get(job.folder.rows(batch)), list[Row]):
            if row is None:
                people.pop(key, None)
            else:
                people[key] = row
    return people


def _left_for_later(job: Job) -> list[Issue]:
    waiting = sum(counts["held"] for counts in job.run.counts.values()) if job.adds_only else 0
    if not waiting:
        return []
    return [issue("changes_postponed", count=waiting)]


def _close(job: Job, families: dict[str, str], touched: set[str]) -> None:
    """Issues of the whole run, and how many people the plan leaves alone."""
    sizes = large(families.values())
    write_issues(
        job,
        [
            *job.survey.issues,
            *job.at.issues,
            *_left_for_later(job),
            *(
                issue(
                    "family_implausibly_large",
                    field="family_identifier",
                    value=family,
                    size=size,
                    usual=LARGE_FAMILY,
                )
                for family, size in sorted(sizes.items())
            ),
        ],
    )
    for key, row in job.snapshot.people.items():
        if key not in touched and loaded(row):
            job.run.counts[split_person_key(key)[0]]["unchanged"] += 1
            _enroll(job, key, row)
