"""Starting a run: first it is on record, then on the queue."""

from __future__ import annotations

from datetime import timedelta

from rollcall.domain.ports import Queue, Runs
from rollcall.domain.run import Run, RunMessage

CHECK_AFTER = timedelta(minutes=5)
"""When the sweeper looks whether a run that was sent has begun."""


def start(runs: Runs, queue: Queue, run: Run) -> Run:
    """Create ``run`` and put it on the queue; return what is on record. Repeating the call is harmless.

    A caller that dies between the two leaves a run that the sweeper sends later.
    """
    stored = runs.create(run)
    if stored.state == "queued":
        queue.send(message(stored), dedup=f"{stored.id}#{stored.slice}")
    return stored


def message(run: Run) -> RunMessage:
    """The queue message for the next slice of a run that is on record."""
    return RunMessage(
        version=1,
        district_id=run.district_id,
        integration_id=run.integration_id,
        trigger=run.trigger,
        mode=run.mode,
        requested_by=run.requested_by,
        run_id=run.id,
        slice=run.slice,
    )
