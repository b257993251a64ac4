"""A real browser, and what it must never tell: an error or warning in its console, a request to another origin, an
answer without our headers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Request, Response, expect, sync_playwright

from local.console import security_headers
from local.programs import CHROMIUM, find

SWITCHES = (
    # Nothing but the pages under test: Chromium's own look-ups fail on a closed network, many at a time.
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
    *("--disable-gpu", "--disable-quic"),
)
PICTURE_FONTS = (
    {"FONTCONFIG_FILE": str(Path(__file__).parent / "fonts.conf")} if os.environ.get("SCREENSHOTS") else {}
)
WIDE = {"width": 1280, "height": 800}
PATIENCE_MS = 10_000
expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def launched() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    chromium = find(*CHROMIUM)
    assert chromium, "Chromium was not found. On Debian: apt-get install chromium"
    # Its sandbox needs what root does not have.
    switches = [*SWITCHES, "--no-sandbox"] if os.geteuid() == 0 else list(SWITCHES)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium), args=switches, env={**os.environ, **PICTURE_FONTS}
        )
        yield browser
        browser.close()


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
