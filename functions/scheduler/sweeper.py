"""Runs that nobody works on any more: their message was lost, their runner died, or their pause is over."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.domain.errors import LeaseLost, StoreError
from rollcall.domain.ports import Lease
from rollcall.domain.run import CHECK_AFTER, Failure, Run
from scheduler.bootstrap import Parts

log = logging.getLogger(__name__)
MAX_SWEEPS = 5
_BATCH = 100
_LEASE = timedelta(minutes=2)
_ABANDONED = Failure(
    "abandoned",
    "The run stopped again and again without getting any further. Start it again, or ask for help.",
)


@dataclass
class Swept:
    """What one tick did."""

    resent: int = 0
    abandoned: int = 0
    failed: int = 0


def sweep(parts: Parts, owner: str, deadline: datetime) -> Swept:
    """Send every run on that nobody works on; give up on one that was sent five times and has applied nothing yet.

    ``owner`` names this invocation.
    """
    swept = Swept()
    for run in parts.runs.due(parts.clock.now(), _BATCH):
        if parts.clock.now() >= deadline:
            break
        try:
            _look_after(parts, run, owner, swept)
        except (StoreError, LeaseLost) as error:
            swept.failed += 1
            log.warning("run not swept", extra={"run_id": run.id, "error": type(error).__name__})
    return swept


def _look_after(parts: Parts, found: Run, owner: str, swept: Swept) -> None:
    runs = parts.runs
    lease = runs.acquire(found.district_id, found.integration_id, owner, parts.clock.now() + _LEASE)
    if lease is None:
        # A runner is at work on it, or on the run that it waits for.
        return
    try:
        next_up = _decide(parts, found, lease, swept)
    finally:
        runs.release(found.district_id, found.integration_id, lease)
    if next_up:
        # After the lease is free, or the runner would find it taken. The sweeps make it another message than before.
        parts.queue.send(next_up.message(), dedup=f"{next_up.id}#{next_up.slice}#{next_up.sweeps}")


def _decide(parts: Parts, found: Run, lease: Lease, swept: Swept) -> Run | None:
    """The run to send, if any."""
    now = parts.clock.now()
    run = parts.runs.get(found.district_id, found.id)
    if run is None or run.ended or run.check_at is None or run.check_at > now:
        return None
    if _waits(parts, run):
        run.check_at = now + CHECK_AFTER
        parts.runs.save(run, lease)
        return None
    if run.sweeps >= MAX_SWEEPS:
        # What a run has begun to apply must be brought to its end, or the next comparison would miss it.
        if run.state != "applying":
            return _abandon(parts, run, lease, swept)
        log.error("run stuck", extra={"run_id": run.id, "slice": run.slice})
    run.sweeps += 1
    run.check_at = now + CHECK_AFTER
    parts.runs.save(run, lease)
    swept.resent += 1
    log.info("run sent again", extra={"run_id": run.id, "sweeps": run.sweeps})
    return run


def _waits(parts: Parts, run: Run) -> bool:
    """Whether the run stands behind another one that has not ended: then it is not its turn to make progress."""
    active_id = parts.runs.state(run.district_id, run.integration_id).active_run
    if active_id is None or active_id == run.id:
        return False
    active = parts.runs.get(run.district_id, active_id)
    return active is not None and not active.ended


def _abandon(parts: Parts, run: Run, lease: Lease, swept: Swept) -> Run | None:
    run.state, run.error = "failed", _ABANDONED
    run.end(parts.clock.now())
    waiting = parts.runs.finish(run, lease, None, None)
    swept.abandoned += 1
    log.error("run abandoned", extra={"run_id": run.id, "slice": run.slice})
    return parts.runs.get(run.district_id, waiting) if waiting else None
