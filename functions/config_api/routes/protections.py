"""Protecting what somebody wants to stay of a person, correcting it by hand, and releasing it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from config_api.api import Api
from config_api.asking import ask_for_run
from config_api.listing import Cursor, Limit, Page, Search, named, page_of
from config_api.once import IfMatch, Making, check_version
from config_api.problems import Problem
from config_api.protection_views import ProtectedView, ProtectionView, ReleasedView, protection_view
from rollcall.domain.errors import NotFound
from rollcall.domain.hand_edit import CODED, ProtectionForm, apply_form
from rollcall.domain.integration import Integration
from rollcall.domain.plan import StoredPerson
from rollcall.domain.protection import Protection, protection_audit
from rollcall.domain.run import Run

ONE = "/v1/districts/<district_id>/people/<person_id>/protection"


def register(api: Api) -> None:  # noqa: C901 - a list of routes, none of them complex
    """Declare the routes."""
    parts = api.parts

    @api.route(
        "GET",
        "/v1/districts/<district_id>/protections",
        "People of whom something is protected, by name",
        right="viewer",
    )
    def list_protections(
        district_id: str, search: Search = None, limit: Limit = 25, cursor: Cursor = None
    ) -> Page[ProtectionView]:
        standing = [p for p in parts.config.protections(district_id) if p.released_on is None]
        people = parts.people.get_many(district_id, [p.person_id for p in standing])
        views = [protection_view(p, people.get(p.person_id), _today()) for p in standing]
        wanted = (search or "").strip()
        found = [view for view in views if named(_name(view), search) or view.person_id == wanted]
        page, more = page_of(found, lambda view: (_name(view).casefold(), view.person_id), cursor, limit)
        return Page(items=list(page), next=more)

    @api.route(
        "PUT",
        ONE,
        "Protect a person, or fields of them, from every sync, or correct fields by hand, until it is released",
        right="operator",
    )
    def protect_person(
        district_id: str,
        person_id: str,
        form: Annotated[ProtectionForm, Body()],
        if_match: IfMatch = None,
    ) -> ProtectedView:
        stored = parts.people.get(district_id, person_id)
        if stored is None:
            raise NotFound("person")
        before = parts.config.protection(district_id, person_id)
        _check(before, if_match, form.version)
        owner = _owner(stored)
        by, now = api.caller.user, parts.clock.now()
        made = apply_form(form, stored, before, _vocabulary(owner), _today(), by, now)
        parts.config.put_protection(made, protection_audit(before, made, api.request_id))
        # After the write, so that whatever run begins from now on keeps to it.
        run = _make_visible(owner, stored, made)
        return ProtectedView(
            protection=protection_view(made, stored, _today()),
            run_id=run.id if run else None,
            next_sync_at=_next_sync(owner),
        )

    @api.route(
        "DELETE",
        ONE,
        "Release a person: the next sync takes the SIS's values again",
        right="operator",
        bodiless=True,
    )
    def release_person(district_id: str, person_id: str, if_match: IfMatch = None) -> ReleasedView:
        before = parts.config.protection(district_id, person_id)
        if before is None or before.released_on is not None:
            raise Problem(HTTPStatus.NOT_FOUND, "not_protected", "Nothing of this person is protected.")
        if if_match is not None:
            check_version(before.version, if_match, None)
        over = before.released(_today(), api.caller.user, parts.clock.now())
        parts.config.put_protection(over, protection_audit(before, over, api.request_id))
        stored = parts.people.get(district_id, person_id)
        return ReleasedView(person_id=person_id, next_sync_at=_next_sync(_owner(stored)) if stored else None)

    def _today() -> date:
        return parts.clock.now().astimezone(api.district.zone).date()

    def _owner(stored: StoredPerson) -> Integration | None:
        """The integration that brings somebody."""
        found = parts.config.integrations(stored.district_id)
        return next((item for item in found if item.id == stored.integration_id), None)

    def _vocabulary(owner: Integration | None) -> Mapping[str, Set[str]]:
        """Our values of the fields that the owner's mappings translate, as far as those say any."""
        if owner is None:
            return {}
        chosen = {
            field: owner.mappings[entity] for field, entity in CODED.items() if entity in owner.mappings
        }
        known = parts.config.mappings(owner.district_id, chosen.values())
        values = {field: {entry.value for entry in known[i].entries} for field, i in chosen.items()}
        return {field: found for field, found in values.items() if found}

    def _make_visible(owner: Integration | None, stored: StoredPerson, made: Protection) -> Run | None:
        """Ask for a run that brings a hand edit into the store, or puts back what a run under way may still write. None
        where the next sync must do it: a run now would overtake one that waits for an approval.
        """
        if owner is None or not owner.active:
            return None
        state = parts.runs.state(owner.district_id, owner.id)
        if state.snapshot is None or state.held_run is not None:
            return None
        if made.over(stored.person) == stored.person and state.active_run is None:
            return None
        return ask_for_run(api, Making(parts.clock.now(), None), owner, trigger="protect")

    def _next_sync(owner: Integration | None) -> datetime | None:
        if owner is None or not owner.active:
            return None
        planned = [
            schedule.next_run_at
            for schedule in parts.config.schedules(owner.district_id)
            if owner.id in schedule.integration_ids and schedule.next_run_at
        ]
        return min(planned, default=None)


def _check(before: Protection | None, if_match: str | None, in_body: int | None) -> None:
    """Raise unless the caller has read what is protected; of somebody who is not, that is version 0 or nothing."""
    current = before.version if before and before.released_on is None else 0
    if current or if_match is not None or in_body is not None:
        check_version(current, if_match, in_body)


def _name(view: ProtectionView) -> str:
    return f"{view.last_name or ''} {view.first_name or ''}".strip()
