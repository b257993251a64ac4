"""Serves an app on 127.0.0.1 from a thread."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from simulators.control import Simulator


@contextmanager
def serve(app: ASGIApp, port: int = 0, tls: tuple[str, str] | None = None) -> Iterator[str]:
    """Runs `app` on 127.0.0.1 and yields the address a client would be given, base path included.

    `port` 0 takes a free one. `tls` is `(certificate file, key file)`.
    """
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    # asyncio sets it only on sockets that name their protocol; without it an answer waits 40 ms for an acknowledgement
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="off",
        server_header=False,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.005)
        base_path = app.base_path if isinstance(app, Simulator) else ""
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}{base_path}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
