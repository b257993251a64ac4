"""The document that describes the API says what the API does."""

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from .conftest import Client

FILES = {
    "plugin.zip": "application/zip",
    "photo": "image/*",
    **dict.fromkeys(("summary.csv", "issues.csv", "changes.csv", "families.csv", "audit.csv"), "text/csv"),
    "update-host-ids.csv": "text/csv",
}
OPEN = {"/v1/openapi.json", "/v1/registrations/{onboarding_id}"}


@pytest.fixture
def document(client: Client) -> dict[str, Any]:
    answer = Client(client.api, groups=None).get("/v1/openapi.json")
    assert answer.status == 200
    return answer.json


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_it_has_every_route_and_no_other(client: Client, document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    served = {
        (endpoint.method, re.sub(r"\(\?P<(\w+)>.*?\)", r"{\1}", endpoint.pattern.pattern))
        for endpoint in client.api.endpoints
    }
    assert described == served


def test_every_answer_is_described_and_closed(document: dict[str, Any]) -> None:
    """A closed answer cannot leak a field that nobody thought of."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if path == "/v1/openapi.json":
                continue
            success = [code for code in operation["responses"] if code.startswith("2")]
            assert success, (method, path)
            for code, response in operation["responses"].items():
                media = "application/json" if code.startswith("2") else "application/problem+json"
                if code == "200" and path.endswith(tuple(FILES)):
                    file = {"schema": {"type": "string", "format": "binary"}}
                    assert response["content"] == {FILES[path.rpartition("/")[2]]: file}
                    continue
                if code == "304":
                    assert "content" not in response
                    continue
                schema = response["content"][media]["schema"]
                for name in re.findall(r"#/components/schemas/([\w.-]+)", str(schema)):
                    _check_closed(document, name, set())


def test_only_the_document_itself_and_a_plugin_need_no_token(document: dict[str, Any]) -> None:
    assert document["security"] == [{"token": []}]
    for path, item in document["paths"].items():
        for operation in item.values():
            assert (operation.get("security") == []) == (path in OPEN)


def test_secrets_are_only_in_requests(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            responses = {
                code: answer for code, answer in operation["responses"].items() if code.startswith("2")
            }
            for name in re.findall(r"#/components/schemas/([\w.-]+)", str(responses)):
                assert "password" not in str(document["components"]["schemas"][name]), (path, name)


def _check_closed(document: dict[str, Any], name: str, seen: set[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    schema = document["components"]["schemas"][name]
    if schema.get("type") == "object" and "properties" in schema:
        assert schema.get("additionalProperties") is False, name
    for other in re.findall(r"#/components/schemas/([\w.-]+)", str(schema)):
        _check_closed(document, other, seen)
