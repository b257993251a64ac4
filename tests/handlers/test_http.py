"""What is refused before any field is looked at, and how."""

import base64
import json

import pytest

from .conftest import Client, Context

PATH = "/v1/districts/lakeview/mappings"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("", 400),
        ("{", 400),
        ("nonsense", 400),
        ("[]", 400),
        ("null", 400),
        ('"text"', 400),
        ("1", 400),
        ('{"name": "a", "name": "b"}', 400),
        ('{"entries": [{"external": "1", "external": "2", "value": "x"}]}', 400),
        ('{"name": NaN}', 400),
        ('{"name": Infinity}', 400),
        ('{"name": "\\ud800"}', 400),
        ("[" * 100_000, 400),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, 413),
        ('{"a":' * 900 + "1" + "}" * 900, 400),
        ('{"a":' * 30 + "1" + "}" * 30, 400),
        (json.dumps({"name": "x" * 300_000}), 413),
        ("9" * 5000, 400),
        ("\ud800", 400),
    ],
)  # fmt: skip
def test_bodies_that_are_no_json_object(client: Client, raw: str, status: int) -> None:
    answer = client.call("POST", PATH, raw=raw)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_invalid_utf8_and_base64(client: Client) -> None:
    event = {
        "rawPath": PATH,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": "POST"},
            "requestId": "request-1",
            "authorizer": {"jwt": {"claims": {"sub": "1", "cognito:groups": "[*/admin]"}}},
        },
        "isBase64Encoded": True,
        "body": base64.b64encode(b'{"name": "\xff"}').decode(),
    }
    assert client.api.handle(event, Context())["statusCode"] == 400
    assert client.api.handle({**event, "body": "%%%"}, Context())["statusCode"] == 400


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_other_content_types(client: Client, kind: str) -> None:
    assert client.call("POST", PATH, {}, {"content-type": kind}).status == 415


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_json_content_types(client: Client, kind: str) -> None:
    assert client.call("POST", PATH, {"entity": "race", "name": "x"}, {"content-type": kind}).status == 201


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/districts/lakeview", "GET, PUT"),
        ("POST", "/v1/districts/lakeview", "GET, PUT"),
        ("DELETE", f"{PATH}/map_1", "GET, PUT"),
        ("PUT", "/v1/districts/lakeview/people", "GET"),
        ("POST", "/v1/systems", "GET"),
        ("OPTIONS", "/v1/systems", "GET"),
    ],
)
def test_other_methods(client: Client, method: str, path: str, allow: str) -> None:
    answer = client.call(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allow)


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/nothing", "/v1/districts", "/v1/districts/lakeview/", "/v1/districts//mappings", "/"]
)
def test_nothing_there(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status, answer.json["code"]) == (404, "not_found")


def test_problems_say_what_rfc_9457_asks_for(client: Client) -> None:
    body = client.get("/v1/districts/lakeview/runs/run_none").json
    assert body == {
        "type": "urn:rollcall:problem:not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no such run.",
        "code": "not_found",
    }


@pytest.mark.parametrize("name", ["\u0000", "a\nb", "\u007f"])
def test_control_characters_in_names(client: Client, name: str) -> None:
    assert client.post(PATH, {"entity": "race", "name": name}).faults() == {("name", "wrong_format")}


@pytest.mark.parametrize("name", ["Élise Ñandú", "日本", "🏫", "O'Brien & Sons", "<script>"])
def test_names_of_any_language(client: Client, name: str) -> None:
    answer = client.post(PATH, {"entity": "race", "name": name})
    assert answer.json["name"] == name
    assert client.get(PATH, search=name[:2]).json["items"][0]["name"] == name


@pytest.mark.parametrize("person", ["per_é", "per_%20", "per_..", "per_" + "a" * 3000])
def test_odd_ids_are_just_not_there(client: Client, person: str) -> None:
    assert client.get(f"/v1/districts/lakeview/people/{person}").status == 404
