"""An administrator's whole story at the console of the local stack, from nothing: by mouse, and by keyboard alone."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser

from local.api import Api
from local.served import served
from local.simulator import Simulator
from local.stack import Stack
from local.tenants import FAMILY_FIELDS
from local.watching import everything
from tests.e2e.administrator import Administrator, Sis
from tests.e2e.hands import Hands, Keyboard, Mouse
from tests.support.accounts import invited, users
from tests.support.browser import PATIENCE_MS, WIDE, Watch

pytestmark = pytest.mark.e2e

NAME, ZONE = "Lakeview Unified", "America/Los_Angeles"
PEOPLE = 60
RETURNING = "powerschool_query"
FORGOTTEN = ("language", "SPA")
"""A code that the spreadsheet lacks: PowerSchool has it, for three students here."""


@pytest.fixture(scope="module")
def simulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Simulator]]:
    """Every system, over one small district."""
    home = tmp_path_factory.mktemp("story")
    with ExitStack() as cleanup:

        def start(system: str) -> Simulator:
            simulator = Simulator(system, home, name=NAME, seed=7, people=PEOPLE)
            cleanup.callback(simulator.stop)
            return simulator

        with ThreadPoolExecutor() as pool:
            yield dict(zip(FAMILY_FIELDS, pool.map(start, FAMILY_FIELDS), strict=True))


@dataclass(frozen=True)
class Spreadsheets:
    """The codes of all systems, a file for each entity, and those that mean something else in one of them."""

    files: dict[str, Path]
    own: dict[str, frozenset[str]]


@pytest.fixture(scope="module")
def spreadsheets(simulators: dict[str, Simulator], tmp_path_factory: pytest.TempPathFactory) -> Spreadsheets:
    home = tmp_path_factory.mktemp("spreadsheets")
    rows: dict[str, dict[str, str]] = {}
    own: dict[str, frozenset[str]] = {}
    for system, simulator in simulators.items():
        codes = simulator.codes()
        own[system] = frozenset(
            entity
            for entity, pairs in codes.items()
            if any(rows.get(entity, {}).get(code, value) != value for code, value in pairs)
        )
        for entity in codes.keys() - own[system]:
            rows.setdefault(entity, {}).update(codes[entity])
    del rows[FORGOTTEN[0]][FORGOTTEN[1]]
    files = {}
    for entity, pairs in rows.items():
        files[entity] = home / f"{entity}.csv"
        with files[entity].open("w", newline="") as file:
            csv.writer(file).writerows([("External value", "Our value"), *pairs.items()])
    return Spreadsheets(files, own)


@dataclass(frozen=True)
class Desk:
    """Where a story plays: a district with nothing in it, and somebody's hands on an opened browser."""

    district: str
    hands: Hands
    watch: Watch


@pytest.fixture(params=[Mouse, Keyboard], ids=["mouse", "keyboard"])
def desk(request: pytest.FixtureRequest, stack: Stack, api: Api, browser: Browser) -> Iterator[Desk]:
    district = f"story-{request.node.callspec.id}"
    api.put(f"/districts/{district}", {"name": NAME, "time_zone": ZONE})
    with ExitStack() as cleanup:
        url = cleanup.enter_context(served(stack, {district: NAME}))
        context = browser.new_context(base_url=url, viewport=WIDE, locale="en-US")
        cleanup.callback(context.close)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch = Watch(url)
        watch.look_at(page)
        yield Desk(district, request.param(page), watch)


def grades(api: Api, base: str, integration: dict[str, Any]) -> dict[str, Any]:
    """Where every active student of an integration is, by id."""
    people = everything(api, f"{base}/people?type=student&status=active")
    return {p["id"]: p["grade"] for p in people if p["integration_id"] == integration["id"]}


def test_an_administrators_whole_story(
    desk: Desk, api: Api, simulators: dict[str, Simulator], spreadsheets: Spreadsheets, tmp_path: Path
) -> None:
    base = f"/districts/{desk.district}"
    titles = {one["system"]: one["title"] for one in api.get("/systems")["items"]}
    assert simulators.keys() == titles.keys()
    systems = {
        system: Sis(
            title=titles[system],
            url=simulator.url,
            credentials=simulator.credentials,
            entities=list(simulator.codes()),
            family_fields=FAMILY_FIELDS[system],
            own=spreadsheets.own[system],
            returning=system == RETURNING,
        )
        for system, simulator in simulators.items()
    }
    new = [sis.name for sis in systems.values() if not sis.returning]
    power, returning = systems["powerschool"].name, systems[RETURNING].name

    pat = Administrator(desk.hands)
    pat.begins(NAME)
    pat.goes_to("Data entity mappings")
    for entity, file in spreadsheets.files.items():
        pat.adds_mapping(entity.replace("_", " ").title(), file)
    pat.goes_to("SIS integrations")
    for sis in systems.values():
        pat.adds_integration(sis)
    stored = {one["name"]: one for one in api.get(f"{base}/integrations")["items"]}
    assert {one["system"] for one in stored.values()} == systems.keys()

    pat.goes_to("Job scheduler")
    # Half a day from now, so that no tick comes while the story plays.
    pat.schedules("Every day", list(stored), (datetime.now(ZoneInfo(ZONE)) + timedelta(hours=12)).time())
    (job,) = api.get(f"{base}/schedules")["items"]
    assert sorted(job["integration_ids"]) == sorted(one["id"] for one in stored.values())
    assert job["next_run_at"]

    pat.goes_to("SIS integrations")
    pat.runs(*new)
    before = {name: grades(api, base, stored[name]) for name in new}
    assert all(before.values()), "students of every system are here"

    pat.goes_to("Unmapped values")
    pat.answers(power, FORGOTTEN[1], dict(simulators["powerschool"].codes()[FORGOTTEN[0]])[FORGOTTEN[1]])
    reapplied, *_ = api.get(f"{base}/runs", integration_id=stored[power]["id"])["items"]
    assert (reapplied["trigger"], reapplied["counts"]["student"]["update"] > 0) == ("reapply", True)

    simulators["powerschool"].change("rollover")
    pat.goes_to("SIS integrations")
    pat.runs(power, ends="Held")
    waiting = grades(api, base, stored[power])
    assert waiting.items() <= before[power].items(), "graduates may have left, but nobody has moved yet"
    pat.goes_to("Runs")
    pat.opens_newest_run(power)
    pat.approves("turn of the school year", "The new school year.")
    assert not grades(api, base, stored[power]).items() <= before[power].items()
    pat.undoes("A week too early.")
    assert grades(api, base, stored[power]) == before[power], "everybody is back"

    pat.goes_to("Host IDs")
    pat.previews_returning_school()
    (preview,) = api.get(f"{base}/runs", integration_id=stored[returning]["id"])["items"]
    people = invited(everything(api, f"{base}/runs/{preview['id']}/changes"))
    accounts = tmp_path / "users.csv"
    accounts.write_text(users(people))
    pat.reconciles(accounts, twice="TWICE")
    pat.goes_to("SIS integrations")
    pat.runs(returning)
    (school,) = api.get(f"{base}/reconciliations")
    assert school["reconciliation"]["state"] == "confirmed"
    stored_ids = {p["host_id"] for p in everything(api, f"{base}/people")}
    assert {p["host_id"] for p in people} <= stored_ids, "everybody is in the roster, by the SIS's number"
    assert desk.watch.faults == []
