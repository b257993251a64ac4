"""The import summary of a run, and parents who may be members of staff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages


@pytest.fixture
def run(site: Site, district: str) -> dict[str, Any]:
    """A sync that fed the media application."""
    codes = site.add_mappings(district, "powerschool")
    media = {"destinations": ["nutrition", "media"]}
    made = site.add_integration(district, "powerschool", codes, name="Lakeview nightly", **media)
    ended: dict[str, Any] = site.sync(district, made["id"])
    assert ended["state"] == "completed"
    return ended


def tile(page: Page, group: str, title: str) -> Locator:
    return page.get_by_role("list", name=group).get_by_role("listitem").filter(has_text=title)


def test_the_summary_counts_by_member_type_and_reason(
    site: Site, pages: Pages, district: str, run: dict[str, Any]
) -> None:
    summary = site.call("GET", f"/districts/{district}/runs/{run['id']}/summary")
    page = pages(f"/districts/{district}/roster")
    for key, title in (("student", "Students"), ("staff", "Staff"), ("contact", "Parents")):
        imported = tile(page, "Imported", title).first
        expect(imported).to_contain_text(str(summary["imported"][key]))
        expect(tile(page, "Kept out", title)).to_contain_text(str(summary["blocked"][key]))
    expect(tile(page, "Imported", "Staff who are parents")).to_contain_text(
        str(summary["staff_who_are_parents"])
    )
    reason = page.get_by_role("row").filter(has_text="Somebody who signs in needs an e-mail address.")
    expect(reason).to_contain_text("Enter the e-mail address in the SIS.")
    reason.get_by_role("button", name="Show who").click()
    who = page.get_by_role("table", name="Kept out: ")
    expect(who.get_by_role("row")).to_have_count(1 + summary["reasons"][0]["count"])
    page.reload()
    expect(who).to_be_visible()


def test_the_blocked_are_downloaded(pages: Pages, district: str, run: dict[str, Any]) -> None:
    page = pages(f"/districts/{district}/roster")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the blocked").click()
    text = Path(download.value.path()).read_text()
    assert text.splitlines()[0].startswith("member_type,id,severity,reason")
    assert "media_email_missing" in text


def test_one_person_or_two_is_decided_and_remembered(
    site: Site, pages: Pages, district: str, run: dict[str, Any]
) -> None:
    page = pages(f"/districts/{district}/roster")
    page.get_by_role("tab", name="Staff who may be parents").click()
    first, second = page.get_by_role("row").nth(1), page.get_by_role("row").nth(2)
    expect(first).to_contain_text("Open")
    first.get_by_role("button", name="one person").click()
    expect(first).to_contain_text("One person")
    expect(first.get_by_role("button", name="one person")).to_have_attribute("aria-disabled", "true")
    second.get_by_role("button", name="two people").click()
    expect(second).not_to_contain_text("Open")
    decided = site.call("GET", f"/districts/{district}/staff-parents")
    assert sorted(twin["staff_id"] is None for twin in decided) == [False, True]
    page.get_by_role("tab", name="Decided").click()
    expect(page.get_by_role("table", name="Decisions").get_by_role("row")).to_have_count(3)


def test_by_keyboard_alone(site: Site, pages: Pages, district: str, run: dict[str, Any]) -> None:
    page = pages(f"/districts/{district}/roster")
    page.get_by_role("tab", name="Import summary").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Staff who may be parents")).to_be_focused()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Open")
    page.keyboard.press("Tab")
    expect(page.get_by_role("row").nth(1).get_by_role("button", name="one person")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("row").nth(1)).not_to_contain_text("Open")
    (decided,) = site.call("GET", f"/districts/{district}/staff-parents")
    assert decided["staff_id"]


def test_a_viewer_may_not_decide(site: Site, pages: Pages, district: str, run: dict[str, Any]) -> None:
    site.groups = (f"{district}/viewer",)
    page = pages(f"/districts/{district}/roster?tab=candidates")
    expect(page.get_by_text("You can read this but not decide.")).to_be_visible()
    button = page.get_by_role("button", name="one person").first
    expect(button).to_have_attribute("aria-disabled", "true")


def test_empty_says_what_to_do_first(site: Site, pages: Pages, district: str) -> None:
    page = pages(f"/districts/{district}/roster")
    expect(page.get_by_role("heading", name="Nothing feeds the media application")).to_be_visible()
    codes = site.add_mappings(district, "powerschool")
    site.add_integration(district, "powerschool", codes, destinations=["nutrition", "media"])
    page.reload()
    expect(page.get_by_role("heading", name="No run has completed yet")).to_be_visible()
