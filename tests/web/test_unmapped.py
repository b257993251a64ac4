"""The queue of unmapped values, answered by mouse and by keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages
from tests.web.furnishing import with_gaps


@pytest.fixture
def nightly(site: Site, district: str) -> dict[str, Any]:
    return with_gaps(site, district)


def row_of(page: Page, value: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_text(value, exact=True))


def entries(site: Site, district: str, integration: dict[str, Any], entity: str) -> dict[str, str]:
    stored = site.call("GET", f"/districts/{district}/mappings/{integration['mappings'][entity]}")
    return {row["external"]: row["value"] for row in stored["entries"]}


def test_a_value_says_who_has_it_and_what_it_may_be(
    pages: Pages, district: str, nightly: dict[str, Any]
) -> None:
    page = pages(f"/districts/{district}/unmapped")
    gender = row_of(page, "F")
    expect(gender).to_contain_text("Gender")
    expect(gender).to_contain_text("people without it")
    expect(gender).to_contain_text("more")
    expect(gender.get_by_role("button", name="Female")).to_contain_text("75 %")
    expect(gender).to_contain_text("This is what the word or code usually means.")
    expect(row_of(page, "3")).to_contain_text("not loaded")


def test_one_value_is_answered_and_the_change_told(
    site: Site, pages: Pages, district: str, nightly: dict[str, Any]
) -> None:
    page = pages(f"/districts/{district}/unmapped")
    row_of(page, "3").get_by_label("What 3 stands for").fill("3")
    row_of(page, "3").get_by_role("button", name="Apply the answer for 3").click()
    told = page.get_by_role("status").filter(has_text="Lakeview nightly: your answer")
    expect(told).to_contain_text("added", timeout=30_000)
    expect(row_of(page, "3")).to_have_count(0)
    expect(row_of(page, "F")).to_have_count(1)
    assert entries(site, district, nightly, "grade_level")["3"] == "3"


def test_several_are_answered_in_one_go(
    site: Site, pages: Pages, district: str, nightly: dict[str, Any]
) -> None:
    page = pages(f"/districts/{district}/unmapped")
    row_of(page, "F").get_by_role("button", name="Female").click()
    row_of(page, "3").get_by_label("What 3 stands for").fill("3")
    row_of(page, "-2").get_by_label("What -2 stands for").fill("PK")
    page.get_by_role("button", name="Apply 3 answers").click()
    expect(page.get_by_role("heading", name="Every value is mapped")).to_be_visible(timeout=30_000)
    assert entries(site, district, nightly, "gender")["F"] == "Female"


def test_all_above_a_confidence_take_their_suggestion(
    site: Site, pages: Pages, district: str, nightly: dict[str, Any]
) -> None:
    page = pages(f"/districts/{district}/unmapped")
    page.get_by_label("Entity").select_option("Gender")
    page.get_by_role("combobox", name="Suggestion", exact=True).select_option("At least 75 %")
    page.get_by_role("button", name="Use the suggestion").click()
    dialog = page.get_by_role("dialog", name="Use the suggestions?")
    expect(dialog).to_contain_text("the SIS is not asked")
    dialog.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible(timeout=30_000)
    assert entries(site, district, nightly, "gender")["F"] == "Female"
    assert "3" not in entries(site, district, nightly, "grade_level")


def test_by_keyboard_alone(site: Site, pages: Pages, district: str, nightly: dict[str, Any]) -> None:
    page = pages(f"/districts/{district}/unmapped?entity=gender")
    expect(row_of(page, "F")).to_be_visible()
    page.get_by_role("button", name="Reset").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("What F stands for")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Female")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_label("What F stands for")).to_have_value("Female")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible(timeout=30_000)
    assert entries(site, district, nightly, "gender")["F"] == "Female"


def test_answers_are_not_lost_without_a_question(
    pages: Pages, district: str, nightly: dict[str, Any]
) -> None:
    page = pages(f"/districts/{district}/unmapped")
    page.get_by_label("What F stands for").fill("Female")
    page.get_by_role("link", name="SIS integrations").click()
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    dialog.get_by_role("button", name="Keep editing").click()
    expect(page.get_by_label("What F stands for")).to_have_value("Female")


def test_the_address_keeps_the_filters(pages: Pages, district: str, nightly: dict[str, Any]) -> None:
    page = pages(f"/districts/{district}/unmapped")
    page.get_by_label("Entity").select_option("Gender")
    expect(row_of(page, "3")).to_have_count(0)
    page.reload()
    expect(row_of(page, "F")).to_be_visible()
    expect(page.get_by_label("Entity")).to_have_value("gender")
    page.get_by_role("button", name="Reset").click()
    expect(row_of(page, "3")).to_be_visible()


def test_a_viewer_reads_and_is_told_why_not_more(
    site: Site, pages: Pages, district: str, nightly: dict[str, Any]
) -> None:
    site.groups = (f"{district}/viewer",)
    page = pages(f"/districts/{district}/unmapped")
    expect(page.get_by_text("You can read these values but not answer them.")).to_be_visible()
    expect(page.get_by_label("What F stands for")).to_be_disabled()


def test_empty_says_what_to_do_first(site: Site, pages: Pages, district: str) -> None:
    page = pages(f"/districts/{district}/unmapped")
    expect(page.get_by_role("heading", name="No integrations yet")).to_be_visible()
    site.add_integration(district, "powerschool", site.add_mappings(district, "powerschool"))
    page.reload()
    expect(page.get_by_role("heading", name="No sync has completed yet")).to_be_visible()
