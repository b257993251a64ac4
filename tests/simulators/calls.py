"""In-process callers of the simulators."""

from __future__ import annotations

import base64
from typing import Any

import msgspec

from simulators import aeries, powerschool
from simulators.control import Simulator
from simulators.district import District
from simulators.inprocess import call


class Caller:
    """Calls one simulator in-process and decodes JSON."""

    def __init__(self, app: Simulator, prefix: str, headers: dict[str, str]) -> None:
        self.app = app
        self.prefix = prefix
        self.headers = headers

    def raw(
        self, path: str, query: str = "", method: str = "GET", body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        return call(self.app, method, self.prefix + path, query, self.headers, body)

    def get(self, path: str, query: str = "") -> Any:
        status, _, body = self.raw(path, query)
        assert status == 200, (status, body)
        return msgspec.json.decode(body)

    def post(self, path: str, document: Any, query: str = "") -> Any:
        status, _, body = self.raw(path, query, "POST", msgspec.json.encode(document))
        assert status == 200, (status, body)
        return msgspec.json.decode(body)


def basic(app: Simulator) -> str:
    pair = f"{app.credentials['consumer_token']}:{app.credentials['consumer_secret']}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def power_caller(district: District, options: powerschool.Options | None = None) -> Caller:
    app = powerschool.create_app(district, options)
    form = b"grant_type=client_credentials"
    _, _, body = call(app, "POST", "/oauth/access_token/", headers={"Authorization": basic(app)}, body=form)
    token = msgspec.json.decode(body)["access_token"]
    return Caller(app, "", {"Authorization": f"Bearer {token}", "Accept": "application/json"})


def aeries_caller(district: District, options: aeries.Options | None = None) -> Caller:
    app = aeries.create_app(district, options)
    return Caller(
        app,
        f"{app.base_path}/api/v5",
        {"AERIES-CERT": app.credentials["token"], "Accept": "application/json"},
    )
