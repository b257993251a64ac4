"""The state machine: one message in, one slice of one run done, and what must happen to the message out.

::

    survey → pull → guard → map → diff → judge → apply → commit
                                                   └─ what passes a limit: held → approved → commit

A run that reapplies the last pull goes the same way, with a survey that asks nobody and nothing to pull. A run that
undoes another has a plan of its own and goes from there to apply.

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
from rollcall.domain.audit import run_started
from rollcall.domain.errors import (
    CancelRequested,
    Closed,
    LeaseLost,
    NeedsAttention,
    NotFound,
    OutOfTime,
    SourceContract,
    SourceTransient,
    StoreError,
    StoreThrottled,
)
from rollcall.domain.ids import derived_id
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Lookup
from rollcall.domain.ports import Blobs, Clock, Lease, People, Queue, Runs, Secrets, Settings
from rollcall.domain.run import CHECK_AFTER, WORKING, Run, RunMessage
from rollcall.engine.apply import apply, prune, write_snapshot
from rollcall.engine.approved import apply_held, write_approved_snapshot
from rollcall.engine.blobs import RunFolder, approved_id, pack, snapshot_key, unpack
from rollcall.engine.collection import seldom_collected
from rollcall.engine.compare import Work, compare
from rollcall.engine.complete import refuse_incomplete
from rollcall.engine.delta import survey
from rollcall.engine.ending import BLACKOUT, SUPERSEDED, Ending
from rollcall.engine.frozen import Frozen, settings_digest
from rollcall.engine.hold import judge_plan
from rollcall.engine.job import Checkpoint, Job, Stage
from rollcall.engine.mapping import map_people
from rollcall.engine.plan import next_people, plan
from rollcall.engine.pull import pull
from rollcall.engine.reapply import NO_CREDENTIALS, restore, settings_of
from rollcall.engine.snapshot import read_snapshot
from rollcall.engine.trend import weigh
from rollcall.engine.undo import plan_undo, settings_to_undo, take_over, write_undone_snapshot

log = logging.getLogger(__name__)

LEASE_MARGIN = timedelta(seconds=30)
"""A lease outlives the deadline of its holder by this: Lambda kills a little after its time-out, never much."""

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
    parts_ahead: int = 0

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
            with seldom_collected():
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
            self._ending(run, lease).fail(
                "internal_error", "Rollcall failed and changed nothing. Its operators have been told."
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
        ending = self._ending(run, lease)
        if not self.runs.begin(run, lease):
            ending.wait()
            return
        log.info("slice begins", extra={"run_id": run.id, "slice": run.slice, "state": run.state})
        try:
            job = self._open(run, lease, deadline)
            if run.trigger == "undo":
                self._undo(job, ending)
            else:
                self._advance(job, ending)
        except CancelRequested:
            self._cancel(run, ending)
        except OutOfTime:
            ending.go_on()
        except SourceTransient as error:
            ending.pause(error)
        except Closed:
            ending.skip(BLACKOUT)
        except (NeedsAttention, SourceContract) as error:
            ending.refuse(error.code, error.message)
        except NotFound as error:
            ending.fail(f"{error.what}_missing", f"{error.message} The sync needs it. Nothing was changed.")

    def _open(self, run: Run, lease: Lease, deadline: datetime) -> Job:
        """Settings as they were when the run began, the connector, and the snapshot to compare with."""
        if run.state in WORKING and self.runs.cancel_requests(run.district_id, [run.id]):
            raise CancelRequested
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
        if pulling and run.pulls:
            frozen.refuse_moved(self.settings.integration(run.district_id, run.integration_id))
        # No connector is made without; only one that pulls sends them anywhere.
        credentials = self._credentials(run) if run.pulls else NO_CREDENTIALS
        job = Job(
            run=run,
            lease=lease,
            district=frozen.district,
            integration=frozen.integration,
            connector=self.connect(frozen.integration, school_year, lookups, credentials),
            lookups=lookups,
            twins=frozen.twins,
            accounts=frozen.accounts,
            protected=frozen.protections,
            blobs=self.blobs,
            people=self.people,
            runs=self.runs,
            settings=self.settings,
            clock=self.clock,
            deadline=deadline,
            parts_ahead=self.parts_ahead,
        )
        if first:
            frozen.save(self.blobs, run)
            job.at.base = self.runs.state(run.district_id, run.integration_id).snapshot
            job.save()
        if job.at.base:
            key = snapshot_key(run.district_id, run.integration_id, job.at.base)
            job.snapshot = read_snapshot(self.blobs.get(key))
        if job.at.stage != "survey":
            job.survey = unpack(self.blobs.get(job.folder.survey()), Survey)
        return job

    def _settings(self, run: Run) -> Frozen:
        if run.trigger == "undo":
            return settings_to_undo(run, self.settings, self.runs, self.blobs)
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

    def _advance(self, job: Job, ending: Ending) -> None:
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
            refuse_incomplete(job)
            _enter(job, "map")
        if job.at.stage == "map":
            work = compare(job)
            map_people(job, work)
            _enter(job, "diff")
        if job.at.stage == "diff":
            work = work or compare(job)
            plan(job, work)
            job.at.batches = job.at.batch
            people = next_people(job, job.at.batches)
            judge_plan(job, people)
            issues = weigh(job, work)
            if job.run.mode == "preview":
                ending.complete()
                return
            write_snapshot(job, work.received, people, issues)
            _enter(job, "apply")
        if job.at.stage == "apply":
            apply(job)
            if job.at.held:
                ending.hold(job)
            else:
                ending.complete(job.run.id, job.at.base)
            prune(job)
        elif job.at.stage == "approved":
            self._approved(job, ending)

    def _cancel(self, run: Run, ending: Ending) -> None:
        """End a run that has changed nobody as somebody asked."""
        request = self.runs.cancel_requests(run.district_id, [run.id])[run.id]
        # It may have written one already, which nobody would ever prune.
        self.blobs.delete([RunFolder(run).snapshot()])
        ending.cancel_as_asked(request)

    def _undo(self, job: Job, ending: Ending) -> None:
        """The same stages, with another run's before-images for a plan, and nothing to judge: a person wants it."""
        if job.at.stage == "survey":
            take_over(job)
            _enter(job, "diff")
        if job.at.stage == "diff":
            plan_undo(job)
            if job.run.mode == "preview":
                ending.complete()
                return
            write_undone_snapshot(job)
            _enter(job, "apply")
        apply(job)
        ending.complete(job.run.id, job.at.base)
        prune(job)

    def _ending(self, run: Run, lease: Lease) -> Ending:
        return Ending(run, lease, self.runs, self.queue, self.clock)

    def _approved(self, job: Job, ending: Ending) -> None:
        """Apply what a person let go on, unless a newer pull has made it void."""
        run = job.run
        current = self.runs.state(run.district_id, run.integration_id).snapshot
        if current not in (run.id, approved_id(run.id)):
            ending.cancel(SUPERSEDED)
            return
        apply_held(job)
        ending.complete(write_approved_snapshot(job), run.id, job.at.dropped)


def _enter(job: Job, stage: Stage) -> None:
    """Move on to the next stage, and say so to whoever reads the log."""
    done = {"stage": job.at.stage, "parts": len(job.at.parts), "records": sum(n for _, _, n in job.at.parts)}
    log.info(
        "stage done", extra={"run_id": job.run.id, "slice": job.run.slice, **done, "counts": job.run.counts}
    )
    job.enter(stage)
    job.checkpoint(0, None)
