"""Schedules whose time has come."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from rollcall.domain.errors import NotFound, StoreError
from rollcall.domain.ids import derived_id
from rollcall.domain.integration import Integration
from rollcall.domain.run import CHECK_AFTER, Run
from rollcall.domain.schedule import Schedule, next_run
from rollcall.engine.start import start
from scheduler.bootstrap import Parts

log = logging.getLogger(__name__)
_BATCH = 100


@dataclass
class Asked:
    """What one tick did. ``seconds_late`` is of the schedule that had waited longest."""

    schedules: int = 0
    runs: int = 0
    failed: int = 0
    seconds_late: float = 0.0


def ask_for_due_runs(parts: Parts, deadline: datetime) -> Asked:
    """Ask for one run of each active integration of each due schedule. What does not fit is due in the next tick."""
    asked = Asked()
    seen: set[tuple[str, str]] = set()
    while True:
        due = parts.config.due_schedules(parts.clock.now(), _BATCH)
        fresh = [schedule for schedule in due if (schedule.district_id, schedule.id) not in seen]
        if not fresh:
            return asked
        for schedule in fresh:
            if parts.clock.now() >= deadline:
                return asked
            seen.add((schedule.district_id, schedule.id))
            _ask(parts, schedule, asked)


def _ask(parts: Parts, schedule: Schedule, asked: Asked) -> None:
    planned = schedule.next_run_at
    if planned is None:
        return
    now = parts.clock.now()
    asked.seconds_late = max(asked.seconds_late, (now - planned).total_seconds())
    try:
        district = parts.config.district(schedule.district_id)
        blackout = district.blackout_at(now)
        # Planned times avoid blackouts, so this one was planned before the blackout was.
        if blackout is None or blackout.kind != "no_runs":
            for integration in active_integrations(parts, schedule):
                start(parts.runs, parts.queue, _run(schedule, integration, planned, now))
                asked.runs += 1
        # Only now, so that a crash repeats this tick, whose runs exist already, rather than losing it. Counted from
        # now, not from the planned time: what was missed is made up for once.
        following = next_run(schedule.frequency, district.time_zone, now, district.blackouts)
        parts.config.advance(schedule, following)
        asked.schedules += 1
    except StoreError as error:
        asked.failed += 1
        log.warning("schedule not kept", extra={"schedule_id": schedule.id, "code": error.code})


def active_integrations(parts: Parts, schedule: Schedule) -> list[Integration]:
    """Those of a schedule's integrations that are there and active."""
    found = []
    for integration_id in schedule.integration_ids:
        try:
            integration = parts.config.integration(schedule.district_id, integration_id)
        except NotFound:
            continue
        if integration.active:
            found.append(integration)
    return found


def _run(schedule: Schedule, integration: Integration, planned: datetime, now: datetime) -> Run:
    return Run(
        # The same tick gives the same id, so a repeated one starts nothing twice.
        id=derived_id("run", planned, schedule.id, integration.id),
        district_id=schedule.district_id,
        integration_id=integration.id,
        system=integration.system,
        trigger="schedule",
        requested_by=schedule.run_as,
        queued_at=now,
        check_at=now + CHECK_AFTER,
    )
