"""What the API answers about schedules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from config_api.views import LastRun, View
from rollcall.domain.blackout import Blackout
from rollcall.domain.district import District
from rollcall.domain.run import Run
from rollcall.domain.schedule import Frequency, Schedule, leaves_out, next_runs


class ScheduledRun(LastRun):
    """What one integration of a schedule has last done, whoever asked for it."""

    integration_id: str


class ScheduleView(View):
    """A schedule. ``next_runs`` are the coming five, none while it is inactive; ``last_runs`` leave out what never ran.

    ``last_run_at`` is the time that was last kept, as planned.
    """

    id: str
    name: str
    integration_ids: list[str]
    frequency: Frequency
    run_as: str
    active: bool
    next_runs: list[datetime]
    next_run_at: datetime | None
    last_run_at: datetime | None
    last_runs: list[ScheduledRun]
    version: int
    created_at: datetime
    updated_at: datetime


class PlannedRunView(View):
    """A time at which a schedule would run; ``adds_only`` in a blackout in which nobody is changed."""

    at: datetime
    adds_only: bool


class PlannedRunsView(View):
    """When a schedule would run next, and the blackouts without runs that it would otherwise meet until then."""

    next_runs: list[PlannedRunView]
    left_out: list[Blackout]


def schedule_view(
    schedule: Schedule, district: District, now: datetime, last: Mapping[str, Run]
) -> ScheduleView:
    """A schedule with its coming five runs, given the last runs by integration."""
    coming: list[datetime] = []
    if schedule.next_run_at:
        after = max(now, schedule.next_run_at)
        later = next_runs(schedule.frequency, district.time_zone, after, 4, district.blackouts)
        coming = [schedule.next_run_at, *later]
    ran = [
        ScheduledRun(integration_id=key, id=last[key].id, state=last[key].state, ended_at=last[key].ended_at)
        for key in schedule.integration_ids
        if key in last
    ]
    return ScheduleView(**schedule.model_dump(exclude={"district_id"}), next_runs=coming, last_runs=ran)


def planned_runs_view(frequency: Frequency, district: District, now: datetime) -> PlannedRunsView:
    """When a schedule would run from now on."""
    coming = next_runs(frequency, district.time_zone, now, blackouts=district.blackouts)
    closed = [district.blackout_at(at) for at in coming]
    return PlannedRunsView(
        next_runs=[
            PlannedRunView(at=at, adds_only=inside is not None)
            for at, inside in zip(coming, closed, strict=True)
        ],
        left_out=[
            blackout
            for blackout in district.blackouts
            if blackout.kind == "no_runs"
            and leaves_out(blackout, frequency, district.time_zone, now, coming[-1])
        ],
    )
