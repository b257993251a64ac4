"""The door that has no token: what PowerSchool may post, who is let in, and what is told to those who are not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_api.problems import Problem, problem_of
from config_api.registration import MEDIA_TYPES, read_registration
from rollcall.domain.form import Invalid
from simulators.powerschool.plugin import Plugin

from .conftest import Client, Context, Wired
from .onboarded import begun, downloaded, post_of, send

JSON, FORM, XML = "application/json", "application/x-www-form-urlencoded", "application/xml"


@pytest.fixture
def path(client: Client) -> str:
    return begun(client)


@pytest.fixture
def plugin(client: Client, path: str) -> Plugin:
    return downloaded(client, path)


def knock(client: Client, plugin: Plugin, kind: str, body: str) -> Any:
    """Post a body in which ``SECRET`` stands for the plugin's own."""
    url, secret = plugin.registration or ("", "")
    anybody = Client(client.api, groups=None)
    raw = body.replace("SECRET", secret)
    return anybody.call(
        "POST", url.removeprefix("https://api.example.org"), headers={"content-type": kind}, raw=raw
    )


@pytest.mark.parametrize("form", ["json", "form", "xml"])
def test_what_a_server_posts_is_taken(client: Client, path: str, plugin: Plugin, form: str) -> None:
    answer = send(client, post_of(plugin, form))
    assert (answer.status, answer.json) == (200, {"status": "registered"})
    found = client.get(path).json
    assert (found["registered_by"], found["registration_open"]) == ("plugin", False)
    assert {key: info["ends_with"] for key, info in found["credentials"].items()} == {
        "consumer_token": "01",
        "consumer_secret": "02",
    }


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, '{"client_id": "a", "client_secret": "b", "callback-data": "SECRET"}'),
        (JSON, '{"oauth": [{"ClientID": "a", "ClientSecret": "b"}], "registration": {"callbackData": " SECRET "}}'),
        (JSON, '{"consumerKey": "a", "consumerSecret": "b", "callback": "SECRET", "expires": 3, "ok": null}'),
        (f"{JSON};charset=UTF-8", '{"clientId": "a", "clientSecret": "b", "callbackData": "SECRET"}'),
        ("", '{"clientId": "a", "client_id": "a", "clientSecret": "b", "callbackData": "SECRET"}'),
        (FORM, "client-id=a&clientSecret=b&CALLBACK_DATA=SECRET&empty="),
        (XML, "<a><clientId>a</clientId><clientSecret>b</clientSecret><callback-data>SECRET</callback-data></a>"),
        ("text/xml", '<a client_id="a" client_secret="b"><![CDATA[x]]><p:callbackData>SECRET</p:callbackData></a>'),
        (XML, "<a><clientId>&#97;</clientId><clientSecret>b</clientSecret><callbackData>SECRET</callbackData></a>"),
    ],
)  # fmt: skip
def test_usual_spellings(client: Client, path: str, plugin: Plugin, kind: str, body: str) -> None:
    assert knock(client, plugin, kind, body).status == 200
    assert client.get(path).json["state"] == "registered"


