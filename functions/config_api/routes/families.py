"""What a run does to families, to be looked at before it is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from aws_lambda_powertools.event_handler import Response

from config_api.api import Api
from config_api.downloads import csv_answer
from config_api.judgement import Judgement
from config_api.judgement_views import FAMILY_COLUMNS, FamilyChangeView, family_change_view, family_rows
from config_api.listing import Cursor, Limit, Page
from config_api.run_files import family_files, lines_of, page_of_lines, stored_run
from rollcall.domain.family_change import FamilyChange, FamilyChangeKind
from rollcall.domain.run import Run

LOOK_UP = 100
"""Family changes whose students are looked up together."""


def register(api: Api) -> None:
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/families",
        "What a run does to families or would: merges, splits, who joins and who leaves",
        right="viewer",
    )
    def list_family_changes(
        district_id: str,
        run_id: str,
        kind: FamilyChangeKind | None = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[FamilyChangeView]:
        run = stored_run(parts.runs, district_id, run_id)
        page, more = page_of_lines(
            parts.blobs,
            family_files(run),
            FamilyChange,
            lambda change: kind in (None, change.kind),
            limit,
            cursor,
        )
        return Page(items=_views(run, page), next=more)

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/families.csv",
        "What a run does to families or would, as a file: one line per student",
        right="viewer",
        binary="text/csv",
    )
    def download_family_changes(
        district_id: str, run_id: str, kind: FamilyChangeKind | None = None
    ) -> Response[str]:
        run = stored_run(parts.runs, district_id, run_id)
        wanted = (
            change
            for change in lines_of(parts.blobs, family_files(run), FamilyChange)
            if kind in (None, change.kind)
        )
        rows = (row for part in _parts(wanted) for view in _views(run, part) for row in family_rows(view))
        return csv_answer(api, f"{run.id}-families", FAMILY_COLUMNS, rows, "ask for one kind of change")

    def _views(run: Run, changes: list[FamilyChange]) -> list[FamilyChangeView]:
        judgement = Judgement(parts.blobs, run)
        staying = sorted({student.person_id for change in changes for student in change.staying})
        known = parts.people.get_many(run.district_id, staying)
        return [family_change_view(change, judgement.family_held_as(change), known) for change in changes]


def _parts(changes: Iterable[FamilyChange]) -> Iterator[list[FamilyChange]]:
    rest = iter(changes)
    while part := list(islice(rest, LOOK_UP)):
        yield part
