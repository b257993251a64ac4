"""Events that have not been told: onto the bus, and to those who want to know at once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from rollcall.domain.errors import NotFound, StoreError
from rollcall.domain.events import Event
from rollcall.domain.notification import mail_of, severity_of
from scheduler.bootstrap import Parts

log = logging.getLogger(__name__)
_BATCH = 100
_AT_ONCE = 10


@dataclass
class Told:
    """What one tick did."""

    events: int = 0
    mails: int = 0
    failed: int = 0


def tell(parts: Parts, deadline: datetime) -> Told:
    """Tell every event that is due, at least once: whatever fails, or comes too late, is due in the next tick."""
    told = Told()
    seen: set[str] = set()
    while True:
        due = [event for event in parts.outbox.due(parts.clock.now(), _BATCH) if event.id not in seen]
        if not due:
            return told
        for at in range(0, len(due), _AT_ONCE):
            if parts.clock.now() >= deadline:
                return told
            events = due[at : at + _AT_ONCE]
            seen.update(event.id for event in events)
            _tell(parts, events, told)


def _tell(parts: Parts, events: list[Event], told: Told) -> None:
    taken = parts.events.put(events)
    told.failed += len(events) - len(taken)
    for event in events:
        if event.id not in taken:
            continue
        try:
            told.mails += _mail(parts, event)
            parts.outbox.told(event)
            told.events += 1
        except StoreError as error:
            told.failed += 1
            log.warning("event not told", extra={"event_id": event.id, "code": error.code})


def _mail(parts: Parts, event: Event) -> int:
    """How many mails were sent: one to everybody whom the event concerns, or none."""
    wanted = parts.config.notifications(event.district_id)
    severity = severity_of(event, wanted.failures_in_a_row)
    recipients = wanted.told(severity) if severity else []
    if severity is None or not recipients:
        return 0
    name = integration_name(parts, event)
    zone = parts.config.district(event.district_id).time_zone
    parts.mailing.send(mail_of(event, severity, recipients, name, zone))
    return 1


def integration_name(parts: Parts, event: Event) -> str:
    """What people call the integration of an event."""
    try:
        return parts.config.integration(event.district_id, event.integration_id).name
    except NotFound:
        return event.integration_id
