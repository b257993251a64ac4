"""Blackouts: what is inside, what is refused, and which planned times are left."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from rollcall.domain.blackout import Blackout, blackout_at
from rollcall.domain.district import District, DistrictForm, apply_form
from rollcall.domain.schedule import Daily, Hourly, Weekly, next_run, next_runs, overdue

CHICAGO = "America/Chicago"
ZONE = ZoneInfo(CHICAGO)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def blackout(first: str, to: str, kind: str = "no_runs") -> Blackout:
    return Blackout.model_validate({"from": first, "to": to, "kind": kind})


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE, fold=fold).astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "to", "begins", "ends"),
    [
        ("2026-12-21", "2027-01-03", "2026-12-21T06:00", "2027-01-04T06:00"),  # both days are inside
        ("2026-12-21", "2026-12-21", "2026-12-21T06:00", "2026-12-22T06:00"),
        ("2026-12-21T18:00", "2026-12-21T18:01", "2026-12-22T00:00", "2026-12-22T00:01"),
        ("2026-12-21T18:00", "2026-12-22", "2026-12-22T00:00", "2026-12-23T06:00"),
        ("2027-03-14", "2027-03-14", "2027-03-14T06:00", "2027-03-15T05:00"),  # a day of 23 hours
        ("2027-03-14T02:30", "2027-03-14T04:00", "2027-03-14T08:00", "2027-03-14T09:00"),  # begins in the gap
        ("2026-11-01T01:30", "2026-11-01T03:00", "2026-11-01T06:30", "2026-11-01T09:00"),  # the first 01:30
        ("2026-11-01T00:00", "2026-11-01T01:30", "2026-11-01T05:00", "2026-11-01T07:30"),  # the last 01:30
    ],
)
def test_a_range_is_in_the_districts_own_time(first: str, to: str, begins: str, ends: str) -> None:
    found = blackout(first, to)
    assert (found.begins(ZONE), found.ends(ZONE)) == (utc(begins), utc(ends))
    for instant, inside in [
        (found.begins(ZONE) - timedelta(seconds=1), False),
        (found.begins(ZONE), True),
        (found.ends(ZONE) - timedelta(seconds=1), True),
        (found.ends(ZONE), False),
    ]:
        assert (blackout_at([found], ZONE, instant) is found) == inside


@pytest.mark.parametrize(
    ("first", "to", "code"),
    [
        ("2026-12-21", "2026-12-20", "ends_before_it_begins"),
        ("2026-12-21T18:00", "2026-12-21T18:00", "ends_before_it_begins"),
        ("2026-02-29", "2026-03-01", "not_in_calendar"),
        ("2026-13-01", "2027-01-01", "not_in_calendar"),
        ("2026-12-21T24:00", "2026-12-22", "wrong_format"),
        ("2026-12-21T18:00Z", "2026-12-22", "wrong_format"),
        ("21.12.2026", "2026-12-22", "wrong_format"),
        ("9999-12-31", "9999-12-31", "wrong_format"),
    ],
)
def test_a_range_that_makes_no_sense_is_refused(first: str, to: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        blackout(first, to)
    assert code in {error["type"] for error in refused.value.errors()}


def test_of_ranges_that_overlap_the_one_without_runs_goes_first() -> None:
    ranges = [blackout("2026-12-01", "2026-12-31", "adds_only"), blackout("2026-12-24", "2026-12-26")]
    found = [blackout_at(ranges, ZONE, local(f"2026-12-{day}T12:00")) for day in ("23", "24", "26", "27")]
    assert [b and b.kind for b in found] == ["adds_only", "no_runs", "no_runs", "adds_only"]


def test_planned_times_step_over_blackouts_without_runs() -> None:
    closed = [blackout("2026-12-21", "2027-01-03"), blackout("2027-01-02", "2027-01-05T02:00")]
    nightly = Daily(every="day", at="02:00")
    found = next_runs(nightly, CHICAGO, local("2026-12-19T12:00"), 3, closed)
    assert found == [local("2026-12-20T02:00"), local("2027-01-05T02:00"), local("2027-01-06T02:00")], (
        "a range that ends at 02:00 leaves 02:00 free"
    )
    open_days = [blackout("2026-12-21", "2027-01-03", "adds_only")]
    assert next_run(nightly, CHICAGO, local("2026-12-21T12:00"), open_days) == local("2026-12-22T02:00")


def test_two_hundred_blackouts_are_stepped_over() -> None:
    closed = [blackout(f"20{year}-{month:02}-01", f"20{year}-{month:02}-28") for year in range(30, 46)
              for month in range(1, 13)]  # fmt: skip
    assert next_run(Hourly(every="hour", minute=0), CHICAGO, local("2030-01-01T00:00"), closed) == local(
        "2030-01-29T00:00"
    )


def test_blackouts_of_a_district_are_kept_until_written_anew() -> None:
    def written(stored: District | None, **fields: Any) -> District:
        form = DistrictForm.model_validate({"name": "Lakeview", "time_zone": CHICAGO, **fields})
        return apply_form("lakeview", form, stored, NOW)

    range_ = {"from": "2026-12-21", "to": "2027-01-03", "kind": "no_runs", "note": "Winter break"}
    first = written(None, blackouts=[range_])
    assert District.model_validate_json(first.model_dump_json()) == first
    assert written(first).blackouts == first.blackouts
    assert written(first, blackouts=[]).blackouts == ()
    with pytest.raises(ValidationError):
        written(None, blackouts=[range_] * 201)


@pytest.mark.parametrize(
    ("since", "now", "silent"),
    [
        ("2026-12-07T02:40", "2026-12-09T03:59", False),
        ("2026-12-07T02:40", "2026-12-09T04:00", True),  # the second night, and two hours for its run
        ("2026-12-08T02:40", "2026-12-09T23:00", False),  # only one night without success
    ],
)
def test_two_periods_without_success_are_silence(since: str, now: str, silent: bool) -> None:
    planned = overdue(Daily(every="day", at="02:00"), CHICAGO, local(since), local(now))
    assert planned == ([local("2026-12-08T02:00"), local("2026-12-09T02:00")] if silent else [])


@pytest.mark.parametrize(("minutes", "silent"), [(149, False), (150, True)])
def test_an_hourly_schedule_has_half_an_hour(minutes: int, silent: bool) -> None:
    since = local("2026-12-07T12:00")
    assert bool(
        overdue(Hourly(every="hour", minute=0), CHICAGO, since, since + timedelta(minutes=minutes))
    ) == (silent)


def test_nobody_is_silent_in_a_blackout() -> None:
    """Guards: an alarm every summer, when a district has switched its runs off."""
    nightly, summer = Daily(every="day", at="02:00"), [blackout("2027-06-01", "2027-08-14")]
    since = local("2027-05-31T02:10")
    assert overdue(nightly, CHICAGO, since, local("2027-08-15T23:00"), summer) == []
    assert overdue(nightly, CHICAGO, since, local("2027-08-16T04:00"), summer)
    assert overdue(Weekly(every="week", day="monday", at="02:00"), CHICAGO, since, local("2027-06-15T00:00"))
