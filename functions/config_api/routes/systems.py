"""Which systems can be chosen, and what the form of each holds."""

from __future__ import annotations

from functools import cache

from config_api.api import Api
from config_api.listing import Page
from config_api.views import SystemView
from rollcall.domain.form_schema import form_schema
from rollcall.domain.systems import SYSTEMS


def register(api: Api) -> None:
    """Declare the routes."""

    @api.route("GET", "/v1/systems", "Systems that can be chosen, with the form of each")
    def list_systems() -> Page[SystemView]:
        return _offered()


@cache
def _offered() -> Page[SystemView]:
    """Made once: a schema is made of its model in several milliseconds, and every form asks for all of them."""
    items = [
        SystemView(
            system=system,
            title=spec.title,
            credentials=list(spec.credentials),
            form=form_schema(system),
            existing=form_schema(system, existing=True),
        )
        for system, spec in SYSTEMS.items()
    ]
    return Page(items=items, next=None)
