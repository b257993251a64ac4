"""Cancelling a run: one that nobody works on ends at once, the runner of another is asked to end it.

A runner sees the request at its next checkpoint, and a plan that it has begun to apply it finishes. Both are one
condition of the store: the write that lets a run apply fails once there is a request, and a request fails once the run
applies. So whoever was told that a run will be cancelled can rely on it changing nobody.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from rollcall.domain.audit import AuditRecord
from rollcall.domain.errors import Conflict, NotFound
from rollcall.domain.ports import Queue, Runs
from rollcall.domain.run import Decision, Failure, Run

CANCELLED = Failure("cancelled", "A person cancelled the run before it changed anybody.")
REST_CANCELLED = Failure(
    "cancelled", "A person cancelled what waited for approval. What did not have to wait had been applied."
)
_LOOKS = 3


def cancel(
    runs: Runs,
    queue: Queue,
    district_id: str,
    run_id: str,
    request: Decision,
    audit: Callable[[Run], AuditRecord],
) -> Run:
    """Cancel a run, or ask its runner to; returns the run as it stands. ``audit`` makes the record of it.

    Raises ``NotFound``, and ``Conflict`` for a run that has ended (``run_ended``) or applies its plan (``applying``).
    Repeating the call is harmless; who asked first is kept.
    """
    for _ in range(_LOOKS):
        run = runs.get(district_id, run_id)
        if run is None:
            raise NotFound("run")
        _refuse_too_late(run)
        try:
            return _cancel(runs, queue, run, request, audit(run))
        except Conflict:
            # It has moved on at this very moment: look again.
            continue
    raise Conflict("run_changed", "The run has changed in the meantime; read it again.")


def _cancel(runs: Runs, queue: Queue, run: Run, request: Decision, audit: AuditRecord) -> Run:
    begun = runs.state(run.district_id, run.integration_id).active_run == run.id
    if run.state == "held" or (run.state == "queued" and not begun):
        error = REST_CANCELLED if run.state == "held" else CANCELLED
        after = replace(
            run, state="cancelled", error=error, cancellation=request, ended_at=request.at, check_at=None
        )
        runs.decide(run, after, audit)
        return after
    runs.request_cancel(run, request, audit)
    # It may be paused, or its runner dead: then nobody would look at it for a while.
    queue.send(run.message(), dedup=f"{run.id}#{run.slice}#cancel")
    return run


def _refuse_too_late(run: Run) -> None:
    if run.ended:
        raise Conflict("run_ended", f"The run is {run.state}; there is nothing left of it to cancel.")
    if run.state == "applying":
        raise Conflict("applying", "It is being written and will be whole in a moment; undo it then.")
