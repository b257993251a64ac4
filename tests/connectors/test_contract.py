"""Each connector against the simulator of its SIS, over HTTP, with every fault: what the administrator is told."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from rollcall.connectors import registry
from rollcall.connectors.base import Connector, records_of
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import HttpSender
from rollcall.domain.errors import SyncError
from rollcall.domain.person import PERSON_TYPES, Mapped
from tests.connectors.build import integration
from tests.connectors.fault_table import SHEETS, SYSTEMS

ROOT = Path(__file__).resolve().parents[2]
ENTITIES = (
    "academic_year", "building", "ethnicity", "gender", "grade_level", "language", "race", "relationship", "state",
)  # fmt: skip
STUDENTS = {system: sheet.students for system, sheet in SHEETS.items()}
CONTACTS = {system: sheet.contacts for system, sheet in SHEETS.items()}
ROSTERS = ("oneroster", "schooltool")
COUNTED = ["powerschool", "powerschool_query"]


class Anything:
    """A mapping that holds every value, and no school but the district's four."""

    def __init__(self, entity: str) -> None:
        self._entity = entity

    def find(self, external: Any) -> str | None:
        if self._entity == "building":
            # SchoolTool's schools have New York's codes, which end with ours.
            external = (external or "")[-3:]
            if external not in ("101", "102", "103", "104"):
                return None
        return f"{self._entity} {external}" if external else None

    def reverse(self, value: str) -> list[str]:
        return ["2025-2026", "2026-2027"]


@dataclass
class Sim:
    system: str
    url: str
    control_url: str
    credentials: dict[str, str]

    def fault(self, kind: str, path: str, times: int | None = None, after: int = 0, **params: Any) -> None:
        rule = {"kind": kind, "path": path, "times": times, "after": after, "params": params}
        requests.post(f"{self.control_url}/faults", json={"rules": [rule]}, timeout=5).raise_for_status()

    def connect(
        self, types: tuple[str, ...] = PERSON_TYPES, settings: dict[str, Any] | None = None, **options: Any
    ) -> Connector:
        sender = HttpSender("loopback", 4)
        transport = Transport(sender, **{"sleep": lambda seconds: None, **options})
        codes: Any = {entity: Anything(entity) for entity in ENTITIES}
        stored = integration(self.system, url=self.url, member_types=types, **(settings or {}))
        return registry.connect(stored, "2026-27", codes, self.credentials, transport)


@dataclass
class Pull:
    """What a run of the engine would see."""

    people: dict[str, Mapped] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    records: dict[str, dict[str, bytes]] = field(default_factory=dict)
    miscounted: list[str] = field(default_factory=list)

    def count(self, person_type: str) -> int:
        return sum(
            m.person is not None and m.person.type == person_type and m.person.status == "active"
            for m in self.people.values()
        )


def pull(connector: Connector) -> Pull:
    found = Pull()
    by_person: dict[str, dict[str, dict[str, bytes]]] = {}
    survey = connector.survey()
    for stream in connector.streams:
        records = found.records.setdefault(stream.name, {})
        subjects = sorted(found.records[stream.per]) if stream.per else []
        for part in survey.parts:
            if part.stream != stream.name:
                continue
            seen: set[str] = set()
            announced = None
            for page in connector.pages(part, None, subjects):
                announced = page.announced if announced is None else announced
                for record in records_of(connector, stream.name, page):
                    seen.add(record.id)
                    found.rows[stream.name] += 1
                    records[record.id] = bytes(record.raw)
                    for key in record.people:
                        by_person.setdefault(key, {}).setdefault(stream.name, {})[record.id] = bytes(
                            record.raw
                        )
            if announced is not None and announced != len(seen):
                found.miscounted.append(part.label)
    for key, raw in by_person.items():
        rows = {name: list(some.values()) for name, some in raw.items()}
        found.people[key] = connector.map(key, rows, survey, date(2026, 11, 2))
    return found


@pytest.fixture(scope="module")
def sims(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Sim]]:
    started = {}
    package = tmp_path_factory.mktemp("plugin") / "plugin.zip"
    package.write_bytes(build_plugin(NAME, version()))
    for system in SYSTEMS:
        command = [
            sys.executable,
            "-m",
            "simulators",
            system.removesuffix("_query"),
            "--port",
            "0",
            "--seed",
            "7",
            "--people",
            "200",
        ]
        command += ["--name", "Contract", "--today", "2026-11-02"]
        command += ["--page-size", "10"] if system in COUNTED else []
        command += ["--plugin", str(package)] if system == "powerschool_query" else []
        started[system] = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        found = {}
        for system, process in started.items():
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            found[system] = Sim(system, told["url"], told["control_url"], told["credentials"])
        yield found
    finally:
        for process in started.values():
            process.terminate()
            process.wait(10)
            assert process.stdout is not None
            process.stdout.close()


