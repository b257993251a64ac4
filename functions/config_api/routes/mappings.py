"""Code mappings."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import TypeAdapter

from config_api.api import Api
from config_api.audited import audited
from config_api.listing import Cursor, Limit, Order, Page, Search, named, page_of
from config_api.once import IdempotencyKey, IfMatch, Making, check_version, once
from config_api.views import MappingHead, MappingView, mapping_head, mapping_view
from rollcall.domain.mapping import CodeMapping, Entity, MappingForm, apply_form

_view = TypeAdapter(MappingView)
SortBy = Literal["name", "entity", "active", "updated_at"]


class MappingUpdate(MappingForm):
    """An existing mapping, written anew."""

    active: bool | None = None
    version: int | None = None


def register(api: Api) -> None:
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET", "/v1/districts/<district_id>/mappings", "Mappings of a district, without rows", right="viewer"
    )
    def list_mappings(
        district_id: str,
        entity: Entity | None = None,
        search: Search = None,
        include_inactive: bool = False,
        sort: SortBy = "name",
        order: Order = "asc",
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[MappingHead]:
        found = [
            mapping_head(mapping, rows)
            for mapping, rows in parts.config.mapping_heads(district_id)
            if entity in (None, mapping.entity)
            and (include_inactive or mapping.active)
            and named(mapping.name, search)
        ]
        page, more = page_of(found, lambda item: (_sort_key(item, sort), item.id), cursor, limit, order)
        return Page(items=list(page), next=more)

    @api.route(
        "POST",
        "/v1/districts/<district_id>/mappings",
        "Add a mapping",
        right="admin",
        status=HTTPStatus.CREATED,
    )
    def create_mapping(
        district_id: str, form: Annotated[MappingForm, Body()], idempotency_key: IdempotencyKey = None
    ) -> MappingView:
        def make(making: Making) -> MappingView:
            mapping = apply_form(making.new_id("map"), district_id, form, None, active=True, now=making.now)
            audit = audited(api, district_id, "mapping.created", mapping.id, making.now, None, mapping)
            parts.config.put_mapping(mapping, audit)
            return mapping_view(mapping)

        return once(api, district_id, idempotency_key, _view, make)

    @api.route("GET", "/v1/districts/<district_id>/mappings/<mapping_id>", "A mapping", right="viewer")
    def read_mapping(district_id: str, mapping_id: str) -> MappingView:
        return mapping_view(_stored(district_id, mapping_id))

    @api.route(
        "PUT", "/v1/districts/<district_id>/mappings/<mapping_id>", "Write a mapping anew", right="admin"
    )
    def write_mapping(
        district_id: str,
        mapping_id: str,
        form: Annotated[MappingUpdate, Body()],
        if_match: IfMatch = None,
    ) -> MappingView:
        stored = _stored(district_id, mapping_id)
        check_version(stored.version, if_match, form.version)
        active = stored.active if form.active is None else form.active
        now = parts.clock.now()
        mapping = apply_form(mapping_id, district_id, form, stored, active=active, now=now)
        audit = audited(api, district_id, "mapping.changed", mapping_id, now, stored, mapping)
        parts.config.put_mapping(mapping, audit)
        return mapping_view(mapping)

    def _stored(district_id: str, mapping_id: str) -> CodeMapping:
        return parts.config.mappings(district_id, [mapping_id])[mapping_id]


def _sort_key(mapping: MappingHead, sort: SortBy) -> str:
    name = mapping.name.casefold()
    if sort == "updated_at":
        return mapping.updated_at.isoformat()
    # Active ones first.
    before = {"name": "", "entity": mapping.entity, "active": f"{not mapping.active:d}"}[sort]
    return f"{before}\n{name}"
