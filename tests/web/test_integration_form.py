"""The form of the source document's screen, its control 4, field by field; a test's name begins with the field's number
there.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages, Watch
from tests.web.integrations import TITLES, add, fill, form, names, new_form, two_systems_mappings

ALL = tuple(TITLES)
FAMILY = (
    "Head of Household First Name",
    "Head of Household Last Name",
    "Head of Household Home Phone",
    "Household Home Address",
)


@pytest.fixture
def mappings(site: Site, district: str) -> dict[str, str]:
    return two_systems_mappings(site, district)


@pytest.fixture
def address(district: str) -> str:
    return f"/districts/{district}/integrations"


@pytest.mark.parametrize("system", ALL)
def test_4_add_new_integration(system: str, site: Site, pages: Pages, address: str, district: str) -> None:
    """For each system: the fields that it has, filled in, tested and saved."""
    site.add_mappings(district, system)
    page, dialog = new_form(pages, address, system)
    fill(dialog, site, system)
    dialog.get_by_role("button", name="Test connection").click()
    expect(dialog.get_by_text(re.compile("^The connection works"))).to_be_visible(timeout=30_000)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    assert names(page) == ["Lakeview nightly"]
    (stored,) = site.call("GET", f"/districts/{district}/integrations")["items"]
    assert stored["system"] == system
    assert set(stored["mappings"]) >= set(site.systems[system]["codes"]) - {"allergy"}


def test_4_1_name(pages: Pages, address: str) -> None:
    _, dialog = new_form(pages, address, "schooltool")
    dialog.get_by_role("button", name="Save").click()
    summary = dialog.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Name: This is required.")
    summary.get_by_role("link", name="Name").click()
    name = dialog.get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    assert name.get_attribute("aria-invalid") == "true"
    name.fill("Nightly")
    expect(name).not_to_have_attribute("aria-invalid", "true")


def test_4_2_student_information_system(
    site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str]
) -> None:
    """Every system can be chosen for a new integration, and none can be changed for one that exists."""
    made = add(site, district, mappings, "Nightly")
    page = pages(f"{address}/new")
    options = form(page).get_by_label("Student Information System").locator("option")
    expect(options).to_have_count(1 + len(TITLES))
    assert {*TITLES.values()} < {*options.all_inner_texts()}
    page.goto(f"{address}/{made['id']}")
    expect(form(page, "Edit SIS integration").get_by_label("Student Information System")).to_be_disabled()


def test_4_3_url_is_checked_by_the_server_and_its_fault_lands_on_the_field(
    site: Site, pages: Pages, address: str, district: str, watch: Watch
) -> None:
    site.add_mappings(district, "schooltool")
    watch.expected.add(422)
    _, dialog = new_form(pages, address, "schooltool")
    fill(dialog, site, "schooltool")
    url = dialog.get_by_label("Url", exact=True)
    url.fill("ftp://sis.example.org")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Url:")
    expect(url).to_have_attribute("aria-invalid", "true")
    told = url.get_attribute("aria-describedby") or ""
    expect(dialog.locator(f"#{told.split()[0]}")).to_be_visible()


CREDENTIALS = {
    "aeries": ["Token"],
    "illuminate": ["Consumer Token", "Consumer Secret", "User Token", "User Secret"],
    "powerschool": ["Consumer Token", "Consumer Secret"],
    "powerschool_query": ["Consumer Token", "Consumer Secret"],
    "schooltool": ["Consumer Token", "Consumer Secret"],
    "oneroster": ["Consumer Token", "Consumer Secret"],
}


@pytest.mark.parametrize("system", ALL)
def test_4_3_credentials_by_system(system: str, pages: Pages, address: str) -> None:
    _, dialog = new_form(pages, address, system)
    expect(dialog.locator("input[type=password]")).to_have_count(len(CREDENTIALS[system]))
    for label in CREDENTIALS[system]:
        expect(dialog.get_by_label(label, exact=True)).to_be_visible()


def test_4_3_a_stored_secret_is_masked_and_can_be_replaced(
    site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str]
) -> None:
    made = add(site, district, mappings, "Nightly")
    page = pages(f"{address}/{made['id']}")
    dialog = form(page, "Edit SIS integration")
    expect(dialog.get_by_text("••••")).to_have_count(2)
    dialog.get_by_role("button", name="Replace Consumer Secret").click()
    dialog.get_by_label("Consumer Secret").fill("another-secret-9z")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    read = site.call("GET", f"/districts/{district}/integrations/{made['id']}")
    assert read["credentials"]["consumer_secret"]["ends_with"] == "9z"
    assert read["credentials"]["consumer_token"] == made["credentials"]["consumer_token"]


@pytest.mark.parametrize("system", ALL)
def test_4_3_academic_year_is_for_aeries_only(system: str, pages: Pages, address: str) -> None:
    _, dialog = new_form(pages, address, system)
    expect(dialog.get_by_label("Building", exact=True)).to_be_visible()
    expect(dialog.get_by_label("Academic Year", exact=True)).to_have_count(1 if system == "aeries" else 0)


def mapping_picker(site: Site, pages: Pages, address: str, district: str, label: str) -> None:
    """Lists the mappings of its entity, and "new…" makes one over the form and comes back with it chosen."""
    site.add_mappings(district, "powerschool")
    page, dialog = new_form(pages, address, "powerschool")
    picker = dialog.get_by_label(label, exact=True)
    expect(picker.locator("option")).to_have_text(["Choose…", f"{label.capitalize()} codes"])
    dialog.get_by_role("button", name=f"New {label} mapping…").click()
    editor = form(page, "Add mapping")
    expect(editor.get_by_label("Entity")).to_be_disabled()
    editor.get_by_label("Name", exact=True).fill(f"{label} of my own")
    editor.get_by_role("button", name="Save").click()
    expect(editor).to_be_hidden()
    expect(picker.locator("option:checked")).to_have_text(f"{label} of my own")


def test_4_4_building(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping_picker(site, pages, address, district, "Building")


def test_4_5_ethnicity(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping_picker(site, pages, address, district, "Ethnicity")


def test_4_6_grade_level(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping_picker(site, pages, address, district, "Grade Level")


def test_4_7_race(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping_picker(site, pages, address, district, "Race")


def test_4_8_state(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping_picker(site, pages, address, district, "State")


def test_4_9_gender(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping_picker(site, pages, address, district, "Gender")


def test_4_10_language(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping_picker(site, pages, address, district, "Language")


def test_4_11_relationship(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping_picker(site, pages, address, district, "Relationship")


@pytest.mark.parametrize("system", ALL)
def test_4_12_family_identifier(system: str, pages: Pages, address: str) -> None:
    _, dialog = new_form(pages, address, system)
    group = dialog.get_by_role("group", name="Family Identifier")
    for label in FAMILY:
        group.get_by_label(label).check()
    expect(group.get_by_label("Family Key")).to_have_count(1 if system == "aeries" else 0)


@pytest.mark.parametrize("system", ALL)
def test_4_12_allergy_is_for_powerschool_query_only(system: str, pages: Pages, address: str) -> None:
    _, dialog = new_form(pages, address, system)
    expect(dialog.get_by_label("Building", exact=True)).to_be_visible()
    expect(dialog.get_by_label("Allergy", exact=True)).to_have_count(
        1 if system == "powerschool_query" else 0
    )


def test_4_12_enrollment_codes(site: Site, pages: Pages, address: str, district: str) -> None:
    site.add_mappings(district, "aeries")
    _, dialog = new_form(pages, address, "aeries")
    fill(dialog, site, "aeries")
    dialog.get_by_label("Primary Enrollment Codes").fill("R, ,P")
    dialog.get_by_label("Alternate Enrollment Codes").fill("C")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    (stored,) = site.call("GET", f"/districts/{district}/integrations")["items"]
    assert stored["primary_enrollment_codes"] == ["R", "", "P"], (
        "a blank code stands for students without one"
    )
    assert stored["alternate_enrollment_codes"] == ["C"]


def test_4_12_pictures_only_asks_for_name_url_token_and_building_alone(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    site.add_mappings(district, "aeries")
    _, dialog = new_form(pages, address, "aeries")
    dialog.get_by_label("Pictures Only").check()
    expect(dialog.get_by_label("Ethnicity")).to_have_count(0)
    expect(dialog.get_by_label("Academic Year")).to_have_count(0)
    expect(dialog.get_by_label("Drop Students Not In File")).to_have_count(0)
    sis = site.systems["aeries"]
    dialog.get_by_label("Name", exact=True).fill("Photos")
    dialog.get_by_label("Url", exact=True).fill(sis["url"])
    dialog.get_by_label("Token", exact=True).fill(sis["credentials"]["token"])
    dialog.get_by_label("Building", exact=True).select_option(label="Building codes")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    (stored,) = site.call("GET", f"/districts/{district}/integrations")["items"]
    assert stored["pictures_only"] is True


@pytest.mark.parametrize(
    ("label", "field"),
    [("Use Local ID as Pin", "use_local_id_as_pin"), ("Use Contact Record", "use_contact_record")],
)
def test_4_12_aeries_options(
    label: str, field: str, site: Site, pages: Pages, address: str, district: str
) -> None:
    site.add_mappings(district, "aeries")
    _, dialog = new_form(pages, address, "aeries")
    fill(dialog, site, "aeries")
    dialog.get_by_label(label).check()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    (stored,) = site.call("GET", f"/districts/{district}/integrations")["items"]
    assert stored[field] is True


def test_4_13_drop_students_not_in_file_warns(pages: Pages, address: str) -> None:
    _, dialog = new_form(pages, address, "powerschool")
    drop = dialog.get_by_label("Drop Students Not In File")
    expect(dialog.get_by_text("Not recommended if several student imports")).to_have_count(0)
    drop.check()
    expect(dialog.get_by_text("Not recommended if several student imports")).to_be_visible()


def test_4_13_active_is_for_existing_integrations_only(
    site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str]
) -> None:
    made = add(site, district, mappings, "Nightly")
    page, dialog = new_form(pages, address, "powerschool")
    expect(dialog.get_by_label("Active")).to_have_count(0)
    page = pages(f"{address}/{made['id']}")
    dialog = form(page, "Edit SIS integration")
    dialog.get_by_label("Active").uncheck()
    dialog.get_by_role("button", name="Save").click()
    asked = page.get_by_role("dialog", name="Make Nightly inactive?")
    expect(asked).to_contain_text("It is not run any more")
    asked.get_by_role("button", name="Make inactive").click()
    expect(page.get_by_role("heading", name="No integrations yet")).to_be_visible()
    assert site.call("GET", f"/districts/{district}/integrations/{made['id']}")["active"] is False


def test_4_14_cancel_saves_nothing_and_asks_about_unsaved_changes(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    page = pages(address)
    page.get_by_role("button", name="Add new SIS integration").click()
    form(page).get_by_role("button", name="Cancel").click()
    expect(form(page)).to_be_hidden()
    page.get_by_role("button", name="Add new SIS integration").click()
    form(page).get_by_label("Name", exact=True).fill("Half done")
    form(page).get_by_role("button", name="Cancel").click()
    asked = page.get_by_role("dialog", name="Leave without saving?")
    asked.get_by_role("button", name="Keep editing").click()
    expect(form(page).get_by_label("Name", exact=True)).to_have_value("Half done")
    page.go_back()
    expect(asked).to_be_visible()
    asked.get_by_role("button", name="Leave").click()
    expect(form(page)).to_be_hidden()
    assert site.call("GET", f"/districts/{district}/integrations")["items"] == []


def test_4_15_save_refuses_a_version_that_somebody_else_has_changed(
    site: Site, pages: Pages, address: str, district: str, mappings: dict[str, str], watch: Watch
) -> None:
    watch.expected.add(409)
    made = add(site, district, mappings, "Nightly")
    page = pages(f"{address}/{made['id']}")
    dialog = form(page, "Edit SIS integration")
    dialog.get_by_label("Name", exact=True).fill("Mine")
    site.call("PATCH", f"/districts/{district}/integrations/{made['id']}", {"name": "Theirs", "version": 1})
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else has changed this integration")
    assert names(pages(address)) == ["Theirs"]


def test_a_failed_connection_test_says_which_piece(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    site.add_mappings(district, "aeries")
    _, dialog = new_form(pages, address, "aeries")
    fill(dialog, site, "aeries")
    dialog.get_by_label("Token", exact=True).fill("f" * 32)
    dialog.get_by_role("button", name="Test connection").click()
    expect(dialog.get_by_text("The connection does not work yet.")).to_be_visible(timeout=30_000)
    expect(dialog.get_by_role("listitem").filter(has_text="Failed")).to_contain_text("Credentials")


def test_a_connection_test_shows_gaps_and_a_new_mapping_begins_with_the_codes_of_the_sis(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    page, dialog = new_form(pages, address, "illuminate")
    sis = site.systems["illuminate"]
    dialog.get_by_label("Url", exact=True).fill(sis["url"])
    for key, secret in sis["credentials"].items():
        dialog.get_by_label(key.replace("_", " ").title(), exact=True).fill(secret)
    dialog.get_by_role("button", name="Test connection").click()
    expect(dialog.get_by_text("The SIS told its codes")).to_be_visible(timeout=30_000)
    dialog.get_by_role("button", name="New Grade Level mapping…").click()
    editor = form(page, "Add mapping")
    expect(editor.get_by_role("table").get_by_role("row")).not_to_have_count(1)
    editor.get_by_role("button", name="Save").click()
    expect(editor).to_be_hidden()
    assert site.call("GET", f"/districts/{district}/mappings")["items"][0]["entry_count"] > 5


def test_an_integration_is_added_by_keyboard_alone(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    codes = site.add_mappings(district, "schooltool")
    page = pages(address)
    expect(page.get_by_role("heading", name="No integrations yet")).to_be_visible()
    press(page, "Add new SIS integration", "Enter")
    dialog = form(page)
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("By keyboard")
    press(page, "Student Information System", "")
    page.keyboard.type("SchoolT")
    expect(dialog.get_by_label("Building", exact=True)).to_be_visible()
    press(page, "Url", "")
    page.keyboard.type(site.systems["schooltool"]["url"])
    for entity in codes:
        press(page, entity.replace("_", " ").title(), "ArrowDown")
    press(page, "Save", "Enter")
    expect(dialog).to_be_hidden()
    assert names(page) == ["By keyboard"]


FOCUSED = """() => {
  const at = document.activeElement;
  return at.getAttribute("aria-label") ?? at.labels?.[0]?.innerText.replace("*", "").trim() ?? at.innerText ?? "";
}"""


def press(page: Page, label: str, key: str) -> None:
    """Tab to the control of this label, and press a key there."""
    for _ in range(80):
        if page.evaluate(FOCUSED) == label:
            if key:
                page.keyboard.press(key)
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {label}")