@pytest.fixture(params=SYSTEMS)
def sim(
    request: pytest.FixtureRequest, sims: dict[str, Sim], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sim]:
    monkeypatch.setattr("rollcall.connectors.aeries.connector.PAGE_SIZE", 10)
    monkeypatch.setattr("rollcall.connectors.illuminate.field_map.PAGE_SIZE", 10)
    monkeypatch.setattr("rollcall.connectors.oneroster_core.paging.PAGE_SIZE", 10)
    found = sims[request.param]
    yield found
    requests.delete(f"{found.control_url}/faults", timeout=5).raise_for_status()


@pytest.fixture(scope="module")
def clean(sims: dict[str, Sim]) -> dict[str, Pull]:
    return {system: pull(sims[system].connect()) for system in SYSTEMS}


def told(sim: Sim, **options: Any) -> str:
    """The code of the error that ends a pull of students."""
    with pytest.raises(SyncError) as caught:
        pull(sim.connect(("student",), **options))
    return caught.value.code


# ---------------------------------------------------------------------------------------------- a good night


def test_all_systems_tell_of_the_same_district(clean: dict[str, Pull]) -> None:
    numbers = {
        "grade_level PK": "grade_level -2",
        "grade_level TK": "grade_level -1",
        "grade_level K": "grade_level 0",
    }

    def grade(value: str | None) -> str | None:
        return numbers.get(value or "", value)

    def students(system: str) -> set[tuple[Any, ...]]:
        people = (m.person for key, m in clean[system].people.items() if key.startswith("student:"))
        return {
            (p.first_name, p.last_name, p.birth_date, p.enrollments[0].school, grade(p.grade), p.email)
            for p in people
            if p is not None and p.status == "active"
        }

    def ungraded(system: str) -> set[tuple[Any, ...]]:
        # OneRoster has other codes for grades.
        return {(*facts[:4], *facts[5:]) for facts in students(system)}

    assert students("powerschool") == students("powerschool_query") == students("aeries")
    assert students("aeries") == students("illuminate")
    assert ungraded("oneroster") == ungraded("aeries")
    # SchoolTool tells no birth dates.
    assert {f[:2] + f[3:] for f in ungraded("schooltool")} == {f[:2] + f[3:] for f in ungraded("aeries")}
    assert len(students("aeries")) > 50


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_good_night(clean: dict[str, Pull], system: str) -> None:
    found = clean[system]
    assert found.miscounted == []
    # SchoolTool shows only the staff that teach.
    least = {"student": 50, "staff": 4, "contact": 50}
    assert all(found.count(kind) > some for kind, some in least.items())
    assert not [i.code for m in found.people.values() for i in m.issues if i.severity == "error"]
    contacts = {m.person.source_id for m in found.people.values() if m.person and m.person.type == "contact"}
    links = [link for m in found.people.values() if m.person for link in m.person.contacts]
    assert len({link.person_id for link in links}) <= len(contacts)
    assert len(links) > len(contacts), "siblings share their parents"


def test_a_second_night_brings_the_same_bytes(sim: Sim, clean: dict[str, Pull]) -> None:
    assert pull(sim.connect()).records == clean[sim.system].records


def test_nothing_of_anybody_is_logged(
    sim: Sim, clean: dict[str, Pull], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # Whoever has started a function in this process has set a level on our own logger.
    caplog.set_level(logging.DEBUG, logger="rollcall")
    sim.fault("http_500", STUDENTS[sim.system], times=2)
    pull(sim.connect())
    assert "500" in caplog.text
    private = {
        v for m in clean[sim.system].people.values() if m.person for v in (m.person.last_name, m.person.email)
    }
    private |= {*sim.credentials.values(), "enroll_status==", "StartingRecord"}
    assert not [value for value in private if value and value in caplog.text]


# ------------------------------------------------------------------------------------- faults that pass over


@pytest.mark.parametrize("where", [STUDENTS, CONTACTS], ids=["students", "contacts"])
@pytest.mark.parametrize(
    ("kind", "times"),
    [("http_429", 3), ("http_500", 1), ("http_502", 1), ("http_503", 3), ("reset", 1), ("truncated", 2)],
)
def test_a_fault_that_passes_over_leaves_no_trace(
    sim: Sim, clean: dict[str, Pull], where: dict[str, str], kind: str, times: int
) -> None:
    sim.fault(kind, where[sim.system], times=times, after=2)
    contacts = "users" if sim.system in ROSTERS else "contacts"
    name, types = ("students", ("student",)) if where is STUDENTS else (contacts, ("contact",))
    assert pull(sim.connect(types)).records[name] == clean[sim.system].records[name]


@pytest.mark.parametrize("sim", [*COUNTED, *ROSTERS], indirect=True)
@pytest.mark.parametrize("where", [STUDENTS, CONTACTS], ids=["students", "contacts"])
def test_a_token_that_ends_in_the_middle(sim: Sim, clean: dict[str, Pull], where: dict[str, str]) -> None:
    sim.fault("token_expired", where[sim.system], times=1, after=3)
    assert pull(sim.connect()).records == clean[sim.system].records


# ----------------------------------------------------------------------------------------- faults that stay


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("http_429", "rate_limited"),
        ("http_500", "source_unavailable"),
        ("http_503", "source_unavailable"),
        ("reset", "source_interrupted"),
        ("truncated", "source_interrupted"),
        ("html_login", "endpoint_not_json"),
        ("redirect", "endpoint_redirects"),
        ("http_403", "permission_missing"),
        ("http_404", "endpoint_wrong"),
        ("http_400", "request_refused"),
        ("http_204", "request_refused"),
        ("deep_json", "unexpected_shape"),
        ("wrong_types", "unexpected_shape"),
        ("missing_wrapper", "unexpected_shape"),
    ],
)
def test_a_fault_that_stays(sim: Sim, kind: str, code: str) -> None:
    # The first field of a row of a PowerQuery is none of ours.
    params = {"field": "student_dcid"} if sim.system == "powerschool_query" and kind == "wrong_types" else {}
    sim.fault(kind, STUDENTS[sim.system], after=3, **params)
    missing = "plugin_not_installed" if sim.system == "powerschool_query" else code
    assert told(sim) == (missing if kind == "http_404" else code)


