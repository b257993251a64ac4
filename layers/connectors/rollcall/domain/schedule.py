"""Schedules: which integrations run when, in the district's own time."""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, Field, StringConstraints

from rollcall.domain.blackout import Blackout, blackout_at
from rollcall.domain.form import ONE_LINE, Form, Name, Record, raise_if_any, repeated, written
from rollcall.domain.wall import instant_of

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS: tuple[Weekday, ...] = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
WallTime = Annotated[
    str, *written("([01][0-9]|2[0-3]):[0-5][0-9]", "Write the time as HH:MM, from 00:00 to 23:59.")
]
DayOfMonth = Annotated[int, Field(ge=1, le=31, description="After a month's last day: on the last day")]


PATIENCE = timedelta(hours=2)
"""What a run may take before it is missed."""


class Hourly(Form):
    """At ``minute`` past every hour."""

    every: Literal["hour"]
    minute: Annotated[int, Field(ge=0, le=59)]


class Daily(Form):
    """At ``at`` (HH:MM) every day."""

    every: Literal["day"]
    at: WallTime


class Weekly(Form):
    """On ``day`` at ``at`` every week."""

    every: Literal["week"]
    day: Weekday
    at: WallTime


class Monthly(Form):
    """On ``date`` at ``at`` every month."""

    every: Literal["month"]
    date: DayOfMonth
    at: WallTime


class Yearly(Form):
    """On ``month`` and ``date`` at ``at`` every year."""

    every: Literal["year"]
    month: Annotated[int, Field(ge=1, le=12)]
    date: DayOfMonth
    at: WallTime


Frequency = Annotated[Hourly | Daily | Weekly | Monthly | Yearly, Field(discriminator="every")]


class ScheduleForm(Form):
    """A schedule as written."""

    name: Name
    integration_ids: Annotated[list[str], Field(min_length=1, max_length=50)]
    frequency: Frequency
    run_as: Annotated[str, StringConstraints(min_length=1, max_length=254), *ONE_LINE]
    active: bool = True


class Schedule(Record):
    """A schedule as stored. Inactive it has no ``next_run_at``; ``last_run_at`` is a planned time."""

    id: str
    district_id: str
    name: str
    integration_ids: tuple[str, ...]
    frequency: Frequency
    run_as: str
    active: bool = True
    next_run_at: AwareDatetime | None = None
    last_run_at: AwareDatetime | None = None
    version: int = 1
    created_at: AwareDatetime
    updated_at: AwareDatetime


def next_run(
    frequency: Frequency, time_zone: str, after: datetime, blackouts: Sequence[Blackout] = ()
) -> datetime:
    """The first run strictly later than ``after``, in UTC, that falls in no blackout without runs.

    A wall time that spring skips runs at the next minute that exists. One that autumn repeats runs only the
    first time; an hourly schedule runs every real hour, so 25 times on that day.
    """
    zone = ZoneInfo(time_zone)
    while True:
        planned = _next_planned(frequency, zone, after)
        closed = blackout_at(blackouts, zone, planned)
        if closed is None or closed.kind != "no_runs":
            return planned
        # A run at the very end is outside already.
        after = closed.ends(zone) - timedelta(microseconds=1)


def _next_planned(frequency: Frequency, zone: ZoneInfo, after: datetime) -> datetime:
    if isinstance(frequency, Hourly):
        return _next_minute(frequency.minute, zone, after)
    at = time.fromisoformat(frequency.at)
    # From the day before on: a skipped wall time can end up on the next day.
    first = after.astimezone(zone).date() - timedelta(days=1)
    return next(
        instant
        for instant in (instant_of(datetime.combine(day, at), zone) for day in _days(frequency, first))
        if instant > after
    )


def next_runs(
    frequency: Frequency,
    time_zone: str,
    after: datetime,
    count: int = 5,
    blackouts: Sequence[Blackout] = (),
) -> list[datetime]:
    """The coming ``count`` runs, in UTC."""
    runs: list[datetime] = []
    for _ in range(count):
        after = next_run(frequency, time_zone, after, blackouts)
        runs.append(after)
    return runs


def leaves_out(
    blackout: Blackout, frequency: Frequency, time_zone: str, after: datetime, until: datetime
) -> bool:
    """Whether a blackout without runs takes a time from the schedule that is later than ``after``, and not later than
    ``until``.
    """
    zone = ZoneInfo(time_zone)
    # A run at the very beginning is inside.
    since = max(after, blackout.begins(zone) - timedelta(microseconds=1))
    return next_run(frequency, time_zone, since) < min(until, blackout.ends(zone))


def overdue(
    frequency: Frequency,
    time_zone: str,
    since: datetime,
    now: datetime,
    blackouts: Sequence[Blackout] = (),
) -> list[datetime]:
    """The first two planned runs after ``since``, once both have had their time; else nothing.

    The second has had its time half a period after it was due, or two hours after it if that is sooner.
    """
    first, second = next_runs(frequency, time_zone, since, 2, blackouts)
    return [first, second] if now >= second + min((second - first) / 2, PATIENCE) else []


def apply_form(
    schedule_id: str,
    district_id: str,
    form: ScheduleForm,
    stored: Schedule | None,
    time_zone: str,
    now: datetime,
    blackouts: Sequence[Blackout] = (),
) -> Schedule:
    """The schedule that results from writing ``form`` over ``stored``. Raises :class:`Invalid`."""
    raise_if_any(repeated("integration_ids", form.integration_ids))
    # An edit of anything else must not move a run that is due this very minute.
    same_times = stored is not None and stored.active and stored.frequency == form.frequency
    planned = (
        stored.next_run_at if stored and same_times else next_run(form.frequency, time_zone, now, blackouts)
    )
    return Schedule(
        id=schedule_id,
        district_id=district_id,
        name=form.name,
        integration_ids=tuple(form.integration_ids),
        frequency=form.frequency,
        run_as=form.run_as,
        active=form.active,
        next_run_at=planned if form.active else None,
        last_run_at=stored.last_run_at if stored else None,
        version=stored.version + 1 if stored else 1,
        created_at=stored.created_at if stored else now,
        updated_at=now,
    )


def rescheduled(
    schedule: Schedule, time_zone: str, now: datetime, blackouts: Sequence[Blackout] = ()
) -> Schedule:
    """The schedule once its district has another time zone, or other blackouts."""
    planned = next_run(schedule.frequency, time_zone, now, blackouts) if schedule.active else None
    return schedule.model_copy(
        update={"next_run_at": planned, "version": schedule.version + 1, "updated_at": now}
    )


def _next_minute(minute: int, zone: ZoneInfo, after: datetime) -> datetime:
    candidate = after.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    # Minute by minute, because some zones shift by half an hour.
    while candidate.astimezone(zone).minute != minute:
        candidate += timedelta(minutes=1)
    return candidate


def _days(frequency: Daily | Weekly | Monthly | Yearly, first: date) -> Iterator[date]:
    """Every day from ``first`` on (from the first of its month, or its year) on which the frequency falls."""
    match frequency:
        case Daily():
            yield from (first + timedelta(days=n) for n in itertools.count())
        case Weekly():
            start = first + timedelta(days=(_WEEKDAYS.index(frequency.day) - first.weekday()) % 7)
            yield from (start + timedelta(weeks=n) for n in itertools.count())
        case Monthly():
            months = (divmod(first.year * 12 + first.month - 1 + n, 12) for n in itertools.count())
            yield from (_clamped(year, month + 1, frequency.date) for year, month in months)
        case Yearly():
            yield from (_clamped(first.year + n, frequency.month, frequency.date) for n in itertools.count())


def _clamped(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))
