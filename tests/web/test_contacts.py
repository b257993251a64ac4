"""A contact's page: whose contact they are."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.console import Site
from tests.web.accessibility import axe
from tests.web.conftest import Pages


@pytest.fixture
def parent(site: Site, district: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The contact of most students, and those."""
    made = site.add_integration(district, "powerschool", site.add_mappings(district, "powerschool"))
    assert site.sync(district, made["id"])["state"] == "completed"
    students = site.call("GET", f"/districts/{district}/people", type="student", limit="200")["items"]
    ids = [tie["person_id"] for student in students for tie in student["contacts"]]
    contact = site.call("GET", f"/districts/{district}/people/{max(ids, key=ids.count)}")
    own = [s for s in students if contact["id"] in {tie["person_id"] for tie in s["contacts"]}]
    assert len(own) > 1
    return contact, own


def test_it_lists_their_students_and_leads_to_them(
    pages: Pages, district: str, parent: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    contact, students = parent
    page = pages(f"/districts/{district}/people/{contact['id']}")
    table = page.get_by_role("table", name="Students")
    names = table.locator("tbody tr:not(.skeleton)")
    expect(names).to_have_count(len(students))
    first = min(students, key=lambda one: (one["last_name"], one["first_name"], one["id"]))
    expect(names.first).to_contain_text(f"{first['first_name']} {first['last_name']}")
    (tie,) = [one for one in first["contacts"] if one["person_id"] == contact["id"]]
    expect(names.first.locator("td[data-label='Is their']")).to_have_text(tie["relationship"])
    assert axe(page) == []
    names.first.get_by_role("link").click()
    expect(page.get_by_role("region", name="Contacts")).to_be_visible()
    assert page.url.endswith(first["id"])


def test_students_and_staff_have_no_such_list(
    site: Site, pages: Pages, district: str, parent: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    _, students = parent
    page = pages(f"/districts/{district}/people/{students[0]['id']}")
    expect(page.get_by_role("region", name="Contacts")).to_be_visible()
    expect(page.get_by_role("region", name="Students")).to_have_count(0)
