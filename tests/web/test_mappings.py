"""Data entity mappings: a table to type into and paste into, files, and what is said while typing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console import Site
from tests.web.conftest import Pages

PASTE = """([selector, text]) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  const paste = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
  document.getElementById(selector).dispatchEvent(paste);
}"""


@pytest.fixture
def address(district: str) -> str:
    return f"/districts/{district}/mappings"


def mapping(site: Site, district: str, name: str, *rows: tuple[str, str], **changes: Any) -> Any:
    entries = [{"external": external, "value": value} for external, value in rows]
    body = {"entity": "grade_level", "name": name, "entries": entries, **changes}
    return site.call("POST", f"/districts/{district}/mappings", body)


def editor(page: Page, title: str = "Edit mapping") -> Locator:
    return page.get_by_role("dialog", name=title)


def cell(dialog: Locator, column: str, row: int) -> Locator:
    return dialog.get_by_label(f"{column}, row {row}", exact=True)


def save(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()


def test_a_mapping_is_added_row_by_row(site: Site, pages: Pages, address: str, district: str) -> None:
    page = pages(address)
    expect(page.get_by_role("heading", name="No mappings yet")).to_be_visible()
    page.get_by_role("button", name="Add new mapping").click()
    dialog = editor(page, "Add mapping")
    dialog.get_by_label("Name", exact=True).fill("Grades")
    dialog.get_by_label("Entity").select_option("Grade Level")
    dialog.get_by_role("button", name="Add row").click()
    expect(cell(dialog, "External value", 1)).to_be_focused()
    page.keyboard.type("0")
    page.keyboard.press("Tab")
    page.keyboard.type("K")
    save(dialog)
    (stored,) = site.call("GET", f"/districts/{district}/mappings")["items"]
    assert (stored["entity"], stored["entry_count"]) == ("grade_level", 1)


def test_rows_are_pasted_from_a_spreadsheet(site: Site, pages: Pages, address: str, district: str) -> None:
    made = mapping(site, district, "Grades", ("0", "K"))
    page = pages(f"{address}/{made['id']}")
    dialog = editor(page)
    dialog.get_by_role("button", name="Add row").click()
    page.evaluate(PASTE, ["mapping-entries-1-external", '1\t1\r\n2\t2\r\n"odd ""grade"""\t3\r\n'])
    expect(cell(dialog, "Our value", 4)).to_have_value("3")
    save(dialog)
    rows = site.call("GET", f"/districts/{district}/mappings/{made['id']}")["entries"]
    assert [row["external"] for row in rows] == ["0", "1", "2", 'odd "grade"']


def test_duplicates_are_flagged_as_they_are_typed(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    made = mapping(site, district, "Grades", ("7", "7"), ("8", "8"))
    page = pages(f"{address}/{made['id']}")
    dialog = editor(page)
    second = cell(dialog, "External value", 2)
    second.fill("07")
    expect(dialog.get_by_text("Row 1 has the same external value")).to_have_count(0)
    dialog.get_by_label("Ignore leading zeros").check()
    expect(dialog.get_by_text("Row 1 has the same external value")).to_be_visible()
    expect(second).to_have_attribute("aria-invalid", "true")
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_role("alert").get_by_role("link", name="Row 2, external value").click()
    expect(second).to_be_focused()
    second.fill("8")
    save(dialog)
    assert site.call("GET", f"/districts/{district}/mappings/{made['id']}")["ignore_leading_zeros"] is True


def test_csv_goes_out_without_formulas_and_comes_in_again_as_it_was(
    site: Site, pages: Pages, address: str, district: str, tmp_path: Path
) -> None:
    rows = [("=SUM(A1)", "@x"), ("-1", "TK"), ('with "quotes", and comma', "K")]
    made = mapping(site, district, "Grades", *rows)
    other = mapping(site, district, "Copy")
    page = pages(f"{address}/{made['id']}")
    with page.expect_download() as download:
        editor(page).get_by_role("button", name="Export CSV").click()
    file = tmp_path / "grades.csv"
    download.value.save_as(file)
    assert file.read_text().splitlines()[1] == '"\'=SUM(A1)","\'@x"'
    assert file.read_text().splitlines()[2] == '"-1","TK"', "a negative number is no formula"
    page = pages(f"{address}/{other['id']}")
    editor(page).get_by_label("CSV file to import").set_input_files(file)
    expect(editor(page).get_by_text("grades.csv: 3 rows added")).to_be_visible()
    save(editor(page))
    stored = site.call("GET", f"/districts/{district}/mappings/{other['id']}")["entries"]
    assert [(row["external"], row["value"]) for row in stored] == rows


def test_the_sis_suggests_its_codes(site: Site, pages: Pages, address: str, district: str) -> None:
    codes = site.add_mappings(district, "illuminate")
    site.add_integration(district, "illuminate", codes, name="Nightly")
    before = site.call("GET", f"/districts/{district}/mappings/{codes['race']}")
    changed = {"entity": "race", "name": "Races", "entries": before["entries"][:1], "version": 1}
    site.call("PUT", f"/districts/{district}/mappings/{codes['race']}", changed)
    page = pages(f"{address}/{codes['race']}")
    dialog = editor(page)
    expect(dialog.get_by_text("Used by Nightly.")).to_be_visible()
    dialog.get_by_label("Add codes from").select_option("Nightly")
    expect(dialog.get_by_text("rows added")).to_be_visible(timeout=30_000)
    expect(cell(dialog, "External value", 2)).to_be_visible()


def test_the_list_shows_where_a_mapping_is_used(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    codes = site.add_mappings(district, "schooltool")
    site.add_integration(district, "schooltool", codes, name="Nightly")
    mapping(site, district, "Spare")
    page = pages(f"{address}?entity=grade_level")
    used = page.get_by_role("row").filter(has_text="Grade level codes")
    expect(used).to_contain_text("Nightly")
    expect(page.get_by_role("row").filter(has_text="Spare")).to_contain_text("Nobody")
    expect(page.get_by_role("row")).to_have_count(3)


def test_headings_sort_the_list(site: Site, pages: Pages, address: str, district: str) -> None:
    mapping(site, district, "A", entity="state")
    mapping(site, district, "B", entity="race")
    page = pages(address)
    page.get_by_role("button", name="Entity", exact=True).click()
    expect(page.get_by_role("columnheader", name="Entity")).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Race")


def test_thousands_of_rows_stay_usable(site: Site, pages: Pages, address: str, district: str) -> None:
    made = mapping(site, district, "Grades", *((f"{number}", "K") for number in range(3000)))
    page = pages(f"{address}/{made['id']}")
    dialog = editor(page)
    expect(dialog.get_by_text("Rows 1 to 50 of 3,000")).to_be_visible()
    dialog.get_by_label("Find in rows").fill("2999")
    expect(cell(dialog, "External value", 3000)).to_have_value("2999")


def test_making_a_used_mapping_inactive_says_what_happens(
    site: Site, pages: Pages, address: str, district: str
) -> None:
    codes = site.add_mappings(district, "schooltool")
    site.add_integration(district, "schooltool", codes, name="Nightly")
    page = pages(f"{address}/{codes['race']}")
    expect(editor(page).get_by_text("Used by Nightly.")).to_be_visible()
    editor(page).get_by_label("Active").uncheck()
    editor(page).get_by_role("button", name="Save").click()
    asked = page.get_by_role("dialog", name="Make Race codes inactive?")
    expect(asked).to_contain_text("It is used by Nightly")
    asked.get_by_role("button", name="Cancel").click()
    assert site.call("GET", f"/districts/{district}/mappings/{codes['race']}")["active"] is True
