"""Exports: files of a whole district for one application, made in the background; and the nutrition file's template.

Whoever runs syncs and approves them hands the files on, so that needs the right operator. A viewer may look at one
person after the other, which is not the same as taking all of them away.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import TypeAdapter

from config_api.api import Api
from config_api.audited import audited
from config_api.export_views import ExportView, TemplateView, export_view, template_view
from config_api.listing import Cursor, Limit, Page, decode_cursor, encode_cursor
from config_api.once import IdempotencyKey, IfMatch, Making, check_version, once
from config_api.run_files import kept, stored_run
from rollcall.domain.audit import Action, FieldChange, audit_record
from rollcall.domain.export import Export, ExportedRun, ExportForm, ExportTemplate, Template
from rollcall.engine.archive import chunks_of
from rollcall.exports.records import Exports, file_key

LINK_SECONDS = 15 * 60

_view = TypeAdapter(ExportView)


class TemplateUpdate(Template):
    """A template as written; ``version`` is the one that was read, 0 for the default template."""

    version: int | None = None


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts
    exports = Exports(parts.blobs)

    @api.route(
        "GET",
        "/v1/districts/<district_id>/exports",
        "Exports of the last days, newest first",
        right="operator",
    )
    def list_exports(district_id: str, limit: Limit = 25, cursor: Cursor = None) -> Page[ExportView]:
        found, more = exports.newest(district_id, limit, decode_cursor(cursor, str))
        return Page(items=[_shown(export) for export in found], next=encode_cursor(more) if more else None)

    @api.route(
        "POST",
        "/v1/districts/<district_id>/exports",
        "Have a file made",
        right="operator",
        status=HTTPStatus.ACCEPTED,
    )
    def create_export(
        district_id: str, form: Annotated[ExportForm, Body()], idempotency_key: IdempotencyKey = None
    ) -> ExportView:
        def make(making: Making) -> ExportView:
            form.check()
            run = _run(district_id, form.run_id) if form.run_id else None
            export = Export(
                id=making.new_id("exp"),
                district_id=district_id,
                district_name=api.district.name,
                school_year=api.district.school_year_at(making.now),
                integration_ids=tuple(
                    integration.id
                    for integration in parts.config.integrations(district_id)
                    if "nutrition" in integration.destinations
                ),
                kind=form.kind,
                options=form.options,
                template=_template(district_id) if form.kind == "nutrition_students" else None,
                run=run,
                requested_by=api.caller.user,
                requested_at=making.now,
                updated_at=making.now,
            )
            # Files leave Rollcall: it is told even of those that could not be made.
            parts.audit.write(
                audit_record(
                    district_id,
                    making.now,
                    api.caller.user,
                    api.request_id,
                    "export.requested",
                    export.id,
                    [FieldChange(field="kind", after=form.kind)]
                    + ([FieldChange(field="run_id", after=run.id)] if run else []),
                )
            )
            exports.put(export)
            parts.exporter.start(district_id, export.id)
            return export_view(export, making.now, None)

        return once(api, district_id, idempotency_key, _view, make)

    @api.route("GET", "/v1/districts/<district_id>/exports/<export_id>", "An export", right="operator")
    def read_export(district_id: str, export_id: str) -> ExportView:
        return _shown(exports.get(district_id, export_id))

    @api.route(
        "GET",
        "/v1/districts/<district_id>/nutrition-template",
        "The columns of the nutrition file",
        right="viewer",
    )
    def read_template(district_id: str) -> TemplateView:
        return template_view(parts.config.export_template(district_id))

    @api.route(
        "PUT",
        "/v1/districts/<district_id>/nutrition-template",
        "Change the columns of the nutrition file; exports that were asked for before keep theirs",
        right="admin",
    )
    def write_template(
        district_id: str, form: Annotated[TemplateUpdate, Body()], if_match: IfMatch = None
    ) -> TemplateView:
        stored = parts.config.export_template(district_id)
        version = stored.version if stored else 0
        check_version(version, if_match, form.version)
        template = Template.model_validate(form.model_dump(exclude={"version"}))
        template.check()
        written = ExportTemplate(
            district_id=district_id, template=template, version=version + 1, updated_at=parts.clock.now()
        )
        what: Action = "export_template.changed" if stored else "export_template.created"
        audit = audited(api, district_id, what, "nutrition", written.updated_at, stored, written)
        parts.config.put_export_template(written, audit)
        return template_view(written)

    def _run(district_id: str, run_id: str) -> ExportedRun:
        """Raises ``NotFound``, and :class:`Problem` when the run's files are no longer kept."""
        run = stored_run(parts.runs, district_id, run_id)
        chunks = kept(lambda: chunks_of(parts.blobs, run))
        return ExportedRun(
            id=run.id,
            integration_id=run.integration_id,
            integration_name=parts.config.integration(district_id, run.integration_id).name,
            system=run.system,
            chunks=chunks,
        )

    def _template(district_id: str) -> Template | None:
        stored = parts.config.export_template(district_id)
        return stored.template if stored else None

    def _shown(export: Export) -> ExportView:
        link = None
        if export.state == "completed":
            link = parts.blobs.link(file_key(export), LINK_SECONDS, export.file_name)
        return export_view(export, parts.clock.now(), link)
