"""A run undone: every change that still stands as the run left it goes back to its before-image. The SIS is not asked.

Whoever was touched by anything newer is left alone and named. The snapshot forgets what it learnt of those who are put
back and flags them ``UNDONE``: the next run looks at them again, and what it would change in them waits for a person.
An undo of an undo makes the changes again, and flags nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from rollcall.domain.errors import NeedsAttention, NotFound
from rollcall.domain.person import Issue, MediaAccount, split_person_key
from rollcall.domain.plan import Change, ChangeKind, StoredPerson
from rollcall.domain.ports import Blobs, Runs, Settings
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, pack, unpack
from rollcall.engine.cohorts import cohorts_of, move, packed
from rollcall.engine.departures import ended
from rollcall.engine.frozen import Frozen, refuse_closed
from rollcall.engine.hold import Held
from rollcall.engine.images import key_of, plan_changes, plan_file, shows, write_plan_file
from rollcall.engine.issue_files import write_issues
from rollcall.engine.issues import issue
from rollcall.engine.job import Checkpoint, Job
from rollcall.engine.outcome import as_change
from rollcall.engine.people_table import NOTHING, UNDONE, UNSETTLED, WAITING, PersonRow, loaded
from rollcall.engine.plan import Row, next_people
from rollcall.engine.reapply import last_pull, settings_then
from rollcall.engine.taken import taken


def settings_to_undo(run: Run, settings: Settings, runs: Runs, blobs: Blobs) -> Frozen:
    """The settings of the last pull, whose records the undo leaves as they are. An integration that was switched off
    meanwhile may be undone.

    Raises ``NeedsAttention``, ``Closed`` in a blackout.
    """
    refuse_closed(settings.district(run.district_id), run)
    last = last_pull(run, runs.state(run.district_id, run.integration_id).snapshot, runs)
    return replace(settings_then(last, blobs), protections=settings.protections(run.district_id))


def take_over(job: Job) -> None:
    """Make this run the one whose files tell of the last pull, for whoever plans it again. Raises ``NeedsAttention``
    for a run that another undoes.
    """
    undone = _Undone.of(job)
    if job.run.mode == "sync" and undone.run.undone_by != job.run.id:
        raise NeedsAttention("undone_already", "Another run undoes it already. Nothing was changed.")
    last = last_pull(job.run, job.at.base, job.runs)
    job.blobs.put(job.folder.survey(), job.blobs.get(RunFolder(last).survey()))
    unmapped = int(last.checkpoint.get("unmapped", 0))
    if unmapped:
        job.blobs.put(job.folder.unmapped(), job.blobs.get(RunFolder(last).unmapped()))
    job.at.unmapped = unmapped
    job.at.settings = job.snapshot.settings.hex()


def plan_undo(job: Job) -> None:
    """Write the remaining batches of the plan, one for each file of the undone run's."""
    undone = _Undone.of(job)
    others = taken(job, lambda: undone.all_changes(job))
    while job.at.batch < undone.at.plan_files:
        _plan_batch(job, undone, others)
        job.at.batch += 1
        job.checkpoint(job.at.batch, undone.at.plan_files)
    unchanged = job.snapshot.people.count_loaded()
    for key in {key_of(change) for change in plan_changes(job)}:
        unchanged[split_person_key(key)[0]] -= loaded(job.snapshot.people.get(key))
    for kind, count in unchanged.items():
        job.run.counts[kind]["unchanged"] += count


def write_undone_snapshot(job: Job) -> None:
    """The last snapshot, with the rows of those who are put back as they were before the undone run."""
    people = next_people(job, job.at.batch)
    cohorts = cohorts_of(job.snapshot)
    for change in plan_changes(job):
        move(cohorts, change)
    snapshot = replace(job.snapshot, people=people, cohorts=packed(cohorts), previous=job.at.base)
    job.blobs.put(job.folder.snapshot(), pack(snapshot))


