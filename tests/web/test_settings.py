"""The district's settings: each tab is saved by itself, and changes nothing of the others."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages, Watch

ZONE = "America/Los_Angeles"
MONTH = "2027-03"
"""A month of the calendar that has no today in it, and begins on a Monday."""


@pytest.fixture
def address(district: str) -> str:
    return f"/districts/{district}/settings"


def stored(site: Site, district: str) -> Any:
    return site.call("GET", f"/districts/{district}")


def close(site: Site, district: str, *blackouts: dict[str, str]) -> None:
    version = stored(site, district)["version"]
    form = {"name": "Lakeview Unified", "time_zone": ZONE, "blackouts": list(blackouts), "version": version}
    site.call("PUT", f"/districts/{district}", form)


def save(page: Page | Locator) -> None:
    page.get_by_role("button", name="Save").click()


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def test_name_and_time_zone(site: Site, pages: Pages, address: str, district: str) -> None:
    page = pages(address)
    expect(page.get_by_role("button", name="Save")).to_have_attribute("title", "Nothing has been changed.")
    page.get_by_label("Name", exact=True).fill("Lakeview Joint Unified")
    zone = page.get_by_role("combobox", name="Time zone")
    zone.fill("new york")
    options = page.get_by_role("listbox", name="Time zone").get_by_role("option")
    expect(options).to_have_text(["America/New_York"])
    zone.press("ArrowDown")
    zone.press("Enter")
    expect(zone).to_have_value("America/New_York")
    expect(options).to_have_count(0)
    save(page)
    question = page.get_by_role("dialog", name="Move the district to America/New_York?")
    expect(question).to_contain_text("what runs at 02:00 runs at 02:00 there")
    question.get_by_role("button", name="Move").click()
    told(page, "The district is saved.")
    expect(page.get_by_role("banner").get_by_text("Lakeview Joint Unified")).to_be_visible()
    assert (stored(site, district)["name"], stored(site, district)["time_zone"]) == (
        "Lakeview Joint Unified",
        "America/New_York",
    )


def test_a_time_zone_that_is_none_is_told_at_its_field(
    pages: Pages, watch: Watch, address: str, site: Site, district: str
) -> None:
    watch.expected = {422}
    page = pages(address)
    zone = page.get_by_role("combobox", name="Time zone")
    zone.fill("Mars/Olympus")
    expect(page.get_by_text("Type a part of its name")).to_be_visible()
    save(page)
    page.get_by_role("button", name="Move").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(zone).to_have_attribute("aria-invalid", "true")
    assert stored(site, district)["version"] == 1


def test_the_school_year_follows_the_calendar_or_is_fixed(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    page = pages(address)
    year = page.get_by_label("School year")
    calendar = stored(site, district)["calendar_school_year"]
    expect(year.locator("option:checked")).to_contain_text(f"By the calendar: {calendar}")
    other = f"{int(calendar[:4]) - 1}-{calendar[2:4]}"
    year.select_option(other)
    save(page)
    told(page, "The district is saved.")
    assert stored(site, district)["school_year"] == other
    page.goto(f"{address}/limits")
    page.get_by_label("Two people must approve").check()
    save(page)
    told(page, "The limits are saved.")
    assert stored(site, district)["school_year"] == other, "another tab leaves it fixed"
    page.goto(address)
    page.get_by_label("School year").select_option("")
    save(page)
    told(page, "The district is saved.")
    assert stored(site, district)["school_year"] == calendar


def test_limits_are_told_in_words_and_saved(site: Site, pages: Pages, address: str, district: str) -> None:
    page = pages(f"{address}/limits")
    before = stored(site, district)["thresholds"]
    labels = {
        "drop_percent": "Students ended, in %",
        "drop_building_count": "Students ended in one building",
        "move_percent": "Students with another grade or school, in %",
        "household_percent": "Students with another family, in %",
        "update_percent": "Students changed in any other way, in %",
        "floor": "Never wait for so few",
    }
    for name, label in labels.items():
        field = page.get_by_label(label, exact=True)
        expect(field).to_have_value(str(before[name]))
        help_id = (field.get_attribute("aria-describedby") or "").split()[-1]
        # A new district has the defaults, so what the help says of them must be true.
        expect(page.locator(f"#{help_id}")).to_contain_text(f"Default: {before[name]}")
    page.get_by_label(labels["drop_percent"], exact=True).fill("101")
    page.get_by_label(labels["floor"], exact=True).fill("")
    save(page)
    expect(page.get_by_role("alert")).to_contain_text("2 fields need your attention.")
    page.get_by_label(labels["drop_percent"], exact=True).fill("20")
    page.get_by_label(labels["floor"], exact=True).fill("0")
    page.get_by_label("Hold everything").check()
    page.get_by_label("Two people must approve").check()
    save(page)
    told(page, "The limits are saved.")
    after = stored(site, district)
    assert after["thresholds"] == {**before, "drop_percent": 20, "floor": 0, "hold_everything": True}
    assert after["two_person_approval"] is True
    page.get_by_role("button", name="Back to the defaults").click()
    save(page)
    expect(page.get_by_role("button", name="Save")).to_have_attribute("title", "Nothing has been changed.")
    assert stored(site, district)["thresholds"] == before


def test_a_tab_is_left_with_unsaved_work_only_on_purpose(pages: Pages, address: str) -> None:
    page = pages(f"{address}/limits")
    page.get_by_label("Never wait for so few").fill("9")
    page.get_by_role("tab", name="Blackouts").click()
    page.get_by_role("button", name="Keep editing").click()
    expect(page.get_by_label("Never wait for so few")).to_have_value("9")
    page.get_by_role("tab", name="Blackouts").click()
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_role("grid")).to_be_visible()
    assert page.url.endswith("/settings/blackouts")


def test_tabs_by_keyboard(pages: Pages, address: str) -> None:
    page = pages(address)
    page.get_by_role("tab", name="General").focus()
    for name in ("Safety limits", "Blackouts"):
        page.keyboard.press("ArrowRight")
        tab = page.get_by_role("tab", name=name)
        expect(tab).to_be_focused()
        expect(tab).to_have_attribute("aria-selected", "true")


def day(page: Page, name: str) -> Locator:
    return page.get_by_role("grid").get_by_role("button", name=name)


def test_a_blackout_is_added_on_the_calendar(site: Site, pages: Pages, address: str, district: str) -> None:
    page = pages(f"{address}/blackouts?month={MONTH}")
    expect(page.get_by_role("heading", name="No blackouts yet")).to_be_visible()
    expect(page.get_by_role("grid", name="March 2027")).to_be_visible()
    day(page, "Monday, March 15, 2027").click()
    dialog = page.get_by_role("dialog", name="Add blackout")
    expect(dialog.get_by_label("First day")).to_have_value("2027-03-15")
    dialog.get_by_label("Last day").fill("2027-03-19")
    dialog.get_by_label("Note").fill("Spring break")
    save(dialog)
    told(page, "The blackout is saved.")
    assert stored(site, district)["blackouts"] == [
        {"from": "2027-03-15", "to": "2027-03-19", "kind": "no_runs", "note": "Spring break"}
    ]
    for number in range(15, 20):
        name = f"{date(2027, 3, number):%A}, March {number}, 2027. Nothing runs, Spring break"
        expect(day(page, name)).to_be_visible()
    expect(day(page, "Saturday, March 20, 2027")).to_have_accessible_name("Saturday, March 20, 2027")
    row = page.get_by_role("table").get_by_role("row").nth(1)
    expect(row).to_contain_text("Mon, Mar 15, 2027")
    expect(row).to_contain_text("Fri, Mar 19, 2027")


def test_kinds_differ_by_more_than_colour_and_parts_of_days_are_told(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    evening = {"from": "2027-03-02T18:00", "to": "2027-03-03T06:00", "kind": "adds_only", "note": ""}
    close(site, district, evening, {"from": "2027-03-03", "to": "2027-03-03", "kind": "no_runs", "note": ""})
    page = pages(f"{address}/blackouts?month={MONTH}")
    first = day(page, "Tuesday, March 2, 2027. Only new people are added, from 18:00")
    second = day(page, "Wednesday, March 3, 2027. Nothing runs. Only new people are added, until 06:00")
    expect(first.locator(".kind")).to_have_text(["Adds only"])
    expect(second.locator(".kind")).to_have_text(["No runs", "Adds only"])
    drawn = [mark.get_attribute("d") for mark in second.locator("path").all()]
    assert len(set(drawn)) == 2, "each kind has its own sign"
    second.click()
    expect(page.get_by_role("dialog").get_by_label("What").locator("option:checked")).to_have_text(
        "Nothing runs"
    )


def test_a_blackout_is_changed_and_deleted(site: Site, pages: Pages, address: str, district: str) -> None:
    kept = {"from": "2027-04-01", "to": "2027-04-02", "kind": "no_runs", "note": "Kept"}
    close(site, district, kept, {"from": "2027-03-01", "to": "2027-03-05", "kind": "no_runs", "note": "Move"})
    page = pages(f"{address}/blackouts")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Move")  # the earlier one goes first
    rows.nth(1).get_by_role("button", name="Edit the blackout").click()
    dialog = page.get_by_role("dialog", name="Edit blackout")
    dialog.get_by_label("What").select_option("Only new people are added")
    dialog.get_by_label("Until (time)").fill("12:00")
    save(dialog)
    told(page, "The blackout is saved.")
    changed = {"from": "2027-03-01", "to": "2027-03-05T12:00", "kind": "adds_only", "note": "Move"}
    assert stored(site, district)["blackouts"] == [kept, changed]
    rows.nth(1).get_by_role("button", name="Delete the blackout").click()
    question = page.get_by_role("dialog", name="Delete this blackout?")
    expect(question).to_contain_text(
        "Only new people are added from Mon, Mar 1, 2027 to Fri, Mar 5, 2027, 12:00 (Move)"
    )
    question.get_by_role("button", name="Delete").click()
    told(page, "The blackout is deleted.")
    assert stored(site, district)["blackouts"] == [kept]


def test_a_range_that_ends_before_it_begins_is_told_at_its_end(
    site: Site, pages: Pages, watch: Watch, address: str, district: str
) -> None:
    watch.expected = {422}
    page = pages(f"{address}/blackouts/new?day=2027-03-10")
    dialog = page.get_by_role("dialog", name="Add blackout")
    dialog.get_by_label("Last day").fill("2027-03-09")
    save(dialog)
    expect(dialog.get_by_role("alert")).to_contain_text("Let the range end after it begins.")
    expect(dialog.get_by_label("Last day")).to_have_attribute("aria-invalid", "true")
    assert stored(site, district)["blackouts"] == []


def test_past_blackouts_are_listed_when_asked(site: Site, pages: Pages, address: str, district: str) -> None:
    today = datetime.now(ZoneInfo(ZONE)).date()
    over, running = today - timedelta(days=1), today
    close(
        site,
        district,
        {"from": "2026-01-01", "to": str(over), "kind": "no_runs", "note": "Over"},
        {"from": "2026-01-01", "to": str(running), "kind": "no_runs", "note": "Still on"},
    )
    page = pages(f"{address}/blackouts")
    table = page.get_by_role("table")
    expect(table).to_contain_text("Still on")
    expect(table).not_to_contain_text("Over")
    page.get_by_label("Include past").check()
    expect(table).to_contain_text("Over")


def test_the_calendar_by_keyboard(site: Site, pages: Pages, address: str, district: str) -> None:
    """As WAI-ARIA's practices describe a grid of dates: one day is in the tab order, the keys move through all."""
    page = pages(f"{address}/blackouts?month={MONTH}")
    grid = page.get_by_role("grid")
    expect(grid.locator("[tabindex='0']")).to_have_count(1)
    page.get_by_role("button", name="Next month").press("Tab")
    page.keyboard.press("Tab")
    for key, name in (
        ("", "Monday, March 1, 2027"),
        ("ArrowDown", "Monday, March 8, 2027"),
        ("ArrowRight", "Tuesday, March 9, 2027"),
        ("Home", "Sunday, March 7, 2027"),
        ("End", "Saturday, March 13, 2027"),
        ("PageDown", "Tuesday, April 13, 2027"),
        ("Shift+PageUp", "Monday, April 13, 2026"),
        ("Shift+PageDown", "Tuesday, April 13, 2027"),
        ("PageUp", "Saturday, March 13, 2027"),
        ("ArrowUp", "Saturday, March 6, 2027"),
        ("ArrowUp", "Saturday, February 27, 2027"),
        ("ArrowLeft", "Friday, February 26, 2027"),
    ):
        if key:
            page.keyboard.press(key)
        expect(day(page, name)).to_be_focused()
    assert "month=2027-02" in page.url
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Add blackout")
    expect(dialog.get_by_label("First day")).to_have_value("2027-02-26")
    dialog.get_by_label("Note").press("Enter")
    expect(day(page, "Friday, February 26, 2027. Nothing runs")).to_be_focused()
    assert stored(site, district)["blackouts"][0]["from"] == "2027-02-26"


