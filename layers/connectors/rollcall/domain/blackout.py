"""Blackouts: times in which a district wants no runs, or only new people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from rollcall.domain.form import ONE_LINE, Form, written
from rollcall.domain.wall import instant_of

MAX_BLACKOUTS = 200
_DATE_LENGTH = len("2026-12-21")
BlackoutKind = Literal["no_runs", "adds_only"]


def _in_calendar(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError(
            "not_in_calendar", "There is no such day; check the month and day."
        ) from None
    return text


LocalTime = Annotated[
    str,
    *written(
        "20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9])?",
        "Write a date such as 2026-12-21, or a date and time such as 2026-12-21T18:00.",
    ),
    AfterValidator(_in_calendar),
]


class Blackout(Form):
    """A range in the district's own time. ``from`` is inside it.

    A ``to`` that is a date is the last day inside; a ``to`` with a time is the first minute outside. Where autumn
    repeats an hour, a range is as long as it can be.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    from_: LocalTime = Field(alias="from", description="Date, or date and time, in the district's time zone")
    to: LocalTime = Field(description="Last day inside, or with a time the first minute outside")
    kind: BlackoutKind = Field(
        description="no_runs: nothing starts. adds_only: runs add and reactivate people and leave the rest for later"
    )
    note: Annotated[str, StringConstraints(max_length=200), *ONE_LINE] = ""

    @model_validator(mode="after")
    def _forwards(self) -> Blackout:
        if self._first() >= self._end():
            raise PydanticCustomError("ends_before_it_begins", "Let the range end after it begins.")
        return self

    def begins(self, zone: ZoneInfo) -> datetime:
        """The first instant inside, in UTC."""
        return instant_of(self._first(), zone)

    def ends(self, zone: ZoneInfo) -> datetime:
        """The first instant outside, in UTC."""
        return instant_of(self._end(), zone, last=True)

    def _first(self) -> datetime:
        return datetime.fromisoformat(self.from_)

    def _end(self) -> datetime:
        if len(self.to) > _DATE_LENGTH:
            return datetime.fromisoformat(self.to)
        return datetime.combine(date.fromisoformat(self.to) + timedelta(days=1), time())


def blackout_at(blackouts: Sequence[Blackout], zone: ZoneInfo, instant: datetime) -> Blackout | None:
    """The blackout that an instant falls in; of several that overlap one without runs goes first."""
    inside = [item for item in blackouts if item.begins(zone) <= instant < item.ends(zone)]
    return min(inside, key=lambda item: item.kind != "no_runs", default=None)
