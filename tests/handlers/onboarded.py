"""A school through the API: begun, its plugin downloaded, and the credentials as PowerSchool would post them."""

from __future__ import annotations

import base64
from typing import Any

from simulators.powerschool import Options
from simulators.powerschool.plugin import Plugin, load
from simulators.powerschool.registration import Post, pressed
from tests.support.aws import API_URL

from .conftest import Answer, Client

BASE = "/v1/districts/lakeview/onboardings"
SERVER = {"client_id": "CNRYclient00001", "client_secret": "CNRYsecret00002"}


def school(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Lakeview Prep",
        "portal_url": "https://ps.example.org/public/",
        "organization_id": "ORG-7",
        "member_types": ["staff"],
        **changes,
    }


def begun(client: Client, **changes: Any) -> str:
    answer = client.post(BASE, school(**changes))
    assert answer.status == 201, answer.text
    return f"{BASE}/{answer.json['id']}"


def package(client: Client, path: str) -> bytes:
    answer = client.get(f"{path}/plugin.zip")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/zip")
    return base64.b64decode(answer.text, validate=True)


def downloaded(client: Client, path: str) -> Plugin:
    return load(package(client, path))


def post_of(plugin: Plugin, registration: str = "json", **server: str) -> Post:
    post = pressed(plugin, Options(registration=registration, **{**SERVER, **server}))
    assert post is not None
    return post


def send(client: Client, post: Post) -> Answer:
    """Posted by PowerSchool, which has no token of ours."""
    assert post.url.startswith(f"{API_URL}/v1/registrations/")
    anybody = Client(client.api, groups=None)
    headers = {"content-type": post.content_type}
    return anybody.call("POST", post.url.removeprefix(API_URL), headers=headers, raw=post.body.decode())


def registered(client: Client, **changes: Any) -> str:
    path = begun(client, **changes)
    assert send(client, post_of(downloaded(client, path))).status == 200
    return path
