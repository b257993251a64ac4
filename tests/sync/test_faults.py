"""Whatever a SIS does wrong, the run ends with a stable code and a sentence, and nobody is dropped who did not leave.

Every system meets every row of the table of faults: on the night after a good one, with *Drop Students Not In File* on
and people coming and going meanwhile, and on its first night.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.inprocess import DISTRICT, InProcess
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.run import Run
from simulators import powerschool
from simulators.district.truth import truth
from tests.connectors.fault_table import FAULTS, SHEETS, SYSTEMS, Fault, met_by
from tests.support.truth import differences, expected, shown, stored

ROWS = [
    pytest.param(system, fault, id=f"{system}-{fault.name}") for system in SYSTEMS for fault in met_by(system)
]
FAILING = [row for row in ROWS if row.values[1].ends != "completed"]

ONE_SYSTEM = [
    # system, kind of fault, path, parameters, code: of streams that the others do not have
    ("powerschool_query", "http_404", r"\.races", {}, "plugin_not_installed"),
    ("powerschool_query", "count_mismatch", r"\.contacts\.phones/count", {"extra": 2}, "count_mismatch"),
    ("powerschool_query", "drop_rows", r"\.students\.races\?", {}, "count_mismatch"),
    ("aeries", "http_401", "/systeminfo", {}, "credentials_rejected"),
    ("illuminate", "http_401", "/Api/Sites", {}, "credentials_rejected"),
    ("illuminate", "drop_rows", "/Api/Enrollment", {}, "count_mismatch"),
    ("illuminate", "drop_rows", "/Api/Roster", {}, "count_mismatch"),
    ("illuminate", "http_404", "/Api/Users", {}, "endpoint_wrong"),
    ("illuminate", "http_404", "/Api/Contacts", {}, "empty_pull"),
    ("oneroster", "empty_list", "/demographics", {}, "count_mismatch"),
]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten rows, so that a small district has lists of several pages."""
    size_pages(monkeypatch, 10)


