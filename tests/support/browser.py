"""What a browser must never tell of a page: an error or warning in its console, a request to another origin, an
answer without our headers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page, Request, Response, expect

from local.console import security_headers

WIDE = {"width": 1280, "height": 800}
PATIENCE_MS = 10_000
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Watch:
    """What happened on a page behind its face. ``expected`` are failing answers that a test provokes."""

    origin: str
    faults: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def look_at(self, page: Page) -> None:
        page.on("console", lambda message: self._told(message.type, message.text))
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", self._asked)
        page.on("response", self._answered)

    def _told(self, kind: str, text: str) -> None:
        # The browser reports every failed answer; those that a test provokes are no fault.
        provoked = any(f"the server responded with a status of {status}" in text for status in self.expected)
        if kind in ("error", "warning") and not provoked:
            self.faults.append(f"console {kind}: {text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "blob:", "data:")):
            self.faults.append(f"another origin: {request.url}")

    def _answered(self, response: Response) -> None:
        headers = response.headers
        for name, value in security_headers().items():
            if response.url.startswith(self.origin) and headers.get(name.lower()) != value:
                self.faults.append(f"{name} of {response.url} is {headers.get(name.lower())}")
