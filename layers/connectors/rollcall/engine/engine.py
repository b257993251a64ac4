"""The state machine: one message in, one slice of one run done, and what must happen to the message out.

::

    survey → pull → guard → map → diff → judge → apply → commit
                                                   └─ what passes a limit: held → approved → commit

A run that reapplies the last pull goes the same way, with a survey that asks nobody and nothing to pull.

A run is created, leased and begun; each stage checkpoints after its data; a slice that runs out of time queues the
next. Whatever kills a slice, the next delivery or the sweeper takes up at the last checkpoint.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from rollcall.connectors.base import Connector, Survey
from rollcall.domain.audit import people_dropped, run_started
from rollcall.domain.errors import (
    Closed,
    Conflict,
    LeaseLost,
    NeedsAttention,
    NotFound,
    OutOfTime,
    SourceContract,
    SourceTransient,
    StoreError,
    StoreThrottled,
)
from rollcall.domain.guard import refuse_empty, refuse_silence
from rollcall.domain.ids import derived_id
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Lookup
from rollcall.domain.ports import Blobs, Clock, Lease, People, Queue, Runs, Secrets, Settings
from rollcall.domain.run import CHECK_AFTER, Failure, Progress, Run, RunMessage
from rollcall.engine.apply import apply, buildings, prune, write_snapshot
from rollcall.engine.blobs import pack, snapshot_key, unpack
from rollcall.engine.compare import Work, compare, received
from rollcall.engine.delta import survey
from rollcall.engine.frozen import Frozen, settings_digest
from rollcall.engine.hold import apply_held, approved_id, judge_plan, write_approved_snapshot
from rollcall.engine.job import Checkpoint, Job, Stage
from rollcall.engine.mapping import map_people
from rollcall.engine.plan import plan
from rollcall.engine.pull import pull, stream_table
from rollcall.engine.reapply import NO_CREDENTIALS, restore, settings_of
from rollcall.engine.snapshot import Snapshot
from rollcall.engine.trend import weigh

log = logging.getLogger(__name__)

LEASE_MARGIN = timedelta(seconds=30)
"""A lease outlives the deadline of its holder by this: Lambda kills a little after its time-out, never much."""

BACK_OFF = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
"""Pauses of a scheduled run whose SIS does not answer. Somebody waits for a manual run: it fails at once."""

MAX_SLICES = 500

SUPERSEDED = Failure(
    "superseded", "A newer sync has run since this one was held, so it can no longer be approved."
)

Connect = Callable[[Integration, str, Mapping[str, Lookup], Mapping[str, str]], Connector]
"""From an integration, the school year, the lookups by entity and the credentials by key."""


class Busy(msgspec.Struct, frozen=True):
    """Another runner holds the integration: deliver the message again after ``seconds``."""

    seconds: int


Outcome = Literal["done"] | Busy


@dataclass(frozen=True)
class Engine:
    """Everything a slice needs from outside. Built once per process by a bootstrap, or by a test with fakes."""

    settings: Settings
    secrets: Secrets
    runs: Runs
    people: People
    blobs: Blobs
    queue: Queue
    clock: Clock
    connect: Connect

    def handle(
        self, message: RunMessage, delivery: str, sent_at: datetime, owner: str, deadline: datetime
    ) -> Outcome:
        """Advance the run that ``message`` asks for, by one slice.

        ``delivery`` names the message for as long as the queue redelivers it, ``owner`` this invocation. Raises
        ``StoreError`` when our own stores fail, so that the message comes again.
        """
        run = self._run(message, delivery, sent_at)
        if run is None or run.ended or run.state == "held" or message.slice < run.slice:
            return "done"
        expires_at = deadline + LEASE_MARGIN
        lease = self.runs.acquire(run.district_id, run.integration_id, owner, expires_at)
        if lease is None:
            return Busy(seconds=60)
        try:
            self._slice(run, lease, deadline)
        except LeaseLost:
            log.warning("lease lost", extra={"run_id": run.id})
        finally:
            self.runs.release(run.district_id, run.integration_id, lease)
        return "done"

    def give_up(
        self, message: RunMessage, delivery: str, sent_at: datetime, owner: str, deadline: datetime
    ) -> None:
        """End a run that an unforeseen error has killed again and again: repeating a bug mends nothing.

        A run that has begun to apply is left to the sweeper, since what it began must be finished.
        """
        run = self._run(message, delivery, sent_at)
        if run is None or run.ended or run.state == "applying":
            return
        lease = self.runs.acquire(run.district_id, run.integration_id, owner, deadline + LEASE_MARGIN)
        if lease is not None and self.runs.begin(run, lease):
            self._fail(
                run,
                lease,
                "internal_error",
                "Rollcall failed and changed nothing. Its operators have been told.",
            )
            self.runs.release(run.district_id, run.integration_id, lease)

    def _run(self, message: RunMessage, delivery: str, sent_at: datetime) -> Run | None:
        """The run a message speaks of; a message without one, from any system, makes its own, once."""
        if message.run_id is not None:
            return self.runs.get(message.district_id, message.run_id)
        integration = self.settings.integration(message.district_id, message.integration_id)
        run = Run(
            id=derived_id("run", sent_at, message.integration_id, delivery),
            district_id=message.district_id,
            integration_id=message.integration_id,
            system=integration.system,
            trigger=message.trigger,
            mode=message.mode,
            requested_by=message.requested_by,
            queued_at=sent_at,
            check_at=self.clock.now() + CHECK_AFTER,
        )
        return self.runs.create(run, run_started(run, delivery) if run.trigger == "manual" else None)

    def _slice(self, run: Run, lease: Lease, deadline: datetime) -> None:
        # read again under the lease: another slice may have moved it since
        run = self.runs.get(run.district_id, run.id) or run
        if run.ended:
            return
        if not self.runs.begin(run, lease):
            self._wait(run, lease)
            return
        log.info("slice begins", extra={"run_id": run.id, "slice": run.slice, "state": run.state})
        try:
            job = self._open(run, lease, deadline)
            self._advance(job)
        except OutOfTime:
            self._continue(run, lease)
        except SourceTransient as error:
            self._pause(run, lease, error)
        except Closed:
            self._skip_in_blackout(run, lease)
        except (NeedsAttention, SourceContract) as error:
            self._fail(run, lease, error.code, error.message)
        except NotFound as error:
            self._fail(
                run,
                lease,
                f"{error.what}_missing",
                f"{error.message} The sync needs it. Nothing was changed.",
            )

    def _open(self, run: Run, lease: Lease, deadline: datetime) -> Job:
        """Settings as they were when the run began, the connector, and the snapshot to compare with."""
        first = run.started_at is None
        if first:
            run.started_at = self.clock.now()
            run.state = "pulling"
            run.enter("survey", run.started_at)
        frozen = self._settings(run) if first else Frozen.load(self.blobs, run)
        lookups = frozen.lookups()
        school_year = frozen.district.school_year_at(run.started_at or self.clock.now())
        run.system = frozen.integration.system
        pulling = first or msgspec.convert(run.checkpoint, Checkpoint).stage in ("survey", "pull")
        if pulling and not run.reapplies:
            frozen.refuse_moved(self.settings.integration(run.district_id, run.integration_id))
        # No connector is made without; only one that pulls sends them anywhere.
        credentials = NO_CREDENTIALS if run.reapplies else self._credentials(run)
        job = Job(
            run=run,
            lease=lease,
            district=frozen.district,
            integration=frozen.integration,
            connector=self.connect(frozen.integration, school_year, lookups, credentials),
            lookups=lookups,
            twins=frozen.twins,
            accounts=frozen.accounts,
            blobs=self.blobs,
            people=self.people,
            runs=self.runs,
            settings=self.settings,
            clock=self.clock,
            deadline=deadline,
        )
        if first:
            frozen.save(self.blobs, run)
            job.at.base = self.runs.state(run.district_id, run.integration_id).snapshot
            job.save()
        if job.at.base:
            key = snapshot_key(run.district_id, run.integration_id, job.at.base)
            job.snapshot = unpack(self.blobs.get(key), Snapshot)
        if job.at.stage != "survey":
            job.survey = unpack(self.blobs.get(job.folder.survey()), Survey)
        return job

    def _settings(self, run: Run) -> Frozen:
        now = Frozen.take(self.settings, self.blobs, run)
        return settings_of(run, now, self.runs, self.blobs) if run.reapplies else now

    def _credentials(self, run: Run) -> Mapping[str, str]:
        try:
            return self.secrets.credentials(run.district_id, run.integration_id)
        except StoreThrottled:
            raise
        except StoreError as error:
            raise NeedsAttention(
                "credentials_unreadable", "The stored credentials cannot be opened. Enter them again."
            ) from error

    def _advance(self, job: Job) -> None:
        work: Work | None = None
        if job.at.stage == "survey":
            if job.run.reapplies:
                restore(job)
            else:
                survey(job)
                job.run.pull = "delta" if job.survey.delta else "full"
            self.blobs.put(job.folder.survey(), pack(job.survey))
            job.at.settings = settings_digest(job)
            _enter(job, "pull")
        if job.at.stage == "pull":
            pull(job)
            _guard(job)
            _enter(job, "map")
        if job.at.stage == "map":
            work = compare(job)
            map_people(job, work)
            _enter(job, "diff")
        if job.at.stage == "diff":
            work = work or compare(job)
            plan(job, work)
            batches = job.at.batches = job.at.batch
            judge_plan(job)
            issues = weigh(job, work)
            if job.run.mode == "preview":
                self._finish(job.run, job.lease)
                return
            write_snapshot(job, work.received, batches, issues)
            _enter(job, "apply")
        if job.at.stage == "apply":
            apply(job)
            if job.at.held:
                self._hold(job)
            else:
                self._finish(job.run, job.lease, snapshot=job.run.id, previous=job.at.base)
            prune(job)
        elif job.at.stage == "approved":
            self._approved(job)

    def _hold(self, job: Job) -> None:
        """Commit what need not wait, and leave the rest to a person. Other runs may go on meanwhile."""
        run, base = job.run, job.at.base
        job.at.stage, job.at.batch, job.at.base = "approved", 0, run.id
        job.at.dropped = dict(run.dropped)
        run.checkpoint = msgspec.to_builtins(job.at)
        run.state, run.check_at = "held", None
        run.progress = Progress(stage="held", done=0, total=job.at.held)
        log.info("run held", extra={"run_id": run.id, "reasons": [hold.reason for hold in run.holds]})
        self._commit(run, job.lease, run.id, base, {})

    def _approved(self, job: Job) -> None:
        """Apply what a person let go on, unless a newer pull has made it void."""
        run = job.run
        current = self.runs.state(run.district_id, run.integration_id).snapshot
        if current not in (run.id, approved_id(run.id)):
            run.state, run.error = "cancelled", SUPERSEDED
            self._finish(run, job.lease)
            return
        apply_held(job)
        snapshot = write_approved_snapshot(job)
        self._finish(run, job.lease, snapshot=snapshot, previous=run.id, told=job.at.dropped)

    def _finish(
        self,
        run: Run,
        lease: Lease,
        snapshot: str | None = None,
        previous: str | None = None,
        told: Mapping[str, int] = {},
    ) -> None:
        if run.error is None:
            run.state = "completed"
        run.end(self.clock.now())
        run.progress.stage = run.state
        self._commit(run, lease, snapshot, previous, told)
        log.info(
            "run ended",
            extra={"run_id": run.id, "state": run.state, "counts": run.counts, "slice": run.slice},
        )

    def _commit(
        self, run: Run, lease: Lease, snapshot: str | None, previous: str | None, told: Mapping[str, int]
    ) -> None:
        """Store the run's end, or that it is held, with its snapshot; then see to the runs that this concerns."""
        superseded = self.runs.state(run.district_id, run.integration_id).held_run if snapshot else None
        dropped = people_dropped(run, self.clock.now(), told) if snapshot else None
        waiting = self.runs.finish(run, lease, snapshot, previous, dropped)
        if superseded and superseded != run.id:
            self._supersede(run.district_id, superseded)
        next_run = self.runs.get(run.district_id, waiting) if waiting else None
        if next_run:
            self._send(next_run)

    def _supersede(self, district_id: str, held_id: str) -> None:
        """Close a held run that a newer one has overtaken. Who approves at this very moment is told by the runner."""
        held = self.runs.get(district_id, held_id)
        if held is None or held.state != "held":
            return
        closed = msgspec.structs.replace(
            held, state="cancelled", error=SUPERSEDED, ended_at=self.clock.now(), check_at=None
        )
        try:
            self.runs.decide(held, closed)
        except Conflict:
            log.info("held run decided meanwhile", extra={"run_id": held_id})

    def _fail(self, run: Run, lease: Lease, code: str, message: str) -> None:
        run.state, run.error = "failed", Failure(code, message)
        self._finish(run, lease)

    def _skip_in_blackout(self, run: Run, lease: Lease) -> None:
        run.state, run.error = (
            "skipped",
            Failure("blackout", "The district wants no runs at this time; the schedule goes on after it."),
        )
        self._finish(run, lease)

    def _continue(self, run: Run, lease: Lease) -> None:
        if run.slice >= MAX_SLICES:
            self._fail(run, lease, "too_many_slices", "The run made no end in the time a run may take.")
            return
        run.slice += 1
        # sent first: a message too many is ignored, a message too few would leave the run to the sweeper
        self._send(run)
        self.runs.save(run, lease)

    def _pause(self, run: Run, lease: Lease, error: SourceTransient) -> None:
        if run.trigger != "schedule" or run.attempts >= len(BACK_OFF):
            self._fail(run, lease, error.code, error.message)
            return
        pause = max(BACK_OFF[run.attempts], timedelta(seconds=error.retry_after or 0))
        run.attempts, run.sweeps = run.attempts + 1, 0
        run.check_at = self.clock.now() + pause
        self.runs.save(run, lease)
        log.info("run paused", extra={"run_id": run.id, "code": error.code, "seconds": pause.total_seconds()})

    def _wait(self, run: Run, lease: Lease) -> None:
        if self.runs.wait(run):
            return
        run.state, run.error = (
            "skipped",
            Failure("already_waiting", "Another run of this integration waits already."),
        )
        run.end(self.clock.now())
        self.runs.save(run, lease)

    def _send(self, run: Run) -> None:
        self.queue.send(run.message(), dedup=f"{run.id}#{run.slice}")


