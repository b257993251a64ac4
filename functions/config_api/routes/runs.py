"""Runs, and what each would change or found wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from config_api.api import Api
from config_api.downloads import csv_answer
from config_api.export_views import ProjectedChangeView, projected_change
from config_api.judgement import Judgement
from config_api.listing import Cursor, Limit, Page, decode_cursor, encode_cursor
from config_api.people_views import ChangeView, IssueView, change_view
from config_api.run_files import issue_files, lines_of, page_of_lines, plan_files, stored_run
from config_api.views import RunView, run_view
from rollcall.domain.destinations import Destination
from rollcall.domain.ids import person_id
from rollcall.domain.person import Issue, PersonType, Severity
from rollcall.domain.plan import Change, ChangeKind
from rollcall.domain.run import Run, RunState

IssueCode = Annotated[str | None, Query(max_length=100)]
Held = Annotated[bool | None, Query(description="Only what waited for a person, or only what did not")]
ISSUE_COLUMNS = ["severity", "code", "person_type", "source_id", "person", "field", "value", "message", "fix"]
CHANGE_COLUMNS = [
    "kind",
    "type",
    "person_id",
    "source_id",
    "first_name",
    "last_name",
    "field",
    "before",
    "after",
    "held",
    "complete_pull",
    "mapped_building",
    "threshold",
    "approvals",
]


def register(api: Api) -> None:
    """Declare the routes."""
    parts = api.parts

    @api.route("GET", "/v1/districts/<district_id>/runs", "Runs of a district, newest first", right="viewer")
    def list_runs(
        district_id: str,
        integration_id: Annotated[str | None, Query(max_length=64)] = None,
        state: RunState | None = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[RunView]:
        before = decode_cursor(cursor, str)
        runs, more = parts.runs.history(district_id, integration_id, [state] if state else [], limit, before)
        cancels = parts.runs.cancel_requests(district_id, [run.id for run in runs if not run.ended])
        items = [run_view(run, cancels) for run in runs]
        return Page(items=items, next=encode_cursor(more) if more else None)

    @api.route("GET", "/v1/districts/<district_id>/runs/<run_id>", "A run", right="viewer")
    def read_run(district_id: str, run_id: str) -> RunView:
        return run_view(
            stored_run(parts.runs, district_id, run_id), parts.runs.cancel_requests(district_id, [run_id])
        )

    @api.route(
        "GET", "/v1/districts/<district_id>/runs/<run_id>/issues", "What a run found wrong", right="viewer"
    )
    def list_issues(
        district_id: str,
        run_id: str,
        severity: Severity | None = None,
        code: IssueCode = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[IssueView]:
        run = stored_run(parts.runs, district_id, run_id)
        page, more = page_of_lines(
            parts.blobs,
            issue_files(run),
            Issue,
            lambda issue: severity in (None, issue.severity) and code in (None, issue.code),
            limit,
            cursor,
        )
        source = _source(run) if page else ""
        return Page(items=[_issue_view(issue, district_id, source) for issue in page], next=more)

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/issues.csv",
        "What a run found wrong, as a file",
        right="viewer",
        binary="text/csv",
    )
    def download_issues(
        district_id: str, run_id: str, severity: Severity | None = None, code: IssueCode = None
    ) -> Response[str]:
        run = stored_run(parts.runs, district_id, run_id)
        source = _source(run)
        rows = (
            _issue_row(_issue_view(issue, district_id, source))
            for issue in lines_of(parts.blobs, issue_files(run), Issue)
            if severity in (None, issue.severity) and code in (None, issue.code)
        )
        return csv_answer(api, f"{run.id}-issues", ISSUE_COLUMNS, rows, "ask for one severity or code")

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/changes",
        "What a run changes or would",
        right="viewer",
    )
    def list_changes(
        district_id: str,
        run_id: str,
        kind: ChangeKind | None = None,
        person_type: PersonType | None = None,
        held: Held = None,
        destination: Annotated[
            Destination | None,
            Query(description="Only what this application may know, and only such changes"),
        ] = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[ChangeView] | Page[ProjectedChangeView]:
        run = stored_run(parts.runs, district_id, run_id)
        judgement = Judgement(parts.blobs, run)
        page, more = page_of_lines(
            parts.blobs,
            plan_files(run),
            Change,
            lambda change: (
                _wanted(change, judgement, kind, person_type, held)
                and (destination is None or projected_change(change, destination) is not None)
            ),
            limit,
            cursor,
        )
        if destination is not None:
            seen = (projected_change(change, destination) for change in page)
            return Page(items=[change for change in seen if change is not None], next=more)
        return Page(items=[change_view(change, judgement) for change in page], next=more)

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/changes.csv",
        "What a run changes or would, as a file: one line per field that differs, and one per person who is added",
        right="viewer",
        binary="text/csv",
    )
    def download_changes(
        district_id: str,
        run_id: str,
        kind: ChangeKind | None = None,
        person_type: PersonType | None = None,
        held: Held = None,
    ) -> Response[str]:
        run = stored_run(parts.runs, district_id, run_id)
        judgement = Judgement(parts.blobs, run)
        rows = (
            row
            for change in lines_of(parts.blobs, plan_files(run), Change)
            if _wanted(change, judgement, kind, person_type, held)
            for row in _change_rows(change, judgement)
        )
        return csv_answer(api, f"{run.id}-changes", CHANGE_COLUMNS, rows, "ask for one kind of change")

    def _source(run: Run) -> str:
        return parts.config.integration(run.district_id, run.integration_id).source


def _wanted(
    change: Change,
    judgement: Judgement,
    kind: ChangeKind | None,
    person_type: PersonType | None,
    held: bool | None,
) -> bool:
    if kind not in (None, change.kind) or person_type not in (None, change.type):
        return False
    return held is None or held == (judgement.held_as(change) is not None)


def _issue_view(issue: Issue, district_id: str, source: str) -> IssueView:
    person = None
    if issue.person_type and issue.source_id:
        person = person_id(district_id, source, issue.person_type, issue.source_id)
    return IssueView(
        severity=issue.severity,
        code=issue.code,
        person=person,
        person_type=issue.person_type,
        source_id=issue.source_id,
        field=issue.field,
        value=issue.value,
        message=issue.message,
        fix=issue.fix,
    )


def _issue_row(issue: IssueView) -> list[str | None]:
    return [getattr(issue, column) for column in ISSUE_COLUMNS]


def _change_rows(change: Change, judgement: Judgement) -> Iterator[tuple[str | None, ...]]:
    """A line for each field that differs; one line where none does, as for somebody who is added."""
    before, after = change.before.person if change.before else None, change.after.person
    who = (change.kind, change.type, change.after.id, after.source_id, after.first_name, after.last_name)
    proofs = judgement.proofs(change)
    why = (
        judgement.held_as(change),
        *(_text(getattr(proofs, name, None)) for name in CHANGE_COLUMNS[-4:]),
    )
    if before is None or not change.fields:
        yield (*who, None, None, None, *why)
        return
    for field in change.fields:
        yield (*who, field, _text(getattr(before, field)), _text(getattr(after, field)), *why)


def _text(value: Any) -> str | None:
    """A value as one cell: text as it is, anything with parts as JSON."""
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
