"""When a schedule runs: fixed examples around the hard days, and properties over zones and years."""

import calendar
import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.schedule import Daily, Hourly, Monthly, Weekly, Yearly, next_run, next_runs

NEW_YORK = "America/New_York"
ZONES = [
    "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Phoenix", "Europe/London",
    "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "UTC", "Africa/Cairo",
]  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("frequency", "after", "expected"),
    [
        (
            Daily(every="day", at="02:30"),
            "2026-03-07 12:00",
            "2026-03-08 07:00",
        ),  # 02:30 is skipped: runs at 03:00
        (Daily(every="day", at="02:00"), "2026-03-07 12:00", "2026-03-08 07:00"),
        (Daily(every="day", at="03:00"), "2026-03-07 12:00", "2026-03-08 07:00"),
        (Daily(every="day", at="01:30"), "2026-10-31 12:00", "2026-11-01 05:30"),  # the first 01:30
        (Daily(every="day", at="01:30"), "2026-11-01 05:30", "2026-11-02 06:30"),  # and not the second
        (Daily(every="day", at="01:45"), "2026-11-01 06:00", "2026-11-02 06:45"),  # asked between the two
        (Weekly(every="week", day="sunday", at="02:30"), "2026-03-02 00:00", "2026-03-08 07:00"),
        (Weekly(every="week", day="monday", at="00:00"), "2026-03-02 05:00", "2026-03-09 04:00"),
        (Monthly(every="month", date=31, at="02:00"), "2026-01-31 07:00", "2026-02-28 07:00"),
        (Monthly(every="month", date=30, at="02:00"), "2028-01-31 07:00", "2028-02-29 07:00"),
        (Monthly(every="month", date=31, at="23:59"), "2026-12-31 04:00", "2027-01-01 04:59"),
        (Yearly(every="year", month=2, date=29, at="02:00"), "2026-02-28 07:00", "2027-02-28 07:00"),
        (Yearly(every="year", month=2, date=29, at="02:00"), "2027-03-01 07:00", "2028-02-29 07:00"),
        (Yearly(every="year", month=1, date=1, at="00:00"), "2026-12-31 23:00", "2027-01-01 05:00"),
        (Hourly(every="hour", minute=0), "2026-03-08 06:00", "2026-03-08 07:00"),
        (Hourly(every="hour", minute=5), "2026-11-01 05:05", "2026-11-01 06:05"),
    ],
)
def test_hard_days_in_new_york(frequency: Daily, after: str, expected: str) -> None:
    assert next_run(frequency, NEW_YORK, utc(after)) == utc(expected)


@pytest.mark.parametrize(("day", "count"), [("2026-11-01", 25), ("2026-03-08", 23), ("2026-06-01", 24)])
def test_hourly_runs_every_real_hour(day: str, count: int) -> None:
    zone = ZoneInfo(NEW_YORK)
    start = datetime.fromisoformat(day).replace(tzinfo=zone)
    runs = next_runs(Hourly(every="hour", minute=15), NEW_YORK, start.astimezone(UTC), count=26)
    assert sum(run.astimezone(zone).date() == start.date() for run in runs) == count


wall_times = st.builds(lambda h, m: f"{h:02d}:{m:02d}", st.integers(0, 23), st.integers(0, 59))
frequencies = st.one_of(
    st.builds(Daily, every=st.just("day"), at=wall_times),
    st.builds(
        Weekly,
        every=st.just("week"),
        day=st.sampled_from([d.lower() for d in calendar.day_name]),
        at=wall_times,
    ),
    st.builds(Monthly, every=st.just("month"), date=st.integers(1, 31), at=wall_times),
    st.builds(
        Yearly, every=st.just("year"), month=st.integers(1, 12), date=st.integers(1, 31), at=wall_times
    ),
)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2036, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(frequency=frequencies, zone=st.sampled_from(ZONES), after=instants)
@settings(max_examples=400, deadline=None)
def test_runs_are_later_on_the_day_and_at_the_time_asked_for(
    frequency: Daily, zone: str, after: datetime
) -> None:
    run = next_run(frequency, zone, after)
    local = run.astimezone(ZoneInfo(zone))
    assert run > after
    assert local.second == local.microsecond == 0
    assert local.fold == 0, "of a repeated wall time the first"
    asked = local.replace(hour=int(frequency.at[:2]), minute=int(frequency.at[3:]), fold=0)
    exists = asked.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == asked.replace(
        tzinfo=None
    )
    if exists:
        assert local == asked
    else:
        assert local.replace(tzinfo=None) > asked.replace(tzinfo=None), (
            "in a gap: the next minute that exists"
        )
        minute_before = run - timedelta(minutes=1)
        assert minute_before.astimezone(ZoneInfo(zone)).utcoffset() != local.utcoffset()
    match frequency:
        case Weekly():
            assert calendar.day_name[local.weekday()].lower() == frequency.day
        case Monthly() | Yearly():
            assert local.day == min(frequency.date, calendar.monthrange(local.year, local.month)[1])
            assert not isinstance(frequency, Yearly) or local.month == frequency.month


@given(frequency=frequencies, zone=st.sampled_from(ZONES), after=instants)
@settings(max_examples=100, deadline=None)
def test_each_period_has_one_run(frequency: Daily, zone: str, after: datetime) -> None:
    """Twice in an overlap, or never around a clamped day, would be a run too many or one lost."""
    runs = [run.astimezone(ZoneInfo(zone)) for run in next_runs(frequency, zone, after, count=6)]
    for earlier, later in itertools.pairwise(runs):
        match frequency:
            case Weekly():
                assert (later.date() - earlier.date()).days == 7
            case Monthly():
                assert (later.year * 12 + later.month) - (earlier.year * 12 + earlier.month) == 1
            case Yearly():
                assert later.year - earlier.year == 1
            case Daily():
                assert (later.date() - earlier.date()).days == 1


@given(minute=st.integers(0, 59), zone=st.sampled_from(ZONES), after=instants)
@settings(max_examples=200, deadline=None)
def test_hourly_keeps_its_minute(minute: int, zone: str, after: datetime) -> None:
    run = next_run(Hourly(every="hour", minute=minute), zone, after)
    assert after < run <= after + timedelta(minutes=91)  # half-hour shifts skip up to thirty minutes
    assert run.astimezone(ZoneInfo(zone)).minute == minute


@given(frequency=frequencies, zone=st.sampled_from(ZONES), after=instants)
@settings(max_examples=50, deadline=None)
def test_asking_earlier_finds_no_later_run(frequency: Daily, zone: str, after: datetime) -> None:
    assert next_run(frequency, zone, after - timedelta(hours=3)) <= next_run(frequency, zone, after)
