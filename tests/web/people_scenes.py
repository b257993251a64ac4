"""Scenes of people and of what is protected of them, and somebody to see there."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.support.console import Site

HOME = "/districts/lakeview"


def protect_somebody(site: Site) -> None:
    """Two fields of a student with a family, until a day."""
    students = site.call("GET", f"{HOME}/people", type="student", status="active", limit="200")["items"]
    families = [one["family_id"] for one in students]
    one = next(s for s in students if s["contacts"] and families.count(s["family_id"]) > 1)
    form = {"fields": ["email", "addresses"], "reason": "Court order of the family.", "until": "2099-06-30"}
    site.call("PUT", f"{HOME}/people/{one['id']}/protection", form)


def people(page: Page) -> None:
    page.goto(f"{HOME}/people")
    expect(page.get_by_role("row").filter(has_text="Student").first).to_be_visible()


def protected_people(page: Page) -> None:
    page.goto(f"{HOME}/protections")
    expect(page.get_by_role("row").filter(has_text="In force")).to_have_count(1)


def person(page: Page) -> None:
    protected_people(page)
    page.get_by_role("cell").get_by_role("link").click()
    expect(page.get_by_role("region", name="Family").get_by_text("this person")).to_be_visible()
    expect(page.get_by_role("region", name="Contacts").get_by_role("link").first).to_be_visible()


def person_lineage(page: Page) -> None:
    person(page)
    page.get_by_role("tab", name="Where values come from").click()
    expect(page.get_by_role("link", name="Grade level codes").first).to_be_visible()


def person_history(page: Page) -> None:
    person(page)
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_role("heading", name="Added")).to_be_visible()


def protect(page: Page) -> None:
    person(page)
    page.get_by_role("button", name="Change protection").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_have_value("Court order of the family.")
    dialog.get_by_label("Gender").select_option("Corrected by hand")


PEOPLE_SCENES = (people, protected_people, person, person_lineage, person_history, protect)
