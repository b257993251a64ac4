"""Runs, and what each would change or found wrong."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Query

from config_api.api import Api
from config_api.export_views import ProjectedChangeView, projected_change
from config_api.listing import Cursor, Limit, Page, decode_cursor, encode_cursor
from config_api.people_views import ChangeView, IssueView, change_view
from config_api.problems import Problem
from config_api.views import RunView, run_view
from rollcall.domain.destinations import Destination
from rollcall.domain.errors import NotFound
from rollcall.domain.ids import person_id
from rollcall.domain.person import Issue, Severity
from rollcall.domain.plan import Change, ChangeKind
from rollcall.domain.run import Run, RunState
from rollcall.engine.blobs import RunFolder, unpack_lines

T = TypeVar("T")
FILES_PER_REQUEST = 10


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
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
        return Page(items=[run_view(run) for run in runs], next=encode_cursor(more) if more else None)

    @api.route("GET", "/v1/districts/<district_id>/runs/<run_id>", "A run", right="viewer")
    def read_run(district_id: str, run_id: str) -> RunView:
        return run_view(_stored(district_id, run_id))

    @api.route(
        "GET", "/v1/districts/<district_id>/runs/<run_id>/issues", "What a run found wrong", right="viewer"
    )
    def list_issues(
        district_id: str,
        run_id: str,
        severity: Severity | None = None,
        code: Annotated[str | None, Query(max_length=100)] = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[IssueView]:
        run = _stored(district_id, run_id)
        folder = RunFolder(run)
        page, more = _lines(
            [folder.issues(part) for part in range(_files(run, "issue_files"))],
            Issue,
            lambda issue: severity in (None, issue.severity) and code in (None, issue.code),
            limit,
            cursor,
        )
        source = parts.config.integration(district_id, run.integration_id).source if page else ""
        return Page(items=[_issue_view(issue, district_id, source) for issue in page], next=more)

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
        destination: Annotated[
            Destination | None,
            Query(description="Only what this application may know, and only such changes"),
        ] = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[ChangeView] | Page[ProjectedChangeView]:
        run = _stored(district_id, run_id)
        folder = RunFolder(run)
        page, more = _lines(
            [folder.plan(part) for part in range(_files(run, "plan_files"))],
            Change,
            lambda change: (
                kind in (None, change.kind)
                and (destination is None or projected_change(change, destination) is not None)
            ),
            limit,
            cursor,
        )
        if destination is not None:
            seen = (projected_change(change, destination) for change in page)
            return Page(items=[change for change in seen if change is not None], next=more)
        return Page(items=[change_view(change) for change in page], next=more)

    def _stored(district_id: str, run_id: str) -> Run:
        run = parts.runs.get(district_id, run_id)
        if run is None:
            raise NotFound("run")
        return run

    def _file(key: str) -> bytes:
        try:
            return parts.blobs.get(key)
        except NotFound:
            detail = "The files of this run are no longer kept; its counts still are."
            raise Problem(HTTPStatus.NOT_FOUND, "run_files_deleted", detail) from None

    def _lines(
        keys: list[str], kind: type[T], keep: Callable[[T], bool], limit: int, cursor: str | None
    ) -> tuple[list[T], str | None]:
        """A page of what lies in a run's files. A page may be short: each request opens a bounded number of files."""
        first, line = decode_cursor(cursor, tuple[int, int]) or (0, 0)
        found: list[T] = []
        for part in range(first, min(first + FILES_PER_REQUEST, len(keys))):
            for number, value in enumerate(unpack_lines(_file(keys[part]), kind)):
                if (part == first and number < line) or not keep(value):
                    continue
                if len(found) == limit:
                    return found, encode_cursor((part, number))
                found.append(value)
        rest = first + FILES_PER_REQUEST
        return found, encode_cursor((rest, 0)) if rest < len(keys) else None


def _files(run: Run, name: str) -> int:
    count: Any = run.checkpoint.get(name, 0)
    return int(count)


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
