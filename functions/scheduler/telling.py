"""Events that have not been told: onto the bus, and to those who want to know at once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from rollcall.domain.errors import NotFound, StoreError
from rollcall.domain.events import Event
from rollcall.domain.notification import Notifications, Severity, mail_of, severity_of
from scheduler.bootstrap import Parts

log = logging.getLogger(__name__)
_BATCH = 100
_AT_ONCE = 10


@dataclass
class Told:
    """What one tick did, and how many of the events told were of syncs that failed, that did so for the number of times
    in a row of which their district wants to hear, and that are held.
    """

    events: int = 0
    mails: int = 0
    failed: int = 0
    runs_failed: int = 0
    runs_failing: int = 0
    runs_held: int = 0

    def count(self, event: Event, severity: Severity | None) -> None:
        """One event more. Nobody needs to hear of one without severity, such as a failed preview."""
        self.events += 1
        if severity is not None:
            self.runs_failed += event.type == "RunFailed"
            self.runs_failing += event.type == "RunFailed" and severity == "critical"
            self.runs_held += event.type == "RunHeld"


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
            wanted = parts.config.notifications(event.district_id)
            severity = severity_of(event, wanted.failures_in_a_row)
            told.mails += _mail(parts, event, severity, wanted)
            parts.outbox.told(event)
            told.count(event, severity)
        except StoreError as error:
            told.failed += 1
            log.warning("event not told", extra={"event_id": event.id, "code": error.code})


def _mail(parts: Parts, event: Event, severity: Severity | None, wanted: Notifications) -> int:
    """How many mails were sent: one to everybody whom the event concerns, or none."""
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
