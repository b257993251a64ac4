"""Debian's Chromium, driven from here."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from local.process import LocalError
from local.programs import CHROMIUM, find

_SWITCHES = (
    # Nothing but the pages under test: Chromium's own look-ups fail on a closed network, many at a time.
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"),
    *("--disable-gpu", "--disable-quic"),
)


@contextmanager
def launched(env: Mapping[str, str] | None = None) -> Iterator[Browser]:
    """The browser, without a window; ``env`` is added to what it inherits. Raises :class:`LocalError` where it is not
    installed.
    """
    chromium = find(*CHROMIUM)
    if not chromium:
        raise LocalError("Chromium was not found. On Debian: apt-get install chromium")
    # Its sandbox needs what root does not have.
    switches = [*_SWITCHES, "--no-sandbox"] if os.geteuid() == 0 else list(_SWITCHES)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium), args=switches, env={**os.environ, **(env or {})}
        )
        yield browser
        browser.close()