def test_utf_8_in_base64_as_api_gateway_sends_what_is_no_text(
    client: Client, path: str, plugin: Plugin
) -> None:
    post = post_of(plugin, "xml")
    event = {
        "version": "2.0",
        "rawPath": post.url.removeprefix("https://api.example.org"),
        "headers": {"content-type": post.content_type},
        "requestContext": {
            "http": {"method": "POST", "path": "/"},
            "stage": "$default",
            "requestId": "request-1",
        },
        "isBase64Encoded": True,
        "body": base64.b64encode(post.body).decode(),
    }
    assert client.api.handle(event, Context())["statusCode"] == 200
    assert client.api.handle({**event, "body": "%%%"}, Context())["statusCode"] == 400


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        (JSON, "", 400, "not_json"),
        (JSON, "[]", 400, "not_json"),
        (JSON, "<a/>", 400, "not_json"),
        (JSON, '{"clientId": "a", "clientId": "b"}', 400, "not_json"),
        (JSON, '{"a":' * 30 + "1" + "}" * 30, 400, "not_json"),
        (FORM, "a=%ff", 400, "not_a_form"),
        (FORM, "&".join(f"a{n}=1" for n in range(200)), 400, "not_a_form"),
        (XML, "", 400, "not_xml"),
        (XML, "{}", 400, "not_xml"),
        (XML, "<a>", 400, "not_xml"),
        (XML, "<a>&b;</a>", 400, "not_xml"),
        (XML, '<?xml version="1.0" encoding="nonsense"?><a/>', 400, "not_xml"),
        (XML, "<!DOCTYPE a><a/>", 400, "dtd_refused"),
        (XML, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 400, "dtd_refused"),
        (XML, '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>', 400, "dtd_refused"),
        (JSON, json.dumps({"x": "x" * 17_000}), 413, "too_large"),
        (XML, f"<a>{'x' * 17_000}</a>", 413, "too_large"),
        ("text/plain", "clientId=a", 415, "unknown_media_type"),
        ("multipart/form-data; boundary=x", "--x--", 415, "unknown_media_type"),
    ],
)
def test_bodies_that_cannot_be_read(
    client: Client, path: str, plugin: Plugin, kind: str, body: str, status: int, code: str
) -> None:
    answer = knock(client, plugin, kind, body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert client.get(path).json["credentials"] == {}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {(name, "required") for name in ("client_id", "client_secret", "callback_data")}),
        ({"clientId": " ", "clientSecret": "b", "callbackData": "SECRET"}, {("client_id", "required")}),
        ({"clientId": 1, "clientSecret": "b", "callbackData": "SECRET"}, {("client_id", "required")}),
        (
            {"clientId": "a", "client_id": "c", "clientSecret": "b", "callbackData": "SECRET"},
            {("client_id", "duplicate")},
        ),
        (
            {"clientId": "a", "clientSecret": "b" * 1001, "callbackData": "SECRET"},
            {("consumer_secret", "too_long")},
        ),
    ],
)
def test_what_is_missing_is_named(
    client: Client, path: str, plugin: Plugin, body: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    answer = knock(client, plugin, JSON, json.dumps(body))
    assert (answer.status, answer.faults()) == (422, faults)
    assert client.get(path).json["credentials"] == {}


def test_an_unknown_id_and_a_wrong_secret_are_answered_alike(
    client: Client, path: str, plugin: Plugin
) -> None:
    """Guards against a stranger who finds out which ids exist."""
    url, _ = plugin.registration or ("", "")
    known, never_handed_out = (one.rpartition("/")[2] for one in (path, begun(client)))
    answers = []
    for school in (known, never_handed_out, "onb_none"):
        stranger = Plugin(registration=(url.replace(known, school), "wrong"))
        answers.append(send(client, post_of(stranger)))
    assert {answer.status for answer in answers} == {403}
    assert len({(answer.text, str(answer.headers)) for answer in answers}) == 1
    assert client.get(path).json["credentials"] == {}


def test_a_secret_opens_only_its_own_school(client: Client, plugin: Plugin) -> None:
    other = downloaded(client, begun(client))
    assert plugin.registration
    assert other.registration
    crossed = Plugin(registration=(other.registration[0], plugin.registration[1]))
    assert send(client, post_of(crossed)).status == 403


def test_a_replay_is_refused_and_changes_nothing(client: Client, path: str, plugin: Plugin) -> None:
    post = post_of(plugin)
    assert send(client, post).status == 200
    before = client.get(path).json
    for again in (post, post_of(plugin, "form", client_secret="CNRYother000003")):
        answer = send(client, again)
        assert (answer.status, answer.json["code"]) == (409, "already_registered")
    assert client.get(path).json == before


def test_a_reissued_secret_replaces_the_used_one(client: Client, path: str, plugin: Plugin) -> None:
    assert send(client, post_of(plugin)).status == 200
    assert client.call("POST", f"{path}/reissue").status == 200
    assert send(client, post_of(plugin)).status == 403
    assert send(client, post_of(downloaded(client, path))).status == 200


PIECES = (
    "{", "}", "[", '"clientId"', ":", ",", '"a"', "1", "null", "client_secret", "=", "&", "%", "%ff", "é", "\x00", " ",
    "<a>", "</a>", "<b c='d'/>", "<!DOCTYPE x>", "<![CDATA[", "]]>", "&amp;", "&#0;",
    "<?xml version='1.0' encoding='utf-16'?>", "<?xml version='1.0' encoding='hex'?>",
)  # fmt: skip


@given(
    kind=st.sampled_from([*MEDIA_TYPES, ""]),
    body=st.binary(max_size=60)
    | st.lists(st.sampled_from(PIECES), max_size=12).map(lambda pieces: "".join(pieces).encode()),
)
def test_no_body_is_more_than_refused(kind: str, body: bytes) -> None:
    """Guards against a stranger whose body ends in a 500, and so in an alarm."""
    event = {
        "headers": {"content-type": kind},
        "isBase64Encoded": True,
        "body": base64.b64encode(body).decode(),
    }
    with pytest.raises((Problem, Invalid)) as refused:
        read_registration(event)
    assert problem_of(refused.value).status < 500


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_there_is_nothing_to_read(client: Client, method: str) -> None:
    answer = Client(client.api, groups=None).call(method, "/v1/registrations/onb_1")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")


def test_nothing_that_is_posted_is_logged(
    client: Client,
    plugin: Plugin,
    handler: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At the most talkative level, for a plugin that is let in as for one that is not."""
    for body in ('"wrong"', '"SECRET"', '"SECRET"'):
        raw = f'{{"clientId": "CNRYid", "clientSecret": "CNRYsecret", "callbackData": {body}}}'
        knock(Client(Wired(handler)), plugin, JSON, raw)
    printed = capsys.readouterr()
    assert "registration refused" in printed.out
    assert "plugin registered" in printed.out
    _, secret = plugin.registration or ("", "")
    for text in ("CNRY", "Q05SW", secret):
        assert text not in printed.out + printed.err + caplog.text