@dataclass(frozen=True)
class _Undone:
    """The run to be undone, as far as it was applied."""

    run: Run
    folder: RunFolder
    at: Checkpoint
    waited: frozenset[str]

    @classmethod
    def of(cls, job: Job) -> _Undone:
        run = job.runs.get(job.run.district_id, job.run.undoes) if job.run.undoes else None
        if run is None:
            raise NotFound("run")
        folder, at = RunFolder(run), msgspec.convert(run.checkpoint, Checkpoint)
        return cls(run, folder, at, frozenset(_never_made(job, run, folder, at)))

    def changes(self, job: Job, number: int) -> list[Change]:
        return [c for c in plan_file(job, self.folder, number) if key_of(c) not in self.waited]

    def all_changes(self, job: Job) -> Iterator[Change]:
        for number in range(self.at.plan_files):
            yield from self.changes(job, number)


def _never_made(job: Job, run: Run, folder: RunFolder, at: Checkpoint) -> Iterable[str]:
    """Who waited and was not let go, or was kept back when the rest was."""
    if not at.held:
        return ()
    if run.state == "completed":
        return unpack(job.blobs.get(folder.kept_back(at.kept)), list[str])
    return unpack(job.blobs.get(folder.held()), Held)


def _plan_batch(job: Job, undone: _Undone, others: dict[str, str]) -> None:
    number = job.at.batch
    changes = undone.changes(job, number)
    known = dict(unpack(job.blobs.get(undone.folder.known(number)), list[Row]))
    stored = job.people.get_many(job.run.district_id, [c.after.id for c in changes])
    back: list[Change] = []
    rows: list[Row] = []
    issues: list[Issue] = []
    for change in changes:
        now = stored.get(change.after.id)
        if now is None or not shows(job, change.after, now):
            if not shows(job, change.before, now):
                issues.append(_left_alone("changed_since_run", change))
        elif change.after.id in others:
            issues.append(_left_alone("taken_since_run", change, other=others[change.after.id]))
        elif (reverse := _reverse(job, change, now)) is not None:
            back.append(reverse)
            key = key_of(change)
            again = undone.run.trigger == "undo"
            rows.append((key, _row(known[key], change, reverse.after, again=again)))
    write_plan_file(job, back)
    write_issues(job, issues)
    job.blobs.put(job.folder.rows(number), pack(rows))


def _reverse(job: Job, change: Change, now: StoredPerson) -> Change | None:
    """The change back, from what is stored now; None when nothing would differ."""
    target = _target(job, change.before, now)
    target = replace(target, person=job.protections.over(key_of(change), target.person))
    if target == now:
        return None
    kinds: dict[tuple[str, str], ChangeKind] = {
        ("active", "ended"): "inactivate",
        ("ended", "active"): "reactivate",
    }
    return as_change(kinds.get((now.person.status, target.person.status), "update"), target, now)


def _target(job: Job, before: StoredPerson | None, now: StoredPerson) -> StoredPerson:
    """What is put back. Whoever was added is ended, since applications may have taken them; and so a host ID stays."""
    if before is None:
        return ended(job, now)
    if job.integration.pictures_only:
        return replace(now, person=replace(now.person, photo=before.person.photo))
    person = replace(
        before.person,
        photo=now.person.photo,
        host_id=before.person.host_id or now.person.host_id,
        media=_account(before.person.media, now.person.media),
    )
    return replace(before, person=person)


def _account(before: MediaAccount | None, now: MediaAccount | None) -> MediaAccount | None:
    """Whoever was let in is un-invited, not forgotten; an opt-out that the run brought stands."""
    if now is None:
        return before
    let_in = now.status == "invited" and not now.same_as
    if let_in and (before is None or before.status == "blocked"):
        return MediaAccount(status="uninvited", opt_out=now.opt_out)
    if now.opt_out and not (before and before.opt_out):
        return replace(before or MediaAccount(status="blocked"), opt_out=True)
    return before


def _row(known: PersonRow | None, change: Change, target: StoredPerson, *, again: bool) -> PersonRow | None:
    """What the snapshot knows of somebody who is put back: what it knew before the undone run.

    A household is forgotten where the family is put back, so that the next run sees them move into it.
    """
    host_id = target.person.host_id
    if known is None:
        return None if again else PersonRow(mapped=NOTHING, flags=WAITING | UNDONE, host_id=host_id)
    return replace(
        known,
        household=UNSETTLED if "family_id" in change.fields else known.household,
        host_id=known.host_id or host_id,
        flags=known.flags if again else known.flags | UNDONE,
    )


def _left_alone(code: str, change: Change, **words: str) -> Issue:
    person = change.after.person
    return issue(code, person=(person.type, person.source_id), **words)
