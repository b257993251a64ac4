"""A ``Sender`` that answers from a recording, in the same process and for next to nothing."""

from __future__ import annotations

from collections.abc import Mapping

from bench.recording import FIRST, Recording, request_key
from rollcall.connectors.wire import Answer, Request


class Replay:
    """Answers as the recorded SIS did on ``night``. ``requests`` and ``bytes`` count what was asked for and sent."""

    def __init__(self, recording: Recording, night: str = FIRST) -> None:
        self._recording = recording
        self._answers = recording.night(night)
        self.requests = 0
        self.bytes = 0

    def play(self, night: str) -> None:
        """Answer as of another night from now on, and count anew."""
        self._answers = self._recording.night(night)
        self.requests = self.bytes = 0

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        """Raises LookupError for what the recording crawl did not ask for: then it is to be made anew."""
        path = url.partition("://")[2].partition("/")[2]
        entry = self._answers[request_key(request.method, f"/{path}", request.params, request.body)]
        body = bytes(self._recording.body(entry))
        self.requests += 1
        self.bytes += len(body)
        return Answer(entry.status, entry.headers, body)
