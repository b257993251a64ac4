"""Districts: time zones and school years."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from rollcall.domain.district import DISTRICT_ID, DistrictForm, apply_form, calendar_school_year

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone",
    ["", "Chicago", "america/chicago ", "../../etc/passwd", "/etc/localtime", "posix/UTC", "right/UTC", "Factory",
     "America/Nowhere", "UTC+1:00", "EST5EDT\x00", "America"],
)  # fmt: skip
def test_unknown_time_zones_are_refused(zone: str) -> None:
    with pytest.raises(ValidationError):
        DistrictForm(name="Lakeview", time_zone=zone)


@pytest.mark.parametrize("zone", ["America/Chicago", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_known_time_zones(zone: str) -> None:
    assert DistrictForm(name="Lakeview", time_zone=zone).time_zone == zone


@pytest.mark.parametrize(
    ("instant", "zone", "year"),
    [
        ("2026-07-01T04:59:59+00:00", "America/Chicago", "2025-26"),  # still June 30 in Chicago
        ("2026-07-01T05:00:00+00:00", "America/Chicago", "2026-27"),
        ("2027-06-30T12:00:00+00:00", "UTC", "2026-27"),
        ("2099-09-01T12:00:00+00:00", "UTC", "2099-00"),
    ],
)
def test_the_school_year_begins_on_july_1_where_the_district_is(instant: str, zone: str, year: str) -> None:
    assert calendar_school_year(datetime.fromisoformat(instant), zone) == year


def test_a_school_year_like_the_calendars_follows_the_calendar() -> None:
    """Reading a district and writing it back must not nail its year."""
    form = DistrictForm(name="Lakeview", time_zone="UTC", school_year="2026-27")
    district = apply_form("lakeview", form, None, NOW)
    assert district.school_year_at(NOW.replace(year=2027)) == "2027-28"


def test_another_school_year_stays() -> None:
    form = DistrictForm(name="Lakeview", time_zone="UTC", school_year="2025-26")
    assert apply_form("lakeview", form, None, NOW).school_year_at(NOW.replace(year=2030)) == "2025-26"


@pytest.mark.parametrize("year", ["2026", "2026-2027", "2026-28", "26-27", "2026/27", "2099-01"])
def test_school_years_span_two_years(year: str) -> None:
    with pytest.raises(ValidationError):
        DistrictForm(name="Lakeview", time_zone="UTC", school_year=year)


@pytest.mark.parametrize("slug", ["a", "-a", "A1", "a_b", "a/b", "*", "a" * 64, "é1", ""])
def test_ids_that_are_none(slug: str) -> None:
    assert not DISTRICT_ID.fullmatch(slug)
