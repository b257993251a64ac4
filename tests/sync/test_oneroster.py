"""OneRoster in all the ways servers do it: whatever the dialect, the store must hold the same people."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.domain.person import Person
from simulators.district.truth import truth
from tests.support.truth import differences, expected, shown, stored


def town(system: str = "oneroster", version: str = "v1p1", people: int = 200, **switches: Any) -> InProcess:
    """A district whose server has ``switches`` turned; settings of the integration begin with ``set_``."""
    settings = {name[4:]: switches.pop(name) for name in list(switches) if name.startswith("set_")}
    found = InProcess(system, people, **settings)
    turn(found, **switches)
    if version == "v1p2":
        stored = found.config.integration(DISTRICT, INTEGRATION)
        url = stored.url.replace("/ims/oneroster/v1p1", "/ims/oneroster/rostering/v1p2")
        found.config.put_integration(stored.model_copy(update={"url": url, "version": 2}), {})
    return found


def turn(found: InProcess, **switches: Any) -> None:
    for name, value in switches.items():
        assert hasattr(found.simulator.options, name)  # type: ignore[attr-defined]
        setattr(found.simulator.options, name, value)  # type: ignore[attr-defined]


def people(found: InProcess) -> dict[str, Person]:
    return {s.id: msgspec.structs.replace(s.person, family_id=None) for s in found.stored()}


def compare(found: InProcess) -> list[str]:
    want = expected(found.system, truth(found.generated))
    return differences(want, stored(map(shown, found.stored()), found.system))


@pytest.fixture(scope="module")
def plain() -> dict[str, Person]:
    found = town()
    assert found.sync().state == "completed"
    return people(found)


@pytest.mark.parametrize(
    "switches",
    [
        {"set_authentication": "oauth1"},
        {"paging_headers": frozenset()},
        {"paging_headers": frozenset({"total"})},
        {"paging_headers": frozenset({"link"}), "max_limit": 7},
        {"paging_headers": frozenset({"link", "total"}), "link_form": "bare", "max_limit": 50},
        {"paging_headers": frozenset(), "max_limit": 40},
        {"paging_headers": frozenset({"total"}), "max_limit": 40},
        {"schools_offered": False},
        {"filtering": "refused"},
        {"blanks": "null"},
        {"blanks": "empty"},
        {"json_booleans": True},
        {"legacy_birthdate": True},
        {"date_times": True},
        {"null_references": True},
        {"metadata": False},
        {"deleted": "inactive"},
        {"deleted": "absent"},
        {"error_body": "wrapped"},
    ],
    ids=lambda switches: ",".join(switches) + str(switches.get("max_limit", "")),
)
def test_every_dialect_tells_of_the_same_people(plain: dict[str, Person], switches: dict[str, Any]) -> None:
    found = town(**switches)
    run = found.sync()
    assert run.state == "completed", run.error
    assert people(found) == plain


@pytest.mark.parametrize("merged", [False, True])
def test_1_2_tells_of_the_same_people(merged: bool) -> None:
    found = town(version="v1p2", merged_people=merged)
    run = found.sync()
    assert run.state == "completed", run.error
    assert "/demographics" in found.sender.requests
    print(compare(found))
    assert found.persons()


@pytest.mark.parametrize("status", ["404", "403", "501"])
def test_demographics_that_are_not_offered_are_a_warning(status: str) -> None:
    found = town(demographics=status)
    run = found.sync()
    assert run.state == "completed", run.error
    assert run.issue_codes["demographics_not_offered"] == 1
    assert {p.birth_date for p in found.persons().values()} == {None}


def test_demographics_that_are_gone_do_not_take_what_is_known() -> None:
    found = town()
    found.sync()
    before = dict(found.people.items)
    turn(found, demographics="403")
    run = found.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "empty_pull")
    assert found.people.items == before


@pytest.mark.parametrize("system", ["schooltool", "oneroster"])
def test_the_next_school_year_is_not_loaded_as_this_one(system: str) -> None:
    """On July 1 SchoolTool turns to the next year by itself."""
    found = town(system)
    found.sync()
    before = dict(found.people.items)
    turn(found, next_year=True)
    run = found.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "academic_year_not_available")
    assert found.people.items == before


@pytest.mark.parametrize(
    ("switches", "code"),
    [
        ({"link_origin": "https://elsewhere.example.org", "max_limit": 20}, "paging_foreign_host"),
        ({"paging": "ignores_offset", "paging_headers": frozenset(), "max_limit": 20}, "paging_loop"),
        ({"total_extra": 2}, "count_mismatch"),
    ],
)
def test_pages_that_cannot_be_trusted_change_nobody(switches: dict[str, Any], code: str) -> None:
    found = town()
    found.sync()
    before = dict(found.people.items)
    turn(found, **switches)
    run = found.sync()
    assert (run.state, run.error and run.error.code) == ("failed", code)
    assert found.people.items == before


def test_a_token_from_another_address() -> None:
    found = town(token_path="/oauth2/token", set_token_url="https://sis.example.org/oauth2/token")
    assert found.sync().state == "completed"
    assert "/oauth2/token" in found.sender.requests


def test_a_student_who_is_to_be_deleted_leaves() -> None:
    found = town()
    found.sync()
    change = found.generated.change_some(10, seed=3)
    assert change
    found.sync()
    assert compare(found) == []
