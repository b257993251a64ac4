"""What the API answers about exports, and about changes as one application may know of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config_api.views import FailureView, ProgressView, View
from rollcall.domain.destinations import Destination, known_as, visible
from rollcall.domain.export import (
    DEFAULT,
    Column,
    Export,
    ExportKind,
    ExportOptions,
    ExportState,
    ExportTemplate,
)
from rollcall.domain.person import PersonType
from rollcall.domain.plan import Change, ChangeKind


class ProjectedChangeView(View):
    """One person's change as one application may know of it.

    A side is null where that application does not know the person: before somebody is let in, for example.
    """

    kind: ChangeKind
    type: PersonType
    person_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    fields: list[str]


class ExportView(View):
    """A file of a whole district for one application, or an archive of one run.

    ``download`` leads to the file for a quarter of an hour, and is null until there is one. ``shortened`` counts the
    cells that were cut to the length of their column.
    """

    id: str
    kind: ExportKind
    options: ExportOptions
    requested_by: str
    requested_at: datetime
    state: ExportState
    progress: ProgressView
    rows: int
    shortened: int
    size: int | None
    error: FailureView | None
    started_at: datetime | None
    ended_at: datetime | None
    file_name: str
    download: str | None
    run_id: str | None


class TemplateView(View):
    """How the district wants its nutrition file; version 0 is the default template."""

    columns: list[Column]
    delimiter: str
    list_separator: str
    version: int
    updated_at: datetime | None


def projected_change(change: Change, destination: Destination) -> ProjectedChangeView | None:
    """A change as ``destination`` may know of it; None when there is nothing in it for that application."""
    before = known_as(change.before.person, destination) if change.before else None
    after = known_as(change.after.person, destination)
    if before is None and after is None:
        return None
    fields = [
        name
        for name in visible(change.fields, destination)
        if (before or {}).get(name) != (after or {}).get(name)
    ]
    if before is not None and after is not None and not fields:
        return None
    return ProjectedChangeView(
        kind=change.kind,
        type=change.type,
        person_id=change.after.id,
        before=before,
        after=after,
        fields=fields if before is not None and after is not None else [],
    )


def export_view(export: Export, now: datetime, download: str | None) -> ExportView:
    """An export, at an instant that says whether it is still being made."""
    shown = export.seen(now)
    return ExportView(
        **shown.model_dump(include=set(ExportView.model_fields) - {"error"}),
        progress=ProgressView(stage=shown.state, done=shown.people, total=None),
        error=FailureView(**shown.error.model_dump()) if shown.error else None,
        file_name=shown.file_name,
        download=download,
        run_id=shown.run.id if shown.run else None,
    )


def template_view(stored: ExportTemplate | None) -> TemplateView:
    """The district's own template, or the default one."""
    return TemplateView(
        **(stored.template if stored else DEFAULT).model_dump(),
        version=stored.version if stored else 0,
        updated_at=stored.updated_at if stored else None,
    )
