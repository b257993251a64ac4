"""The console on a slow network: skeletons stand where lists will be, and what is read does not jump away."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages

SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""Milliseconds, and bytes a second: a school's network at the far end of the county."""
WORST_SHIFT = 0.1
"""Cumulative layout shift from which a page is not felt to be steady any more."""
SHIFTS = """() => new Promise((resolve) => {
  let sum = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) sum += hadRecentInput ? 0 : value;
  });
  observer.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => { observer.disconnect(); resolve(sum); }, 300);
})"""
SKELETONS = """
window.skeletons = 0;
new MutationObserver(() => { skeletons = Math.max(skeletons, document.querySelectorAll("main .skeleton").length); })
  .observe(document, { subtree: true, childList: true });
"""
"""Counts what a busy machine would be too slow to see."""
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def town(site: Site) -> dict[str, Any]:
    """A district in the middle of its work: its address, a run and a student."""
    base = "/districts/far-county"
    site.call("PUT", base, {"name": "Far County", "time_zone": "America/Denver"})
    made = site.add_integration("far-county", "powerschool", site.add_mappings("far-county", "powerschool"))
    run = site.sync("far-county", made["id"])
    students = site.call("GET", f"{base}/people", type="student", limit="200")["items"]
    student = next(one for one in students if one["contacts"] and one["family_id"])
    return {"base": base, "run": run["id"], "student": student["id"]}


def visit(pages: Pages, address: str, width: int) -> Page:
    """A first visit over the slow network, until everything is there."""
    page = pages("/choose", reduced_motion="reduce", viewport={"width": width, "height": 800})
    page.add_init_script(SKELETONS)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    devtools.send("Network.emulateNetworkConditions", SLOW)
    page.goto(address, wait_until="commit")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=MINUTE_MS)
    page.wait_for_load_state("networkidle", timeout=MINUTE_MS)
    for waiting in (".skeleton", '[aria-busy="true"]', ".waiting"):
        expect(page.locator(f"main {waiting}")).to_have_count(0, timeout=MINUTE_MS)
    return page


@pytest.mark.parametrize(("screen", "width"), [("integrations", 1280), ("people", 360), ("audit", 1280)])
def test_a_list_begins_as_a_skeleton_and_does_not_jump(
    screen: str, width: int, pages: Pages, town: dict[str, Any]
) -> None:
    page = visit(pages, f"{town['base']}/{screen}", width)
    assert page.evaluate("window.skeletons") > 0
    assert page.evaluate(SHIFTS) < WORST_SHIFT


@pytest.mark.parametrize(("screen", "width"), [("runs/{run}", 1280), ("people/{student}", 360)])
def test_what_is_there_already_does_not_jump(
    screen: str, width: int, pages: Pages, town: dict[str, Any]
) -> None:
    page = visit(pages, f"{town['base']}/{screen.format(**town)}", width)
    assert page.evaluate(SHIFTS) < WORST_SHIFT
