"""A recorded SIS as an HTTP server in a process of its own, cheap enough never to be what is measured.

    python -m bench.server .local/bench/recordings/… --port 0

It prints its port, and ends when its standard input does: with whoever started it. ``POST /_replay`` with ``{"night":
"1", "latency": 0.15, "most": 2}`` begins a night anew: each answer comes ``latency`` seconds late, and more than
``most`` requests at a time get 429 with ``Retry-After: 1``. ``GET /_replay`` tells how many requests and bytes it was
since. It speaks as much HTTP/1.1 as a SIS must: kept connections and bodies of known length. Answers go from the page
cache to the socket as they were recorded, and are never parsed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import socket
import sys
from pathlib import Path

import msgspec

from bench.recording import FIRST, Entry, Recording, target_key

CONTROL = "/_replay"
_END = b"\r\n\r\n"


class Night(msgspec.Struct, frozen=True):
    """How the server behaves. ``latency`` in seconds; ``most`` requests at a time, None for any number."""

    night: str = FIRST
    latency: float = 0.0
    most: int | None = None


class Counts(msgspec.Struct):
    """What came since the night began. ``bytes`` are of bodies sent; ``refused`` requests got 429, ``unknown`` 404."""

    requests: int = 0
    bytes: int = 0
    refused: int = 0
    unknown: int = 0
    most_at_once: int = 0


class Served:
    """What all connections share."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._answers: dict[str, Entry] = {}
        self._known: dict[tuple[str, str, bytes], Entry | None] = {}
        self.begin(Night())

    def begin(self, night: Night) -> None:
        """Play a night from its beginning."""
        self.night = night
        self.counts = Counts()
        self.running = 0
        self._answers = self._recording.night(night.night)
        self._known = {}

    def answer(self, method: str, target: str, body: bytes) -> tuple[bytes, memoryview]:
        """Head and body of an answer. The same request is taken apart once a night."""
        asked = (method, target, body)
        if asked not in self._known:
            self._known[asked] = self._answers.get(target_key(*asked))
        entry = self._known[asked]
        if entry is None:
            self.counts.unknown += 1
            return _head(404, {}, 0), memoryview(b"")
        self.counts.bytes += entry.size
        return _head(entry.status, entry.headers, entry.size), self._recording.body(entry)


class Connection(asyncio.Protocol):
    """One kept connection; a client sends its next request after the answer."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A page is larger than the usual limit; pausing in the middle of it would only cost calls.
        transport.set_write_buffer_limits(high=1 << 26)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(_END)
        if end < 0:
            return
        head = self._received[:end].decode("latin-1")
        length = _content_length(head)
        begin = end + len(_END)
        if len(self._received) < begin + length:
            return
        body = bytes(self._received[begin : begin + length])
        del self._received[: begin + length]
        method, target, _ = head.split(" ", 2)
        if target == CONTROL:
            self._control(method, body)
        else:
            self._serve(method, target, body)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None

    def _control(self, method: str, body: bytes) -> None:
        if method == "POST":
            self._served.begin(msgspec.json.decode(body, type=Night))
        told = msgspec.json.encode(self._served.counts)
        self._write(_head(200, {"content-type": "application/json"}, len(told)), memoryview(told))

    def _serve(self, method: str, target: str, body: bytes) -> None:
        served = self._served
        served.counts.requests += 1
        served.running += 1
        served.counts.most_at_once = max(served.counts.most_at_once, served.running)
        if served.night.most is not None and served.running > served.night.most:
            served.counts.refused += 1
            served.running -= 1
            self._write(_head(429, {"retry-after": "1"}, 0), memoryview(b""))
        elif served.night.latency:
            loop = asyncio.get_running_loop()
            loop.call_later(served.night.latency, self._finish, *served.answer(method, target, body))
        else:
            self._finish(*served.answer(method, target, body))

    def _finish(self, head: bytes, body: memoryview) -> None:
        self._served.running -= 1
        self._write(head, body)

    def _write(self, head: bytes, body: memoryview) -> None:
        if self._transport is not None:
            self._transport.writelines((head, body))


def _content_length(head: str) -> int:
    for line in head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


def _head(status: int, headers: dict[str, str], size: int) -> bytes:
    kept = {name: value for name, value in headers.items() if name != "content-length"}
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in kept.items())]
    return "\r\n".join([*lines, f"content-length: {size}", "", ""]).encode("latin-1")


async def _run(folder: Path, port: int) -> None:
    loop = asyncio.get_running_loop()
    served = Served(Recording(folder))
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    await loop.create_server(lambda: Connection(served), sock=listener)
    print(listener.getsockname()[1], flush=True)
    over = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), over.set)
    # The server is not closed: that would wait for clients to let go of their connections.
    await over.wait()


def main() -> None:
    """Serve one recording until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args()
    gc.disable()  # nothing here makes cycles, and a pause would be measured as the SIS's
    asyncio.run(_run(chosen.recording, chosen.port))


if __name__ == "__main__":
    main()
