"""What holds on every screen: rights, districts, theme, first load, and what the browser is told."""

from __future__ import annotations

import gzip
import re
from graphlib import TopologicalSorter
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from local.console import security_headers
from local.web import WEB, index, publish
from tests.support.console import OPERATOR, Site
from tests.web.conftest import Pages, Watch

FIRST_LOAD_BYTES = 150_000


def heading(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def test_the_first_load_is_small(site: Site, pages: Pages, district: str) -> None:
    """As it is transferred: CloudFront compresses as the local server does."""
    page = pages(f"/districts/{district}/integrations")
    heading(page, "SIS integrations")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate("performance.getEntries().map((entry) => entry.transferSize ?? 0)")
    assert 10_000 < sum(sizes) < FIRST_LOAD_BYTES


def test_the_page_names_the_modules_of_its_first_load() -> None:
    named = re.findall(r'modulepreload" href="/assets/local/([^"]+)"', index())
    assert "src/main.js" in named
    assert "vendor/preact.js" in named
    assert not any(name.startswith("src/screens/integrations/") for name in named), "screens come when opened"


def test_modules_import_each_other_in_one_direction() -> None:
    """Guards: thirty screens that imported the list of screens, which imports them."""
    modules = {file: file.read_text() for file in (WEB / "src").rglob("*.js")}
    found = TopologicalSorter(
        {
            file: [
                (file.parent / name).resolve() for name in re.findall(r'(?:from |import\()"(\.[^"]+)"', text)
            ]
            for file, text in modules.items()
        }
    )
    assert set(modules) < set(found.static_order())


def test_what_is_published_is_whole_and_never_changes(tmp_path: Path) -> None:
    version = publish(tmp_path / "site")
    assert publish(tmp_path / "again") == version
    page = (tmp_path / "site" / "index.html").read_text()
    for address in re.findall(r'(?:href|src)="(/[^"]+)"', page):
        assert (tmp_path / "site" / address.removeprefix("/")).is_file(), address
    assert not list((tmp_path / "site").rglob("*.d.ts"))
    assert not list((tmp_path / "site").rglob("node_modules"))


def test_the_policy_allows_nothing_inline(site: Site) -> None:
    policy = security_headers()["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    page = requests.get(site.url, timeout=10)
    assert page.headers["Content-Security-Policy"] == policy
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on\w+=", page.text)
    for file in (WEB / "src").rglob("*.js"):
        assert not re.search(r"innerHTML|dangerously|\beval\(|style=", file.read_text()), file


@pytest.mark.parametrize(
    "path", ["", "/etc/hosts", "src", "src/../package.json", "src/none.js", "package.json"]
)
def test_nothing_is_served_but_the_consoles_own_files(site: Site, path: str) -> None:
    """Guards: an absolute path, or one that leads upwards, read where the console's files lie."""
    connection = HTTPConnection(site.url.removeprefix("http://"), timeout=10)  # sends a path as it is
    connection.request("GET", f"/assets/local/{path}")
    assert connection.getresponse().status == 404
    connection.close()


def test_the_local_token_is_for_this_origin_alone(site: Site) -> None:
    """A page elsewhere that resolves its own name to this machine must not be signed in."""
    port = site.url.rpartition(":")[2]
    answer = requests.post(f"{site.url}/local/token", headers={"Host": f"evil.example:{port}"}, timeout=10)
    assert answer.status_code == 400
    assert requests.get(f"{site.url}/local/token", timeout=10).headers["Content-Type"].startswith("text/html")


def test_an_operator_of_the_platform_names_a_district_and_it_is_remembered(
    pages: Pages, district: str
) -> None:
    page = pages("/")
    heading(page, "Choose a district")
    expect(page.get_by_role("link", name="Riverbend Unified")).to_be_visible()
    page.get_by_label("District ID").fill(district)
    page.get_by_role("button", name="Open district").click()
    heading(page, "SIS integrations")
    page.goto("/")
    page.wait_for_url(f"**/districts/{district}/integrations")


def test_an_unknown_district_is_told(pages: Pages, watch: Watch) -> None:
    watch.expected.add(404)
    page = pages("/districts/nowhere/integrations")
    expect(page.get_by_text("There is no such district.")).to_be_visible()


def test_with_one_district_there_is_nothing_to_choose(site: Site, pages: Pages, district: str) -> None:
    site.groups = (f"{district}/admin",)
    page = pages("/")
    heading(page, "SIS integrations")
    expect(page.get_by_role("link", name=re.compile("^District:"))).to_have_count(0)


def test_with_several_districts_one_switches(site: Site, pages: Pages, district: str) -> None:
    site.groups = (f"{district}/viewer", "riverbend/viewer")
    page = pages("/")
    page.get_by_role("link", name="Riverbend Unified").click()
    heading(page, "SIS integrations")
    page.get_by_role("link", name="District: Riverbend Unified. Change").click()
    page.get_by_role("link", name=district).click()
    page.wait_for_url(f"**/districts/{district}/integrations")


def test_a_viewer_reads_and_is_told_why_not_more(site: Site, pages: Pages, district: str) -> None:
    codes = site.add_mappings(district, "schooltool")
    made = site.add_integration(district, "schooltool", codes)
    site.groups = (f"{district}/viewer",)
    page = pages(f"/districts/{district}/integrations")
    add = page.get_by_role("button", name="Add new SIS integration")
    expect(add).to_have_attribute("aria-disabled", "true")
    expect(add).to_have_attribute("title", re.compile("needs the right “admin”"))
    expect(page.get_by_role("button", name="Run Nightly now")).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Edit Nightly").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("You can read this integration but not change it.")).to_be_visible()
    expect(dialog.get_by_label("Name", exact=True)).to_be_disabled()
    expect(dialog.get_by_role("button", name="Save")).to_have_attribute("aria-disabled", "true")
    assert site.call("GET", f"/districts/{district}/integrations/{made['id']}")["version"] == 1


def test_an_operator_runs_but_does_not_configure(site: Site, pages: Pages, district: str) -> None:
    codes = site.add_mappings(district, "schooltool")
    site.add_integration(district, "schooltool", codes)
    site.groups = (f"{district}/operator",)
    page = pages(f"/districts/{district}/integrations")
    expect(page.get_by_role("button", name="Add new SIS")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("button", name="Run Nightly now")).not_to_have_attribute("aria-disabled", "true")


def test_the_theme_follows_the_system_until_it_is_switched(pages: Pages, district: str) -> None:
    page = pages(f"/districts/{district}/integrations", color_scheme="dark")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Use light colours").click()
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_focus_returns_to_where_a_dialog_was_opened(pages: Pages, district: str) -> None:
    page = pages(f"/districts/{district}/mappings")
    add = page.get_by_role("button", name="Add new mapping")
    add.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(add).to_be_focused()


def test_a_read_that_fails_in_passing_is_tried_again(pages: Pages, district: str, watch: Watch) -> None:
    watch.expected.add(503)
    page = pages("/choose")
    failures = iter([503, 503])

    def answer(route: object) -> None:
        status = next(failures, None)
        route.fulfill(status=status, headers=security_headers()) if status else route.continue_()  # type: ignore[attr-defined]

    page.route("**/v1/districts/*/integrations?**", answer)
    page.goto(f"/districts/{district}/integrations")
    expect(page.get_by_role("heading", name="No integrations yet")).to_be_visible()


def test_gzip_is_what_the_local_server_sends(site: Site) -> None:
    address = f"{site.url}/assets/local/vendor/preact.js"
    answer = requests.get(address, headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.raw.read()) == (WEB / "vendor" / "preact.js").read_bytes()


def test_nobody_is_signed_in_by_groups_of_another_form(site: Site, pages: Pages) -> None:
    site.groups = ("everybody",)
    page = pages("/")
    expect(page.get_by_text("Your account has no rights in any district yet.")).to_be_visible()
    site.groups = OPERATOR
