"""How soon each screen of the console can be used, on the local stack, over a small and a large district.

    make bench-screens BENCH="--people 10000 --times 5"

A screen can be used once everything that it asked for is here and drawn: no list is busy, no skeleton is left, no
request is under way, and nothing moves any more. *Cold* is a first visit, with nothing in the browser's cache; *moved*
is the way from another screen, as a link leads.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from bench.furnished import Furnished, furnished
from local.browser import launched
from local.paths import STATE
from local.served import served
from local.stack import Stack
from local.tenants import Tenant

SMALL = Tenant("lakeview", "Lakeview Unified", "aeries", 7)
LARGE = Tenant("riverbend", "Riverbend Unified", "aeries", 11)
SMALL_PEOPLE = 300
LIMIT_MS = 1000
GIVE_UP_MS = 60_000
WATCH = """
window.watched = { pending: 0, asked: 0, last: 0 };
const ask = window.fetch;
window.fetch = (...request) => {
  watched.pending += 1;
  watched.asked += 1;
  return ask(...request).finally(() => { watched.pending -= 1; watched.last = performance.now(); });
};
new MutationObserver(() => { watched.last = performance.now(); })
  .observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""
SETTLED = """async ({ from, giveUp }) => {
  const quiet = 300;
  const working = () => watched.pending > 0 || !document.querySelector("main h1")
    || document.querySelector('main [aria-busy="true"], main .skeleton, main .waiting, dialog[aria-busy="true"]')
    || [...document.querySelectorAll("main .muted, dialog .muted")].some((one) => one.textContent === "Loading…");
  while (performance.now() < from + giveUp) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!working() && performance.now() - watched.last > quiet) return watched.last - from;
  }
  throw new Error("it never comes to rest");
}"""
MOVE = """(address) => {
  const link = Object.assign(document.createElement("a"), { href: address });
  document.body.append(link);
  watched.asked = 0;
  const from = performance.now();
  link.click();
  link.remove();
  return from;
}"""


@dataclass(frozen=True)
class Measured:
    """Milliseconds until a screen could be used, and how often the API was asked for a move."""

    cold: float
    moved: float
    asked: int


def screens(district: Furnished) -> dict[str, str]:
    """Every screen of a district by name: the addresses."""
    run = f"runs/{district.loaded}"
    parts = {
        "integrations": "integrations",
        "integration form": f"integrations/{district.integration}",
        "mappings": "mappings",
        "mapping editor": f"mappings/{district.mapping}",
        "job scheduler": "schedules",
        "job form": "schedules/new",
        "onboarding": "onboarding",
        "host IDs": "reconciliation",
        "runs": "runs",
        "run": run,
        "run, of students": f"{run}?person_type=student",
        "run's issues": f"{run}?tab=issues",
        "run's files": f"{run}?tab=files",
        "held run": f"runs/{district.held}",
        "held run's families": f"runs/{district.held}?tab=families",
        "unmapped values": f"unmapped/{district.integration}",
        "people": "people",
        "people, searched": "people?search=ma&type=student",
        "student": f"people/{district.student}",
        "student's lineage": f"people/{district.student}?tab=lineage",
        "student's history": f"people/{district.student}?tab=history",
        "contact": f"people/{district.contact}",
        "media roster": "roster",
        "protected people": "protections",
        "settings": "settings",
        "safety limits": "settings/limits",
        "blackouts": "settings/blackouts",
        "notifications": "settings/notifications",
        "nutrition file": "settings/nutrition",
        "audit": "audit",
    }
    return {name: f"{district.path}/{part}" for name, part in parts.items()}


def main() -> None:
    """Bring everything up, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000, help="in the large district")
    parser.add_argument("--times", type=int, default=5)
    chosen = parser.parse_args()
    sizes = {SMALL: SMALL_PEOPLE, LARGE: chosen.people}
    with ExitStack() as cleanup:
        stack = cleanup.enter_context(Stack("screens"))
        districts = {}
        for tenant, people in sizes.items():
            print(f"  {tenant.name}: {people:,} people", flush=True)
            home = STATE / "screens" / tenant.district_id
            home.mkdir(parents=True, exist_ok=True)
            districts[tenant] = cleanup.enter_context(furnished(stack, tenant, home, people))
        url = cleanup.enter_context(served(stack, {tenant.district_id: tenant.name for tenant in sizes}))
        browser = cleanup.enter_context(launched())
        print(f"{'screen':<24}{'people':>8}{'cold ms':>9}{'moved ms':>10}{'asked':>7}")
        for tenant, district in districts.items():
            for name, measured in _measure(browser, url, district, chosen.times):
                slow = "  slow" if max(measured.cold, measured.moved) > LIMIT_MS else ""
                times = f"{measured.cold:>9.0f}{measured.moved:>10.0f}{measured.asked:>7}"
                print(f"{name:<24}{sizes[tenant]:>8,}{times}{slow}", flush=True)


def _measure(browser: Browser, url: str, district: Furnished, times: int) -> Iterator[tuple[str, Measured]]:
    """Medians over visits of each screen."""
    for name, address in screens(district).items():
        elsewhere = f"{district.path}/{'audit' if '/settings' in address else 'settings'}"
        visits = [_visit(browser, url, address, elsewhere) for _ in range(times)]
        yield (
            name,
            Measured(
                cold=statistics.median(visit.cold for visit in visits),
                moved=statistics.median(visit.moved for visit in visits),
                asked=max(visit.asked for visit in visits),
            ),
        )


def _visit(browser: Browser, url: str, address: str, elsewhere: str) -> Measured:
    cold = _settled(_opened(browser, url, address), 0, close=True)
    page = _opened(browser, url, elsewhere)
    _settled(page, 0)
    began = page.evaluate(MOVE, address)
    moved = _settled(page, began)
    asked = page.evaluate("watched.asked")
    page.context.close()
    return Measured(cold, moved, asked)


def _opened(browser: Browser, url: str, address: str) -> Page:
    """A page in a browser that has never been here."""
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(address, wait_until="commit")
    return page


def _settled(page: Page, began: float, *, close: bool = False) -> float:
    """Milliseconds from then until the page could be used."""
    page.wait_for_load_state("load")
    took: float = page.evaluate(SETTLED, {"from": began, "giveUp": GIVE_UP_MS})
    if close:
        page.context.close()
    return took


if __name__ == "__main__":
    main()
