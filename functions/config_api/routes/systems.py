"""Which systems can be chosen, and what the form of each holds."""

from __future__ import annotations

from config_api.api import Api
from config_api.listing import Page
from config_api.views import SystemView
from rollcall.domain.form_schema import form_schema
from rollcall.domain.systems import SYSTEMS


def register(api: Api) -> None:
    """Declare the routes."""

    @api.route("GET", "/v1/systems", "Systems that can be chosen, with the form of each")
    def list_systems() -> Page[SystemView]:
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
