"""Runs: the list, a run's page, and what is decided there: approving, rejecting, cancelling, trying again, undoing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages, Watch
from tests.web.furnishing import hold, limit

WHY = "The new grade codes are right."


@pytest.fixture
def integration(site: Site, district: str) -> dict[str, Any]:
    return site.add_integration(district, "schooltool", site.add_mappings(district, "schooltool"))


@pytest.fixture
def completed(site: Site, district: str, integration: dict[str, Any]) -> dict[str, Any]:
    run: dict[str, Any] = site.sync(district, integration["id"])
    assert run["state"] == "completed"
    return run


@pytest.fixture
def held(site: Site, district: str, integration: dict[str, Any], completed: dict[str, Any]) -> dict[str, Any]:
    return hold(site, district, integration)


def address(district: str, run: dict[str, Any] | None = None) -> str:
    return f"/districts/{district}/runs" + (f"/{run['id']}" if run else "")


def stored(site: Site, district: str, run: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = site.call("GET", address(district, run))
    return answer


def state(page: Page, word: str) -> None:
    summary = page.get_by_role("region", name="Summary")
    expect(summary.get_by_text(word, exact=True)).to_be_visible(timeout=30_000)


def dialog(page: Page, title: str) -> Locator:
    return page.get_by_role("dialog", name=title)


def rows(page: Page, caption: str) -> Locator:
    return page.get_by_role("table", name=caption).locator("tbody tr:not(.skeleton)")


def test_the_list_says_what_to_do_first(pages: Pages, district: str) -> None:
    page = pages(address(district))
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="SIS integrations")).to_be_visible()


def test_the_list_narrows_and_leads_to_a_run(
    site: Site, pages: Pages, district: str, completed: dict[str, Any]
) -> None:
    page = pages(address(district))
    row = rows(page, "Runs")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Completed")
    expect(row).to_contain_text("By hand")
    expect(row.locator("td[data-label='Added']")).to_have_text(
        f"{sum(counts['add'] for counts in completed['counts'].values()):,}"
    )
    page.get_by_label("State").select_option("Failed")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.reload()
    expect(page.get_by_label("State").locator("option:checked")).to_have_text("Failed")
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Integration").select_option("Nightly")
    row.get_by_role("link", name="Nightly").click()
    expect(page.get_by_role("heading", name="Nightly", level=1)).to_be_visible()
    assert page.url.endswith(address(district, completed))


def test_a_run_under_way_is_followed_to_its_end(
    site: Site, pages: Pages, district: str, integration: dict[str, Any]
) -> None:
    site.runner.paused.set()
    try:
        run = site.call(
            "POST", f"/districts/{district}/integrations/{integration['id']}/runs", {"mode": "sync"}
        )
        listed, alone = pages(address(district)), pages(address(district, run))
        for page in (listed, alone):
            expect(page.get_by_role("progressbar", name="Waiting")).to_be_visible()
    finally:
        site.runner.paused.clear()
    expect(rows(listed, "Runs")).to_contain_text("Completed", timeout=30_000)
    state(alone, "Completed")
    expect(alone.get_by_role("region", name="Stages").get_by_text("Read from the SIS")).to_be_visible()


def test_a_runs_page_counts_what_it_did(pages: Pages, district: str, completed: dict[str, Any]) -> None:
    page = pages(address(district, completed))
    students = rows(page, "Counts by type of person").filter(has_text="Students")
    added = completed["counts"]["student"]["add"]
    expect(students.locator("td[data-label='Added']")).to_have_text(f"{added:,}")
    page.get_by_role("combobox", name="People").select_option("Students")
    page.wait_for_url("**person_type=student*")
    changes = page.get_by_role("list", name="Changes", exact=True)
    expect(changes.get_by_role("listitem").first).to_contain_text("Student")
    changes.locator("summary").first.click()
    expect(changes.get_by_text("Last name").first).to_be_visible()
    with page.expect_download() as file:
        page.get_by_role("button", name="Download as CSV").click()
    lines = file.value.path().read_text().splitlines()
    assert len(lines) == 1 + added, "the file holds what the filters let through"


def test_issues_are_narrowed_and_downloaded(pages: Pages, district: str, completed: dict[str, Any]) -> None:
    page = pages(address(district, completed))
    page.get_by_role("tab", name=re.compile("^Issues")).click()
    most = max(completed["issue_codes"], key=completed["issue_codes"].get)
    page.get_by_label("Problem").select_option(most)
    page.wait_for_url(re.compile(f"tab=issues.*code={most}|code={most}.*tab=issues"))
    expect(rows(page, "Issues")).to_have_count(min(25, completed["issue_codes"][most]))
    with page.expect_download() as file:
        page.get_by_role("button", name="Download as CSV").click()
    assert {line.split(",")[1] for line in file.value.path().read_text().splitlines()[1:]} == {most}


def test_files_are_listed(pages: Pages, district: str, completed: dict[str, Any]) -> None:
    page = pages(f"{address(district, completed)}?tab=files")
    expect(rows(page, "Pages as received").first).to_contain_text(re.compile(r"KB|bytes"))
    expect(page.get_by_text(re.compile("^Kept until"))).to_be_visible()


def test_a_hold_says_why_shows_the_difference_and_is_approved(
    site: Site, pages: Pages, district: str, held: dict[str, Any]
) -> None:
    page = pages(address(district, held))
    panel = page.get_by_role("region", name="Part of this run waits for you")
    expect(panel).to_contain_text(held["holds"][0]["detail"])
    panel.get_by_role("button", name="Look at what waits").click()
    first = page.get_by_role("list", name="Changes", exact=True).get_by_role("listitem").first
    expect(first).to_contain_text("Waits")
    expect(first.get_by_role("row").filter(has_text="Grade")).to_be_visible()
    panel.get_by_role("button", name="Approve…").click()
    asked = dialog(page, "Approve what waits?")
    waiting = held["counts"]["student"]["held"]
    expect(asked).to_contain_text(f"{waiting} students")
    asked.get_by_role("button", name="Approve and write").click()
    expect(asked.get_by_role("alert")).to_contain_text("Say why")
    assert stored(site, district, held)["state"] == "held", "nothing happens without a reason"
    asked.get_by_label("Why may it go on?").fill(WHY)
    asked.get_by_role("button", name="Approve and write").click()
    state(page, "Completed")
    expect(page.get_by_role("region", name="Summary")).to_contain_text(WHY)
    after = stored(site, district, held)
    assert after["counts"]["student"]["held"] == 0
    assert [approval["comment"] for approval in after["approvals"]] == [WHY]


def test_a_hold_is_approved_by_keyboard(
    site: Site, pages: Pages, district: str, held: dict[str, Any]
) -> None:
    page = pages(address(district, held))
    approve = page.get_by_role("button", name="Approve…")
    expect(approve).to_be_visible()
    for _ in range(60):
        if approve.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    asked = dialog(page, "Approve what waits?")
    expect(asked.get_by_label("Why may it go on?")).to_be_focused()
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    expect(approve).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type(WHY)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(asked.get_by_role("button", name="Approve and write")).to_be_focused()
    page.keyboard.press("Enter")
    state(page, "Completed")
    assert stored(site, district, held)["counts"]["student"]["held"] == 0


def test_where_two_must_approve_one_is_told_so(
    site: Site, pages: Pages, district: str, integration: dict[str, Any], completed: dict[str, Any]
) -> None:
    run = hold(site, district, integration, two_person_approval=True)
    page = pages(address(district, run))
    panel = page.get_by_role("region", name="Part of this run waits for you")
    expect(panel).to_contain_text("Two people must approve this")
    panel.get_by_role("button", name="Approve…").click()
    asked = dialog(page, "Approve what waits?")
    expect(asked).to_contain_text("once a second person has approved too")
    asked.get_by_label("Why may it go on?").fill(WHY)
    asked.get_by_role("button", name="Approve", exact=True).click()
    expect(panel).to_contain_text("operator@example.org approved already.")
    expect(panel.get_by_role("button", name="Approve…")).to_have_attribute("aria-disabled", "true")
    assert stored(site, district, run)["state"] == "held"


def test_a_hold_is_rejected(site: Site, pages: Pages, district: str, held: dict[str, Any]) -> None:
    page = pages(address(district, held))
    page.get_by_role("button", name="Reject…").click()
    asked = dialog(page, "Reject what waits?")
    expect(asked).to_contain_text("the next sync asks you again")
    asked.get_by_label("Why may it not go on?").fill("The codes are wrong.")
    asked.get_by_role("button", name="Reject", exact=True).click()
    state(page, "Rejected")
    assert stored(site, district, held)["rejection"]["comment"] == "The codes are wrong."
    expect(page.get_by_role("heading", level=1)).to_have_text("Nightly")
    page.get_by_role("button", name="Try again…").click()
    dialog(page, "Try Nightly again?").get_by_role("button", name="Try again", exact=True).click()
    page.wait_for_url(lambda url: held["id"] not in url)
    state(page, "Held")


def test_a_queued_run_is_cancelled(
    site: Site, pages: Pages, district: str, integration: dict[str, Any]
) -> None:
    site.runner.paused.set()
    try:
        run = site.call(
            "POST", f"/districts/{district}/integrations/{integration['id']}/runs", {"mode": "sync"}
        )
        page = pages(address(district, run))
        page.get_by_role("button", name="Cancel run…").click()
        asked = dialog(page, "Cancel this run?")
        asked.get_by_label("Why is it not wanted?").fill("Started by mistake.")
        asked.get_by_role("button", name="Cancel the run").click()
        expect(asked).to_be_hidden()
    finally:
        site.runner.paused.clear()
    state(page, "Cancelled")
    assert stored(site, district, run)["cancellation"]["comment"] == "Started by mistake."


def test_a_run_is_previewed_and_undone(
    site: Site, pages: Pages, district: str, completed: dict[str, Any]
) -> None:
    page = pages(address(district, completed))
    page.get_by_role("button", name="Undo run…").click()
    asked = dialog(page, "Undo this run?")
    expect(asked).to_contain_text("Whoever the run added is ended, not deleted.")
    asked.get_by_label("Why is it undone?").fill("Last year's file.")
    asked.get_by_role("button", name="Preview the undo").click()
    expect(page.get_by_text("This is a preview.")).to_be_visible()
    state(page, "Completed")
    assert stored(site, district, completed)["undone_by"] is None, "a preview undoes nothing"
    page.get_by_role("button", name="Undo it now…").click()
    asked = dialog(page, "Undo this run?")
    asked.get_by_label("Why is it undone?").fill("Last year's file.")
    asked.get_by_role("button", name="Undo now").click()
    expect(page.get_by_text("This is a preview.")).to_be_hidden()
    state(page, "Completed")
    undo = stored(site, district, completed)["undone_by"]
    assert page.url.endswith(undo)
    page.goto(address(district, completed))
    expect(page.get_by_role("button", name="Undo run…")).to_have_attribute(
        "title", re.compile("undone already")
    )


def test_a_run_is_undone_by_keyboard(
    site: Site, pages: Pages, district: str, completed: dict[str, Any]
) -> None:
    page = pages(address(district, completed))
    page.get_by_role("button", name="Undo run…").press("Enter")
    asked = dialog(page, "Undo this run?")
    expect(asked.get_by_label("Why is it undone?")).to_be_focused()
    page.keyboard.type("Last year's file.")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(asked.get_by_role("button", name="Undo now")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: completed["id"] not in url)
    state(page, "Completed")
    assert stored(site, district, completed)["undone_by"] is not None


def test_an_administrator_undoes_in_spite_of_a_blackout(
    site: Site, pages: Pages, district: str, completed: dict[str, Any], watch: Watch
) -> None:
    """After a bad night nobody should first have to take the blackout away."""
    today = datetime.now(UTC).date()
    blackout = {"from": f"{today - timedelta(1)}", "to": f"{today + timedelta(1)}", "kind": "no_runs"}
    limit(site, district, blackouts=[blackout])
    watch.expected.add(409)
    page = pages(address(district, completed))
    page.get_by_role("button", name="Undo run…").click()
    asked = dialog(page, "Undo this run?")
    asked.get_by_label("Why is it undone?").fill("Last year's file.")
    asked.get_by_role("button", name="Undo now").click()
    dialog(page, "Start it in a blackout?").get_by_role("button", name="Start anyway").click()
    page.wait_for_url(lambda url: completed["id"] not in url)
    state(page, "Completed")
    undo = stored(site, district, completed)["undone_by"]
    assert stored(site, district, {"id": undo})["override"] is True


def test_what_the_api_refuses_is_told_in_the_dialog(
    site: Site, pages: Pages, district: str, held: dict[str, Any], watch: Watch
) -> None:
    """Somebody else has decided since the page was opened."""
    watch.expected.add(409)
    page = pages(address(district, held))
    page.get_by_role("button", name="Approve…").click()
    asked = dialog(page, "Approve what waits?")
    asked.get_by_label("Why may it go on?").fill(WHY)
    site.call("POST", f"{address(district, held)}/reject", {"comment": "No."})
    asked.get_by_role("button", name="Approve and write").click()
    expect(asked.get_by_role("alert")).to_contain_text("only a held run can be decided about")


def test_a_viewer_reads_but_decides_nothing(
    site: Site, pages: Pages, district: str, held: dict[str, Any]
) -> None:
    site.groups = (f"{district}/viewer",)
    page = pages(address(district, held))
    for name in ("Approve…", "Reject…", "Cancel run…"):
        button = page.get_by_role("button", name=name)
        expect(button).to_have_attribute("title", re.compile("needs the right “operator”"))
    expect(page.get_by_role("list", name="Changes", exact=True)).to_be_visible()
