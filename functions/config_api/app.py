"""The handler of the HTTP API."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from config_api.api import Api
from config_api.bootstrap import Parts, bootstrap
from config_api.routes import (
    audit,
    districts,
    exports,
    families,
    holds,
    integrations,
    lineage,
    mappings,
    media,
    notifications,
    onboardings,
    openapi,
    people,
    protections,
    reconciliation,
    registrations,
    run_control,
    runs,
    schedules,
    systems,
    undo,
    unmapped,
)
from rollcall.store.logs import structured_logger
from rollcall.store.settings import Settings


def build(parts: Parts) -> Api:
    """The API over the given parts."""
    api = Api(parts)
    for module in (
        *(systems, districts, onboardings, registrations, integrations, mappings, schedules),
        *(
            unmapped,
            runs,
            families,
            run_control,
            holds,
            undo,
            lineage,
            people,
            protections,
            media,
            reconciliation,
            exports,
            audit,
            notifications,
            openapi,
        ),
    ):
        module.register(api)
    return api


@cache
def _api() -> Api:
    structured_logger("config_api")
    return build(bootstrap(Settings.from_env(os.environ), os.environ))


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request of API Gateway (payload version 2.0)."""
    return _api().handle(event, context)
