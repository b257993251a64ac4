"""A sender that calls a simulator in this process: real connectors, real transport policy, no sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import SourceTransient
from simulators.inprocess import call


@dataclass
class Insider:
    """A ``Sender``. ``requests`` holds the path templates asked for."""

    app: Any
    requests: list[str] = field(default_factory=list)

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        self.requests.append(request.template)
        query = urlencode(request.params)
        try:
            status, received, body = call(
                self.app, request.method, urlsplit(url).path, query, headers, request.body or b""
            )
        except ConnectionResetError:
            raise SourceTransient("source_interrupted", "torn off") from None
        return Answer(status, received, body)
