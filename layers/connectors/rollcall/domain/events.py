"""What Rollcall tells the world: events about runs and integrations, never about a person.

``docs/events.md`` describes them and is checked against these models.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from rollcall.domain.run import Counts, Failure, Mode, Run, RunState, Trigger

SCHEMA_VERSION: Final = 1
"""Rises when a field goes or changes its meaning; new fields may come without."""

SOURCE = "rollcall"
RunEventType = Literal["RunCompleted", "RunFailed", "RunHeld", "RunStopped"]
EventType = Literal[RunEventType, "NoSuccess"]
_TYPES: dict[RunState, RunEventType] = {
    "completed": "RunCompleted",
    "failed": "RunFailed",
    "held": "RunHeld",
    "rejected": "RunStopped",
    "cancelled": "RunStopped",
    "skipped": "RunStopped",
}


class RunDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A run that ended or is held. ``holds`` are the reasons; ``failures_in_a_row`` counts this one in."""

    run_id: str
    trigger: Trigger
    mode: Mode
    state: RunState
    counts: Counts
    issues: dict[str, int]
    holds: list[str]
    error: Failure | None
    failures_in_a_row: int
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class SilenceDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An integration that no run has brought up to date for two periods of its schedule.

    ``last_success_at`` is null when no run ever has.
    """

    schedule_id: str
    last_success_at: datetime | None
    planned: list[datetime]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. The same ``id`` always means the same event, which may come more than once.

    ``run`` is there in every event about a run, ``silence`` in ``NoSuccess``.
    """

    id: str
    type: EventType
    at: datetime
    district_id: str
    integration_id: str
    system: str
    version: Literal[1] = SCHEMA_VERSION
    run: RunDetail | None = None
    silence: SilenceDetail | None = None


def is_event(run: Run) -> bool:
    """Whether the world is told of a run in this state: it has ended, or is held."""
    return run.state in _TYPES


def run_event(run: Run, failures_in_a_row: int, now: datetime) -> Event:
    """The event that a run in its present state is; see :func:`is_event`."""
    kind = _TYPES[run.state]
    return Event(
        id=f"{run.id}:{kind}",
        type=kind,
        at=run.ended_at or now,
        district_id=run.district_id,
        integration_id=run.integration_id,
        system=run.system,
        run=RunDetail(
            run_id=run.id,
            trigger=run.trigger,
            mode=run.mode,
            state=run.state,
            counts=run.counts,
            issues=run.issues,
            # Not the details of a hold, which may name students.
            holds=[hold.reason for hold in run.holds],
            error=run.error,
            failures_in_a_row=failures_in_a_row,
            queued_at=run.queued_at,
            started_at=run.started_at,
            ended_at=run.ended_at,
        ),
    )


def silence_event(
    district_id: str,
    integration_id: str,
    system: str,
    began_at: datetime,
    silence: SilenceDetail,
    now: datetime,
) -> Event:
    """An integration without success. One silence, which began at ``began_at``, is one event."""
    return Event(
        id=f"{integration_id}:NoSuccess:{began_at:%Y%m%dT%H%M%S}",
        type="NoSuccess",
        at=now,
        district_id=district_id,
        integration_id=integration_id,
        system=system,
        silence=silence,
    )


EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
