"""How well waiting for a SIS is put to use, and how little a SIS that wants few requests is bothered.

    make bench-fetch BENCH="--pages 200 --seconds 0.15"

A host of its own, in a process of its own, answers every page after so many seconds; a second one answers 429 to
whatever is more than two at once. What asks is the connectors' own client, over the network stack that ships. "of one
/ n" compares with what one connection needs on this machine, where even a page alone takes longer than it should.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from contextlib import closing
from dataclasses import dataclass

from bench.aside import Server, aside
from rollcall.connectors.auth import HeaderAuth
from rollcall.connectors.gate import Gates
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import HttpSender, Request
from rollcall.domain.errors import SyncError

_PAGE = json.dumps([{"id": n, "text": "x" * 380} for n in range(500)]).encode()
_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_PAGE) + _PAGE
)
_REFUSAL = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Told:
    """What a host saw."""

    answered: int = 0
    refused: int = 0
    at_once: int = 0
    most: int = 0


@dataclass
class Host(Server[Told]):
    """Answers after ``seconds``; refuses whatever comes while ``takes`` are under way."""

    seconds: float
    takes: int | None = None

    def begin(self) -> Told:
        """Nothing seen."""
        return Told()

    async def answer(
        self, told: Told, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """A page, or a refusal."""
        if self.takes is not None and told.at_once >= self.takes:
            told.refused += 1
            writer.write(_REFUSAL)
            return
        told.at_once += 1
        told.most = max(told.most, told.at_once)
        await asyncio.sleep(self.seconds)
        told.at_once -= 1
        told.answered += 1
        writer.write(_ANSWER)
        await writer.drain()


def measure(host: Host, pages: int, connections: int) -> tuple[float, Told]:
    """Seconds that it took to read so many pages, and what the host saw. Raises what the client raises."""
    with aside(host) as (url, end):
        transport = Transport(HttpSender("loopback", connections), gates=Gates(connections))
        client = transport.client(url, HeaderAuth("X-Key", "none"))
        requests = (Request(path=f"/page/{n}", template="/page/{n}") for n in range(pages))
        began = time.monotonic()
        with closing(client.fetch_ordered(requests)) as answers:
            received = sum(len(answer.body) == len(_PAGE) for answer in answers)
        seconds = time.monotonic() - began
        assert received == pages
        return seconds, end()


def main() -> None:
    """Both measurements, as tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=0.15, help="for a page")
    chosen = parser.parse_args()
    print(f"{chosen.pages} pages of {len(_PAGE):,} bytes, {chosen.seconds * 1000:.0f} ms each")
    print(f"{'connections':>12}{'wall s':>10}{'ideal s':>10}{'of ideal':>10}{'of one / n':>12}{'at once':>9}")
    alone = 0.0
    for connections in (1, 2, 4, 8, 16):
        seconds, told = measure(Host(chosen.seconds), chosen.pages, connections)
        alone = alone or seconds
        ideal = chosen.pages * chosen.seconds / connections
        print(
            f"{connections:>12}{seconds:>10.2f}{ideal:>10.2f}{ideal / seconds:>10.0%}"
            f"{alone / connections / seconds:>12.0%}{told.most:>9}",
            flush=True,
        )
    print("\nA host that answers 429 to more than two at once")
    print(f"{'connections':>12}{'wall s':>10}{'ideal s':>10}{'answered':>10}{'refused':>9}{'wasted':>8}")
    for connections in (4, 8):
        try:
            seconds, told = measure(Host(chosen.seconds, takes=2), chosen.pages, connections)
        except SyncError as error:
            raise SystemExit(f"the run failed: {error.code}") from None
        ideal = chosen.pages * chosen.seconds / 2
        wasted = told.refused / (told.refused + told.answered)
        print(
            f"{connections:>12}{seconds:>10.2f}{ideal:>10.2f}{told.answered:>10}{told.refused:>9}{wasted:>8.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
