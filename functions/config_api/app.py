"""The handler of the HTTP API."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from config_api.api import Api
from config_api.bootstrap import Parts, bootstrap
from config_api.routes import (
    districts,
    integrations,
    mappings,
    media,
    notifications,
    openapi,
    people,
    runs,
    schedules,
    systems,
)
from rollcall.store.logs import structured_logger
from rollcall.store.settings import Settings


def build(parts: Parts) -> Api:
    """The API over the given parts."""
    api = Api(parts)
    for module in (
        systems,
        districts,
        integrations,
        mappings,
        schedules,
        runs,
        people,
        media,
        notifications,
        openapi,
    ):
        module.register(api)
    return api


@cache
def _api() -> Api:
    structured_logger("config_api")
    settings = Settings.from_env(os.environ)
    return build(bootstrap(settings, os.environ["TESTER_FUNCTION"], os.environ["MAIL_TOPICS"]))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of API Gateway (payload version 2.0)."""
    return _api().handle(event, context)
