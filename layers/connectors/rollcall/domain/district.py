"""A district: the tenant. Everything else belongs to one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints
from pydantic_core import PydanticCustomError

from rollcall.domain.blackout import MAX_BLACKOUTS, Blackout, blackout_at
from rollcall.domain.family_change import Review
from rollcall.domain.form import Form, Name, Record, written
from rollcall.domain.thresholds import Thresholds

DISTRICT_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
_YEARS = re.compile(r"(\d{4})(?:\s*[-/]\s*(?:\d{2}|\d{4}))?")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")


def _known_zone(name: str) -> str:
    try:
        if not _ZONE.fullmatch(name) or name.startswith(("posix/", "right/")) or name == "Factory":
            raise ValueError(name)
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        # `from None`: the cause would repeat what was typed.
        raise PydanticCustomError(
            "unknown_time_zone", "Use the name of an IANA time zone, such as America/Chicago."
        ) from None
    return name


def _consecutive_years(text: str) -> str:
    if (int(text[:4]) + 1) % 100 != int(text[5:]):
        raise PydanticCustomError("school_year", "A school year spans two years, such as 2026-27.")
    return text


TimeZone = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_known_zone)]
SchoolYear = Annotated[
    str,
    *written("[0-9]{4}-[0-9]{2}", "Write the school year as its two years, such as 2026-27."),
    AfterValidator(_consecutive_years),
]


class DistrictForm(Form):
    """A district as written. A school year that is left out, or is the calendar's, follows the calendar.

    Blackouts that are left out stay as they are.
    """

    name: Name
    time_zone: TimeZone = Field(description="IANA name, such as America/Chicago; schedules are kept in it")
    school_year: SchoolYear | None = Field(default=None, description="Such as 2026-27; begins on July 1")
    thresholds: Thresholds | None = Field(
        default=None, description="What a run may change before it is held; left out, it stays as it is"
    )
    two_person_approval: bool | None = Field(
        default=None, description="Two people must approve a held run; left out, it stays as it is"
    )
    review_families: Review | None = Field(
        default=None,
        description="Which merges and splits of families wait for a person: none, those over the limit, or all; "
        "left out, it stays as it is",
    )
    blackouts: Annotated[list[Blackout], Field(max_length=MAX_BLACKOUTS)] | None = Field(
        default=None, description="Times in which nothing runs, or nobody is changed; they may overlap"
    )


class District(Record):
    """A district as stored. ``fixed_school_year`` is None while it follows the calendar."""

    id: str
    name: str
    time_zone: str
    fixed_school_year: str | None = None
    thresholds: Thresholds = Thresholds()
    two_person_approval: bool = False
    review_families: Review = "over_limit"
    blackouts: tuple[Blackout, ...] = ()
    version: int = 1
    created_at: AwareDatetime
    updated_at: AwareDatetime

    @property
    def zone(self) -> ZoneInfo:
        """The time zone, ready for arithmetic."""
        return ZoneInfo(self.time_zone)

    def blackout_at(self, instant: datetime) -> Blackout | None:
        """The blackout that an instant falls in, if any."""
        return blackout_at(self.blackouts, self.zone, instant)

    def school_year_at(self, now: datetime) -> str:
        """The fixed school year, or the one that ``now`` falls in where the district is."""
        return self.fixed_school_year or calendar_school_year(now, self.time_zone)


def calendar_school_year(now: datetime, time_zone: str) -> str:
    """The school year that an instant falls in: a new one begins on July 1, local time."""
    local = now.astimezone(ZoneInfo(time_zone))
    first = local.year if local.month >= 7 else local.year - 1
    return f"{first}-{(first + 1) % 100:02d}"


def school_year_of(years: str) -> str | None:
    """``2026-27`` from ``2026-2027``, ``2026-27`` or ``2026``; None for anything else."""
    match = _YEARS.fullmatch(years.strip())
    return f"{match[1]}-{(int(match[1]) + 1) % 100:02d}" if match else None


def apply_form(district_id: str, form: DistrictForm, stored: District | None, now: datetime) -> District:
    """The district that results from writing ``form`` over ``stored`` (None: a new one)."""
    kept = stored.blackouts if stored else ()
    follows = form.school_year in (None, calendar_school_year(now, form.time_zone))
    return District(
        id=district_id,
        name=form.name,
        time_zone=form.time_zone,
        fixed_school_year=None if follows else form.school_year,
        thresholds=form.thresholds or (stored.thresholds if stored else Thresholds()),
        two_person_approval=stored.two_person_approval
        if form.two_person_approval is None and stored
        else bool(form.two_person_approval),
        review_families=form.review_families or (stored.review_families if stored else "over_limit"),
        blackouts=kept if form.blackouts is None else tuple(form.blackouts),
        version=stored.version + 1 if stored else 1,
        created_at=stored.created_at if stored else now,
        updated_at=now,
    )
