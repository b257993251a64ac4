"""People: found, read, traced to the SIS and protected, by mouse and by keyboard, over a sync of a simulated SIS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages, Watch

DISTRICT = "riverbend"
BASE = f"/districts/{DISTRICT}"


@pytest.fixture(scope="module")
def riverbend(site: Site) -> str:
    """A district whose people have come: its integration."""
    codes = site.add_mappings(DISTRICT, "powerschool")
    made = site.add_integration(DISTRICT, "powerschool", codes, name="Riverbend nightly")
    assert site.sync(DISTRICT, made["id"])["state"] == "completed"
    return str(made["id"])


def people(site: Site, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.call("GET", f"{BASE}/people", limit="200", **query)["items"]
    return found


@pytest.fixture
def child(site: Site, riverbend: str) -> Iterator[dict[str, Any]]:
    """A student with a family of several and contacts; whatever a test protects of them is released."""
    students = people(site, type="student", status="active")
    families = [one["family_id"] for one in students]
    one = next(s for s in students if s["contacts"] and s["gender"] and families.count(s["family_id"]) > 1)
    yield one
    if site.call("GET", f"{BASE}/people/{one['id']}")["protection"]:
        site.call("DELETE", f"{BASE}/people/{one['id']}/protection")
        site.sync(DISTRICT, riverbend)


def protect(site: Site, person: dict[str, Any], **form: Any) -> None:
    body = {"fields": ["grade"], "reason": "Court order of the family.", **form}
    site.call("PUT", f"{BASE}/people/{person['id']}/protection", body)


def name(person: dict[str, Any]) -> str:
    return f"{person['first_name']} {person['last_name']}"


def address(person: dict[str, Any], query: str = "") -> str:
    return f"{BASE}/people/{person['id']}{query}"


def section(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True)


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Protect or correct")


def rows(page: Page) -> Locator:
    return page.locator("tbody tr:not(.skeleton)")


def test_an_empty_list_says_what_brings_people(pages: Pages, district: str) -> None:
    page = pages(f"/districts/{district}/people")
    expect(page.get_by_role("heading", name="Nobody yet")).to_be_visible()
    expect(page.get_by_text("People come with the first sync")).to_be_visible()


def test_people_are_found_by_name_and_by_a_whole_id(pages: Pages, child: dict[str, Any], site: Site) -> None:
    page = pages(f"{BASE}/people")
    beginning = child["last_name"][:4].lower()
    page.get_by_role("searchbox").fill(beginning)
    expect(page).to_have_url(f"{site.url}{BASE}/people?search={beginning}")
    expect(rows(page)).to_have_count(len(people(site, search=beginning)))
    expect(page.get_by_role("link", name=name(child), exact=True)).to_be_visible()
    page.get_by_role("searchbox").fill(child["local_id"])
    expect(rows(page)).to_have_count(len(people(site, search=child["local_id"])))
    expect(page.get_by_role("link", name=name(child), exact=True)).to_be_visible()
    page.get_by_role("searchbox").fill("nobody of this name")
    expect(page.get_by_role("heading", name="Nobody found")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(rows(page)).to_have_count(25)


def test_filters_narrow_the_list_and_stand_in_the_address(
    pages: Pages, child: dict[str, Any], site: Site
) -> None:
    school = child["enrollments"][0]["school"]
    page = pages(f"{BASE}/people")
    page.get_by_label("Type").select_option("Students")
    page.get_by_label("School").select_option(school)
    page.get_by_label("Status").select_option("Active")
    wanted = people(site, type="student", school=school, status="active")
    expect(rows(page)).to_have_count(min(25, len(wanted)))
    expect(rows(page).filter(has_text="Student")).to_have_count(min(25, len(wanted)))
    page.reload()
    expect(page.get_by_label("School")).to_have_value(school)
    expect(rows(page)).to_have_count(min(25, len(wanted)))


def test_pages_lead_on_and_back_again(pages: Pages, riverbend: str) -> None:
    page = pages(f"{BASE}/people")
    first = page.locator("tbody a").first
    expect(rows(page)).to_have_count(25)
    before = first.inner_text()
    page.get_by_role("button", name="Next page").click()
    expect(first).not_to_have_text(before)
    page.get_by_role("button", name="Previous page").click()
    expect(first).to_have_text(before)


def test_a_person_is_opened_by_keyboard_and_leads_to_the_family_and_back(
    pages: Pages, child: dict[str, Any], site: Site
) -> None:
    page = pages(f"{BASE}/people?search={child['source_id']}&type=student")
    page.get_by_role("link", name=name(child), exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=name(child))).to_be_focused()
    expect(section(page, "IDs")).to_contain_text(child["source_id"])
    expect(section(page, "Enrollments")).to_contain_text(child["enrollments"][0]["school"])
    tie = min(child["contacts"], key=lambda one: int(one["priority"]))
    parent = site.call("GET", f"{BASE}/people/{tie['person_id']}")
    expect(section(page, "Contacts").locator("tbody tr").first).to_contain_text(name(parent))
    expect(section(page, "Contacts").locator("tbody tr").first).to_contain_text(tie["relationship"])
    expect(section(page, "Allergies")).to_have_count(1 if child["allergies"] else 0)
    family = site.call("GET", f"{BASE}/families/{child['family_id']}")["members"]
    sibling = next(one for one in family if one["id"] != child["id"])
    section(page, "Family").get_by_role("link", name=name(sibling), exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name(sibling))).to_be_focused()
    page.get_by_role("link", name="All people").click()
    expect(page.get_by_role("searchbox")).to_have_value(child["source_id"])


def test_a_photo_is_shown_and_initials_where_there_is_none(pages: Pages, site: Site, district: str) -> None:
    """Guards: an image's own address, which carries no token and would be refused."""
    stored = site.call("GET", f"/districts/{district}")
    # Every student gets a photo, which is no reason to wait here.
    form = {"name": stored["name"], "time_zone": stored["time_zone"], "thresholds": {"floor": 10_000}}
    site.call("PUT", f"/districts/{district}", {**form, "version": stored["version"]})
    codes = site.add_mappings(district, "aeries")
    made = site.add_integration(district, "aeries", codes)
    assert site.sync(district, made["id"])["state"] == "completed"
    plain = {"pictures_only": True, "family_identifier": [], "drop_students_not_in_file": False}
    photos = site.add_integration(
        district, "aeries", {"building": codes["building"]}, name="Photos", member_types=["student"], **plain
    )
    assert site.sync(district, photos["id"])["state"] == "completed"
    base = f"/districts/{district}/people"
    students = site.call("GET", base, type="student", limit="200")["items"]
    pictured = next(one for one in students if one["photo"])
    bare = next(one for one in site.call("GET", base, type="staff")["items"] if not one["photo"])
    page = pages(f"{base}/{pictured['id']}")
    image = page.get_by_role("img", name=f"Photo of {name(pictured)}")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.complete && image.naturalWidth > 0")
    page.goto(f"{base}/{bare['id']}")
    expect(page.get_by_text(f"{bare['first_name'][0]}{bare['last_name'][0]}", exact=True)).to_be_visible()


