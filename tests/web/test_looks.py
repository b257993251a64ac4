"""Every screen as it looks: nothing for axe to find in light and dark, and nothing beyond the edge, at 360 px and at
200 % zoom neither. With SCREENSHOTS=1 (``make screenshots``) the pictures in ``docs/screens`` are taken anew.

A new screen adds its scenes to ``SCENES``: a name, and what to do to get there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.support.aws import ROOT
from tests.support.console import Site
from tests.web.accessibility import axe
from tests.web.conftest import Pages
from tests.web.district_scenes import DISTRICT_SCENES, furnish
from tests.web.people_scenes import PEOPLE_SCENES, protect_somebody
from tests.web.run_scenes import RUN_SCENES
from tests.web.school_scenes import SCHOOL_SCENES, furnish_schools

PICTURES = ROOT / "docs" / "screens"
DISTRICT = "lakeview"
HOME = f"/districts/{DISTRICT}"
Scene = Callable[[Page], None]

WIDE = 1280
LOOKS: dict[str, tuple[Literal["light", "dark"], int, int]] = {
    "light": ("light", WIDE, 800),
    "dark": ("dark", WIDE, 800),
    # What 200 % zoom leaves of it.
    "zoomed": ("light", 640, 400),
    "narrow": ("light", 360, 740),
}
"""Colours, width and height. A scene is set once and then looked at in each: setting it takes the longest."""


def district_chooser(page: Page) -> None:
    page.goto("/choose")
    expect(page.get_by_role("heading", name="Choose a district")).to_be_visible()


def integrations(page: Page) -> None:
    page.goto(f"{HOME}/integrations")
    expect(page.get_by_role("cell", name="Lakeview nightly", exact=True)).to_be_visible()


def integration_form(page: Page) -> None:
    integrations(page)
    page.get_by_role("button", name="Edit Lakeview nightly").click()
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).to_have_value("Lakeview nightly")
    expect(page.get_by_label("Race", exact=True).locator("option:checked")).to_have_text("Race codes")


def connection_test(page: Page) -> None:
    integration_form(page)
    page.get_by_role("button", name="Test connection").click()
    expect(page.get_by_text("The connection works")).to_be_visible(timeout=30_000)


def integration_faults(page: Page) -> None:
    page.goto(f"{HOME}/integrations/new")
    page.get_by_label("Student Information System").select_option("Aeries")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()


def mappings(page: Page) -> None:
    page.goto(f"{HOME}/mappings")
    expect(page.get_by_role("row").filter(has_text="Race codes")).to_contain_text("Lakeview nightly")


def mapping_editor(page: Page) -> None:
    mappings(page)
    page.get_by_role("button", name="Edit Grade level codes").click()
    expect(page.get_by_label("External value, row 1", exact=True)).to_be_visible()


SCENES: dict[str, Scene] = {
    scene.__name__.replace("_", "-"): scene
    for scene in (
        *(district_chooser, integrations, integration_form, connection_test, integration_faults),
        *(mappings, mapping_editor),
        *DISTRICT_SCENES,
        *RUN_SCENES,
        *PEOPLE_SCENES,
        *SCHOOL_SCENES,
    )
}


@pytest.fixture(scope="module")
def lakeview(site: Site) -> None:
    """A district in the middle of its work."""
    codes = site.add_mappings(DISTRICT, "powerschool")
    nightly = site.add_integration(DISTRICT, "powerschool", codes, name="Lakeview nightly")
    site.add_integration(DISTRICT, "powerschool_query", codes, name="Lakeview staff and parents")
    photos = {
        "pictures_only": True,
        "family_identifier": [],
        "drop_students_not_in_file": False,
        "name": "Lakeview photos",
    }
    site.add_integration(DISTRICT, "aeries", {"building": codes["building"]}, **photos)
    assert site.sync(DISTRICT, nightly["id"])["state"] == "completed"
    furnish(site, nightly)
    protect_somebody(site)
    furnish_schools(site)


@pytest.mark.parametrize("scene", SCENES)
def test_it_looks_right(scene: str, pages: Pages, lakeview: None) -> None:
    page = pages("/choose", reduced_motion="reduce")
    SCENES[scene](page)
    page.wait_for_load_state("networkidle")
    for look, (colours, width, height) in LOOKS.items():
        page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator("html")).to_have_attribute("data-theme", colours)
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{look}: {overflow} px lie beyond the edge"
        if os.environ.get("SCREENSHOTS") and look != "zoomed":
            PICTURES.mkdir(parents=True, exist_ok=True)
            suffix = "" if look == "light" else f"-{look}"
            page.screenshot(path=PICTURES / f"{scene}{suffix}.png")
        if width == WIDE:  # narrower, the same parts stand below each other
            assert axe(page) == [], look
