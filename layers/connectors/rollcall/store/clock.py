"""The clock that is not a fake."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """Aware UTC time."""
        return datetime.now(UTC)
