"""Calls an app without sockets, threads or an event loop: for benchmarks of a connector's own work."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.types import ASGIApp

_one_at_a_time = threading.Lock()
"""A server runs its app in the one thread of its loop; a connector that asks ahead calls from several."""


def call(
    app: ASGIApp,
    method: str,
    path: str,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> tuple[int, dict[str, str], bytes]:
    """One request to `app`: `(status, headers with lower-case names, body)`. `query` is already encoded.

    The simulators never wait for anything but a fault's pause, so the coroutine is run by hand in one step. An answer
    that a fault tears off raises ConnectionResetError.
    """
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
        "simulators.sleep": time.sleep,
    }
    status = 0
    received: list[tuple[bytes, bytes]] = []
    chunks: list[bytes] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, received
        if message["type"] == "http.response.start":
            status, received = message["status"], list(message["headers"])
        else:
            chunks.append(message.get("body", b""))

    running = app(scope, receive, send).__await__()
    try:
        with _one_at_a_time:
            next(running)
    except StopIteration:
        return status, {name.decode().lower(): value.decode() for name, value in received}, b"".join(chunks)
    raise RuntimeError("the app waited for an event loop; it cannot be called in-process")
