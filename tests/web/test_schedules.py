"""The job scheduler: its list, its form with the next five runs, and runs by hand."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages, Watch

ZONE = "America/Los_Angeles"
DAILY = {"every": "day", "at": "02:00"}


@pytest.fixture
def address(district: str) -> str:
    return f"/districts/{district}/schedules"


@pytest.fixture
def nightly(site: Site, district: str) -> dict[str, Any]:
    """An integration to run."""
    return site.add_integration(district, "powerschool", site.add_mappings(district, "powerschool"))


def add(
    site: Site, district: str, *integrations: dict[str, Any], name: str = "Every night", **changes: Any
) -> dict[str, Any]:
    form = {
        "name": name,
        "integration_ids": [one["id"] for one in integrations],
        "frequency": DAILY,
        "run_as": "pat@lakeview.example.org",
    }
    made: dict[str, Any] = site.call("POST", f"/districts/{district}/schedules", {**form, **changes})
    return made


def close(site: Site, district: str, *blackouts: dict[str, str]) -> None:
    version = site.call("GET", f"/districts/{district}")["version"]
    form = {"name": "Lakeview Unified", "time_zone": ZONE, "blackouts": list(blackouts), "version": version}
    site.call("PUT", f"/districts/{district}", form)


def today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def names(page: Page) -> list[str]:
    expect(page.get_by_role("table")).to_have_attribute("aria-busy", "false")
    return page.get_by_role("row").locator("td:first-child strong").all_inner_texts()


def new_form(pages: Pages, address: str) -> tuple[Page, Locator]:
    page = pages(address)
    page.get_by_role("button", name="Add new job").click()
    return page, page.get_by_role("dialog", name="Add job")


def next_runs(dialog: Locator) -> list[str]:
    """As they are told to a user, once they are those of the form."""
    section = dialog.get_by_role("region")
    expect(section).to_have_attribute("aria-busy", "false")
    expect(section.locator("time")).to_have_count(5)
    return section.locator("time").all_inner_texts()


def test_the_list_is_searched_sorted_and_reset(
    site: Site, pages: Pages, address: str, district: str, nightly: dict[str, Any]
) -> None:
    add(
        site,
        district,
        nightly,
        name="Late",
        frequency={"every": "year", "month": 7, "date": 1, "at": "04:00"},
    )
    add(site, district, nightly, name="Hourly", frequency={"every": "hour", "minute": 5})
    add(site, district, nightly, name="Retired", active=False)
    page = pages(address)
    assert names(page) == ["Hourly", "Late"]
    page.get_by_role("button", name="Next run").click()
    expect(page.get_by_role("columnheader", name="Next run")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Next run").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("Late")
    page.get_by_label("Include inactive").check()
    expect(page.get_by_role("row")).to_have_count(4)
    page.get_by_role("searchbox", name="Search by name").fill("ret")
    expect(page.get_by_role("row")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("row")).to_have_count(2)
    assert names(page) == ["Retired"], "the address keeps what was asked for"
    expect(page.get_by_role("cell", name="Inactive")).to_be_visible()
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("row")).to_have_count(3)
    assert names(page) == ["Hourly", "Late"]
    assert page.url.endswith(address)


def test_an_empty_list_says_what_to_do_first(site: Site, pages: Pages, address: str, district: str) -> None:
    page = pages(address)
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    expect(page.get_by_role("button", name="Add new job")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("link", name="Add an integration first").click()
    expect(page.get_by_role("heading", name="SIS integrations", level=1)).to_be_visible()


@pytest.mark.parametrize(
    ("choice", "fields", "stored", "words"),
    [
        ("Every hour", {"Minute": "7"}, {"every": "hour", "minute": 7}, "Every hour at minute 07"),
        ("Every day", {"Time": "02:30"}, {"every": "day", "at": "02:30"}, "Every day at 02:30"),
        (
            "Every week",
            {"Day": "Friday", "Time": "23:59"},
            {"every": "week", "day": "friday", "at": "23:59"},
            "Every Friday at 23:59",
        ),
        (
            "Every month",
            {"Date": "31", "Time": "00:00"},
            {"every": "month", "date": 31, "at": "00:00"},
            "Every month on the 31st, or the last day, at 00:00",
        ),
        (
            "Every year",
            {"Month": "February", "Date": "30", "Time": "12:30"},
            {"every": "year", "month": 2, "date": 30, "at": "12:30"},
            "Every year on February 29 at 12:30",
        ),
    ],
)
def test_a_job_of_each_frequency_is_added(
    choice: str,
    fields: dict[str, str],
    stored: dict[str, Any],
    words: str,
    site: Site,
    pages: Pages,
    address: str,
    district: str,
    nightly: dict[str, Any],
) -> None:
    page, dialog = new_form(pages, address)
    dialog.get_by_label("Name", exact=True).fill("Every so often")
    dialog.get_by_label("Frequency").select_option(choice)
    for label, value in fields.items():
        control = dialog.get_by_label(label, exact=True)
        control.fill(value) if label in ("Minute", "Time") else control.select_option(value)
    expect(dialog.get_by_role("heading", name=words)).to_be_visible()
    shown = next_runs(dialog)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row").nth(1)).to_contain_text(words)
    (made,) = site.call("GET", f"/districts/{district}/schedules")["items"]
    assert made["frequency"] == stored
    assert made["integration_ids"] == [nightly["id"]], "the only one is chosen"
    assert made["run_as"] == "operator@example.org"
    planned = [datetime.fromisoformat(at).astimezone(ZoneInfo(ZONE)) for at in made["next_runs"]]
    assert [text[:3] for text in shown] == [f"{at:%a}" for at in planned]
    for text, at in zip(shown, planned, strict=True):
        assert re.search(
            rf"{at:%b} {at.day}, {at.year}, {at:%-I:%M} {at:%p} {at.tzname()}$", re.sub(r"\s", " ", text)
        )


def test_the_next_runs_leave_blackouts_out_and_say_so(
    site: Site, pages: Pages, address: str, district: str, nightly: dict[str, Any]
) -> None:
    """Guards: a form that promises nights on which nothing will run."""
    first, last, adding = (str(today() + timedelta(days=days)) for days in (2, 4, 6))
    close(
        site,
        district,
        {"from": first, "to": last, "kind": "no_runs", "note": "Moving house"},
        {"from": adding, "to": adding, "kind": "adds_only"},
    )
    _, dialog = new_form(pages, address)
    shown = next_runs(dialog)
    for days in (2, 3, 4):
        day = today() + timedelta(days=days)
        assert not any(f"{day:%b} {day.day}," in text for text in shown)
    expect(dialog.get_by_text("times in that blackout are left out")).to_contain_text("Moving house")
    expect(dialog.get_by_role("listitem").filter(has_text="adds only")).to_have_count(1)


def test_what_is_missing_is_told_at_its_field_and_the_focus_goes_to_the_summary(
    pages: Pages, address: str, site: Site, district: str, nightly: dict[str, Any]
) -> None:
    site.add_integration(district, "powerschool", nightly["mappings"], name="Another")
    _, dialog = new_form(pages, address)
    dialog.get_by_label("Time", exact=True).fill("")
    dialog.get_by_role("button", name="Save").click()
    summary = dialog.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("3 fields need your attention.")
    expect(dialog.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
    summary.get_by_role("link", name="Integrations").click()
    expect(dialog.get_by_role("group", name="Integrations")).to_be_focused()
    summary.get_by_role("link", name="Time").click()
    dialog.get_by_label("Time", exact=True).fill("03:00")
    expect(summary).to_contain_text("2 fields need your attention.")


def test_unsaved_work_is_kept_and_cancel_saves_nothing(
    site: Site, pages: Pages, address: str, district: str, nightly: dict[str, Any]
) -> None:
    page, dialog = new_form(pages, address)
    dialog.get_by_label("Name", exact=True).fill("Half done")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Keep editing").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Half done")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Leave").click()
    expect(dialog).to_be_hidden()
    assert site.call("GET", f"/districts/{district}/schedules")["items"] == []


def test_active_is_for_existing_jobs_and_asks(
    site: Site, pages: Pages, address: str, district: str, nightly: dict[str, Any]
) -> None:
    made = add(site, district, nightly)
    page, dialog = new_form(pages, address)
    expect(dialog.get_by_label("Active")).to_have_count(0)
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Edit Every night").click()
    dialog = page.get_by_role("dialog", name="Edit job")
    assert page.url.endswith(f"/schedules/{made['id']}")
    dialog.get_by_label("Active").uncheck()
    dialog.get_by_role("button", name="Save").click()
    question = page.get_by_role("dialog", name="Make Every night inactive?")
    question.get_by_role("button", name="Make inactive").click()
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    assert site.call("GET", f"/districts/{district}/schedules/{made['id']}")["active"] is False


def test_somebody_elses_change_is_not_overwritten(
    site: Site, pages: Pages, watch: Watch, address: str, district: str, nightly: dict[str, Any]
) -> None:
    made = add(site, district, nightly)
    watch.expected = {409}
    page = pages(f"{address}/{made['id']}")
    dialog = page.get_by_role("dialog", name="Edit job")
    dialog.get_by_label("Name", exact=True).fill("Mine")
    theirs = {key: made[key] for key in ("integration_ids", "frequency", "run_as")}
    path = f"/districts/{district}/schedules/{made['id']}"
    site.call("PUT", path, {**theirs, "name": "Theirs", "version": 1})
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else has changed this job.")
    assert site.call("GET", path)["name"] == "Theirs"


def test_a_job_is_run_now_and_its_run_is_followed_to_its_end(
    site: Site, pages: Pages, address: str, district: str, nightly: dict[str, Any]
) -> None:
    add(site, district, nightly)
    page = pages(address)
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("Never run")
    site.runner.paused.set()
    try:
        row.get_by_role("button", name="Run Every night now").click()
        expect(row.get_by_text("Queued")).to_be_visible()
        page.reload()
        expect(row.get_by_text("Queued")).to_be_visible()
    finally:
        site.runner.paused.clear()
    expect(row.get_by_text("Completed")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("status").filter(has_text="Nightly: completed.")).to_be_visible()
    (run,) = site.call("GET", f"/districts/{district}/runs")["items"]
    link = row.get_by_role("link", name="Completed Nightly")
    expect(link).to_have_attribute("href", f"/districts/{district}/runs/{run['id']}")


CLOSED = {"from": "2020-01-01", "to": "2098-12-31", "kind": "no_runs", "note": "Closed"}


def test_in_a_blackout_an_administrator_is_asked_and_may_override(
    site: Site, pages: Pages, watch: Watch, address: str, district: str, nightly: dict[str, Any]
) -> None:
    close(site, district, CLOSED)
    add(site, district, nightly)
    watch.expected = {409}
    page = pages(address)
    run = page.get_by_role("button", name="Run Every night now")
    run.click()
    question = page.get_by_role("dialog", name="Run Every night in a blackout?")
    expect(question).to_contain_text("The district wants no runs before 2099-01-01 00:00")
    question.get_by_role("button", name="Cancel").click()
    assert site.call("GET", f"/districts/{district}/runs")["items"] == []
    run.click()
    question.get_by_role("button", name="Run anyway").click()
    expect(page.get_by_role("row").nth(1).get_by_text("Completed")).to_be_visible(timeout=30_000)
    (begun,) = site.call("GET", f"/districts/{district}/runs")["items"]
    assert begun["override"] is True


def test_an_operator_runs_but_changes_nothing_and_overrides_nothing(
    site: Site, pages: Pages, watch: Watch, address: str, district: str, nightly: dict[str, Any]
) -> None:
    close(site, district, CLOSED)
    made = add(site, district, nightly)
    site.groups = (f"{district}/operator",)
    watch.expected = {409}
    page = pages(f"{address}/{made['id']}")
    dialog = page.get_by_role("dialog", name="Edit job")
    expect(dialog.get_by_label("Name", exact=True)).to_be_disabled()
    expect(dialog.get_by_text("You can read this job but not change it.")).to_be_visible()
    assert len(next_runs(dialog)) == 5, "those of the job"
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Add new job")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Run Every night now").click()
    expect(page.get_by_role("status").filter(has_text="let an administrator override it")).to_be_visible()
    assert site.call("GET", f"/districts/{district}/runs")["items"] == []


def test_by_keyboard_alone(
    site: Site, pages: Pages, address: str, district: str, nightly: dict[str, Any]
) -> None:
    page = pages(address)
    add_new = page.get_by_role("button", name="Add new job")
    add_new.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Add job")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("By keyboard")
    for _ in range(3):  # run as, the integration, the frequency
        page.keyboard.press("Tab")
    expect(dialog.get_by_label("Frequency")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("heading", name="Every Monday at 02:00")).to_be_visible()
    dialog.get_by_label("Name", exact=True).press("Enter")
    expect(dialog).to_be_hidden()
    (made,) = site.call("GET", f"/districts/{district}/schedules")["items"]
    assert (made["name"], made["frequency"]["every"]) == ("By keyboard", "week")
    assert datetime.fromisoformat(made["next_run_at"]) > datetime.now(UTC)
