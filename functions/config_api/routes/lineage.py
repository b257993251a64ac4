"""Where a person's values come from, what became of the person over the runs that are kept, and the files of a run."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from aws_lambda_powertools.event_handler.openapi.params import Query

from config_api.api import Api
from config_api.lineage_views import (
    CarriedView,
    HistoryView,
    LineageView,
    ProcessedView,
    ReceivedPageView,
    RunFilesView,
    lineage_view,
)
from config_api.listing import Cursor, Limit, Page, decode_cursor, encode_cursor
from config_api.person_history import history, stores
from config_api.problems import Problem
from config_api.run_files import kept, stored_run
from rollcall.connectors.reader import reader
from rollcall.domain.errors import NotFound
from rollcall.domain.plan import StoredPerson
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, run_of
from rollcall.engine.lineage import carried, trace
from rollcall.engine.received import received_pages

_FOLDERS: tuple[tuple[Literal["people", "changes", "issues"], str], ...] = (
    ("people", "mapped"),
    ("changes", "plan"),
    ("issues", "issues"),
)


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET",
        "/v1/districts/<district_id>/people/<person_id>/lineage",
        "Where every value of a person comes from: raw values, code mappings, settings and rules",
        right="viewer",
    )
    def read_lineage(
        district_id: str,
        person_id: str,
        run_id: Annotated[
            str | None,
            Query(max_length=64, description="Left out: the newest sync that counts for the person"),
        ] = None,
    ) -> LineageView:
        stored = _person(district_id, person_id)
        newest = parts.runs.state(district_id, stored.integration_id).snapshot
        newest = run_of(newest) if newest else None
        if run_id is None and newest is None:
            raise _no_lineage("No sync of this person's integration has completed yet.")
        run = stored_run(parts.runs, district_id, run_id or newest or "")
        if not stores(run):
            raise _no_lineage("This run stored nothing. Ask for a sync that did.")
        lineage = kept(lambda: trace(parts.blobs, reader, run, stored, current=run.id == newest))
        return lineage_view(stored.id, stored.person.type, run, lineage, _kept_until(run))

    @api.route(
        "GET",
        "/v1/districts/<district_id>/people/<person_id>/history",
        "What the runs whose files are kept did to a person, newest first",
        right="viewer",
    )
    def read_history(
        district_id: str, person_id: str, limit: Limit = 25, cursor: Cursor = None
    ) -> Page[HistoryView]:
        found, more = history(
            parts, _person(district_id, person_id), limit, decode_cursor(cursor, tuple[str, int])
        )
        return Page(items=found, next=encode_cursor(more) if more else None)

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/files",
        "What a run received, page by page, and what it made of it",
        right="viewer",
    )
    def list_files(district_id: str, run_id: str, limit: Limit = 25, cursor: Cursor = None) -> RunFilesView:
        run = stored_run(parts.runs, district_id, run_id)
        position = decode_cursor(cursor, tuple[int, int])
        items, more = kept(lambda: received_pages(parts.blobs, reader, run, limit, position or (0, 0)))
        return RunFilesView(
            run_id=run.id,
            received_on=(run.started_at or run.queued_at).astimezone(api.district.zone).date(),
            kept_until=_kept_until(run),
            carried=_carried(run) if position is None and stores(run) else [],
            processed=_processed(run) if position is None else [],
            items=[ReceivedPageView(**msgspec.structs.asdict(page)) for page in items],
            next=encode_cursor(more) if more else None,
        )

    def _person(district_id: str, person_id: str) -> StoredPerson:
        person = parts.people.get(district_id, person_id)
        if person is None:
            raise NotFound("person")
        return person

    def _kept_until(run: Run) -> datetime:
        return (run.started_at or run.queued_at) + timedelta(days=parts.run_files_days)

    def _carried(run: Run) -> list[CarriedView]:
        return [CarriedView(**msgspec.structs.asdict(c)) for c in kept(lambda: carried(parts.blobs, run))]

    def _processed(run: Run) -> list[ProcessedView]:
        sizes = {name: parts.blobs.sizes(RunFolder(run).part(folder)) for name, folder in _FOLDERS}
        return [
            ProcessedView(name=name, files=len(found), stored_bytes=sum(found.values()))
            for name, found in sizes.items()
        ]


def _no_lineage(detail: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, "no_lineage", detail)
