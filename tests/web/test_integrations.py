"""The list of the source document's screen, control by control; a test's name begins with the control's number there.
Its form, number 4, is tried in ``test_integration_form``.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.console import Site
from tests.web.conftest import Pages
from tests.web.integrations import add, form, names, two_systems_mappings


@pytest.fixture
def mappings(site: Site, district: str) -> dict[str, str]:
    return two_systems_mappings(site, district)


@pytest.fixture
def address(district: str) -> str:
    return f"/districts/{district}/integrations"


def test_1_search_by_name(
    site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str]
) -> None:
    add(site, district, mappings, "Elementary nightly")
    add(site, district, mappings, "High school nightly")
    page = pages(address)
    page.get_by_role("searchbox", name="Search by name").fill("high")
    expect(page.get_by_role("row")).to_have_count(2)
    assert names(page) == ["High school nightly"]
    page.reload()
    assert names(page) == ["High school nightly"], "the address keeps the search"
    page.get_by_role("searchbox").fill("zzz")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()


def test_2_include_inactive(
    site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str]
) -> None:
    add(site, district, mappings, "Working")
    retired = add(site, district, mappings, "Retired")
    site.call("PATCH", f"/districts/{district}/integrations/{retired['id']}", {"active": False, "version": 1})
    page = pages(address)
    assert names(page) == ["Working"]
    page.get_by_label("Include inactive").check()
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("cell", name="Inactive")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Include inactive")).to_be_checked()


def test_3_reset(site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str]) -> None:
    add(site, district, mappings, "Only one")
    page = pages(f"{address}?search=zzz&include_inactive=true&sort=url&order=desc")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    assert names(page) == ["Only one"]
    expect(page.get_by_role("searchbox")).to_have_value("")
    expect(page.get_by_label("Include inactive")).not_to_be_checked()
    assert page.url.endswith(address)


def headings_sort(site: Site, pages: Pages, address: str, district: str, heading: str, key: str) -> None:
    """Ascending, and descending the second time, whatever it was sorted by before."""
    both = {**site.add_mappings(district, "powerschool"), **site.add_mappings(district, "schooltool")}
    add(site, district, both, "Beta", url="http://127.0.0.1:1/a")
    other = add(
        site, district, both, "Alpha", system="schooltool", url="http://127.0.0.1:1/b", credentials={}
    )
    site.call("PATCH", f"/districts/{district}/integrations/{other['id']}", {"active": False, "version": 1})
    page = pages(f"{address}?include_inactive=true&sort={'url' if key == 'name' else 'name'}")
    names(page)
    page.get_by_role("button", name=heading, exact=True).click()
    header = page.get_by_role("columnheader", name=heading, exact=True)
    expect(header).to_have_attribute("aria-sort", "ascending")
    up = names(page)
    page.get_by_role("button", name=heading, exact=True).click()
    expect(header).to_have_attribute("aria-sort", "descending")
    down = names(page)
    assert up == (["Alpha", "Beta"] if key == "name" else ["Beta", "Alpha"])
    assert down == up[::-1]
    assert f"sort={key}&order=desc" in page.url or f"order=desc&sort={key}" in page.url


def test_5_name_sorts(site: Site, pages: Pages, address: str, district: str) -> None:
    headings_sort(site, pages, address, district, "Name", "name")


def test_6_student_information_system_sorts(site: Site, pages: Pages, address: str, district: str) -> None:
    headings_sort(site, pages, address, district, "Student Information System", "system")


def test_7_url_sorts(site: Site, pages: Pages, address: str, district: str) -> None:
    headings_sort(site, pages, address, district, "Url", "url")


def test_8_active_sorts(site: Site, pages: Pages, address: str, district: str) -> None:
    headings_sort(site, pages, address, district, "Active", "active")


def test_9_pencil_edits_in_the_same_form(
    site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str]
) -> None:
    add(site, district, mappings, "Nightly")
    page = pages(address)
    page.get_by_role("button", name="Edit Nightly").click()
    dialog = form(page, "Edit SIS integration")
    expect(dialog.get_by_label("Head of Household Last Name")).to_be_checked()
    dialog.get_by_label("Name", exact=True).fill("Every night")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("status")).to_contain_text("Every night is saved.")
    expect(page.get_by_role("cell", name="Every night", exact=True)).to_be_visible()


def test_10_refresh_icon_runs_and_shows_progress(
    site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str]
) -> None:
    add(site, district, mappings, "Nightly")
    page = pages(address)
    expect(page.get_by_text("Never run")).to_be_visible()
    site.runner.paused.set()
    try:
        page.get_by_role("button", name="Run Nightly now").click()
        expect(page.get_by_role("progressbar", name="Waiting")).to_be_visible()
        expect(page.get_by_role("button", name="Run Nightly now")).to_have_attribute("aria-busy", "true")
        page.reload()
        expect(page.get_by_role("progressbar", name="Waiting")).to_be_visible()
    finally:
        site.runner.paused.clear()
    expect(page.get_by_text("Completed", exact=True)).to_be_visible(timeout=30_000)
    expect(page.get_by_role("status")).to_contain_text("Nightly: completed.")
    page.get_by_role("row").get_by_role("link", name="Completed").click()
    expect(page.get_by_role("region", name="Summary")).to_be_visible()


def test_11_pages(site: Site, pages: Pages, address: str, district: str) -> None:
    codes = site.add_mappings(district, "schooltool")
    for number in range(30):
        site.add_integration(
            district, "schooltool", codes, name=f"School {number:02}", url=f"http://127.0.0.1:1/{number}"
        )
    page = pages(address)
    expect(page.get_by_role("button", name="Previous page")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("row")).to_have_count(6)
    assert names(page) == [f"School {number}" for number in range(25, 30)]
    page.reload()
    expect(page.get_by_role("row")).to_have_count(6)
    assert names(page)[0] == "School 25", "the address keeps the page"
    expect(page.get_by_role("button", name="Next page")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Previous page").click()
    expect(page.get_by_role("row")).to_have_count(26)
    assert names(page)[0] == "School 00"
