"""How a slice leaves its run: ended, held for a person, paused, behind another run, or to go on in the next slice."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from rollcall.domain.audit import people_dropped
from rollcall.domain.errors import Conflict, SourceTransient
from rollcall.domain.ports import Clock, Lease, Queue, Runs
from rollcall.domain.run import Decision, Failure, Progress, Run, RunState, no_counts
from rollcall.engine.cancel import CANCELLED
from rollcall.engine.job import Job

log = logging.getLogger(__name__)

BACK_OFF = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
"""Pauses of a scheduled run whose SIS does not answer. Somebody waits for a manual run: it fails at once."""

MAX_SLICES = 500

SUPERSEDED = Failure(
    "superseded", "A newer sync has run since this one was held, so it can no longer be approved."
)
WAITING_ALREADY = Failure("already_waiting", "Another run of this integration waits already.")
BLACKOUT = Failure("blackout", "The district wants no runs at this time; the schedule goes on after it.")


@dataclass(frozen=True)
class Ending:
    """The ways out of a slice of ``run``, under its lease."""

    run: Run
    lease: Lease
    runs: Runs
    queue: Queue
    clock: Clock

    def complete(
        self, snapshot: str | None = None, previous: str | None = None, told: Mapping[str, int] | None = None
    ) -> None:
        """All is done. ``snapshot`` takes the place of ``previous``, if one was written. ``told``: see
        :func:`~rollcall.domain.audit.people_dropped`.
        """
        self._end("completed", None, snapshot, previous, told or {})

    def fail(self, code: str, message: str) -> None:
        """It could not be done."""
        self._end("failed", Failure(code, message))

    def refuse(self, code: str, message: str) -> None:
        """It cannot be done as things are. Where it is to show a protection, nothing failed: the next sync shows it."""
        if self.run.trigger == "protect":
            self.skip(Failure(code, message))
        else:
            self.fail(code, message)

    def cancel(self, why: Failure) -> None:
        """It is not to be done any more."""
        self._end("cancelled", why)

    def cancel_as_asked(self, request: Decision) -> None:
        """A person wants it not to be done. What it has counted was only planned."""
        run = self.run
        run.cancellation = request
        run.counts, run.dropped, run.roster, run.holds = no_counts(), {}, {}, []
        self.cancel(CANCELLED)

    def skip(self, why: Failure) -> None:
        """It was not to be begun."""
        self._end("skipped", why)

    def hold(self, job: Job) -> None:
        """Commit what need not wait, and leave the rest to a person. Other runs may go on meanwhile."""
        run, base = self.run, job.at.base
        job.at.stage, job.at.batch, job.at.base = "approved", 0, run.id
        job.at.dropped = dict(run.dropped)
        run.checkpoint = msgspec.to_builtins(job.at)
        run.leave(self.clock.now())
        run.state, run.check_at = "held", None
        run.progress = Progress(stage="held", done=0, total=job.at.held)
        log.info("run held", extra={"run_id": run.id, "reasons": [hold.reason for hold in run.holds]})
        self._commit(run.id, base, {})

    def go_on(self) -> None:
        """The slice's time is up: let the next message bring the next slice."""
        if self.run.slice >= MAX_SLICES:
            self.fail("too_many_slices", "The run made no end in the time a run may take.")
            return
        self.run.slice += 1
        # sent first: a message too many is ignored, a message too few would leave the run to the sweeper
        self._send(self.run)
        self.runs.save(self.run, self.lease)

    def pause(self, error: SourceTransient) -> None:
        """The SIS does not answer: try again later, if nobody waits for the run."""
        run = self.run
        if run.trigger != "schedule" or run.attempts >= len(BACK_OFF):
            self.fail(error.code, error.message)
            return
        pause = max(BACK_OFF[run.attempts], timedelta(seconds=error.retry_after or 0))
        run.attempts, run.sweeps = run.attempts + 1, 0
        run.check_at = self.clock.now() + pause
        self.runs.save(run, self.lease)
        log.info("run paused", extra={"run_id": run.id, "code": error.code, "seconds": pause.total_seconds()})

    def wait(self) -> None:
        """Another run is active: come after it, unless one waits already."""
        if self.runs.wait(self.run):
            return
        self.run.state, self.run.error = "skipped", WAITING_ALREADY
        self.run.end(self.clock.now())
        self.runs.save(self.run, self.lease)

    def _end(
        self,
        state: RunState,
        error: Failure | None,
        snapshot: str | None = None,
        previous: str | None = None,
        told: Mapping[str, int] | None = None,
    ) -> None:
        run = self.run
        run.state, run.error = state, error
        run.end(self.clock.now())
        run.progress.stage = run.state
        self._commit(snapshot, previous, told or {})
        log.info(
            "run ended",
            extra={"run_id": run.id, "state": run.state, "counts": run.counts, "slice": run.slice},
        )

    def _commit(self, snapshot: str | None, previous: str | None, told: Mapping[str, int]) -> None:
        """Store the run's end, or that it is held, with its snapshot; then see to the runs that this concerns."""
        run, runs = self.run, self.runs
        superseded = runs.state(run.district_id, run.integration_id).held_run if snapshot else None
        dropped = people_dropped(run, self.clock.now(), told) if snapshot else None
        waiting = runs.finish(run, self.lease, snapshot, previous, dropped)
        if superseded and superseded != run.id:
            self._supersede(superseded)
        next_run = runs.get(run.district_id, waiting) if waiting else None
        if next_run:
            self._send(next_run)

    def _supersede(self, held_id: str) -> None:
        """Close a held run that this one has overtaken. Who approves at this very moment is told by the runner."""
        held = self.runs.get(self.run.district_id, held_id)
        if held is None or held.state != "held":
            return
        closed = msgspec.structs.replace(
            held, state="cancelled", error=SUPERSEDED, ended_at=self.clock.now(), check_at=None
        )
        try:
            self.runs.decide(held, closed)
        except Conflict:
            log.info("held run decided meanwhile", extra={"run_id": held_id})

    def _send(self, run: Run) -> None:
        self.queue.send(run.message(), dedup=f"{run.id}#{run.slice}")
