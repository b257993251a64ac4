"""People and families, read only: the SIS is their master, but for what is protected (:mod:`.protections`)."""

from __future__ import annotations

from base64 import b64encode
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from config_api.api import Api
from config_api.listing import Cursor, Limit, Page, decode_cursor, encode_cursor
from config_api.people_views import FamilyView, PersonView, family_view, person_view
from config_api.problems import Problem
from config_api.protection_views import PersonDetailView, person_detail
from config_api.run_files import kept
from rollcall.domain.errors import NotFound
from rollcall.domain.person import PersonType, Status
from rollcall.domain.photo import media_type
from rollcall.domain.plan import StoredPerson
from rollcall.engine.blobs import photo_key, run_of
from rollcall.engine.lineage import named_beside
from rollcall.store.people_search import PeopleFilter

IfNoneMatch = Annotated[
    str | None,
    Header(alias="If-None-Match", max_length=1000, description="ETags of the photos that the caller has"),
]


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
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
    def read_person(district_id: str, person_id: str) -> PersonDetailView:
        person = parts.people.get(district_id, person_id)
        if person is None:
            raise NotFound("person")
        today = parts.clock.now().astimezone(api.district.zone).date()
        return person_detail(person, parts.config.protection(district_id, person_id), today)

    @api.route(
        "GET",
        "/v1/districts/<district_id>/people/<person_id>/students",
        "The students who have this person as a contact, by name, as the newest sync knows them",
        right="viewer",
    )
    def list_students(district_id: str, person_id: str) -> Page[PersonView]:
        contact = parts.people.get(district_id, person_id)
        if contact is None:
            raise NotFound("person")
        newest = parts.runs.state(district_id, contact.integration_id).snapshot
        run = parts.runs.get(district_id, run_of(newest)) if newest else None
        if run is None:
            return Page(items=[], next=None)
        source = parts.config.integration(district_id, contact.integration_id).source
        # A tie is stored with the student alone. The records say who may have one, the store who has it today.
        near = kept(lambda: named_beside(parts.blobs, source, run, contact))
        people = parts.people.get_many(district_id, near).values()
        tied = [p for p in people if any(tie.person_id == person_id for tie in p.person.contacts)]
        return Page(items=[person_view(p) for p in sorted(tied, key=_by_name)], next=None)

    @api.route(
        "GET",
        "/v1/districts/<district_id>/people/<person_id>/photo",
        "The photo of a person: JPEG, PNG, GIF or WebP",
        right="viewer",
        binary="image/*",
        cached=True,
    )
    def read_photo(district_id: str, person_id: str, if_none_match: IfNoneMatch = None) -> Response[str]:
        person = parts.people.get(district_id, person_id)
        if person is None:
            raise NotFound("person")
        name = person.person.photo
        if name is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no_photo", "This person has no photo.")
        # Kept by the browser of whoever may see it, and shown again only after asking here.
        headers = {"ETag": f'"{name}"', "Cache-Control": "private, no-cache"}
        if _names(if_none_match, name):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**headers}, body="")
        data = parts.blobs.get(photo_key(district_id, name))
        answer = Response(
            status_code=HTTPStatus.OK,
            content_type=media_type(data) or "application/octet-stream",
            headers={**headers, "X-Content-Type-Options": "nosniff"},
            # Already as API Gateway takes it: validation of answers reads bytes as text.
            body=b64encode(data).decode(),
        )
        answer.base64_encoded = True
        return answer

    @api.route("GET", "/v1/districts/<district_id>/families/<family_id>", "A family", right="viewer")
    def read_family(district_id: str, family_id: str) -> FamilyView:
        members = parts.people.family(district_id, family_id)
        if not members:
            raise NotFound("family")
        by_id = {integration.id: integration for integration in parts.config.integrations(district_id)}
        own = by_id.get(members[0].integration_id)
        return family_view(family_id, members, own.family_identifier if own else ())


def _by_name(stored: StoredPerson) -> tuple[str, str, str]:
    return stored.person.last_name or "", stored.person.first_name or "", stored.id


def _names(if_none_match: str | None, name: str) -> bool:
    """Whether the header holds the photo's ETag, also among others or as a weak one, or ``*``."""
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in (if_none_match or "").split(",")}
    return bool(tags & {name, "*"})
