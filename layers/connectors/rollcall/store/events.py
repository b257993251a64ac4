"""The event bus in EventBridge."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from rollcall.domain.events import SOURCE, Event
from rollcall.store.aws import translated

log = logging.getLogger(__name__)
_AT_ONCE = 10
"""What one request may hold."""


class BusEvents:
    """The ``Events`` port over one bus."""

    def __init__(self, client: Any, bus: str) -> None:
        self._client = client
        self._bus = bus

    def put(self, events: Sequence[Event]) -> set[str]:
        taken: set[str] = set()
        for at in range(0, len(events), _AT_ONCE):
            taken |= self._put(events[at : at + _AT_ONCE])
        return taken

    def _put(self, events: Sequence[Event]) -> set[str]:
        entries = [
            {
                "EventBusName": self._bus,
                "Source": SOURCE,
                "DetailType": event.type,
                "Time": event.at,
                "Detail": msgspec.json.encode(event).decode(),
            }
            for event in events
        ]
        with translated("event bus"):
            answer = self._client.put_events(Entries=entries)
        refused = [entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry]
        if refused:
            log.warning("events refused", extra={"count": len(refused), "codes": sorted(set(refused))})
        # The answer has an entry for each event, in their order.
        entries_by_event = zip(events, answer["Entries"], strict=True)
        return {event.id for event, entry in entries_by_event if "ErrorCode" not in entry}
