"""Outbox, event bus and mail in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from rollcall.domain.events import Event
from rollcall.domain.notification import Mail


@dataclass
class MemoryOutbox:
    """The ``Outbox`` port."""

    _events: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _untold: set[tuple[str, str]] = field(default_factory=set)

    def add(self, event: Event) -> None:
        key = (event.district_id, event.id)
        if key not in self._events:
            self._events[key] = msgspec.json.encode(event)
            self._untold.add(key)

    def due(self, now: datetime, limit: int) -> list[Event]:
        due = [event for event in self._all() if (event.district_id, event.id) in self._untold]
        return [event for event in due if event.at <= now][:limit]

    def told(self, event: Event) -> None:
        self._untold.discard((event.district_id, event.id))

    def between(self, district_id: str, since: datetime, until: datetime) -> list[Event]:
        return [
            event for event in self._all() if event.district_id == district_id and since <= event.at < until
        ]

    def _all(self) -> list[Event]:
        events = [msgspec.json.decode(doc, type=Event) for doc in self._events.values()]
        return sorted(events, key=lambda event: (event.at, event.id))


@dataclass
class MemoryEvents:
    """The ``Events`` port; ``taken`` holds what was put, repeats included."""

    taken: list[Event] = field(default_factory=list)

    def put(self, events: Sequence[Event]) -> set[str]:
        self.taken += [msgspec.json.decode(msgspec.json.encode(event), type=Event) for event in events]
        return {event.id for event in events}


@dataclass
class MemoryMailing:
    """The ``Mailing`` port; everybody on a list agrees at once. ``sent`` holds every mail."""

    lists: dict[str, set[str]] = field(default_factory=dict)
    sent: list[Mail] = field(default_factory=list)

    def keep(self, district_id: str, emails: Sequence[str]) -> None:
        self.lists[district_id] = {email.lower() for email in emails}

    def agreed(self, district_id: str) -> set[str]:
        return set(self.lists.get(district_id, ()))

    def send(self, mail: Mail) -> None:
        self.sent.append(mail)
