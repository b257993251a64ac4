"""Serves the console and the API on one origin of this machine, with the headers that CloudFront sends."""

import gzip
import json
import mimetypes
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import requests
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.web import WEB, index, is_served

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_HOP = frozenset(
    {"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"}
)
"""Headers of one leg of the way, which are not passed on."""


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Forward = Callable[[str, str, str, Mapping[str, str], bytes], Answer]
"""Asks the API: method, path, query, headers, body."""


def console(
    forward: Forward,
    token: Callable[[], str],
    districts: Mapping[str, str],
    user: str = "operator@example.org",
) -> Starlette:
    """The console as an app. ``token`` gives a fresh token of ``user``, so that nobody has to sign in here; any page
    may fetch it, but only from this origin. ``districts`` are offered by name.
    """
    sign_in = {"sign_in": "local", "token_url": "/local/token"}
    config = {**sign_in, "districts": [{"id": key, "name": name} for key, name in districts.items()]}

    async def api(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        asked = (request.method, request.url.path, request.url.query, headers, await request.body())
        answer = await run_in_threadpool(forward, *asked)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
        return Response(answer.body, answer.status, kept)

    async def give_token(_: Request) -> Response:
        return JSONResponse({"access_token": await run_in_threadpool(token), "user": user})

    async def give_config(_: Request) -> Response:
        return JSONResponse(config)

    async def asset(request: Request) -> Response:
        file = WEB / request.path_params["path"]
        if not is_served(file):
            return Response(status_code=404)
        body, kind = _packed(file, file.stat().st_mtime_ns)
        return Response(
            body, media_type=kind, headers={"content-encoding": "gzip", "vary": "Accept-Encoding"}
        )

    async def page(_: Request) -> Response:
        return HTMLResponse(index())

    return Starlette(
        routes=[
            Route("/v1/{path:path}", api, methods=METHODS),
            Route("/local/token", give_token, methods=["POST"]),
            Route("/config.json", give_config),
            Route("/assets/local/{path:path}", asset),
            Route("/{path:path}", page),
        ],
        middleware=[
            # A page of another origin that resolves its name to this machine must not get the token.
            Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
            Middleware(GZipMiddleware, minimum_size=500),
            Middleware(_Headers),
        ],
    )


@cache
def _packed(file: Path, changed_ns: int) -> tuple[bytes, str | None]:
    """A file as every browser takes it, and its media type. A first visit asks for some sixty at once, and reading and
    packing each anew would take longer than all that the visit is for.
    """
    return gzip.compress(file.read_bytes(), mtime=0), mimetypes.guess_type(file.name)[0]


def over_http(api_url: str, at_once: int) -> Forward:
    """The API at an address, asked for ``at_once`` things at a time; the rest waits in line."""
    session = requests.Session()
    session.trust_env = False
    turns = threading.Semaphore(at_once)

    def forward(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        url = f"{api_url}{path}{'?' if query else ''}{query}"
        with turns:
            answer = session.request(method, url, headers=dict(headers), data=body, timeout=60)
        return Answer(answer.status_code, answer.headers, answer.content)

    return forward


def security_headers(sign_in: str = "") -> dict[str, str]:
    """The headers of every answer; ``sign_in`` are the origins that the console signs in at, if others than its own."""
    headers: dict[str, str] = json.loads((WEB / "headers.json").read_text())
    origins = f" {sign_in}" if sign_in else ""
    return {name: value.replace("{sign_in}", origins) for name, value in headers.items()}


class _Headers:
    """Adds the security headers, and has files asked for anew, because here they are being edited."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._added = {name.lower(): value for name, value in security_headers().items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                added: dict[str, Any] = {**self._added, "cache-control": "no-cache"}
                message["headers"] = [
                    *message["headers"],
                    *((n.encode(), v.encode()) for n, v in added.items() if n.encode() not in present),
                ]
            await send(message)

        sending: Callable[[Message], Awaitable[None]] = with_headers
        await self._app(scope, receive, sending)
