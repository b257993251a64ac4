"""Starting a run: first it is on record, then on the queue."""

from __future__ import annotations

from rollcall.domain.audit import AuditRecord
from rollcall.domain.ports import Queue, Runs
from rollcall.domain.run import Run


def start(runs: Runs, queue: Queue, run: Run, audit: AuditRecord | None = None) -> Run:
    """Create ``run`` and put it on the queue; return what is on record. Repeating the call is harmless.

    ``audit`` says who asked for it, if somebody did. A caller that dies between the two leaves a run that the sweeper
    sends later.
    """
    stored = runs.create(run, audit)
    if stored.state == "queued":
        queue.send(stored.message(), dedup=f"{stored.id}#{stored.slice}")
    return stored