def test_a_refused_credential(sim: Sim) -> None:
    sim.fault("http_401", STUDENTS[sim.system])
    areas = ("aeries", "illuminate")
    assert told(sim) == ("permission_missing" if sim.system in areas else "credentials_rejected")
    sim.fault("http_401", ".*")
    assert told(sim) == "credentials_rejected"
    wrong = dict.fromkeys(sim.credentials, "wrong")
    stranger = Sim(sim.system, sim.url, sim.control_url, wrong)
    requests.delete(f"{sim.control_url}/faults", timeout=5).raise_for_status()
    assert told(stranger) == "credentials_rejected"


@pytest.mark.parametrize("sim", ["oneroster"], indirect=True)
def test_signed_requests_bring_the_same_bytes(sim: Sim, clean: dict[str, Pull]) -> None:
    found = pull(sim.connect(settings={"authentication": "oauth1"}))
    assert found.records == clean["oneroster"].records
    stranger = Sim(sim.system, sim.url, sim.control_url, dict.fromkeys(sim.credentials, "wrong"))
    assert told(stranger, settings={"authentication": "oauth1"}) == "credentials_rejected"


def test_maintenance(sim: Sim) -> None:
    sim.fault("redirect", ".*", location="https://message.powerschool.com/?server=sis.example.org")
    assert told(sim) == "sis_in_maintenance"


@pytest.mark.parametrize("kind", ["slow_drip", "slow_first_byte"])
def test_an_answer_that_takes_for_ever(sim: Sim, kind: str) -> None:
    sim.fault(kind, STUDENTS[sim.system], after=3, seconds=3, delay=3)
    assert told(sim, answer_seconds=0.3, patience=0.3) == "source_timeout"


def test_a_body_shorter_than_its_length(sim: Sim) -> None:
    sim.fault("truncated", STUDENTS[sim.system], after=3, content_length="wrong")
    assert told(sim) == "source_interrupted"


def test_a_gzip_bomb(sim: Sim) -> None:
    sim.fault("gzip_bomb", STUDENTS[sim.system], after=3)
    assert told(sim) == "answer_too_large"


def test_pages_that_come_round_again(sim: Sim) -> None:
    sim.fault("looping_pages", STUDENTS[sim.system])
    assert told(sim) == "paging_loop"


@pytest.mark.parametrize(
    ("sim", "kind", "where"),
    [
        *((system, "count_mismatch", r".*(student|roster)/count") for system in COUNTED),
        *(
            (system, kind, STUDENTS[system])
            for system in (*COUNTED, "illuminate")
            for kind in ("moving_row", "drop_rows", "empty_list")
        ),
    ],
    indirect=["sim"],
)
def test_what_is_missing_shows_in_the_count(sim: Sim, kind: str, where: str) -> None:
    sim.fault(kind, where, after=1)
    assert pull(sim.connect(("student",))).miscounted


# The fault remembers by path, and the path of a PowerQuery is the same for all schools.
@pytest.mark.parametrize("sim", ["powerschool", "aeries"], indirect=True)
def test_rows_that_come_twice_are_one_record(sim: Sim, clean: dict[str, Pull]) -> None:
    sim.fault("duplicate_row", STUDENTS[sim.system], after=1)
    found = pull(sim.connect(("student",)))
    assert found.rows["students"] > len(found.records["students"])
    assert found.miscounted == []
    assert found.records["students"] == clean[sim.system].records["students"]


@pytest.mark.parametrize("sim", ["powerschool", "aeries"], indirect=True)
def test_bytes_that_are_no_text_cost_one_record(sim: Sim, clean: dict[str, Pull]) -> None:
    sim.fault("invalid_utf8", STUDENTS[sim.system], times=1, after=2)
    found = pull(sim.connect(("student",)))
    assert len(found.records["students"]) == len(clean[sim.system].records["students"])
    codes = Counter(i.code for m in found.people.values() for i in m.issues if i.severity == "error")
    assert codes in ({}, {"record_malformed": 1})
