"""What the API answers of the audit."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from config_api.views import View
from rollcall.domain.audit import Action, AuditRecord, Value


class FieldChangeView(View):
    """One field, before and after; null is blank. Of a long list only how many entries came and went is known."""

    field: str
    before: Value
    after: Value
    added: int | None
    removed: int | None


class AuditView(View):
    """One thing that somebody did. ``subject`` is the id of what it was done to."""

    id: str
    at: datetime
    actor: str
    what: Action
    subject: str
    changes: list[FieldChangeView]
    request_id: str = Field(
        description="From where: the request to this API, the message on the run queue, or the run itself"
    )


def audit_view(record: AuditRecord) -> AuditView:
    """A record of the audit."""
    return AuditView.model_validate(record.model_dump(exclude={"district_id"}))