def test_who_is_told(site: Site, pages: Pages, address: str, district: str) -> None:
    page = pages(f"{address}/notifications")
    expect(page.get_by_text("Nobody is told yet.")).to_be_visible()
    add = page.get_by_role("button", name="Add recipient")
    add.click()
    add.click()
    page.get_by_label("E-mail").first.fill("it@lakeview.example.org")
    page.get_by_label("Failures in a row").fill("5")
    save(page)
    expect(page.get_by_role("alert")).to_contain_text("Recipient 2, e-mail")
    page.get_by_label("E-mail").nth(1).fill("lee@lakeview.example.org")
    page.get_by_label("How").nth(1).select_option("Once a day, in one mail")
    second = page.get_by_role("group", name="lee@lakeview.example.org")
    second.get_by_label("Warning").check()
    expect(page.get_by_text("Not saved yet")).to_have_count(2)
    save(page)
    told(page, "Whoever is new is asked by mail whether they agree.")
    expect(page.get_by_text("Not saved yet")).to_have_count(0)
    expect(page.get_by_text("agreed")).to_have_count(2)
    expect(page.get_by_text("The next one is due")).to_be_visible()
    found = site.call("GET", f"/districts/{district}/notifications")
    told_ = [(one["email"], one["severities"], one["digest"]) for one in found["recipients"]]
    assert told_ == [
        ("it@lakeview.example.org", ["critical", "error"], "none"),
        ("lee@lakeview.example.org", ["critical", "error", "warning"], "daily"),
    ]
    assert found["failures_in_a_row"] == 5
    page.get_by_role("button", name="Remove it@lakeview.example.org").click()
    save(page)
    # Disabled alone would also be a button that is still saving.
    expect(page.get_by_role("button", name="Save")).to_have_attribute("title", "Nothing has been changed.")
    (left,) = site.call("GET", f"/districts/{district}/notifications")["recipients"]
    assert left["email"] == "lee@lakeview.example.org"


