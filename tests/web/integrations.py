"""What the tests of SIS integrations share: integrations to look at, and the form filled in."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages

TITLES = {
    "aeries": "Aeries",
    "illuminate": "Illuminate",
    "powerschool": "PowerSchool",
    "powerschool_query": "PowerSchool Query",
    "schooltool": "SchoolTool",
    "oneroster": "OneRoster",
}


def two_systems_mappings(site: Site, district: str) -> dict[str, str]:
    """A mapping of each entity that any form asks for, by entity."""
    return {**site.add_mappings(district, "powerschool"), **site.add_mappings(district, "aeries")}


def add(site: Site, district: str, mappings: dict[str, str], name: str, **changes: Any) -> dict[str, Any]:
    kept = {entity: mappings[entity] for entity in mappings if entity != "academic_year"}
    return site.add_integration(district, changes.pop("system", "powerschool"), kept, name=name, **changes)


def names(page: Page) -> list[str]:
    expect(page.get_by_role("table")).to_have_attribute("aria-busy", "false")
    return page.get_by_role("row").locator("td:first-child").all_inner_texts()


def form(page: Page, title: str = "Add SIS integration") -> Locator:
    return page.get_by_role("dialog", name=title)


def new_form(pages: Pages, address: str, system: str) -> tuple[Page, Locator]:
    page = pages(address)
    page.get_by_role("button", name="Add new SIS integration").click()
    dialog = form(page)
    dialog.get_by_label("Student Information System").select_option(TITLES[system])
    return page, dialog


def fill(dialog: Locator, site: Site, system: str) -> None:
    """All that the system requires, as an administrator would enter it."""
    sis = site.systems[system]
    dialog.get_by_label("Name", exact=True).fill("Lakeview nightly")
    dialog.get_by_label("Url", exact=True).fill(sis["url"])
    for key, secret in sis["credentials"].items():
        dialog.get_by_label(key.replace("_", " ").title(), exact=True).fill(secret)
    for entity in sis["codes"]:
        picker = dialog.get_by_label(entity.replace("_", " ").title(), exact=True)
        picker.select_option(label=f"{entity.replace('_', ' ').capitalize()} codes")