def test_the_lineage_leads_from_a_value_to_the_record_and_the_mapping(
    pages: Pages, child: dict[str, Any], site: Site
) -> None:
    page = pages(address(child))
    page.get_by_role("tab", name="Details").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Where values come from")).to_be_focused()
    traced = site.call("GET", f"{BASE}/people/{child['id']}/lineage")
    (gender,) = (one for one in traced["fields"] if one["field"] == "gender")
    row = page.get_by_role("row").filter(has=page.get_by_text("Gender", exact=True))
    expect(row).to_contain_text(f"{gender['sources'][0]['value']}")
    expect(row).to_contain_text(gender["sources"][0]["path"])
    expect(row).to_contain_text("(Gender, version 1) makes")
    expect(page.get_by_text("These are the values that are stored now.")).to_be_visible()
    page.get_by_label("By the sync of").select_option(traced["run_id"])
    expect(page).to_have_url(f"{site.url}{address(child, '?tab=lineage&run=' + traced['run_id'])}")
    row.get_by_role("link", name="Gender codes").click()
    expect(page.get_by_role("dialog", name="Edit mapping")).to_be_visible()


def test_the_history_tells_when_somebody_came(pages: Pages, child: dict[str, Any]) -> None:
    page = pages(address(child, "?tab=history"))
    added = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Added"))
    expect(added).to_contain_text("Written")
    expect(added).to_contain_text(child["last_name"])


