"""Onboarding a school: what may be written, what a secret is worth, and how far the school is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from rollcall.domain.checklist import Facts, reached, steps_of
from rollcall.domain.errors import Conflict
from rollcall.domain.form import Invalid
from rollcall.domain.forms import PowerSchoolCredentials
from rollcall.domain.integration import CredentialInfo, Integration
from rollcall.domain.onboarding import (
    Onboarding,
    OnboardingForm,
    SchoolPlugin,
    amend,
    begin,
    hand_out,
    new_secret,
    plugin_name,
    receive,
    reopen,
    review,
)
from rollcall.domain.run import Run

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
GIVEN = PowerSchoolCredentials(
    consumer_token=SecretStr("client-id-0001"), consumer_secret=SecretStr("client-secret-2")
)


def form(**changes: Any) -> OnboardingForm:
    fields = {
        "name": "Lakeview Prep",
        "portal_url": "https://ps.example.org/public/home.html",
        "organization_id": "ORG-7",
        "member_types": ["student", "staff"],
        **changes,
    }
    return OnboardingForm(**fields)


def school(**changes: Any) -> Onboarding:
    return begin("onb_1", "int_1", "lakeview", form(**changes), "public", NOW)


def made(**changes: Any) -> Integration:
    fields = {
        "id": "int_1",
        "district_id": "lakeview",
        "name": "Lakeview Prep",
        "system": "powerschool_query",
        "url": "https://ps.example.org",
        "mappings": {"building": "map_1"},
        "source": "powerschool:1",
        "credentials": {"consumer_token": CredentialInfo(updated_at=NOW)},
        "created_at": at(3),
        "updated_at": at(3),
        **changes,
    }
    return Integration(**fields)


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


def run(began: int, ended: int, **changes: Any) -> Run:
    times = {"queued_at": at(began), "started_at": at(began), "ended_at": at(ended)}
    return Run(
        id="run_1", district_id="lakeview", integration_id="int_1", state="completed", **times, **changes
    )


def faults(error: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, str]]:
    return {(fault.field, fault.code) for fault in error.value.errors}


# What is written -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "server"),
    [
        ("https://ps.example.org", "https://ps.example.org"),
        ("https://ps.example.org/", "https://ps.example.org"),
        ("https://ps.example.org/public", "https://ps.example.org"),
        ("https://ps.example.org/public/home.html", "https://ps.example.org"),
        ("https://ps.example.org:8443/Admin/pw.html", "https://ps.example.org:8443"),
        ("https://example.org/ps/guardian/home.html", "https://example.org/ps"),
        ("https://example.org/publications", "https://example.org/publications"),
    ],
)
def test_the_server_is_found_behind_the_portal_link(link: str, server: str) -> None:
    """Guards against an integration that asks for /public/home.html/ws/v1/metadata."""
    assert school(portal_url=link).server_url == server


@pytest.mark.parametrize(
    "link", ["http://ps.example.org", "https://127.0.0.1", "https://user:pass@ps.example.org"]
)
def test_a_portal_link_keeps_the_rules_of_an_integration(link: str) -> None:
    with pytest.raises(Invalid) as error:
        school(portal_url=link)
    assert {field for field, _ in faults(error)} == {"portal_url"}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"organization_id": ""},
        {"organization_id": "x" * 41},
        {"organization_id": "<7>"},
        {"system": "aeries"},
        {"member_types": []},
        {"member_types": ["teacher"]},
    ],
)
def test_what_a_form_refuses(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        form(**changes)


def test_nobody_moves_received_credentials_to_another_server() -> None:
    """Guards against an administrator of ours who has a school's secret sent to a server of their own."""
    received, _ = receive(school(), GIVEN, "plugin", NOW)
    elsewhere = form(portal_url="https://ps.example.com")
    with pytest.raises(Invalid) as error:
        amend(received, elsewhere, None, "public", NOW)
    assert faults(error) == {("portal_url", "cannot_change")}
    assert amend(school(), elsewhere, None, "public", NOW).portal_url == "https://ps.example.com"
    page = amend(received, form(portal_url="https://ps.example.org/admin"), None, "public", NOW)
    assert page.server_url == "https://ps.example.org"


def test_what_the_integration_holds_is_changed_there() -> None:
    wanted = form(
        portal_url="https://ps.example.com", member_types=["staff"], system="powerschool", name="Other"
    )
    with pytest.raises(Invalid) as error:
        amend(school(), wanted, made(), "public", NOW)
    assert faults(error) == {(name, "cannot_change") for name in ("portal_url", "member_types", "system")}
    assert amend(school(), form(name="Other"), made(), "public", NOW).name == "Other"


# The plugin and its secret ---------------------------------------------------------------------------------------


@given(st.text(min_size=1, max_size=100), st.integers(0, 12))
def test_every_school_gets_a_plugin_name_of_its_own_that_powerschool_takes(name: str, others: int) -> None:
    taken: set[str] = set()
    for _ in range(others + 1):
        found = plugin_name(name, taken)
        assert found not in taken
        assert 1 <= len(found) <= 40
        assert found == found.strip()
        assert found.isprintable()
        taken.add(found)


def test_a_secret_is_kept_as_a_hash_with_its_own_salt() -> None:
    (one, first), (two, second) = new_secret(), new_secret()
    assert first.matches(one)
    assert not first.matches(two)
    assert not first.matches("")
    assert first.salt != second.salt
    assert one not in first.model_dump_json()
    assert len(one) >= 40


