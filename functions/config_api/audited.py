"""The audit record of what a request does, to be written in one transaction with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from config_api.api import Api
from rollcall.domain.audit import Action, AuditRecord, FieldChange, audit_record, differences, run_started
from rollcall.domain.form import Record
from rollcall.domain.run import Run


def audited(
    api: Api,
    district_id: str,
    what: Action,
    subject: str,
    at: datetime,
    before: Record | None,
    after: Record,
    further: Iterable[FieldChange] = (),
) -> AuditRecord:
    """That the caller wrote ``after`` over ``before`` (None: something new), with ``further`` changes that neither
    shows. ``subject`` is the id of what was written.
    """
    changes = [*differences(before, after), *further]
    return audit_record(district_id, at, api.caller.user, api.request_id, what, subject, changes)


def started(api: Api, run: Run) -> AuditRecord:
    """That the caller had an integration run."""
    return run_started(run, api.request_id)
