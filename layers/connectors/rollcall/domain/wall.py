"""Wall-clock times of a place, as instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def instant_of(wall: datetime, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """When the clocks of ``zone`` show ``wall``, in UTC.

    A time that spring skips is the next minute that exists; of one that autumn repeats: the first, or the ``last``.
    """
    while True:
        instant = wall.replace(tzinfo=zone, fold=int(last)).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == wall:
            return instant
        wall += timedelta(minutes=1)
