"""The audit: who changed what, and when. A record is written in one transaction with the change it speaks of.

It never holds a secret: of a credential it says that it was set or replaced. Of a long list it says how many entries
came and went.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime

from rollcall.domain.form import Record
from rollcall.domain.ids import derived_id
from rollcall.domain.person import PERSON_TYPES
from rollcall.domain.run import Decision, Run

Action = Literal[
    "district.created",
    "district.changed",
    "integration.created",
    "integration.changed",
    "mapping.created",
    "mapping.changed",
    "schedule.created",
    "schedule.changed",
    "notifications.created",
    "notifications.changed",
    "staff_parent.decided",
    "run.started",
    "run.approved",
    "run.rejected",
    "run.cancelled",
    "run.undone",
    "people.dropped",
    "person.protected",
    "person.released",
    "export.requested",
    "export_template.created",
    "export_template.changed",
    "reconciliation.created",
    "reconciliation.changed",
    "onboarding.created",
    "onboarding.changed",
]
Value = bool | int | str | tuple[str, ...] | None
LISTED = 10
"""Entries that a list may have to be shown whole."""

_BOOKKEEPING = frozenset(
    {
        *("id", "district_id", "version", "created_at", "updated_at", "next_run_at", "last_run_at"),
        *("next_digest_at", "last_digest_at"),
        *("source", "credentials", "contact_id", "contact_source_id", "decided_by", "decided_at"),
        *("file", "updated_by", "secret"),
    }
)
"""What a record holds besides what somebody entered, or what is told in another way."""


class FieldChange(Record):
    """One field, before and after; None is blank. Of a long list only ``added`` and ``removed`` are known."""

    field: str
    before: Value = None
    after: Value = None
    added: int | None = None
    removed: int | None = None


class AuditRecord(Record):
    """One thing that somebody did. ``subject`` is the id of what it was done to.

    ``request_id`` says from where: the request to the API, the message on the run queue, or the run itself.
    """

    id: str
    district_id: str
    at: AwareDatetime
    actor: str
    what: Action
    subject: str
    changes: tuple[FieldChange, ...] = ()
    request_id: str

    def about(self, topic: str) -> bool:
        """Whether this is the action ``topic``, or changed the field ``topic`` or a part of it."""
        return topic == self.what or any(f"{c.field}.".startswith(f"{topic}.") for c in self.changes)


def audit_record(
    district_id: str,
    at: datetime,
    actor: str,
    request_id: str,
    what: Action,
    subject: str,
    changes: Iterable[FieldChange],
) -> AuditRecord:
    """The record of one thing; its id is the same however often it is made of the same request."""
    return AuditRecord(
        id=derived_id("aud", at, district_id, what, subject, request_id),
        district_id=district_id,
        at=at,
        actor=actor,
        what=what,
        subject=subject,
        changes=tuple(changes),
        request_id=request_id,
    )


def differences(before: Record | None, after: Record) -> list[FieldChange]:
    """What was entered in ``after`` and not in ``before`` (None: nothing), field by field, in alphabetical order."""
    old, new = _entered(before) if before else {}, _entered(after)
    names = sorted({*old, *new})
    return [_change(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def credential_changes(known: Iterable[str], keys: Iterable[str]) -> list[FieldChange]:
    """That the secrets with these keys were entered, of which ``known`` had been before; never what they are."""
    return [
        FieldChange(field=f"credentials.{key}", before="set", after="replaced")
        if key in known
        else FieldChange(field=f"credentials.{key}", after="set")
        for key in sorted(keys)
    ]


def run_started(run: Run, request_id: str) -> AuditRecord:
    """That somebody had an integration run."""
    changes = [
        FieldChange(field="integration_id", after=run.integration_id),
        FieldChange(field="mode", after=run.mode),
        FieldChange(field="trigger", after=run.trigger),
    ]
    if run.retry_of:
        changes.append(FieldChange(field="retry_of", after=run.retry_of))
    return audit_record(
        run.district_id, run.queued_at, run.requested_by, request_id, "run.started", run.id, changes
    )


def run_decided(
    run: Run,
    at: datetime,
    actor: str,
    request_id: str,
    what: Action,
    comment: str,
    left_out: tuple[str, ...] = (),
) -> AuditRecord:
    """That somebody let a held plan go on, or did not; or not these family changes."""
    changes = [
        FieldChange(field="plan_hash", after=run.plan_hash),
        FieldChange(field="holds", after=tuple(hold.reason for hold in run.holds)),
        FieldChange(field="comment", after=comment),
    ]
    if left_out:
        changes.append(_change("leave_out", None, list(left_out)))
    return audit_record(run.district_id, at, actor, request_id, what, run.id, changes)


def run_cancelled(run: Run, request_id: str, request: Decision) -> AuditRecord:
    """That somebody had a run cancelled."""
    changes = [
        FieldChange(field="state", before=run.state, after="cancelled"),
        FieldChange(field="comment", after=request.comment),
    ]
    return audit_record(run.district_id, request.at, request.by, request_id, "run.cancelled", run.id, changes)


def run_undone(undone: Run, run: Run, request_id: str, comment: str) -> AuditRecord:
    """That somebody had ``run`` undo what ``undone`` had changed."""
    changes = [FieldChange(field="undone_by", after=run.id), FieldChange(field="comment", after=comment)]
    return audit_record(
        undone.district_id, run.queued_at, run.requested_by, request_id, "run.undone", undone.id, changes
    )


def people_dropped(run: Run, at: datetime, told: Mapping[str, int]) -> AuditRecord | None:
    """How many people a run ended because they were not in the file any more; None when nobody. ``told`` are those of
    whom a record speaks already, from before the rest was approved.
    """
    changes = [
        FieldChange(field=f"dropped.{kind}", before=told.get(kind) or None, after=run.dropped[kind])
        for kind in PERSON_TYPES
        if run.dropped.get(kind, 0) > told.get(kind, 0)
    ]
    if not changes:
        return None
    return audit_record(run.district_id, at, run.requested_by, run.id, "people.dropped", run.id, changes)


def _entered(record: Record) -> dict[str, Any]:
    """The fields that are not blank, those of an object by path."""
    return dict(_flat("", record.model_dump(mode="json", exclude=set(_BOOKKEEPING))))


def _flat(prefix: str, fields: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(f"{prefix}{name}.", value)
        elif value not in (None, "", []):
            yield f"{prefix}{name}", value


def _change(field: str, before: Any, after: Any) -> FieldChange:
    if not isinstance(before, list) and not isinstance(after, list):
        return FieldChange(field=field, before=before, after=after)
    old, new = before or [], after or []
    if all(isinstance(entry, str) for entry in (*old, *new)) and max(len(old), len(new)) <= LISTED:
        return FieldChange(field=field, before=tuple(old) or None, after=tuple(new) or None)
    was, now = _entries(old), _entries(new)
    return FieldChange(field=field, added=(now - was).total(), removed=(was - now).total())


def _entries(values: Iterable[Any]) -> Counter[str]:
    return Counter(json.dumps(value, sort_keys=True) for value in values)
