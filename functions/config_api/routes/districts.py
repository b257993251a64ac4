"""A district's own settings."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from config_api.api import Api
from config_api.audited import audited
from config_api.once import IfMatch, check_version
from config_api.problems import Problem
from config_api.views import DistrictView, district_view
from rollcall.domain.audit import Action
from rollcall.domain.district import DISTRICT_ID, District, DistrictForm, apply_form
from rollcall.domain.errors import NotFound
from rollcall.domain.form import invalid
from rollcall.domain.schedule import rescheduled


class DistrictUpdate(DistrictForm):
    """A district as written; ``version`` is the one that was read, left out for a new district."""

    version: int | None = None


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route("GET", "/v1/districts/<district_id>", "A district", right="viewer")
    def read_district(district_id: str) -> DistrictView:
        return district_view(parts.config.district(district_id), parts.clock.now())

    @api.route(
        "PUT",
        "/v1/districts/<district_id>",
        "Change a district; the platform operator may create one",
        right="admin",
        creates=True,
    )
    def write_district(
        district_id: str, form: Annotated[DistrictUpdate, Body()], if_match: IfMatch = None
    ) -> Response[DistrictView]:
        now = parts.clock.now()
        stored = _stored(district_id)
        if stored is None:
            _check_new(district_id)
        else:
            check_version(stored.version, if_match, form.version)
        district = apply_form(district_id, form, stored, now)
        what: Action = "district.changed" if stored else "district.created"
        parts.config.put_district(
            district, audited(api, district_id, what, district_id, now, stored, district)
        )
        if stored:
            _reschedule(stored, district, now)
        return Response(
            status_code=HTTPStatus.OK if stored else HTTPStatus.CREATED,
            content_type="application/json",
            body=district_view(district, now),
        )

    def _reschedule(before: District, district: District, now: datetime) -> None:
        moved = before.time_zone != district.time_zone
        if not moved and before.blackouts == district.blackouts:
            return
        # No changes of their own: they keep their wall time, and the district's record says why it moves.
        for schedule in parts.config.schedules(district.id):
            # An edit of blackouts must not lose a run that is due this very minute.
            if moved or (schedule.next_run_at and schedule.next_run_at > now):
                again = rescheduled(schedule, district.time_zone, now, district.blackouts)
                parts.config.put_schedule(again)

    def _stored(district_id: str) -> District | None:
        try:
            return parts.config.district(district_id)
        except NotFound:
            return None

    def _check_new(district_id: str) -> None:
        if not api.caller.access.platform:
            raise Problem(
                HTTPStatus.FORBIDDEN, "forbidden", "Only the platform operator may create a district."
            )
        if not DISTRICT_ID.fullmatch(district_id):
            message = "Use 2 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit."
            raise invalid("district_id", "wrong_format", message)
