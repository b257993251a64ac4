"""A returning school reconciled in the browser: preview, upload, decide, confirm, and the list to update."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.accounts import USERS_HEADER, user, users
from tests.support.console import Site
from tests.web.conftest import Pages, Watch
from tests.web.furnishing import preview, returning_school, upload_users


@pytest.fixture
def school(site: Site, district: str) -> dict[str, Any]:
    return returning_school(site, district)


@pytest.fixture
def uploaded(site: Site, district: str, school: dict[str, Any]) -> list[dict[str, Any]]:
    return upload_users(site, district, school)


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Users by state").get_by_role("button", name=name)


def row_of(page: Page, host_id: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_text(host_id, exact=True))


def test_from_the_preview_to_the_list_by_mouse(
    site: Site, pages: Pages, district: str, school: dict[str, Any], tmp_path: Path
) -> None:
    page = pages(f"/districts/{district}/reconciliation")
    page.get_by_role("button", name="Run a preview").click()
    page.get_by_role("button", name="Upload the users").click(timeout=30_000)
    people = preview(site, district, school)
    file = tmp_path / "users.csv"
    file.write_text(users(people))
    upload = page.get_by_role("dialog", name="Upload the users")
    upload.get_by_label("Users: file").set_input_files(file)
    expect(upload.get_by_text("users.csv:")).to_be_visible()
    upload.get_by_role("button", name="Upload and compare").click()

    expect(tile(page, "Colliding")).to_contain_text("2")
    expect(page.get_by_role("button", name="Confirm…")).to_have_attribute("aria-disabled", "true")
    tile(page, "Colliding").click()
    expect(page.get_by_role("row")).to_have_count(3)
    row_of(page, "TWICE").get_by_role("button", name="Decide").click()
    dialog = page.get_by_role("dialog", name="Who is")
    expect(dialog).to_contain_text("Another user is, or seems to be, the same person.")
    dialog.get_by_label("Nobody: retire the account").check()
    dialog.get_by_role("button", name="Save decision").click()
    expect(tile(page, "Colliding")).to_contain_text("0")
    expect(tile(page, "Retired")).to_contain_text("1")

    page.get_by_role("button", name="Accept proposals…").click()
    accept = page.get_by_role("dialog", name="Accept proposals")
    expect(accept).to_contain_text("one proposal would be taken as decided")
    accept.get_by_role("button", name="Accept one proposal").click()
    expect(tile(page, "Mapped")).to_contain_text("2")

    page.get_by_role("button", name="Confirm…").click()
    confirm = page.get_by_role("dialog", name="Confirm the host IDs of Pine Prep?")
    expect(confirm).to_contain_text("2 need a new host ID")
    expect(confirm).to_contain_text("1 are retired")
    confirm.get_by_role("button", name="Confirm and leave one user out").click()
    expect(page.get_by_text("Confirmed by operator@example.org")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download update-host-ids.csv").click()
    assert download.value.suggested_filename == "update-host-ids.csv"
    listed = Path(download.value.path()).read_text().splitlines()
    assert listed[0] == "type,old_host_id,new_host_id"
    assert {row.split(",")[1] for row in listed[1:]} == {"OLD1", "OLD2"}


def test_by_keyboard_alone(
    pages: Pages, district: str, school: dict[str, Any], uploaded: list[dict[str, Any]]
) -> None:
    page = pages(f"/districts/{district}/reconciliation")
    tile(page, "Colliding").focus()
    page.keyboard.press("Enter")
    expect(tile(page, "Colliding")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("row")).to_have_count(3)
    row_of(page, "TWICE").get_by_role("button", name="Decide").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Who is")
    expect(dialog.get_by_role("radio").first).to_be_focused()
    dialog.get_by_label("Nobody: retire the account").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(tile(page, "Retired")).to_contain_text("1")
    page.get_by_role("button", name="Confirm…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Confirmed by operator@example.org")).to_be_visible()


def test_somebody_else_is_searched_and_chosen(
    site: Site, pages: Pages, district: str, school: dict[str, Any]
) -> None:
    """A user whom nothing proposes, and a decision that is taken back."""
    person, *_ = preview(site, district, school)
    path = f"/districts/{district}/integrations/{school['id']}/reconciliation"
    site.call(
        "PUT",
        path,
        {"csv": f"{USERS_HEADER}\n{user(person, host_id='OLD', first_name='', last_name='', email='')}"},
    )
    page = pages(f"/districts/{district}/reconciliation?state=unmatched")
    row_of(page, "OLD").get_by_role("button", name="Decide").click()
    dialog = page.get_by_role("dialog", name="Who is OLD?")
    dialog.get_by_role("button", name="Save decision").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Choose who this user is")
    dialog.get_by_role("searchbox").fill(person["host_id"])
    dialog.get_by_label(person["host_id"]).check()
    dialog.get_by_role("button", name="Save decision").click()
    expect(tile(page, "Mapped")).to_contain_text("1")
    tile(page, "Mapped").click()
    expect(row_of(page, "OLD")).to_contain_text("Decided by hand")
    row_of(page, "OLD").get_by_role("button", name="Decide").click()
    page.get_by_label("Take the decision back").check()
    page.get_by_role("button", name="Save decision").click()
    expect(tile(page, "Unmatched")).to_contain_text("1")


def test_a_faulty_list_names_its_cells_and_pasting_mends_it(
    site: Site, pages: Pages, watch: Watch, district: str, school: dict[str, Any]
) -> None:
    watch.expected.add(422)
    preview(site, district, school)
    page = pages(f"/districts/{district}/reconciliation")
    page.get_by_role("button", name="Upload the users").click()
    dialog = page.get_by_role("dialog", name="Upload the users")
    dialog.get_by_role("button", name="Upload and compare").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Choose a file, or paste the rows.")
    dialog.get_by_label("Users", exact=True).fill("type,host_id\nnurse,1\nS,")
    dialog.get_by_role("button", name="Upload and compare").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Row 2, type")
    expect(dialog.get_by_role("alert")).to_contain_text("Row 3, host_id")
    dialog.get_by_label("Users", exact=True).fill("type,host_id\nstaff,LOST")
    dialog.get_by_role("button", name="Upload and compare").click()
    expect(tile(page, "Unmatched")).to_contain_text("1")


def test_a_file_can_be_dropped(site: Site, pages: Pages, district: str, school: dict[str, Any]) -> None:
    preview(site, district, school)
    page = pages(f"/districts/{district}/reconciliation")
    page.get_by_role("button", name="Upload the users").click()
    transfer = page.evaluate_handle(
        """() => {
            const transfer = new DataTransfer();
            transfer.items.add(new File(["type,host_id\\nstaff,LOST\\n"], "dropped.csv", { type: "text/csv" }));
            return transfer;
        }"""
    )
    page.get_by_label("Users", exact=True).dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.get_by_text("dropped.csv: 2 lines")).to_be_visible()


def test_a_newer_run_is_compared_before_it_is_confirmed(
    site: Site, pages: Pages, district: str, school: dict[str, Any], uploaded: list[dict[str, Any]]
) -> None:
    preview(site, district, school)
    page = pages(f"/districts/{district}/reconciliation")
    page.get_by_role("button", name="Compare again").click()
    expect(page.get_by_role("button", name="Compare again")).to_have_count(0)
    expect(tile(page, "Colliding")).to_contain_text("2")


def test_search_and_type_stand_in_the_address(
    pages: Pages, district: str, school: dict[str, Any], uploaded: list[dict[str, Any]]
) -> None:
    page = pages(f"/districts/{district}/reconciliation")
    page.get_by_role("searchbox").fill("quull")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Member type").select_option("Students")
    expect(page.get_by_role("heading", name="Nobody found")).to_be_visible()
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("quull")
    page.get_by_role("button", name="Reset").click()
    expect(row_of(page, "LOST")).to_be_visible()


def test_who_may_not_decide_is_told(
    site: Site, pages: Pages, district: str, school: dict[str, Any], uploaded: list[dict[str, Any]]
) -> None:
    site.groups = (f"{district}/operator",)
    page = pages(f"/districts/{district}/reconciliation")
    for name in ("Upload another list", "Accept proposals…"):
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("button", name="Decide about").first).to_have_attribute("aria-disabled", "true")


def test_empty_says_what_to_do_first(pages: Pages, district: str) -> None:
    page = pages(f"/districts/{district}/reconciliation")
    expect(page.get_by_role("heading", name="No returning school")).to_be_visible()
