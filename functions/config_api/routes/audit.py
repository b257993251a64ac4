"""The audit: who changed what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AwareDatetime

from config_api.api import Api
from config_api.audit_views import AuditView, audit_view
from config_api.downloads import csv_answer
from config_api.listing import Cursor, Limit, Page, decode_cursor, encode_cursor, named
from rollcall.domain.audit import AuditRecord, FieldChange, Value
from rollcall.store.audit import Keep

Actor = Annotated[str | None, Query(max_length=320, description="Part of who did it, in any case")]
What = Annotated[
    str | None,
    Query(
        max_length=100,
        description="An action such as integration.changed, or a field that changed such as credentials",
    ),
]
From = Annotated[AwareDatetime | None, Query(alias="from", description="This moment or later")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="Before this moment")]
_Position = Annotated[str, msgspec.Meta(pattern=r"^aud_0[0-9A-HJKMNP-TV-Z]{9,25}$")]

_SKEW = timedelta(minutes=1)
"""How far the clock of whoever wrote a record may be ahead of ours."""

_PAGE = 200
_HEADER = ("time", "who", "what", "subject", "field", "before", "after", "added", "removed", "request")


def register(api: Api) -> None:
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET",
        "/v1/districts/<district_id>/audit",
        "Who changed what in a district, newest first",
        right="admin",
    )
    def list_audit(
        district_id: str,
        actor: Actor = None,
        what: What = None,
        since: From = None,
        until: To = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[AuditView]:
        first, last = _span(since, until)
        before = decode_cursor(cursor, _Position)
        records, more = parts.audit.history(district_id, first, last, _keep(actor, what), limit, before)
        return Page(
            items=[audit_view(record) for record in records], next=encode_cursor(more) if more else None
        )

    @api.route(
        "GET",
        "/v1/districts/<district_id>/audit.csv",
        "The same as a file: one line per field that changed",
        right="admin",
        binary="text/csv",
    )
    def download_audit(
        district_id: str, actor: Actor = None, what: What = None, since: From = None, until: To = None
    ) -> Response[str]:
        first, last = _span(since, until)
        rows = (row for record in _all(district_id, first, last, _keep(actor, what)) for row in _rows(record))
        return csv_answer(
            api, f"{district_id}-audit", _HEADER, rows, "ask for a shorter time with from and to"
        )

    def _all(district_id: str, first: datetime, last: datetime, keep: Keep) -> Iterator[AuditRecord]:
        records, more = parts.audit.history(district_id, first, last, keep, _PAGE)
        yield from records
        while more:
            records, more = parts.audit.history(district_id, first, last, keep, _PAGE, more)
            yield from records

    def _span(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
        """What was asked for, within the time that the district has existed."""
        created, latest = api.district.created_at, parts.clock.now() + _SKEW
        return max(since or created, created), min(until or latest, latest)


def _keep(actor: str | None, what: str | None) -> Keep:
    return lambda record: named(record.actor, actor) and (what is None or record.about(what))


def _rows(record: AuditRecord) -> Iterator[tuple[str | None, ...]]:
    for change in record.changes or (None,):
        yield (
            record.at.isoformat(),
            record.actor,
            record.what,
            record.subject,
            *(_cells(change) if change else (None,) * 5),
            record.request_id,
        )


def _cells(change: FieldChange) -> tuple[str | None, ...]:
    return (
        change.field,
        _text(change.before),
        _text(change.after),
        _text(change.added),
        _text(change.removed),
    )


def _text(value: Value) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    return None if value is None else str(value)
