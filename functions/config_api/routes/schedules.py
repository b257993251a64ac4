"""Schedules."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import TypeAdapter

from config_api.api import Api
from config_api.audited import audited, started
from config_api.closed import refuse_in_blackout
from config_api.last_runs import last_runs
from config_api.listing import Cursor, Limit, Order, Page, Search, named, page_of
from config_api.once import IdempotencyKey, IfMatch, Making, check_version, once
from config_api.schedule_views import PlannedRunsView, ScheduleView, planned_runs_view, schedule_view
from config_api.views import RunView, run_view
from rollcall.domain.audit import Action
from rollcall.domain.errors import Conflict
from rollcall.domain.form import FieldError, Form, raise_if_any
from rollcall.domain.ids import derived_id
from rollcall.domain.run import CHECK_AFTER, Run
from rollcall.domain.schedule import Frequency, Schedule, ScheduleForm, apply_form
from rollcall.engine.start import start

SortBy = Literal["name", "active", "next_run_at"]
_view = TypeAdapter(ScheduleView)
_runs: TypeAdapter[Page[RunView]] = TypeAdapter(Page[RunView])


class ScheduleUpdate(ScheduleForm):
    """An existing schedule, written anew."""

    version: int | None = None


class SchedulePreviewForm(Form):
    """What of a schedule says when it runs."""

    frequency: Frequency


class ScheduleRunRequest(Form):
    """How to run a schedule now. Only an administrator may ``override`` a blackout."""

    override: bool = False


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route("GET", "/v1/districts/<district_id>/schedules", "Schedules of a district", right="viewer")
    def list_schedules(
        district_id: str,
        search: Search = None,
        include_inactive: bool = False,
        sort: SortBy = "name",
        order: Order = "asc",
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[ScheduleView]:
        found = [
            schedule
            for schedule in parts.config.schedules(district_id)
            if (include_inactive or schedule.active) and named(schedule.name, search)
        ]
        page, more = page_of(found, lambda item: (_sort_key(item, sort), item.id), cursor, limit, order)
        return Page(items=_shown(*page), next=more)

    @api.route(
        "POST",
        "/v1/districts/<district_id>/schedules",
        "Add a schedule",
        right="admin",
        status=HTTPStatus.CREATED,
    )
    def create_schedule(
        district_id: str, form: Annotated[ScheduleForm, Body()], idempotency_key: IdempotencyKey = None
    ) -> ScheduleView:
        return once(
            api,
            district_id,
            idempotency_key,
            _view,
            lambda making: _write(district_id, making.new_id("sch"), form, None, making),
        )

    @api.route(
        "POST",
        "/v1/districts/<district_id>/schedules/preview",
        "When a schedule would run, before it is saved; the district's blackouts are kept",
        right="admin",
    )
    def preview_schedule(district_id: str, form: Annotated[SchedulePreviewForm, Body()]) -> PlannedRunsView:
        return planned_runs_view(form.frequency, api.district, parts.clock.now())

    @api.route("GET", "/v1/districts/<district_id>/schedules/<schedule_id>", "A schedule", right="viewer")
    def read_schedule(district_id: str, schedule_id: str) -> ScheduleView:
        return _one(parts.config.schedule(district_id, schedule_id))

    @api.route(
        "PUT", "/v1/districts/<district_id>/schedules/<schedule_id>", "Write a schedule anew", right="admin"
    )
    def write_schedule(
        district_id: str,
        schedule_id: str,
        form: Annotated[ScheduleUpdate, Body()],
        if_match: IfMatch = None,
    ) -> ScheduleView:
        stored = parts.config.schedule(district_id, schedule_id)
        check_version(stored.version, if_match, form.version)
        return _write(district_id, schedule_id, form, stored, Making(parts.clock.now(), None))

    @api.route(
        "POST",
        "/v1/districts/<district_id>/schedules/<schedule_id>/runs",
        "Run every active integration of a schedule now",
        right="operator",
        status=HTTPStatus.ACCEPTED,
        bodiless=True,
    )
    def run_schedule(
        district_id: str,
        schedule_id: str,
        request: Annotated[ScheduleRunRequest, Body()] = ScheduleRunRequest(),  # noqa: B008 - frozen
        idempotency_key: IdempotencyKey = None,
    ) -> Page[RunView]:
        def make(making: Making) -> Page[RunView]:
            refuse_in_blackout(api, override=request.override)
            schedule = parts.config.schedule(district_id, schedule_id)
            active = {item.id: item for item in parts.config.integrations(district_id) if item.active}
            chosen = [active[item] for item in schedule.integration_ids if item in active]
            if not chosen:
                raise Conflict("integration_inactive", "None of the schedule's integrations is active.")
            request_id = making.new_id("run")
            runs = [
                Run(
                    id=derived_id("run", making.now, request_id, integration.id),
                    district_id=district_id,
                    integration_id=integration.id,
                    system=integration.system,
                    requested_by=api.caller.user,
                    override=request.override,
                    queued_at=making.now,
                    check_at=making.now + CHECK_AFTER,
                )
                for integration in chosen
            ]
            begun = [start(parts.runs, parts.queue, run, started(api, run)) for run in runs]
            return Page(items=[run_view(run) for run in begun], next=None)

        return once(api, district_id, idempotency_key, _runs, make)

    def _write(
        district_id: str, schedule_id: str, form: ScheduleForm, stored: Schedule | None, making: Making
    ) -> ScheduleView:
        known = {integration.id for integration in parts.config.integrations(district_id)}
        message = "The district has no such integration; choose one of its integrations."
        raise_if_any(
            FieldError(field=f"integration_ids.{index}", code="unknown_integration", message=message)
            for index, integration_id in enumerate(form.integration_ids)
            if integration_id not in known
        )
        district = api.district
        schedule = apply_form(
            schedule_id, district_id, form, stored, district.time_zone, making.now, district.blackouts
        )
        what: Action = "schedule.changed" if stored else "schedule.created"
        audit = audited(api, district_id, what, schedule_id, making.now, stored, schedule)
        parts.config.put_schedule(schedule, audit)
        return _one(schedule)

    def _one(schedule: Schedule) -> ScheduleView:
        return _shown(schedule)[0]

    def _shown(*schedules: Schedule) -> list[ScheduleView]:
        now = parts.clock.now()
        wanted = {key for schedule in schedules for key in schedule.integration_ids}
        last = last_runs(parts, api.district.id, wanted)
        return [schedule_view(schedule, api.district, now, last) for schedule in schedules]


def _sort_key(schedule: Schedule, sort: SortBy) -> str:
    if sort == "active":
        # Active ones first.
        return f"{not schedule.active:d}{schedule.name.casefold()}"
    if sort == "next_run_at":
        # What runs no more goes last.
        return schedule.next_run_at.isoformat() if schedule.next_run_at else "never"
    return schedule.name.casefold()
