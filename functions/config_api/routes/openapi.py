"""The document that describes the API."""

from __future__ import annotations

from functools import cache

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from config_api.api import Api


def register(api: Api) -> None:
    """Declare the route."""

    @cache
    def document() -> str:
        return api.resolver.get_openapi_json_schema(
            title="Rollcall",
            version="1",
            description="Configure integrations, run them, and read what they did.",
            security_schemes={"token": HTTPBearer(bearerFormat="JWT")},
            security=[{"token": []}],
        )

    @api.route("GET", "/v1/openapi.json", "This document", public=True)
    def read_document() -> Response[str]:
        return Response(status_code=200, content_type="application/json", body=document())
