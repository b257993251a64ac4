"""The audit: who changed what, narrowed by person, kind and day, and as a file."""

from __future__ import annotations

import csv
import io
import re
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages

ZONE = ZoneInfo("America/Los_Angeles")


@pytest.fixture
def address(district: str) -> str:
    return f"/districts/{district}/audit"


@pytest.fixture
def changed(site: Site, district: str) -> dict[str, Any]:
    """An integration that was added and renamed, after the district was."""
    made = site.add_integration(district, "schooltool", site.add_mappings(district, "schooltool"))
    path = f"/districts/{district}/integrations/{made['id']}"
    time.sleep(0.002)  # what is done within one millisecond has no order
    answer: dict[str, Any] = site.call(
        "PATCH", path, {"name": "Every night", "drop_students_not_in_file": False, "version": 1}
    )
    return answer


def rows(page: Page) -> Locator:
    expect(page.get_by_role("table")).to_have_attribute("aria-busy", "false")
    return page.get_by_role("rowgroup").last.get_by_role("row")


def test_changes_are_told_field_by_field_newest_first(
    pages: Pages, address: str, district: str, changed: dict[str, Any]
) -> None:
    page = pages(address)
    newest = rows(page).first
    expect(newest).to_contain_text("Integration changed")
    expect(newest).to_contain_text("operator@example.org")
    change = newest.get_by_role("definition")
    expect(change.nth(0)).to_have_text("yes →  became no")
    expect(change.nth(1)).to_have_text("Nightly →  became Every night")
    expect(newest.get_by_role("term")).to_have_text(["Drop students not in file", "Name"])
    link = newest.get_by_role("link", name="Every night")
    expect(link).to_have_attribute("href", f"/districts/{district}/integrations/{changed['id']}")
    created = rows(page).filter(has_text="Integration added")
    created.get_by_text("more").click()
    expect(created.get_by_role("term").filter(has_text="Credentials: consumer secret")).to_be_visible()
    mapping = created.locator("div:has(> dt:text-is('Mappings: building')) dd")
    expect(mapping).to_have_text("Building codes")  # not its id


def test_it_is_narrowed_by_person_and_kind_and_the_address_keeps_it(
    pages: Pages, address: str, changed: dict[str, Any]
) -> None:
    page = pages(address)
    page.get_by_label("What").select_option("Mapping added")
    expect(rows(page).filter(has_text="Mapping added")).not_to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="Integration")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("What").locator("option:checked")).to_have_text("Mapping added")
    page.get_by_role("searchbox", name="Search by who did it").fill("OPERATOR@")
    expect(rows(page).first).to_contain_text("Mapping added")
    page.get_by_role("searchbox").fill("nobody")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(rows(page).first).to_contain_text("Integration changed")
    assert page.url.endswith(address)


def test_days_are_the_districts_and_the_last_one_is_inside(
    pages: Pages, address: str, changed: dict[str, Any]
) -> None:
    """Guards: a day of UTC, whose evening is missing in America."""
    today = datetime.now(ZONE).date()
    page = pages(address)
    with page.expect_request(lambda request: "/audit?" in request.url and "from=" in request.url) as asked:
        page.get_by_label("From").fill(str(today))
    assert f"from={_instant(today)}" in asked.value.url
    with page.expect_request(lambda request: "/audit?" in request.url and "to=" in request.url) as asked:
        page.get_by_label("To", exact=True).fill(str(today))
    assert f"to={_instant(today + timedelta(days=1))}" in asked.value.url
    expect(rows(page).first).to_contain_text("Integration changed")
    page.get_by_label("From").fill(str(today + timedelta(days=1)))
    page.get_by_label("To", exact=True).fill("")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def _instant(day: Any) -> str:
    begins = datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(ZoneInfo("UTC"))
    return f"{begins:%Y-%m-%dT%H}%3A{begins:%M}%3A00.000Z"


def test_it_is_read_page_by_page(site: Site, pages: Pages, address: str, district: str) -> None:
    for number in range(30):
        mapping = {
            "entity": "race",
            "name": f"Race {number:02d}",
            "entries": [{"external": "1", "value": "x"}],
        }
        site.call("POST", f"/districts/{district}/mappings", mapping)
    page = pages(address)
    expect(rows(page)).to_have_count(25)
    # Two changes of one millisecond stand in any order.
    expect(rows(page).first).to_contain_text(re.compile("Race 2[789]"))
    page.get_by_role("button", name="Next page").click()
    expect(rows(page)).to_have_count(6)
    expect(rows(page).last).to_contain_text("District created")
    page.get_by_role("button", name="Previous page").click()
    # Two changes of one millisecond stand in any order.
    expect(rows(page).first).to_contain_text(re.compile("Race 2[789]"))


def test_what_is_shown_is_downloaded(
    pages: Pages, address: str, district: str, changed: dict[str, Any]
) -> None:
    page = pages(f"{address}?what=integration.changed")
    expect(rows(page)).to_have_count(1)
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download CSV").click()
    assert begun.value.suggested_filename == f"{district}-audit.csv"
    lines = list(csv.DictReader(io.StringIO(Path(begun.value.path()).read_text("utf-8-sig"))))
    assert [(line["what"], line["field"], line["after"]) for line in lines] == [
        ("integration.changed", "drop_students_not_in_file", "no"),
        ("integration.changed", "name", "Every night"),
    ]


def test_only_administrators_read_it(site: Site, pages: Pages, address: str, district: str) -> None:
    """Guards: a request that can only be refused, and an error where a reason belongs."""
    site.groups = (f"{district}/operator",)
    page = pages(address)
    expect(page.get_by_text("The audit is shown to administrators only.")).to_be_visible()
    expect(page.get_by_role("button", name="Download CSV")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("table")).to_have_count(0)


def test_by_keyboard_alone(pages: Pages, address: str, changed: dict[str, Any]) -> None:
    page = pages(address)
    rows(page)
    search = page.get_by_role("searchbox")
    search.focus()
    page.keyboard.type("operator")
    page.keyboard.press("Tab")
    page.keyboard.type("Integration ch")
    expect(rows(page)).to_have_count(1)
    more = page.get_by_role("link", name="Every night")
    for _ in range(12):
        page.keyboard.press("Tab")
        if more.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Edit SIS integration")).to_be_visible()