def _enter(job: Job, stage: Stage) -> None:
    """Move on to the next stage, and say so to whoever reads the log."""
    done = {"stage": job.at.stage, "parts": len(job.at.parts), "records": sum(n for _, _, n in job.at.parts)}
    log.info(
        "stage done", extra={"run_id": job.run.id, "slice": job.run.slice, **done, "counts": job.run.counts}
    )
    job.enter(stage)
    job.checkpoint(0, None)


def _guard(job: Job) -> None:
    """What no approval can override. A stream that was there last time and is not offered any more counts as empty."""
    known = {name: len(table.ids) for name, table in job.snapshot.tables.items() if name in job.streams}
    now = dict.fromkeys(known, 0)
    for part, (_, _, records) in zip(job.survey.parts, job.at.parts, strict=True):
        now[part.stream] = now.get(part.stream, 0) + records
    if job.survey.delta:
        now |= {name: len(table.ids) for name, table in received(job).tables.items()}
    before = {name: count for name, count in known.items() if not job.streams[name].per}
    refuse_empty(now, before, buildings(job), job.snapshot.buildings)
    for name in known:
        if job.streams[name].per:
            refuse_silence(name, *_naming(job, name))


def _naming(job: Job, stream: str) -> tuple[int, int]:
    """Of the records received of a stream that hangs on another: how many named more people than their subject last
    time, and how many of those do now.
    """
    asked, old = stream_table(job, stream), job.snapshot.tables[stream]
    before = {i for at, i in enumerate(old.ids) if len(old.people_at(at)) > 1}.intersection(asked.ids)
    return len(before), sum(i in before and len(asked.people_at(at)) > 1 for at, i in enumerate(asked.ids))
