"""Scenes of runs that have ended."""

from __future__ import annotations

from playwright.sync_api import Page, expect

HOME = "/districts/lakeview"


def runs(page: Page) -> None:
    page.goto(f"{HOME}/runs")
    expect(page.get_by_role("row").filter(has_text="Lakeview nightly").first).to_contain_text("Completed")


def run(page: Page) -> None:
    runs(page)
    page.get_by_role("link", name="Lakeview nightly").last.click()
    expect(page.get_by_role("list", name="Changes", exact=True)).to_be_visible()


def run_undo(page: Page) -> None:
    run(page)
    page.get_by_role("button", name="Undo run…").click()
    expect(page.get_by_role("dialog", name="Undo this run?")).to_be_visible()


RUN_SCENES = (runs, run, run_undo)