def test_the_plugin_is_numbered_by_what_is_in_it() -> None:
    """Guards against an update that PowerSchool refuses because its version has not risen."""
    first = hand_out(school(), "Rollcall X", "a", ["staff"], new_secret()[1], NOW)
    again = hand_out(first, "Rollcall X", "a", ["staff"], None, NOW)
    moved = hand_out(again, "Rollcall X", "b", ["staff", "students"], None, NOW)
    assert [item.plugin and item.plugin.number for item in (first, again, moved)] == [1, 1, 2]
    assert moved.secret == first.secret


@pytest.mark.parametrize("by", ["plugin", "hand"])
def test_a_plugin_registers_once(by: Any) -> None:
    received, clear = receive(school(), GIVEN, by, NOW)
    assert clear == {"consumer_token": "client-id-0001", "consumer_secret": "client-secret-2"}
    assert received.registered_by == by
    assert received.credentials["consumer_secret"].ends_with == "-2"
    assert "client-secret" not in received.model_dump_json()
    with pytest.raises(Conflict, match="already_registered"):
        receive(received, GIVEN, "plugin", NOW)
    assert receive(received, GIVEN, "hand", NOW)[0].registered_by == "hand", "by hand it can be corrected"
    opened = reopen(received, NOW)
    assert opened.secret is None, "the plugin that is out must not register a second time"
    assert receive(opened, GIVEN, "plugin", NOW)[0].registered_by == "plugin"


# How far the school is -------------------------------------------------------------------------------------------


def plugin(*reads: str) -> SchoolPlugin:
    return SchoolPlugin(name="Rollcall X", number=1, mark="a", reads=reads, downloaded_at=at(1))


def test_a_school_goes_from_created_to_live_step_by_step() -> None:
    begun = school(member_types=["staff"])
    handed = begun.model_copy(update={"plugin": plugin("staff")})
    received, _ = receive(handed, GIVEN, "plugin", at(2))
    reviewed = review(received, "run_1", "admin@example.org", at(9))
    need = frozenset({"staff"})
    integration = made(credentials=received.credentials)
    synced = run(5, 6)
    way = [
        (begun, Facts(need), "created", "plugin_downloaded"),
        (handed, Facts(need), "plugin_downloaded", "registered"),
        (received, Facts(need), "registered", "configured"),
        (received, Facts(need, integration), "configured", "validated"),
        (received, Facts(need, integration, tested_at=at(4)), "validated", "first_sync"),
        (
            received,
            Facts(need, integration, completed=run(4, 5, mode="preview")),
            "validated",
            "first_sync",
        ),
        (
            received,
            Facts(need, integration, completed=synced, synced=synced),
            "first_sync",
            "summary_reviewed",
        ),
        (reviewed, Facts(need, integration, completed=synced, synced=synced), "live", None),
    ]
    for at_hand, facts, state, following in way:
        found, step = reached(steps_of(at_hand, facts))
        assert (found, step and step.name) == (state, following)


def test_a_returning_school_is_reconciled_in_between() -> None:
    received, _ = receive(school(), GIVEN, "hand", NOW)
    need = frozenset({"students"})
    names = [step.name for step in steps_of(received, Facts(need, made(returning_school=True)))]
    assert names[4:7] == ["validated", "reconciled", "first_sync"]
    assert "reconciled" not in [step.name for step in steps_of(received, Facts(need, made()))]
    facts = Facts(need, made(returning_school=True), tested_at=at(4))
    assert reached(steps_of(received, facts))[0] == "validated"
    confirmed = Facts(need, made(returning_school=True), tested_at=at(4), reconciled_at=at(5))
    state, following = reached(steps_of(received, confirmed))
    assert (state, following and following.name) == ("reconciled", "first_sync")


def test_credentials_that_are_new_have_not_been_validated() -> None:
    """Guards against a checklist that vouches for a secret which nobody has tried."""
    received, _ = receive(school(), GIVEN, "hand", at(10))
    integration = made(credentials=received.credentials)
    stale = Facts(frozenset(), integration, tested_at=at(9), completed=run(9, 11))
    fresh = Facts(frozenset(), integration, tested_at=at(9), completed=run(10, 11))
    assert [reached(steps_of(received, facts))[0] for facts in (stale, fresh)] == ["configured", "validated"]


@pytest.mark.parametrize(
    ("needed", "registered", "done"),
    [
        ({"staff"}, False, True),
        ({"staff", "students"}, False, False),
        (set(), False, False),
        (set(), True, True),
        ({"students"}, True, False),
    ],
)
def test_a_plugin_that_no_longer_fits_is_made_anew(needed: set[str], registered: bool, done: bool) -> None:
    """What reads too much is mended while it can be; what reads too little, always."""
    handed = school().model_copy(update={"plugin": plugin("staff")})
    if registered:
        handed, _ = receive(handed, GIVEN, "plugin", at(2))
    step = steps_of(handed, Facts(frozenset(needed)))[1]
    assert (step.name, step.done) == ("plugin_downloaded", done)
    assert done == ("download" not in step.detail)


def test_a_school_that_brings_credentials_by_hand_needs_no_plugin_of_ours() -> None:
    received, _ = receive(school(), GIVEN, "hand", NOW)
    assert reached(steps_of(received, Facts(frozenset({"staff"}))))[0] == "registered"


def test_a_school_is_live_while_its_integration_is_active() -> None:
    received, _ = receive(school(), GIVEN, "hand", NOW)
    reviewed = review(received, "run_1", "admin@example.org", at(9))
    synced = run(5, 6)
    for active, state in ((True, "live"), (False, "summary_reviewed")):
        facts = Facts(frozenset(), made(active=active), completed=synced, synced=synced)
        assert reached(steps_of(reviewed, facts))[0] == state
