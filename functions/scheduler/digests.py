"""Digests: one mail a day and district, at an hour that the district chose."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from rollcall.domain.errors import StoreError
from rollcall.domain.notification import Notifications, digest_mail, digest_sent, digest_window, severity_of
from scheduler.bootstrap import Parts
from scheduler.telling import integration_name

log = logging.getLogger(__name__)
_BATCH = 100


@dataclass
class Digested:
    """What one tick did."""

    districts: int = 0
    mails: int = 0
    failed: int = 0


def send_digests(parts: Parts, deadline: datetime) -> Digested:
    """Send the digests that are due. Noted only when sent, so that a crash repeats a digest rather than losing it."""
    done = Digested()
    for wanted in parts.config.due_digests(parts.clock.now(), _BATCH):
        if parts.clock.now() >= deadline:
            break
        try:
            done.mails += _send(parts, wanted)
            done.districts += 1
        except StoreError as error:
            done.failed += 1
            log.warning("digest not sent", extra={"district_id": wanted.district_id, "code": error.code})
    return done


def _send(parts: Parts, wanted: Notifications) -> int:
    planned = wanted.next_digest_at
    if planned is None:
        return 0
    zone = parts.config.district(wanted.district_id).time_zone
    events = parts.outbox.between(wanted.district_id, *digest_window(wanted, planned))
    judged = [
        (event, severity, integration_name(parts, event))
        for event in events
        if (severity := severity_of(event, wanted.failures_in_a_row))
    ]
    mails = 0
    for severities, recipients in wanted.digests().items():
        theirs = [told for told in judged if told[1] in severities]
        mail = digest_mail(wanted.district_id, theirs, recipients, zone)
        if mail:
            parts.mailing.send(mail)
            mails += 1
    parts.config.advance_digest(wanted, digest_sent(wanted, zone, parts.clock.now()))
    return mails