def test_the_nutrition_file(site: Site, pages: Pages, address: str, district: str) -> None:
    page = pages(f"{address}/nutrition")
    before = site.call("GET", f"/districts/{district}/nutrition-template")["columns"]
    expect(page.get_by_label("Heading")).to_have_count(len(before))
    page.get_by_label("Between columns").select_option("Tab")
    page.get_by_role("button", name=f"Move {before[1]['name']} up").press("Enter")
    expect(page.get_by_label("Heading").first).to_have_value(before[1]["name"])
    expect(page.get_by_role("button", name=f"Move {before[1]['name']} up")).to_be_focused()
    page.get_by_role("button", name=f"Remove {before[2]['name']}").click()
    page.get_by_role("button", name="Add column").click()
    page.get_by_label("Heading").last.fill(before[0]["name"])
    page.get_by_label("Holds").last.select_option("Homeroom")
    page.get_by_label("At most").last.fill("0")
    save(page)
    expect(page.get_by_role("alert")).to_contain_text("a whole number from 1 to 1,000")
    page.get_by_label("At most").last.fill("12")
    page.get_by_label("Heading").last.fill("Room")
    save(page)
    told(page, "The nutrition file is saved.")
    after = site.call("GET", f"/districts/{district}/nutrition-template")
    room = {"name": "Room", "field": "homeroom", "length": 12}
    assert after["columns"] == [before[1], before[0], *before[3:], room]
    assert (after["delimiter"], after["list_separator"]) == ("\t", "; ")


