"""The document that describes the API."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

from config_api.api import Api
from config_api.registration import MEDIA_TYPES
from config_api.routes.registrations import PATH as REGISTRATION

PATH = "/v1/openapi.json"


def register(api: Api) -> None:
    """Declare the route."""

    @cache
    def document() -> str:
        generated: dict[str, Any] = json.loads(
            api.resolver.get_openapi_json_schema(
                title="Rollcall",
                version="1",
                description="Configure integrations, run them, and read what they did.",
                security_schemes={"token": HTTPBearer(bearerFormat="JWT")},
                security=[{"token": []}],
            )
        )
        return json.dumps(_corrected(generated))

    @api.route("GET", PATH, "This document", public=True)
    def read_document() -> Response[str]:
        return Response(status_code=200, content_type="application/json", body=document())


def _corrected(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what the generator cannot say: how we fail, what has no content, which body is no JSON, and
    where no token is needed.
    """
    for item in document["paths"].values():
        for operation in item.values():
            responses = operation["responses"]
            responses.get("304", {}).pop("content", None)
            if "422" in responses:
                responses["500"] = {**responses["422"], "description": "Something unexpected happened"}
    registration = document["paths"][REGISTRATION]["post"]
    registration["security"] = []
    text = {"schema": {"type": "string"}}
    registration["requestBody"] = {"required": True, "content": dict.fromkeys(MEDIA_TYPES, text)}
    own = document["paths"][PATH]["get"]
    own["security"] = []
    own["responses"] = {
        "200": {"description": "OpenAPI 3.1", "content": {"application/json": {"schema": {"type": "object"}}}}
    }
    for unused in ("HTTPValidationError", "ResponseValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document
