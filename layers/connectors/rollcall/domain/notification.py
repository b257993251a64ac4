"""Who is told of what, and how an event reads in a mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo

import msgspec
from pydantic import AwareDatetime, Field

from rollcall.domain.events import Event
from rollcall.domain.form import Form, Record, raise_if_any, repeated, written
from rollcall.domain.schedule import Daily, WallTime, next_run

Severity = Literal["info", "warning", "error", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
MAX_RECIPIENTS = 50
MAX_LINES = 200
"""Of a digest: a mail has at most 256 kB."""
SETTLED = timedelta(minutes=5)
"""A digest speaks of what happened until so long before its time: what happened later may not be on record yet."""

Email = Annotated[
    str,
    *written(
        r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){1,8}",
        "Write an e-mail address such as it@lakeview.example.org.",
    ),
]


class Recipient(Form):
    """Somebody who is told of events of some severities: at once, or in one mail a day."""

    email: Email
    severities: Annotated[list[Severity], Field(min_length=1, max_length=len(SEVERITIES))]
    digest: Literal["none", "daily"] = "none"


class NotificationForm(Form):
    """Who is told, as written."""

    recipients: Annotated[list[Recipient], Field(max_length=MAX_RECIPIENTS)]
    failures_in_a_row: Annotated[int, Field(ge=2, le=20)] = 3
    digest_at: WallTime = "06:00"


class Notifications(Record):
    """Who is told, as stored. ``next_digest_at`` is None while nobody wants a digest."""

    district_id: str
    recipients: tuple[Recipient, ...] = ()
    failures_in_a_row: int = 3
    digest_at: str = "06:00"
    next_digest_at: AwareDatetime | None = None
    last_digest_at: AwareDatetime | None = None
    version: int = 0

    def told(self, severity: Severity) -> list[str]:
        """Who is told at once."""
        return [r.email for r in self.recipients if r.digest == "none" and severity in r.severities]

    def digests(self) -> dict[frozenset[Severity], list[str]]:
        """Who gets a digest, by the severities that it holds."""
        found: dict[frozenset[Severity], list[str]] = {}
        for recipient in self.recipients:
            if recipient.digest == "daily":
                found.setdefault(frozenset(recipient.severities), []).append(recipient.email)
        return found


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail to some of those who receive a district's mails. ``subject`` is ASCII, at most 100 characters."""

    district_id: str
    severity: Severity
    recipients: list[str]
    subject: str
    text: str


def apply_form(
    district_id: str, form: NotificationForm, stored: Notifications, time_zone: str, now: datetime
) -> Notifications:
    """The settings that result from writing ``form`` over ``stored``. Raises :class:`Invalid`."""
    errors = repeated("recipients", [recipient.email.lower() for recipient in form.recipients])
    for index, recipient in enumerate(form.recipients):
        errors += repeated(f"recipients.{index}.severities", recipient.severities)
    raise_if_any(errors)
    wanted = any(recipient.digest == "daily" for recipient in form.recipients)
    same_time = stored.digest_at == form.digest_at
    planned = stored.next_digest_at if same_time else None
    return Notifications(
        district_id=district_id,
        recipients=tuple(form.recipients),
        failures_in_a_row=form.failures_in_a_row,
        digest_at=form.digest_at,
        next_digest_at=(planned or _digest_after(form.digest_at, time_zone, now)) if wanted else None,
        # Whoever begins to want digests is not told of what was long ago.
        last_digest_at=stored.last_digest_at if stored.next_digest_at else None,
        version=stored.version + 1,
    )


def digest_sent(notifications: Notifications, time_zone: str, now: datetime) -> Notifications:
    """The settings once the digest that was due has been sent; what was missed is made up for once."""
    return notifications.model_copy(
        update={
            "last_digest_at": notifications.next_digest_at,
            "next_digest_at": _digest_after(notifications.digest_at, time_zone, now),
        }
    )


def digest_window(notifications: Notifications, planned: datetime) -> tuple[datetime, datetime]:
    """Since when and until when the digest planned for this time speaks; windows follow each other without a gap."""
    before = notifications.last_digest_at or planned - timedelta(days=1)
    return before - SETTLED, planned - SETTLED


def severity_of(event: Event, failures_in_a_row: int) -> Severity | None:
    """How bad an event is; None for what nobody needs to be told, since somebody waits for a preview.

    The failure that makes ``failures_in_a_row`` is critical, those before and after it are errors.
    """
    if event.run is None:
        return "critical"
    if event.run.mode == "preview":
        return None
    if event.type == "RunFailed":
        return "critical" if event.run.failures_in_a_row == failures_in_a_row else "error"
    if event.type == "RunHeld" or event.run.issues.get("error"):
        return "warning"
    return "info"


def mail_of(
    event: Event, severity: Severity, recipients: Sequence[str], integration: str, time_zone: str
) -> Mail:
    """One event as a mail; ``integration`` is the integration's name."""
    return Mail(
        district_id=event.district_id,
        severity=severity,
        recipients=list(recipients),
        subject=f"Rollcall {event.district_id[:40]}: {_HEADLINES[event.type]}",
        text="\n".join([_line(event, severity, integration, time_zone), *_particulars(event)]),
    )


def digest_mail(
    district_id: str,
    events: Iterable[tuple[Event, Severity, str]],
    recipients: Sequence[str],
    time_zone: str,
) -> Mail | None:
    """One mail about many events (with their severities and integrations' names); None when there are none."""
    told = list(events)
    if not told:
        return None
    lines = [_line(event, severity, name, time_zone) for event, severity, name in told[:MAX_LINES]]
    if len(told) > MAX_LINES:
        lines.append(f"… and {len(told) - MAX_LINES} more")
    worst = max((severity for _, severity, _ in told), key=SEVERITIES.index)
    return Mail(
        district_id=district_id,
        severity=worst,
        recipients=list(recipients),
        subject=f"Rollcall {district_id[:40]}: {len(told)} events in the last day",
        text="\n".join(lines),
    )


_HEADLINES = {
    "RunCompleted": "a run has completed",
    "RunFailed": "a run has failed",
    "RunHeld": "a run is held and waits for approval",
    "RunStopped": "a run was stopped",
    "NoSuccess": "no successful run for two periods",
}


def _line(event: Event, severity: Severity, integration: str, time_zone: str) -> str:
    district_time = event.at.astimezone(ZoneInfo(time_zone))
    error = f" ({event.run.error.message})" if event.run and event.run.error else ""
    return f"{district_time:%Y-%m-%d %H:%M} [{severity}] {integration}: {_HEADLINES[event.type]}{error}"


def _particulars(event: Event) -> list[str]:
    if event.silence:
        last = event.silence.last_success_at
        return [f"Last success: {last:%Y-%m-%d %H:%M} UTC" if last else "It has never succeeded."]
    if event.run is None:
        return []
    lines = [f"Run: {event.run.run_id}"]
    if event.run.failures_in_a_row > 1:
        lines.append(f"Failures in a row: {event.run.failures_in_a_row}")
    if event.run.holds:
        lines.append(f"Reasons: {', '.join(event.run.holds)}")
    lines += [
        f"{person_type}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
        for person_type, counts in event.run.counts.items()
        if any(counts.values())
    ]
    problems = ", ".join(f"{count} {severity}s" for severity, count in event.run.issues.items() if count)
    return [*lines, f"Issues: {problems}"] if problems else lines


def _digest_after(at: str, time_zone: str, now: datetime) -> datetime:
    return next_run(Daily(every="day", at=at), time_zone, now)
