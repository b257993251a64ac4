"""What axe-core finds on a page."""

from __future__ import annotations

from playwright.sync_api import Page

from local.web import WEB

_AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"


def axe(page: Page) -> list[str]:
    """A line for each place. It is not loaded as a script, which the policy would refuse."""
    page.evaluate(_AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
