"""A real browser on the console, over the real API in this process. Every test fails on what a user would never see:
an error or warning in the browser's console, a request to another origin, an answer without our headers.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Response, expect, sync_playwright

from local.console import security_headers
from local.programs import CHROMIUM, find
from local.web import vendor
from tests.support.aws import REGION
from tests.support.console import OPERATOR, Site, open_site

PEOPLE = 60
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


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    vendor()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        with open_site(PEOPLE, {"lakeview": "Lakeview Unified", "riverbend": "Riverbend Unified"}) as site:
            yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
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
    transferred: int = 0
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


Pages = Callable[..., Page]


@pytest.fixture
def watch(site: Site) -> Watch:
    return Watch(site.url)


@pytest.fixture
def pages(site: Site, browser: Browser, watch: Watch) -> Iterator[Pages]:
    """Opens a page, each in a browser profile of its own: ``pages("/path", color_scheme="dark", …)``."""
    contexts = []
    site.groups = OPERATOR

    def open_page(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(base_url=site.url, **{"viewport": WIDE, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch.look_at(page)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    site.groups = OPERATOR
    assert not watch.faults


_numbers = itertools.count(1)


@pytest.fixture
def district(site: Site) -> str:
    """A district of this test alone, with nothing in it."""
    district_id = f"district-{next(_numbers)}"
    site.call(
        "PUT", f"/districts/{district_id}", {"name": "Lakeview Unified", "time_zone": "America/Los_Angeles"}
    )
    return district_id