def test_a_field_is_corrected_by_hand_and_shown_at_once(
    pages: Pages, child: dict[str, Any], site: Site
) -> None:
    page = pages(address(child))
    page.get_by_role("button", name="Protect or correct").click()
    form = dialog(page)
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_be_focused()
    form.get_by_role("alert").get_by_role("link", name="Reason").click()
    expect(form.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("The name on the birth certificate.")
    form.get_by_label("First name", exact=False).first.select_option("Corrected by hand")
    form.get_by_label("First name, corrected").fill("Leonora")
    form.get_by_label("Gender", exact=False).first.select_option("Stays as it is")
    form.get_by_role("button", name="Save").click()
    expect(form).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Leonora {child['last_name']}", timeout=30_000)
    expect(page.get_by_role("note", name="Protection")).to_contain_text("First name, Gender")
    expect(section(page, "Personal")).to_contain_text("By hand")
    stored = site.call("GET", f"{BASE}/people/{child['id']}")
    assert stored["first_name"] == "Leonora"
    assert stored["protection"]["values"] == {"first_name": "Leonora"}


def test_faults_of_the_api_stand_at_their_field(pages: Pages, child: dict[str, Any], watch: Watch) -> None:
    watch.expected.add(422)
    page = pages(address(child, "?protect=true"))
    form = dialog(page)
    form.get_by_label("Reason").fill("As the family asked.")
    form.get_by_label("Birth date", exact=False).first.select_option("Corrected by hand")
    form.get_by_label("Birth date, corrected").fill("2999-01-01")
    form.get_by_role("button", name="Save").click()
    form.get_by_role("alert").get_by_role("link", name="Birth date").click()
    expect(form.get_by_label("Birth date, corrected")).to_be_focused()
    expect(form.get_by_label("Birth date, corrected")).to_have_attribute("aria-invalid", "true")


def test_the_whole_person_is_protected_by_keyboard_until_a_day(
    pages: Pages, child: dict[str, Any], site: Site
) -> None:
    page = pages(address(child))
    page.get_by_role("button", name="Protect or correct").focus()
    page.keyboard.press("Enter")
    form = dialog(page)
    expect(form.get_by_label("Protect", exact=True)).to_be_focused()
    page.keyboard.press("End")
    expect(form.get_by_text("not even that they have left")).to_be_visible()
    form.get_by_label("Last day").fill("2099-12-31")
    form.get_by_label("Reason").fill("Court order.")
    page.keyboard.press("Enter")
    expect(form).to_be_hidden()
    expect(page.get_by_role("note", name="Protection")).to_contain_text("The whole person")
    assert site.call("GET", f"{BASE}/people/{child['id']}")["protection"]["until"] == "2099-12-31"


def test_what_was_typed_is_not_lost_without_asking(pages: Pages, child: dict[str, Any]) -> None:
    page = pages(address(child, "?protect=true"))
    dialog(page).get_by_label("Reason").fill("Unsaved")
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Leave without saving?").get_by_role(
        "button", name="Keep editing"
    ).click()
    expect(dialog(page).get_by_label("Reason")).to_have_value("Unsaved")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(dialog(page)).to_be_hidden()


def test_a_person_is_released_from_the_list_of_the_district(
    pages: Pages, child: dict[str, Any], site: Site
) -> None:
    protect(site, child)
    page = pages(f"{BASE}/protections")
    row = page.get_by_role("row").filter(has_text=name(child))
    expect(row).to_contain_text("Grade")
    expect(row).to_contain_text("Court order of the family.")
    row.get_by_role("button", name=f"Release {name(child)}").click()
    question = page.get_by_role("dialog", name=f"Release {name(child)}?")
    expect(question).to_contain_text("The next sync takes the SIS’s values again: Grade.")
    question.get_by_role("button", name="Cancel").click()
    expect(row).to_be_visible()
    row.get_by_role("button", name=f"Release {name(child)}").click()
    question.get_by_role("button", name="Release").click()
    expect(page.get_by_role("heading", name="Nobody is protected")).to_be_visible()
    assert site.call("GET", f"{BASE}/people/{child['id']}")["protection"] is None


def test_a_viewer_reads_but_does_not_protect(pages: Pages, child: dict[str, Any], site: Site) -> None:
    protect(site, child)
    site.groups = (f"{DISTRICT}/viewer",)
    page = pages(address(child))
    for title in ("Change protection", "Release"):
        button = page.get_by_role("button", name=title, exact=True)
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_attribute(
            "title", "This needs the right “operator” in this district. Ask an administrator for it."
        )
