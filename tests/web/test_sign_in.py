"""Signing in at an issuer with a code and PKCE. The issuer is answered for by the test, on the console's own origin."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from local.console import security_headers
from tests.support.console import Site
from tests.web.conftest import Pages, Watch


@dataclass
class Issuer:
    """One user's issuer. ``asked`` are the grants that it gave; ``forged``: it answers somebody else's question."""

    site: Site
    asked: list[str] = field(default_factory=list)
    challenge: str = ""
    forged: bool = False

    def answer_for(self, page: Page) -> None:
        page.route("**/config.json", self._config)
        page.route("**/issuer/**", self._answer)

    def _config(self, route: Route) -> None:
        config = {
            "sign_in": "oidc",
            "issuer": f"{self.site.url}/issuer",
            "client_id": "console",
            "scope": "openid email",
        }
        _give(route, config)

    def _answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path.endswith("openid-configuration"):
            base = f"{self.site.url}/issuer"
            _give(route, {"authorization_endpoint": f"{base}/authorize", "token_endpoint": f"{base}/token"})
        elif address.path.endswith("/authorize"):
            assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
            self.challenge = query["code_challenge"]
            state = "of-somebody-else" if self.forged else query["state"]
            back = f"{query['redirect_uri']}?{urlencode({'code': 'once', 'state': state})}"
            route.fulfill(status=302, headers={**security_headers(), "Location": back})
        else:
            _give(route, self._tokens(parse_qs(route.request.post_data or "")))

    def _tokens(self, form: dict[str, list[str]]) -> dict[str, str]:
        (grant,) = form["grant_type"]
        self.asked.append(grant)
        if grant == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
            assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == self.challenge
            return {"access_token": self.site.token(), "refresh_token": "again"}
        assert form["refresh_token"] == ["again"]
        return {"access_token": self.site.token()}


def _give(route: Route, content: object) -> None:
    headers = {**security_headers(), "Content-Type": "application/json"}
    route.fulfill(status=200, headers=headers, body=json.dumps(content))


@pytest.fixture
def issuer(site: Site) -> Issuer:
    return Issuer(site)


def test_signing_in_leads_back_to_the_page(issuer: Issuer, pages: Pages, district: str) -> None:
    page = pages("/assets/local/images/logo.svg")
    issuer.answer_for(page)
    page.goto(f"/districts/{district}/mappings?search=abc")
    expect(page.get_by_role("heading", name="Data entity mappings")).to_be_visible()
    assert page.url.endswith(f"/districts/{district}/mappings?search=abc")
    assert issuer.asked == ["authorization_code"]
    page.reload()
    expect(page.get_by_role("heading", name="Data entity mappings")).to_be_visible()
    assert issuer.asked == ["authorization_code"], "a reload keeps the session"


def test_a_token_that_the_api_refuses_is_renewed_without_losing_the_page(
    issuer: Issuer, pages: Pages, district: str, watch: Watch
) -> None:
    watch.expected.add(401)
    page = pages("/assets/local/images/logo.svg")
    issuer.answer_for(page)
    page.goto(f"/districts/{district}/mappings/new")
    name = page.get_by_role("dialog").get_by_label("Name", exact=True)
    name.fill("Kept")
    refusals = iter([401])

    def refuse_once(route: Route) -> None:
        status = next(refusals, None)
        if status:
            route.fulfill(status=status, headers=security_headers(), body="{}")
        else:
            route.fallback()

    page.route("**/v1/districts/*/mappings", refuse_once)
    page.get_by_role("dialog").get_by_label("Entity").select_option("Race")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="Kept", exact=True)).to_be_visible()
    assert issuer.asked == ["authorization_code", "refresh_token"]


def test_an_answer_that_this_tab_did_not_ask_for_signs_nobody_in(issuer: Issuer, pages: Pages) -> None:
    issuer.forged = True
    page = pages("/assets/local/images/logo.svg")
    issuer.answer_for(page)
    page.goto("/")
    expect(page.get_by_text("Signing in was interrupted. Reload the page to try again.")).to_be_visible()
    assert issuer.asked == []
