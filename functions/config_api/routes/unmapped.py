"""The queue of values that no mapping translates, and the answers to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
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
from rollcall.domain.form import invalid
from rollcall.domain.inspection import covers
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Entity, Lookup
from rollcall.domain.run import Run
from rollcall.domain.suggest import CONFIDENT, Proposal, Suggester
from rollcall.domain.unmapped import (
    Answer,
    Answers,
    UnmappedValue,
    UnmappedValues,
    answered,
    rank,
    with_accepted,
)
from rollcall.engine.blobs import run_of
from rollcall.engine.unmapped import read_unmapped

_run = TypeAdapter(RunView)
MinConfidence = Annotated[
    int | None,
    Query(ge=CONFIDENT, le=100, description="Only values whose best suggestion is at least this likely"),
]


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
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
        min_confidence: MinConfidence = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> UnmappedPage:
        mappings = _chosen(parts.config.integration(district_id, integration_id))
        run = _last_completed(district_id, integration_id)
        left = _left(run) if run else UnmappedValues()
        found = _open(left, mappings, entity)
        if min_confidence is not None:
            found = [value for value, _ in _likely(found, mappings, min_confidence)]
        page, more = page_of(found, _place, cursor, limit)
        return UnmappedPage(
            items=_views(page, mappings, run) if run else [],
            next=more,
            run_id=run.id if run else None,
            total=len(found),
            cut=left.cut,
        )

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
        if not form.entries and form.accept_from is None:
            raise invalid(
                "entries", "required", "Give an answer, or accept suggestions from a confidence on."
            )

        def make(making: Making) -> RunView:
            integration = parts.config.integration(district_id, integration_id)
            refuse_inactive(integration)
            last = _last_completed(district_id, integration_id)
            if last is None:
                detail = "No sync of this integration has completed yet, so there is no pull to plan again."
                raise Conflict("nothing_pulled", detail)
            # First the mappings, then the run: entries that stand already are no fault when the request is repeated.
            chosen = _chosen(integration)
            entries: Sequence[Answer] = form.entries
            if form.accept_from is not None:
                likely = _likely(_open(_left(last), chosen, form.entity), chosen, form.accept_from)
                entries = with_accepted(chosen, entries, likely)
            changed = answered(chosen, entries, making.now)
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

    def _views(
        values: Sequence[UnmappedValue], mappings: Mapping[str, CodeMapping], run: Run
    ) -> list[UnmappedView]:
        samples = sorted({sample for value in values for sample in value.samples})
        people = parts.people.get_many(run.district_id, samples)
        return [
            unmapped_view(value, mappings[value.entity].id, run.id, proposals, people)
            for value, proposals in _proposed(values, mappings)
        ]


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


def _proposed(
    values: Iterable[UnmappedValue], mappings: Mapping[str, CodeMapping]
) -> list[tuple[UnmappedValue, list[Proposal]]]:
    """Each value with what it may stand for."""
    suggesters = {of: Suggester(mapping) for of, mapping in mappings.items()}
    return [(value, suggesters[value.entity].proposals(value.value, value.label)) for value in values]


def _likely(
    values: Iterable[UnmappedValue], mappings: Mapping[str, CodeMapping], at_least: int
) -> list[tuple[UnmappedValue, Proposal]]:
    """The values whose best suggestion is so likely, with it."""
    return [
        (value, proposals[0])
        for value, proposals in _proposed(values, mappings)
        if proposals and proposals[0].confidence >= at_least
    ]


def _place(value: UnmappedValue) -> tuple[str, str]:
    """Where a value stands in the list, as text that sorts."""
    warning, fewer, entity, text = rank(value)
    return f"{warning:d}{10**9 + fewer:010d}", f"{entity} {text}"
