"""Starts and steers ``bench.server``."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.server import CONTROL, Counts, Night
from local.paths import ROOT


class Server:
    """A running server: ``address`` is its origin, such as ``http://127.0.0.1:8000``."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._port = port

    def begin(self, night: Night) -> None:
        """Have it answer as of this night, and count anew."""
        self._ask("POST", msgspec.json.encode(night))

    def counts(self) -> Counts:
        """What it was asked since the night began."""
        return self._ask("GET", None)

    def _ask(self, method: str, body: bytes | None) -> Counts:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, CONTROL, body)
            return msgspec.json.decode(connection.getresponse().read(), type=Counts)
        finally:
            connection.close()


@contextmanager
def serve(recording: Path) -> Iterator[Server]:
    """Serve a recording from a process of its own for the length of the block."""
    command = [sys.executable, "-m", "bench.server", str(recording)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            yield Server(int(process.stdout.readline()))
        finally:
            process.kill()  # it keeps nothing
