"""A school from its portal link to its first sync, along the checklist."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages, Watch
from tests.web.furnishing import begin_onboarding

SYSTEM = "powerschool_query"


@pytest.fixture
def school(site: Site, district: str) -> dict[str, Any]:
    return begin_onboarding(site, district)


def step(page: Page, label: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=label))


def enter_credentials(site: Site, page: Page) -> None:
    page.get_by_role("button", name="Enter credentials by hand").click()
    dialog = page.get_by_role("dialog", name="Enter credentials by hand")
    sis = site.systems[SYSTEM]["credentials"]
    dialog.get_by_label("Client ID").fill(sis["consumer_token"])
    dialog.get_by_label("Client Secret").fill(sis["consumer_secret"])
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def test_a_school_goes_live_by_mouse(site: Site, pages: Pages, district: str) -> None:
    codes = site.add_mappings(district, SYSTEM)
    page = pages(f"/districts/{district}/onboarding")
    page.get_by_role("button", name="Begin with a school").click()
    dialog = page.get_by_role("dialog", name="Begin with a school")
    dialog.get_by_label("Name").fill("Alder Academy")
    dialog.get_by_label("Organization ID").fill("ORG-7")
    dialog.get_by_label("School portal link").fill(site.systems[SYSTEM]["url"])
    dialog.get_by_role("button", name="Begin", exact=True).click()

    expect(page.get_by_role("heading", name="Alder Academy")).to_be_visible()
    expect(step(page, "Plugin made for the school")).to_have_attribute("aria-current", "step")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the plugin").click()
    package = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    assert b"Alder Academy" in package.read("plugin.xml")

    expect(step(page, "Plugin installed")).to_have_attribute("aria-current", "step")
    enter_credentials(site, page)
    page.get_by_role("button", name="Make the integration").click()
    form = page.get_by_role("dialog", name="Make the integration")
    expect(form.get_by_role("textbox", name="Name", exact=True)).to_have_value("Alder Academy")
    expect(form.get_by_role("textbox", name="Url", exact=True)).to_have_count(0)
    for entity in codes:
        label = entity.replace("_", " ")
        form.get_by_role("combobox", name=label.title(), exact=True).select_option(
            label=f"{label.capitalize()} codes"
        )
    form.get_by_label("Household Home Address").check()
    form.get_by_role("button", name="Make the integration").click()
    expect(form).to_have_count(0)

    page.get_by_role("button", name="Test the connection").click()
    expect(step(page, "First sync")).to_have_attribute("aria-current", "step", timeout=30_000)
    page.get_by_role("button", name="Run the first sync").click()
    review = step(page, "Import summary reviewed")
    expect(review).to_have_attribute("aria-current", "step", timeout=30_000)
    review.get_by_role("link", name="Open the import summary").click()
    expect(page.get_by_role("list", name="Imported")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="I have looked at it").click()
    expect(page.get_by_text("This school is live.")).to_be_visible()
    page.get_by_role("link", name="All schools").click()
    expect(page.get_by_role("row").filter(has_text="Alder Academy")).to_contain_text("Live")


def test_by_keyboard_alone(site: Site, pages: Pages, district: str) -> None:
    page = pages(f"/districts/{district}/onboarding")
    page.get_by_role("button", name="Begin with a school").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    page.keyboard.type("Birch Prep")
    page.keyboard.press("Tab")
    page.keyboard.type("ORG-8")
    page.keyboard.press("Tab")
    page.keyboard.type(site.systems[SYSTEM]["url"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Birch Prep")).to_be_visible()
    page.get_by_role("button", name="Download the plugin").focus()
    with page.expect_download():
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Enter credentials by hand").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Client ID")).to_be_focused()
    page.keyboard.type("id")
    page.keyboard.press("Tab")
    page.keyboard.type("secret")
    page.keyboard.press("Enter")
    expect(step(page, "Integration made")).to_have_attribute("aria-current", "step")


def test_faults_stand_on_their_field(pages: Pages, watch: Watch, district: str) -> None:
    watch.expected.add(422)
    page = pages(f"/districts/{district}/onboarding/new")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Begin", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("3 fields need your attention")
    dialog.get_by_label("Name").fill("Alder Academy")
    dialog.get_by_label("Organization ID").fill("<7>")
    dialog.get_by_label("School portal link").fill("ftp://ps.example.org")
    dialog.get_by_role("button", name="Begin", exact=True).click()
    expect(dialog.get_by_label("Organization ID")).to_have_attribute("aria-invalid", "true")


def test_a_new_secret_is_asked_about(site: Site, pages: Pages, district: str, school: dict[str, Any]) -> None:
    """Guards: a second download that silently stops the plugin which the school is installing."""
    page = pages(f"/districts/{district}/onboarding/{school['id']}")
    with page.expect_download():
        page.get_by_role("button", name="Download the plugin").click()
    page.get_by_role("button", name="Download again").click()
    dialog = page.get_by_role("dialog", name="Download the plugin again?")
    expect(dialog).to_contain_text("can then no longer register by itself")
    dialog.get_by_role("button", name="Cancel").click()
    enter_credentials(site, page)
    page.get_by_role("button", name="Reissue the secret").click()
    reissue = page.get_by_role("dialog", name="Reissue the secret?")
    reissue.get_by_role("button", name="Reissue").click()
    expect(page.get_by_role("button", name="Reissue the secret")).to_have_count(0)
    stored = site.call("GET", f"/districts/{district}/onboardings/{school['id']}")
    assert stored["registration_open"] is True


def test_credentials_that_the_plugin_sends_show_by_themselves(
    site: Site, pages: Pages, district: str, school: dict[str, Any]
) -> None:
    page = pages(f"/districts/{district}/onboarding/{school['id']}")
    with page.expect_download():
        page.get_by_role("button", name="Download the plugin").click()
    expect(step(page, "Plugin installed")).to_have_attribute("aria-current", "step")
    path = f"/districts/{district}/onboardings/{school['id']}/credentials"
    site.call("POST", path, site.systems[SYSTEM]["credentials"])
    expect(step(page, "Integration made")).to_have_attribute("aria-current", "step")


def test_a_school_is_corrected(pages: Pages, district: str, school: dict[str, Any]) -> None:
    page = pages(f"/districts/{district}/onboarding/{school['id']}")
    page.get_by_role("button", name="Edit school").click()
    dialog = page.get_by_role("dialog", name="Edit school")
    expect(dialog.get_by_label("Student Information System")).to_be_disabled()
    dialog.get_by_label("Organization ID").fill("ORG-9")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("ORG-9")).to_be_visible()


def test_who_may_not_onboard_is_told(site: Site, pages: Pages, district: str, school: dict[str, Any]) -> None:
    site.groups = (f"{district}/viewer",)
    page = pages(f"/districts/{district}/onboarding")
    begin = page.get_by_role("button", name="Begin with a school")
    expect(begin).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Alder Academy").click()
    plugin = page.get_by_role("button", name="Download the plugin")
    expect(plugin).to_have_attribute("aria-disabled", "true")
    expect(plugin).to_have_attribute(
        "title", "This needs the right “admin” in this district. Ask an administrator for it."
    )