def size_pages(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for module in ("aeries.connector", "illuminate.field_map", "oneroster_core.paging"):
        monkeypatch.setattr(f"rollcall.connectors.{module}.PAGE_SIZE", size)


def district(system: str, page_size: int = 10, people: int = 150) -> InProcess:
    """A district whose connector may speak to nobody but its SIS."""
    options = None
    if system.startswith("powerschool"):
        resources = (*powerschool.RESOURCES, "schema_table_query")
        plugin = build_plugin(NAME, version()) if system == "powerschool_query" else None
        options = powerschool.Options(plugin=plugin, max_page_sizes=dict.fromkeys(resources, page_size))
    town = InProcess(system, people, options=options)
    exchange = town.sender.exchange

    def at_home(url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        assert urlsplit(url).hostname == "127.0.0.1", "credentials go to the SIS alone"
        return exchange(url, request, headers, seconds)

    town.sender.exchange = at_home  # type: ignore[method-assign]
    return town


def active(town: InProcess) -> dict[str, Any]:
    return {p.id: shown(p) for p in town.stored() if p.person.status == "active"}


def untrue(town: InProcess) -> list[str]:
    """Where the people in the store who have not left differ from the generator's truth."""
    people = active(town)
    for person in people.values():
        person["contacts"] = [c for c in person.get("contacts", ()) if c["person_id"] in people]
    want = expected(town.system, truth(town.generated))
    return differences(want, stored(people.values(), town.system))


def strike(town: InProcess, fault: Fault) -> Run:
    """A sync that meets the fault; then the SIS is well again."""
    rule = town.simulator.faults.add(
        fault.kind, fault.on, times=fault.times, after=fault.after, **fault.params
    )
    run = town.sync()
    assert rule.fired, "a fault that nobody met proves nothing"
    town.simulator.faults.clear()
    return run


def ended(run: Run) -> str:
    """How a run ended; whoever it failed is told in whole sentences."""
    if run.error is None:
        return run.state
    assert run.state == "failed"
    assert re.fullmatch(r"[A-Z].*\.", run.error.message)
    return run.error.code


def heals(town: InProcess, nights: int = 1) -> None:
    for _ in range(nights):
        run = town.sync()
        assert run.state == "completed"
        town.clock.advance(seconds=86_400)
    assert untrue(town) == [], "the next good night mends it"


def test_every_system_meets_every_fault() -> None:
    for system in SYSTEMS:
        met = met_by(system)
        assert len({(f.kind, f.on, f.after, f.times, str(f.params)) for f in met}) >= len(FAULTS) - 3
    assert len(FAULTS) >= 40
    assert all(other.why for fault in FAULTS for other in fault.instead.values())


@pytest.mark.parametrize(("system", "fault"), ROWS)
def test_a_fault_drops_nobody_and_is_named(system: str, fault: Fault) -> None:
    town = district(system)
    assert town.sync().state == "completed"
    here = [s.id for s in town.generated.students if s.active]
    town.generated.change_some(6, seed=3)
    town.generated.withdraw_student(here[5])
    before, people = active(town), dict(town.people.items)
    run = strike(town, fault)
    assert ended(run) == fault.ends, "a fault that goes unnoticed is the worst"
    assert not fault.issue or run.issue_codes[fault.issue] > 0
    if run.state == "failed":
        assert town.people.items == people
    assert not fault.traceless or untrue(town) == []
    dropped = before.keys() - active(town).keys()
    heals(town)
    assert not dropped & active(town).keys(), "whoever is there on the next good night had not left"


@pytest.mark.parametrize(("system", "fault"), FAILING)
def test_a_fault_on_the_first_night_loads_nobody(system: str, fault: Fault) -> None:
    town = district(system)
    run = strike(town, fault)
    assert ended(run) == (fault.first or fault.ends)
    assert run.state == "completed" or not town.people.items
    heals(town, fault.nights)


@pytest.mark.parametrize(("system", "kind", "path", "params", "code"), ONE_SYSTEM)
def test_a_fault_of_one_system(system: str, kind: str, path: str, params: dict[str, Any], code: str) -> None:
    town = district(system)
    town.sync()
    people = dict(town.people.items)
    town.generated.change_some(6, seed=3)
    assert ended(strike(town, Fault("", kind, code, on=path, params=params))) == code
    assert town.people.items == people
    heals(town)


@pytest.mark.parametrize("system", SYSTEMS)
def test_lists_end_where_they_end(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One page, pages of one row, and lists that fill their last page to the brim."""
    schools: dict[int, int] = {}
    for student in (s for s in district(system).generated.students if s.active):
        code = student.home.school_code
        schools[code] = schools.get(code, 0) + 1
    for size in {1, 7, 1000, sum(schools.values()), *schools.values()}:
        size_pages(monkeypatch, size)
        town = district(system, page_size=size)
        assert (town.sync().state, untrue(town)) == ("completed", []), f"{size} rows a page"


@pytest.mark.parametrize("system", SYSTEMS)
def test_names_of_all_the_world_arrive(system: str) -> None:
    town = district(system)
    town.sync()
    some = next(s for s in town.generated.students if s.active)
    town.generated.rename_student(some.id, first="Žofie-李𠮷", last="O’Ñandú Şahin")
    run = town.sync()
    assert (run.state, run.counts["student"]["update"], untrue(town)) == ("completed", 1, [])


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_code_that_the_mapping_does_not_hold_drops_nobody(system: str) -> None:
    town = district(system)
    town.sync()
    before = active(town)
    known = [
        (e.external, e.value)
        for e in town.config.mappings(DISTRICT, ["map_grade_level"])["map_grade_level"].entries
    ]
    grade = next(p["grade"] for p in before.values() if p["type"] == "student")
    town.map_codes("grade_level", [row for row in known if row[1] != grade])
    run = town.sync()
    assert (run.state, run.issue_codes["grade_level_unmapped"] > 0) == ("completed", True)
    assert active(town).keys() == before.keys()
    town.map_codes("grade_level", known)
    heals(town)


@pytest.mark.parametrize("system", SYSTEMS)
def test_wrong_credentials_say_so(system: str) -> None:
    town = InProcess(system, people=100)
    town.simulator.credentials.update(dict.fromkeys(town.simulator.credentials, "wrong"))
    run = town.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "credentials_rejected")


@pytest.mark.parametrize("system", ["powerschool", "powerschool_query"])
def test_a_token_that_dies_half_way_is_renewed(system: str) -> None:
    town = InProcess(system, people=200)
    town.simulator.faults.add("token_expired", SHEETS[system].students, times=1, after=2)
    assert town.sync().state == "completed"
    assert town.sender.requests.count("/oauth/access_token/") == 2


def test_aeries_never_answers_with_another_year() -> None:
    """Guards: Aeries silently answers with the current year, which would look like a healthy pull of other students."""
    town = InProcess("aeries", people=100)
    town.map_codes("academic_year", [("2019-2020", "2026-27")])
    run = town.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "academic_year_not_available")
    town.map_codes("academic_year", [("2026-2027", "1999-00")])
    assert town.sync().error.code == "academic_year_unmapped"  # type: ignore[union-attr]


def test_a_school_that_is_not_mapped_is_not_read_but_reported() -> None:
    town = InProcess("powerschool", people=300)
    codes = [(str(s.code), s.site_code) for s in town.generated.schools if not s.holding]
    town.map_codes("building", codes[1:])
    run = town.sync()
    assert run.state == "completed"
    assert run.issue_codes["school_not_mapped"] >= 1
    read = {e.school for p in town.persons().values() for e in p.enrollments}
    assert read
    assert read <= {site for _, site in codes[1:]}


def test_an_unmapped_grade_rejects_and_an_unmapped_gender_only_drops_the_value() -> None:
    town = InProcess("powerschool", people=300)
    town.map_codes("grade_level", [("3", "3"), ("4", "4")])
    town.map_codes("gender", [("F", "female")])
    run = town.sync()
    assert run.counts["student"]["reject"] == run.issue_codes["grade_level_unmapped"] > 0
    assert run.issue_codes["gender_unmapped"] > 0
    assert {p.grade for p in town.persons().values()} == {"3", "4"}
    assert {p.gender for p in town.persons().values()} <= {"female", None}
