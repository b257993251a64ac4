"""Scenes of what waits for an answer: a held run, unmapped values, a school coming aboard or coming back, the media
application's roster. Each in a district of its own, since they would change what others show.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.support.console import Site
from tests.web.furnishing import (
    MEDIA,
    begin_onboarding,
    hold,
    leave_out,
    returning_school,
    upload_users,
)

WAITING = "/districts/maple-valley"
RETURNING = "/districts/pine-county"


def furnish_schools(site: Site) -> None:
    """A district with gaps in its mappings, a school to be onboarded and a run that waits, and one with a returning
    school.
    """
    for home, name in ((WAITING, "Maple Valley Unified"), (RETURNING, "Pine County Schools")):
        site.call("PUT", home, {"name": name, "time_zone": "America/Los_Angeles"})
    waiting, returning = (home.rpartition("/")[2] for home in (WAITING, RETURNING))
    begin_onboarding(site, waiting)
    codes = site.add_mappings(waiting, "powerschool")
    leave_out(site, waiting, codes["gender"], "F")
    leave_out(site, waiting, codes["race"], *_some_codes(site, waiting, codes["race"]))
    nightly = site.add_integration(waiting, "powerschool", codes, name="Maple Valley nightly", **MEDIA)
    assert site.sync(waiting, nightly["id"])["state"] == "completed"
    hold(site, waiting, nightly)
    upload_users(site, returning, returning_school(site, returning))


def _some_codes(site: Site, district: str, mapping_id: str) -> list[str]:
    stored: dict[str, Any] = site.call("GET", f"/districts/{district}/mappings/{mapping_id}")
    return [row["external"] for row in stored["entries"]][:2]


def run_held(page: Page) -> None:
    page.goto(f"{WAITING}/runs")
    page.get_by_role("row").filter(has_text="Held").get_by_role("link").first.click()
    expect(page.get_by_role("list", name="Changes", exact=True)).to_be_visible()


def run_held_issues(page: Page) -> None:
    _tab(page, "Issues")


def run_held_families(page: Page) -> None:
    _tab(page, "Families")


def run_held_files(page: Page) -> None:
    _tab(page, "Files")


def _tab(page: Page, name: str) -> None:
    run_held(page)
    page.get_by_role("tab", name=name).click()
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def run_approve(page: Page) -> None:
    run_held(page)
    page.get_by_role("button", name="Approve…").click()
    expect(page.get_by_role("dialog", name="Approve what waits?")).to_be_visible()


def unmapped_values(page: Page) -> None:
    page.goto(f"{WAITING}/unmapped")
    page.get_by_label("What F stands for").fill("Female")
    expect(page.get_by_role("button", name="Apply the answer", exact=True)).to_be_visible()


def onboarding(page: Page) -> None:
    page.goto(f"{WAITING}/onboarding")
    page.get_by_role("link", name="Alder Academy").wait_for()


def onboarding_checklist(page: Page) -> None:
    onboarding(page)
    page.get_by_role("link", name="Alder Academy").click()
    expect(page.get_by_role("heading", name="Plugin made for the school")).to_be_visible()


def onboarding_form(page: Page) -> None:
    onboarding_checklist(page)
    page.get_by_role("button", name="Edit school").click()
    expect(page.get_by_role("dialog", name="Edit school")).to_be_visible()


def roster(page: Page) -> None:
    page.goto(f"{WAITING}/roster?reason=media_email_missing")
    expect(page.get_by_role("table", name="Kept out: ")).to_be_visible()


def roster_candidates(page: Page) -> None:
    page.goto(f"{WAITING}/roster?tab=candidates")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Open")


def host_ids(page: Page) -> None:
    page.goto(f"{RETURNING}/reconciliation")
    expect(page.get_by_role("row").filter(has=page.get_by_text("OLD1", exact=True))).to_be_visible()


def host_id_decision(page: Page) -> None:
    host_ids(page)
    page.get_by_role("button", name="Decide about").first.click()
    expect(page.get_by_role("dialog", name="Who is")).to_be_visible()


def first_steps(page: Page) -> None:
    page.goto(f"{RETURNING}/unmapped")
    expect(page.get_by_role("heading", name="No sync has completed yet")).to_be_visible()


SCHOOL_SCENES = (
    *(run_held, run_held_issues, run_held_families, run_held_files, run_approve),
    *(unmapped_values, first_steps, onboarding, onboarding_checklist, onboarding_form),
    *(roster, roster_candidates, host_ids, host_id_decision),
)
