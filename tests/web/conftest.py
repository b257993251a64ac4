"""A real browser on the console, over the real API in this process. Every test fails on what a user would never see:
an error or warning in the browser's console, a request to another origin, an answer without our headers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from local.web import vendor
from tests.support.aws import REGION
from tests.support.browser import PATIENCE_MS, WIDE, Watch
from tests.support.console import OPERATOR, Site, open_site

PEOPLE = 60


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