def test_a_heading_that_stands_twice_is_told_at_its_column(pages: Pages, watch: Watch, address: str) -> None:
    watch.expected = {422}
    page = pages(f"{address}/nutrition")
    page.get_by_label("Heading").nth(1).fill("Student ID")
    save(page)
    expect(page.get_by_role("alert").get_by_role("link", name="Column 2, heading")).to_be_visible()
    expect(page.get_by_label("Heading").nth(1)).to_have_attribute("aria-invalid", "true")


def test_a_viewer_reads_and_is_told_why_not_more(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    close(site, district, {"from": "2027-03-01", "to": "2027-03-01", "kind": "no_runs", "note": "Closed"})
    site.groups = (f"{district}/viewer",)
    page = pages(address)
    expect(page.get_by_text("You can read these settings but not change them.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_disabled()
    page.get_by_role("tab", name="Notifications").click()
    expect(page.get_by_text("shown to administrators only")).to_be_visible()
    page.goto(f"{address}/blackouts?month={MONTH}")
    expect(page.get_by_role("button", name="Add blackout")).to_have_attribute("aria-disabled", "true")
    free = day(page, "Tuesday, March 2, 2027")
    expect(free).to_have_attribute("aria-disabled", "true")
    free.click(force=True)
    expect(page.get_by_role("dialog")).to_have_count(0)
    day(page, "Monday, March 1, 2027. Nothing runs, Closed").click()
    expect(page.get_by_role("dialog").get_by_label("First day")).to_be_disabled()
