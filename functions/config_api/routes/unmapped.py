"""The queue of values that no mapping translates, and the answers to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import TypeAdapter

from config_api.api import Api
from config_api.asking import ask_for_run, refuse_inactive
from config_api.audited import audited
from config_api.listing import Cursor, Limit, page_of
from config_api.once import IdempotencyKey, Making, once
from config_api.problems import Problem
from config_api.unmapped_views import UnmappedPage, UnmappedView, unmapped_view
from config_api.views import RunView, run_view
from rollcall.domain.errors import Conflict, NotFound
from rollcall.domain.inspection import covers
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Entity, Lookup
from rollcall.domain.run import Run
from rollcall.domain.suggest import Suggester
from rollcall.domain.unmapped import Answers, UnmappedValue, UnmappedValues, answered, rank
from rollcall.engine.blobs import run_of
from rollcall.engine.unmapped import read_unmapped

_run = TypeAdapter(RunView)


def register(api: Api) -> None:
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET",
        "/v1/districts/<district_id>/integrations/<integration_id>/unmapped",
        "Values of the last completed run that no mapping translates, worst and most frequent first",
        right="viewer",
    )
    def list_unmapped(
        district_id: str,
        integration_id: str,
        entity: Entity | None = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> UnmappedPage:
        mappings = _chosen(parts.config.integration(district_id, integration_id))
        run = _last_completed(district_id, integration_id)
        left = _left(run) if run else UnmappedValues()
        page, more = page_of(_open(left, mappings, entity), _place, cursor, limit)
        items = _views(page, mappings, run.id) if run else []
        return UnmappedPage(items=items, next=more, run_id=run.id if run else None, cut=left.cut)

    @api.route(
        "POST",
        "/v1/districts/<district_id>/integrations/<integration_id>/unmapped",
        "Add entries to the mappings of an integration and plan its last pull again; the SIS is not asked",
        right="operator",
        status=HTTPStatus.ACCEPTED,
    )
    def answer_unmapped(
        district_id: str,
        integration_id: str,
        form: Annotated[Answers, Body()],
        idempotency_key: IdempotencyKey = None,
    ) -> RunView:
        def make(making: Making) -> RunView:
            integration = parts.config.integration(district_id, integration_id)
            refuse_inactive(integration)
            if _last_completed(district_id, integration_id) is None:
                detail = "No sync of this integration has completed yet, so there is no pull to plan again."
                raise Conflict("nothing_pulled", detail)
            # First the mappings, then the run: entries that stand already are no fault when the request is repeated.
            chosen = _chosen(integration)
            changed = answered(chosen, form.entries, making.now)
            if changed:
                before = {mapping.id: mapping for mapping in chosen.values()}
                audits = [
                    audited(api, district_id, "mapping.changed", m.id, making.now, before[m.id], m)
                    for m in changed
                ]
                parts.config.put_mappings(changed, audits)
            return run_view(ask_for_run(api, making, integration, trigger="reapply"))

        return once(api, district_id, idempotency_key, _run, make)

    def _chosen(integration: Integration) -> Mapping[str, CodeMapping]:
        found = parts.config.mappings(integration.district_id, integration.mappings.values())
        return {entity: found[mapping_id] for entity, mapping_id in integration.mappings.items()}

    def _last_completed(district_id: str, integration_id: str) -> Run | None:
        snapshot = parts.runs.state(district_id, integration_id).snapshot
        return parts.runs.get(district_id, run_of(snapshot)) if snapshot else None

    def _left(run: Run) -> UnmappedValues:
        try:
            return read_unmapped(parts.blobs, run)
        except NotFound:
            detail = "The files of the last completed run are no longer kept; run a sync."
            raise Problem(HTTPStatus.NOT_FOUND, "run_files_deleted", detail) from None


def _open(
    left: UnmappedValues, mappings: Mapping[str, CodeMapping], entity: Entity | None
) -> list[UnmappedValue]:
    """Those of the values, of one entity or of all, that the mappings as they are now do not answer."""
    lookups = {of: Lookup(mapping) for of, mapping in mappings.items() if entity in (None, of)}
    return [
        value
        for value in left.values
        if value.entity in lookups and not covers(lookups[value.entity], value.value)
    ]


def _views(
    values: Sequence[UnmappedValue], mappings: Mapping[str, CodeMapping], run_id: str
) -> list[UnmappedView]:
    suggesters = {of: Suggester(mappings[of]) for of in {value.entity for value in values}}
    return [
        unmapped_view(
            value,
            mappings[value.entity].id,
            run_id,
            suggesters[value.entity].proposals(value.value, value.label),
        )
        for value in values
    ]


def _place(value: UnmappedValue) -> tuple[str, str]:
    """Where a value stands in the list, as text that sorts."""
    warning, fewer, entity, text = rank(value)
    return f"{warning:d}{10**9 + fewer:010d}", f"{entity} {text}"
