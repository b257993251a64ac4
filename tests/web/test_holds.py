"""A held run over time: what was chosen survives a reload, and another's decision is noticed."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages

WHY = "They moved in together."


@pytest.fixture
def held(site: Site, district: str) -> dict[str, Any]:
    """A district that reviews its families, where another family identifier makes one of several."""
    made = site.add_integration(district, "schooltool", site.add_mappings(district, "schooltool"))
    assert site.sync(district, made["id"])["state"] == "completed"
    before = site.call("GET", f"/districts/{district}")
    kept = {name: before[name] for name in ("name", "time_zone", "version")}
    site.call("PUT", f"/districts/{district}", {**kept, "review_families": "always"})
    looser = {"family_identifier": ["hoh_first_name"], "version": made["version"]}
    site.call("PATCH", f"/districts/{district}/integrations/{made['id']}", looser)
    run: dict[str, Any] = site.sync(district, made["id"])
    assert run["state"] == "held", run
    assert "families" in {hold["reason"] for hold in run["holds"]}
    return run


def address(district: str, run: dict[str, Any]) -> str:
    return f"/districts/{district}/runs/{run['id']}"


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Part of this run waits for you")


def first_family(page: Page) -> Locator:
    return page.get_by_role("list", name="Family changes").get_by_role("listitem").first


def state(page: Page, word: str) -> None:
    summary = page.get_by_role("region", name="Summary")
    expect(summary.get_by_text(word, exact=True)).to_be_visible(timeout=30_000)


def look_away_and_back(page: Page) -> None:
    page.evaluate("dispatchEvent(new Event('focus'))")


def test_a_family_left_out_survives_a_reload_and_is_not_made(
    site: Site, pages: Pages, district: str, held: dict[str, Any]
) -> None:
    page = pages(f"{address(district, held)}?tab=families")
    first_family(page).get_by_label("Leave out of the approval").check()
    expect(panel(page)).to_contain_text("One family change is left out of what you approve.")
    page.reload()
    expect(first_family(page).get_by_label("Leave out of the approval")).to_be_checked()
    panel(page).get_by_role("button", name="Approve…").click()
    asked = page.get_by_role("dialog", name="Approve what waits?")
    expect(asked).to_contain_text("One family change is not made.")
    asked.get_by_label("Why may it go on?").fill(WHY)
    asked.get_by_role("button", name="Approve and write").click()
    state(page, "Completed")
    expect(page.get_by_role("region", name="Summary")).to_contain_text("One family change was left out.")
    expect(first_family(page)).to_contain_text("Left out")
    families = site.call("GET", f"{address(district, held)}/families", limit="200")["items"]
    (approval,) = site.call("GET", address(district, held))["approvals"]
    assert approval["leave_out"] == [families[0]["id"]]
    assert families[0]["held"] == "left_out"
    assert page.evaluate("Object.keys(sessionStorage).filter((key) => key.includes('left-out'))") == []


def test_what_is_left_out_can_be_taken_in_again(pages: Pages, district: str, held: dict[str, Any]) -> None:
    page = pages(f"{address(district, held)}?tab=families")
    toggle = first_family(page).get_by_label("Leave out of the approval")
    toggle.check()
    expect(panel(page)).to_contain_text("left out")
    toggle.uncheck()
    expect(panel(page)).not_to_contain_text("left out")
    page.reload()
    expect(toggle).not_to_be_checked()


def test_anothers_decision_is_noticed_when_the_page_is_looked_at_again(
    site: Site, pages: Pages, district: str, held: dict[str, Any]
) -> None:
    page = pages(address(district, held))
    expect(panel(page)).to_be_visible()
    site.call("POST", f"{address(district, held)}/reject", {"comment": "Not these."})
    look_away_and_back(page)
    state(page, "Rejected")
    expect(page.get_by_role("status").filter(has_text="Somebody else has decided")).to_be_visible()
    expect(page.get_by_role("region", name="Summary")).to_contain_text("Not these.")


def test_nobody_is_interrupted_who_is_deciding(
    site: Site, pages: Pages, district: str, held: dict[str, Any]
) -> None:
    page = pages(address(district, held))
    panel(page).get_by_role("button", name="Reject…").click()
    asked = page.get_by_role("dialog", name="Reject what waits?")
    asked.get_by_label("Why may it not go on?").fill("I am still thin")
    site.call("POST", f"{address(district, held)}/reject", {"comment": "Not these."})
    with page.expect_response(lambda answer: answer.url.endswith(f"/runs/{held['id']}")):
        look_away_and_back(page)
    expect(asked.get_by_label("Why may it not go on?")).to_have_value("I am still thin")
    asked.get_by_role("button", name="Cancel").click()
    look_away_and_back(page)
    state(page, "Rejected")
