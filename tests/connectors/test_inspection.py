"""Each system looked at piece by piece, over its simulator: what is found, what is told when something is amiss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.domain.errors import NeedsAttention, OutOfTime, SourceContract, SourceTransient, SyncError
from rollcall.domain.inspection import Check, Findings, Inquiry
from rollcall.domain.systems import SYSTEMS
from rollcall.store.memory import MemoryVault
from simulators import aeries, illuminate, oneroster, powerschool
from simulators.codes import code_tables
from sync_runner.examiner import SisExaminer

PEOPLE = 200
everywhere = pytest.mark.parametrize("system", sorted(SYSTEMS))


def examined(
    town: InProcess,
    secrets: Mapping[str, str] | None = None,
    school_year: str = "2026-27",
    sender: Any = None,
    seconds: float = 22.0,
    **changes: Any,
) -> Findings:
    vault = MemoryVault()
    given = town.simulator.credentials if secrets is None else secrets
    inquiry = Inquiry(
        integration=town.config.integration(DISTRICT, INTEGRATION).model_copy(update=changes),
        school_year=school_year,
        sealed={key: vault.seal(DISTRICT, INTEGRATION, secret) for key, secret in given.items()},
    )
    examiner = SisExaminer(town.config, vault, town.clock, lambda: sender or town.sender)
    return examiner.examine(inquiry, seconds)


def named(found: Findings) -> dict[str, Check]:
    return {check.name: check for check in found.checks}


def entries(found: Findings, entity: str) -> dict[str, str]:
    return {e["external"]: e["value"] for s in found.suggestions if s.entity == entity for e in s.entries}


def without(town: InProcess, entity: str, external: str) -> None:
    """Take one row out of a mapping."""
    town.map_codes(
        entity, [row for row in code_tables(town.system, town.generated)[entity] if row[0] != external]
    )


@pytest.fixture(scope="module")
def towns() -> dict[str, InProcess]:
    return {system: InProcess(system, PEOPLE) for system in SYSTEMS}


@everywhere
def test_a_good_connection_is_good_in_every_piece(towns: dict[str, InProcess], system: str) -> None:
    found = examined(towns[system])
    assert found.ok, [check for check in found.checks if not check.ok]
    names = list(named(found))
    assert names[:3] == ["reachable", "tls", "credentials"]
    assert {"schools", "permission.students", "counts", "coverage.building", "coverage.grade_level"} <= {
        *names
    }
    assert all(check.ok for check in found.checks)


@everywhere
def test_before_any_mapping_the_codes_of_the_sis_are_suggested(
    towns: dict[str, InProcess], system: str
) -> None:
    """And what is suggested covers what a district has: a sync with nothing else would miss no code."""
    town = towns[system]
    found = examined(town, mappings={})
    assert found.ok, [check for check in found.checks if not check.ok]
    assert not [check.name for check in found.checks if check.coverage]
    codes = code_tables(system, town.generated)
    grades = entries(found, "grade_level")
    ceds = {"PKF", "PKH", "KF", "KH"}
    assert {code: grade for code, grade in codes["grade_level"] if code not in ceds}.items() <= grades.items()
    assert {"Female", "Male", "Nonbinary"} == {*entries(found, "gender").values()}
    assert {"Hispanic", "Not Hispanic"} == {*entries(found, "ethnicity").values()}
    assert {code for code, _ in codes["race"]} <= entries(found, "race").keys()
    assert {s.name for s in town.generated.schools if not s.holding} == {*entries(found, "building").values()}
    assert entries(found, "state")["CA"] == "CA"
    if system == "aeries":
        assert entries(found, "academic_year") == {"2026-2027": "2026-27", "2025-2026": "2025-26"}


@everywhere
def test_what_a_mapping_lacks_is_counted_and_named(system: str) -> None:
    town = InProcess(system, PEOPLE)
    grade = next(code for code, value in code_tables(system, town.generated)["grade_level"] if value == "3")
    without(town, "grade_level", grade)
    found = examined(town)
    check = named(found)["coverage.grade_level"]
    assert check.coverage is not None
    assert check.ok is False
    assert check.coverage.total - check.coverage.mapped >= 1
    gap = check.coverage.unmapped[0]
    assert gap.value == grade
    assert (gap.count or 0) > 0, "the codes that people have come first"
    assert f"{check.coverage.mapped} of {check.coverage.total} grade level" in check.detail
    assert f"unmapped: {grade}" in check.detail
    assert found.ok, "a gap costs records, and stops no sync"


@everywhere
def test_a_school_without_a_mapping_is_no_fault_and_none_at_all_is(system: str) -> None:
    town = InProcess(system, PEOPLE)
    rows = code_tables(system, town.generated)["building"]
    first = next(
        value for _, value in rows if value in {s.site_code for s in town.generated.schools if s.grades}
    )
    town.map_codes("building", [row for row in rows if row[1] == first])
    some = named(examined(town))["coverage.building"]
    assert some.ok
    assert "schools that will not be pulled: " in some.detail
    town.map_codes("building", [("no such school", "X")])
    none = examined(town)
    assert not none.ok
    assert named(none)["coverage.building"].ok is False
    assert "holds none of the schools" in named(none)["counts"].detail


@everywhere
def test_a_wrong_secret_is_told_apart_from_a_wrong_address(towns: dict[str, InProcess], system: str) -> None:
    town = towns[system]
    wrong = {key: secret[::-1] + "x" for key, secret in town.simulator.credentials.items()}
    found = examined(town, wrong)
    checks = named(found)
    assert not found.ok
    assert (checks["reachable"].ok, checks["tls"].ok, checks["credentials"].ok) == (True, True, False)
    assert checks["permission.students"].ok is None
    assert checks["counts"].ok is None
    assert not any(secret in str(found) for secret in wrong.values())

    astray = named(examined(town, url="http://127.0.0.1/nowhere"))
    assert astray["reachable"].ok is False
    assert astray["credentials"].ok is None


@everywhere
def test_a_secret_that_is_missing_is_asked_for(towns: dict[str, InProcess], system: str) -> None:
    found = examined(towns[system], {})
    assert (found.ok, [(c.name, c.ok) for c in found.checks]) == (False, [("credentials", False)])


FORBIDDEN: list[tuple[str, Any, str, str]] = [
    (
        "aeries",
        aeries.Options(areas=frozenset({"Student Data", "Contacts"})),
        "permission.staff",
        "Security, API",
    ),
    (
        "aeries",
        aeries.Options(areas=frozenset({"Contacts", "Staff Data"})),
        "permission.students",
        "Student Data",
    ),
    (
        "powerschool",
        powerschool.Options(forbidden=frozenset({"staff"})),
        "permission.staff",
        "access request",
    ),
    ("illuminate", illuminate.Options(missing=frozenset({"Users"})), "permission.staff", "no /Users/"),
]


@pytest.mark.parametrize(("system", "options", "name", "advice"), FORBIDDEN)
def test_one_permission_that_is_missing_hides_no_other(
    system: str, options: Any, name: str, advice: str
) -> None:
    found = examined(InProcess(system, PEOPLE, options=options))
    checks = named(found)
    assert not found.ok
    assert checks[name].ok is False
    assert advice in checks[name].detail
    others = [check for check in found.checks if check.name.startswith("permission.") and check.name != name]
    assert len(others) >= 2
    assert all(check.ok for check in others)
    assert checks["counts"].ok is None
    assert checks["coverage.building"].ok, "what can be read is compared all the same"


def test_a_query_that_the_plugin_may_not_run_is_named() -> None:
    plugin = build_plugin(NAME, version())
    options = powerschool.Options(plugin=plugin, ungranted=frozenset({"studentrace.racecd"}))
    town = InProcess("powerschool_query", PEOPLE, options=options)
    checks = named(examined(town))
    assert checks["permission.races"].ok is False
    assert "studentrace.racecd" in checks["permission.races"].detail
    assert checks["permission.students"].ok


@pytest.mark.parametrize("system", ["aeries", "illuminate", "oneroster", "schooltool"])
def test_another_school_year_than_the_districts_is_told(towns: dict[str, InProcess], system: str) -> None:
    year = named(examined(towns[system], school_year="2030-31", mappings={}))["academic_year"]
    assert year.ok is False
    assert "203" in year.detail


def test_what_a_sis_does_not_offer_is_told_without_being_a_fault() -> None:
    town = InProcess("oneroster", PEOPLE, options=oneroster.Options(demographics="403"))
    found = examined(town)
    assert found.ok
    assert "does not offer demographics" in named(found)["permission.demographics"].detail


@pytest.mark.parametrize("missing_as", ["404", "html"])
def test_code_lists_that_are_not_there_leave_a_sample(missing_as: str) -> None:
    options = illuminate.Options(missing=frozenset({"Codes"}), missing_as=missing_as)
    found = examined(InProcess("illuminate", PEOPLE, options=options))
    language = named(found)["coverage.language"].coverage
    assert language is not None
    assert language.basis == "sample"
    assert language.total > 3
    assert found.ok


def test_an_export_of_files_is_tested_like_a_server() -> None:
    switches = oneroster.Options()
    town = InProcess("oneroster", PEOPLE, options=switches)
    file = {"delivery": "csv", "url": f"http://127.0.0.1{switches.csv_path}"}
    assert examined(town, **file).ok
    stranger = named(examined(town, {"consumer_token": "x", "consumer_secret": "y"}, **file))
    assert (stranger["reachable"].ok, stranger["credentials"].ok) == (True, False)
    assert named(examined(town, **{**file, "url": "http://127.0.0.1/none.zip"}))["reachable"].ok is False


def test_words_beside_the_standard_are_suggested_too() -> None:
    """New York writes half-day and full-day kindergarten where OneRoster has KG."""
    town = InProcess("schooltool", PEOPLE, options=oneroster.schooltool(grade_style="sirs"))
    found = entries(examined(town, mappings={}), "grade_level")
    assert found["KG"] == found["KF"] == "K"
    assert found["PKF"] == "PK"
    assert examined(town).ok


def test_a_retired_code_is_neither_missed_nor_suggested() -> None:
    town = InProcess("aeries", PEOPLE)
    found = examined(town, mappings={})
    assert entries(found, "relationship")["10"] == "Mother"
    assert "95" not in entries(found, "relationship")


def test_what_is_not_reached_in_time_is_told_as_that(towns: dict[str, InProcess]) -> None:
    found = examined(towns["aeries"], seconds=0)
    assert not found.ok
    assert {check.ok for check in found.checks} == {None}
    assert all("time" in check.detail for check in found.checks if check.name != "counts")


def test_time_that_runs_out_in_the_sample_leaves_what_was_found(towns: dict[str, InProcess]) -> None:
    town = towns["aeries"]

    class Slow:
        """The time is over when the students of the second school are asked for, after two probes and two pages."""

        def __init__(self) -> None:
            self.lists = 0

        def exchange(self, url: str, request: Any, *rest: Any) -> Any:
            self.lists += request.template.endswith("/students")
            if self.lists > 4:
                raise OutOfTime
            return town.sender.exchange(url, request, *rest)

    found = examined(town, sender=Slow())
    checks = named(found)
    assert checks["counts"].ok
    assert "students at least " in checks["counts"].detail
    assert checks["coverage.language"].ok


# ------------------------------------------------------------------------------------------- what the network says


@pytest.mark.parametrize(
    ("error", "reachable", "tls", "credentials"),
    [
        (NeedsAttention("host_not_found", "No such name."), False, None, None),
        (NeedsAttention("address_not_allowed", "Not a public address."), False, None, None),
        (SourceTransient("sis_in_maintenance", "Come back later."), False, None, None),
        (NeedsAttention("endpoint_redirects", "It leads elsewhere."), False, None, None),
        (NeedsAttention("endpoint_not_json", "A web page."), False, None, None),
        (SourceContract("unexpected_shape", "Another shape."), False, None, None),
        (NeedsAttention("tls_failed", "No valid certificate."), True, False, None),
        (NeedsAttention("credentials_rejected", "Not accepted."), True, True, False),
        (NeedsAttention("permission_missing", "Not allowed."), True, True, False),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_the_first_failure_is_told_as_what_it_is(
    towns: dict[str, InProcess],
    error: SyncError,
    reachable: bool | None,
    tls: bool | None,
    credentials: bool | None,
) -> None:
    class Failing:
        def exchange(self, *_: Any) -> Any:
            raise error

    found = examined(towns["aeries"], sender=Failing(), url="https://sis.example.org/aeries")
    checks = named(found)
    assert not found.ok
    assert [checks[name].ok for name in ("reachable", "tls", "credentials")] == [reachable, tls, credentials]
    assert sum(error.message in check.detail for check in found.checks) == 1
    assert {check.ok for check in found.checks[3:]} == {None}


def test_an_integration_of_pictures_only_is_asked_for_its_schools_and_its_permission() -> None:
    town = InProcess("aeries", PEOPLE)
    photos: dict[str, Any] = {"pictures_only": True, "member_types": ("student",)}
    found = examined(town, mappings={"building": "map_building"}, **photos)
    assert found.ok, [check for check in found.checks if not check.ok]
    assert "permission.photos" in named(found)
    denied = InProcess("aeries", PEOPLE, options=aeries.Options(areas=frozenset({"Student Data"})))
    refused = named(examined(denied, mappings={"building": "map_building"}, **photos))["permission.photos"]
    assert refused.ok is False
    assert "Student Pictures" in refused.detail
