"""Scenes of the scheduler, the district's settings and the audit, and what there is to see in them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from tests.support.console import Site

HOME = "/districts/lakeview"


def furnish(site: Site, integration: dict[str, Any]) -> None:
    """Jobs, blackouts and people who are told."""
    district = site.call("GET", HOME)
    blackouts = [
        {"from": "2027-03-15", "to": "2027-03-19", "kind": "no_runs", "note": "Spring break"},
        {"from": "2027-03-30T18:00", "to": "2027-03-31T06:00", "kind": "adds_only"},
    ]
    kept = {"name": district["name"], "time_zone": district["time_zone"]}
    site.call("PUT", HOME, {**kept, "blackouts": blackouts, "version": district["version"]})
    for name, frequency in (
        ("Every night", {"every": "day", "at": "02:00"}),
        ("End of the month", {"every": "month", "date": 31, "at": "23:30"}),
    ):
        form = {"name": name, "integration_ids": [integration["id"]], "frequency": frequency}
        site.call("POST", f"{HOME}/schedules", {**form, "run_as": "pat@lakeview.example.org"})
    recipients = [
        {"email": "it@lakeview.example.org", "severities": ["critical", "error"], "digest": "none"},
        {"email": "lee@lakeview.example.org", "severities": ["warning"], "digest": "daily"},
    ]
    site.call("PUT", f"{HOME}/notifications", {"recipients": recipients})


def job_scheduler(page: Page) -> None:
    page.goto(f"{HOME}/schedules")
    expect(page.get_by_role("row").filter(has_text="Every night")).to_contain_text("Completed")


def job_form(page: Page) -> None:
    job_scheduler(page)
    page.get_by_role("button", name="Edit End of the month").click()
    expect(page.get_by_role("dialog").get_by_role("region").locator("time")).to_have_count(5)


def job_faults(page: Page) -> None:
    page.goto(f"{HOME}/schedules/new")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()


def district_settings(page: Page) -> None:
    page.goto(f"{HOME}/settings")
    page.get_by_role("combobox", name="Time zone").fill("new")
    expect(page.get_by_role("option", name="America/New_York")).to_be_visible()


def safety_limits(page: Page) -> None:
    page.goto(f"{HOME}/settings/limits")
    expect(page.get_by_label("Hold everything")).to_be_visible()


def blackouts(page: Page) -> None:
    page.goto(f"{HOME}/settings/blackouts?month=2027-03")
    expect(page.get_by_role("table")).to_contain_text("Spring break")


def blackout_form(page: Page) -> None:
    blackouts(page)
    page.get_by_role("grid").get_by_role("button", name="March 15").click()
    expect(page.get_by_role("dialog").get_by_label("Note")).to_have_value("Spring break")


def notifications(page: Page) -> None:
    page.goto(f"{HOME}/settings/notifications")
    expect(page.get_by_label("E-mail")).to_have_count(2)


def nutrition_file(page: Page) -> None:
    page.goto(f"{HOME}/settings/nutrition")
    expect(page.get_by_label("Heading").first).to_be_visible()


def audit(page: Page) -> None:
    page.goto(f"{HOME}/audit")
    expect(page.get_by_role("row").filter(has_text="Job added").first).to_contain_text("End of the month")


DISTRICT_SCENES = (
    *(job_scheduler, job_form, job_faults, district_settings, safety_limits, blackouts, blackout_form),
    *(notifications, nutrition_file, audit),
)
