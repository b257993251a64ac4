"""The media roster: what a run imported and whom it kept out, and who stands for whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from config_api.api import Api
from config_api.audited import audited
from config_api.brief_views import BriefView, brief_view
from config_api.downloads import csv_answer
from config_api.listing import Cursor, Limit, Page
from config_api.people_views import ImportSummaryView, ReasonView, TwinCandidateView, TwinView
from config_api.problems import Problem
from config_api.run_files import issue_files, lines_of, page_of_lines
from rollcall.domain.errors import NotFound
from rollcall.domain.form import Form, invalid
from rollcall.domain.ids import person_id
from rollcall.domain.media import REASONS
from rollcall.domain.person import PERSON_TYPES, Issue
from rollcall.domain.plan import StoredPerson
from rollcall.domain.run import Run
from rollcall.domain.twins import Twin

CANDIDATE = "staff_parent_candidate"
"""The issue of a parent who has the name of a member of staff."""

_HEADER = ("member_type", "id", "severity", "reason", "field", "value", "message", "fix")


class TwinForm(Form):
    """The member of staff that a parent is too; null where the two are two people."""

    staff_id: str | None


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/summary",
        "What a run imported into the media application, and how many it kept out for which reason",
        right="viewer",
    )
    def read_summary(district_id: str, run_id: str) -> ImportSummaryView:
        run = _run(district_id, run_id)
        return ImportSummaryView(
            run_id=run.id,
            imported={kind: run.roster.get(kind, {}).get("invited", 0) for kind in PERSON_TYPES},
            staff_who_are_parents=sum(counts.get("same", 0) for counts in run.roster.values()),
            blocked={kind: run.roster.get(kind, {}).get("blocked", 0) for kind in PERSON_TYPES},
            rejected={kind: run.counts[kind]["reject"] for kind in PERSON_TYPES},
            reasons=[
                ReasonView(code=code, count=count, message=REASONS[code][0], fix=REASONS[code][1])
                for code, count in sorted(run.issue_codes.items())
                if code in REASONS
            ],
        )

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/summary.csv",
        "Everybody whom a run kept out of the media application, with the reason",
        right="viewer",
        binary="text/csv",
    )
    def download_summary(district_id: str, run_id: str) -> Response[str]:
        run = _run(district_id, run_id)
        rows = (
            (i.person_type, i.source_id, i.severity, i.code, i.field, i.value, i.message, i.fix)
            for i in lines_of(parts.blobs, issue_files(run), Issue)
            if i.code in REASONS or (i.severity == "error" and i.source_id)
        )
        return csv_answer(api, f"{run.id}-blocked", _HEADER, rows, "read the run's issues page by page")

    @api.route(
        "PUT",
        "/v1/districts/<district_id>/people/<person_id>/same-as",
        "Say which member of staff a parent is too, or that they are two people; the next run follows",
        right="operator",
    )
    def decide_twin(district_id: str, person_id: str, form: Annotated[TwinForm, Body()]) -> TwinView:
        contact = _person(district_id, person_id)
        if contact is None:
            raise NotFound("person")
        if contact.person.type != "contact":
            detail = "Only a parent can be a member of staff too."
            raise Problem(HTTPStatus.CONFLICT, "not_a_contact", detail)
        if form.staff_id is not None:
            staff = _person(district_id, form.staff_id)
            if staff is None or staff.person.type != "staff" or staff.person.status != "active":
                raise invalid("staff_id", "unknown_staff", "Give the id of an active member of staff.")
        before = next((t for t in parts.config.twins(district_id) if t.contact_id == contact.id), None)
        twin = Twin(
            district_id=district_id,
            contact_id=contact.id,
            contact_source_id=contact.person.source_id,
            staff_id=form.staff_id,
            decided_by=api.caller.user,
            decided_at=parts.clock.now(),
        )
        audit = audited(api, district_id, "staff_parent.decided", contact.id, twin.decided_at, before, twin)
        parts.config.put_twin(twin, audit)
        return _twin_views(district_id, [twin])[0]

    @api.route(
        "GET",
        "/v1/districts/<district_id>/staff-parents",
        "What was decided about parents who may be members of staff",
        right="viewer",
    )
    def list_twins(district_id: str) -> list[TwinView]:
        return _twin_views(district_id, parts.config.twins(district_id))

    @api.route(
        "GET",
        "/v1/districts/<district_id>/runs/<run_id>/staff-parents",
        "Parents whom a run found to have the name of a member of staff, and what was decided about them",
        right="viewer",
    )
    def list_candidates(
        district_id: str, run_id: str, limit: Limit = 25, cursor: Cursor = None
    ) -> Page[TwinCandidateView]:
        run = _run(district_id, run_id)
        files = issue_files(run) if run.issue_codes.get(CANDIDATE) else []
        found, more = page_of_lines(parts.blobs, files, Issue, lambda i: i.code == CANDIDATE, limit, cursor)
        source = parts.config.integration(district_id, run.integration_id).source if found else ""
        pairs = [
            (person_id(district_id, source, "contact", issue.source_id or ""), issue.value or "")
            for issue in found
        ]
        people = _briefs(district_id, (person for pair in pairs for person in pair))
        decided = {twin.contact_id: twin for twin in parts.config.twins(district_id)}
        decisions = _twin_views(district_id, [decided[contact] for contact, _ in pairs if contact in decided])
        decision = {twin.contact_id: twin for twin in decisions}
        items = [
            TwinCandidateView(contact=people[contact], staff=people[staff], decision=decision.get(contact))
            for contact, staff in pairs
            if contact in people and staff in people
        ]
        return Page(items=items, next=more)

    def _run(district_id: str, run_id: str) -> Run:
        run = parts.runs.get(district_id, run_id)
        if run is None:
            raise NotFound("run")
        return run

    def _person(district_id: str, person_id: str) -> StoredPerson | None:
        return parts.people.get(district_id, person_id)

    def _briefs(district_id: str, ids: Iterable[str]) -> dict[str, BriefView]:
        found = parts.people.get_many(district_id, sorted(set(ids)))
        return {key: brief_view(stored) for key, stored in found.items()}

    def _twin_views(district_id: str, twins: Sequence[Twin]) -> list[TwinView]:
        people = _briefs(district_id, (key for t in twins for key in (t.contact_id, t.staff_id) if key))
        return [
            TwinView(
                contact_id=twin.contact_id,
                staff_id=twin.staff_id,
                contact=people.get(twin.contact_id),
                staff=people.get(twin.staff_id or ""),
                decided_by=twin.decided_by,
                decided_at=twin.decided_at,
            )
            for twin in twins
        ]
