"""People and families, read only: the SIS is their master."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from config_api.api import Api
from config_api.listing import Cursor, Limit, Page, decode_cursor, encode_cursor
from config_api.views import FamilyView, PersonView, person_view
from rollcall.domain.errors import NotFound
from rollcall.domain.person import PersonType, Status
from rollcall.store.people_search import PeopleFilter


def register(api: Api) -> None:
    """Declare the routes."""
    parts = api.parts

    @api.route("GET", "/v1/districts/<district_id>/people", "People of a district, by name", right="viewer")
    def list_people(
        district_id: str,
        search: Annotated[
            str | None, Query(max_length=200, description="Beginning of 'last first', or a whole id")
        ] = None,
        type: PersonType | None = None,  # noqa: A002 - the name in the query
        school: Annotated[str | None, Query(max_length=200)] = None,
        status: Status | None = None,
        limit: Limit = 25,
        cursor: Cursor = None,
    ) -> Page[PersonView]:
        keep = PeopleFilter(type=type, status=status, school=school)
        wanted = (search or "").strip()
        after = decode_cursor(cursor, str)
        if wanted and after is None:
            sources = {integration.source for integration in parts.config.integrations(district_id)}
            exact = parts.people.by_id(district_id, wanted, sources, keep)
            if exact:
                return Page(items=[person_view(person) for person in exact[:limit]], next=None)
        people, more = parts.people.by_name(district_id, wanted, keep, limit, after)
        return Page(
            items=[person_view(person) for person in people], next=encode_cursor(more) if more else None
        )

    @api.route("GET", "/v1/districts/<district_id>/people/<person_id>", "A person", right="viewer")
    def read_person(district_id: str, person_id: str) -> PersonView:
        person = parts.people.get(district_id, person_id)
        if person is None:
            raise NotFound("person")
        return person_view(person)

    @api.route("GET", "/v1/districts/<district_id>/families/<family_id>", "A family", right="viewer")
    def read_family(district_id: str, family_id: str) -> FamilyView:
        members = parts.people.family(district_id, family_id)
        if not members:
            raise NotFound("family")
        return FamilyView(id=family_id, members=[person_view(person) for person in members])
