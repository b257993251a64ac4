"""Where PowerSchool sends the credentials of a school's plugin: open to everybody who has the plugin's secret."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Literal

from config_api.api import Api
from config_api.problems import Problem
from config_api.registration import read_registration
from config_api.routes.onboardings import store_credentials
from config_api.views import View
from rollcall.domain.errors import NotFound
from rollcall.domain.onboarding import Onboarding, new_secret

PATH = "/v1/registrations/{onboarding_id}"

PLUGIN = "plugin"
"""Who the audit says it was: nobody signs in to register."""

log = logging.getLogger(__name__)


class RegisteredView(View):
    """The credentials have arrived."""

    status: Literal["registered"] = "registered"


def register(api: Api) -> None:
    """Declare the route."""
    parts = api.parts
    nobodys = new_secret()[1]

    @api.route(
        "POST",
        "/v1/registrations/<onboarding_id>",
        "Take the credentials of a school's plugin from PowerSchool, by its one-time secret",
        public=True,
        raw=True,
    )
    def register_plugin(onboarding_id: str) -> RegisteredView:
        given = read_registration(api.resolver.current_event.raw_event)
        school = _school(onboarding_id)
        # An unknown id is looked at as long as a wrong secret, and answered alike.
        known = (school and school.secret) or nobodys
        if not known.matches(given.secret) or school is None:
            log.warning("registration refused")
            detail = "There is no such registration, or this is not its secret; ask for a new plugin."
            raise Problem(HTTPStatus.FORBIDDEN, "registration_refused", detail)
        store_credentials(api, school, given.credentials, "plugin", PLUGIN)
        log.info("plugin registered", extra={"district_id": school.district_id, "onboarding_id": school.id})
        return RegisteredView()

    def _school(onboarding_id: str) -> Onboarding | None:
        try:
            return parts.config.registering(onboarding_id)
        except NotFound:
            return None
