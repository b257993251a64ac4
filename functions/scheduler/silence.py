"""Integrations whose runs bring no success. A schedule that is dead says nothing, so somebody must ask."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.domain.errors import StoreError
from rollcall.domain.events import SilenceDetail, silence_event
from rollcall.domain.ports import IntegrationState
from rollcall.domain.schedule import Schedule, overdue
from rollcall.store.due import SHARDS
from scheduler.bootstrap import Parts
from scheduler.due import active_integrations

log = logging.getLogger(__name__)
_TICK = timedelta(minutes=1)


@dataclass
class Watched:
    """What one tick did. ``silent`` counts integrations that are silent, told of before or not."""

    schedules: int = 0
    silent: int = 0
    failed: int = 0


def watch(parts: Parts, deadline: datetime) -> Watched:
    """Look at a part of all active schedules, another one every minute, for integrations without success."""
    watched = Watched()
    now = parts.clock.now()
    for schedule in parts.config.active_schedules(int(now.timestamp() // _TICK.total_seconds()) % SHARDS):
        if parts.clock.now() >= deadline:
            break
        try:
            watched.silent += _look(parts, schedule, now)
            watched.schedules += 1
        except StoreError as error:
            watched.failed += 1
            log.warning("schedule not watched", extra={"schedule_id": schedule.id, "code": error.code})
    return watched


def _look(parts: Parts, schedule: Schedule, now: datetime) -> int:
    district = parts.config.district(schedule.district_id)
    integrations = active_integrations(parts, schedule)
    states = parts.runs.states(schedule.district_id, [integration.id for integration in integrations])
    silent = 0
    for integration in integrations:
        last = states.get(integration.id, IntegrationState()).last_success_at
        # A schedule or an integration that was just mended has its time as well.
        since = max(last or integration.created_at, integration.updated_at, schedule.updated_at)
        planned = overdue(schedule.frequency, district.time_zone, since, now, district.blackouts)
        if planned:
            silent += 1
            parts.outbox.add(
                silence_event(
                    schedule.district_id,
                    integration.id,
                    integration.system,
                    last or integration.created_at,
                    SilenceDetail(schedule_id=schedule.id, last_success_at=last, planned=planned),
                    now,
                )
            )
    return silent
