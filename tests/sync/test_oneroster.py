"""OneRoster in all the ways servers do it: whatever the dialect, the store must hold the same people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.domain.person import Person
from rollcall.domain.run import Run
from simulators import oneroster
from simulators.district.truth import truth
from tests.support.truth import differences, expected, shown, stored


@dataclass
class Town:
    """A district and the switches of its server, which may be turned between syncs."""

    inside: InProcess
    switches: oneroster.Options

    def turn(self, **switches: Any) -> None:
        for name, value in switches.items():
            setattr(self.switches, name, value)

    def sync(self) -> Run:
        return self.inside.sync()

    def fails(self) -> str:
        """The code of a sync that fails and leaves everybody as they were."""
        before = dict(self.inside.people.items)
        run = self.sync()
        assert run.state == "failed"
        assert self.inside.people.items == before
        assert run.error is not None
        return run.error.code

    @property
    def asked(self) -> list[str]:
        return self.inside.sender.requests


def town(
    system: str = "oneroster", people: int = 200, settings: dict[str, Any] | None = None, **switches: Any
) -> Town:
    make = oneroster.schooltool if system == "schooltool" else oneroster.Options
    options = make(**switches)
    inside = InProcess(system, people, **(settings or {}))
    inside.simulator = inside.sender.app = oneroster.create_app(inside.generated, options)
    stored = inside.config.integration(DISTRICT, INTEGRATION)
    url = f"http://127.0.0.1{inside.simulator.base_path}"
    inside.config.put_integration(stored.model_copy(update={"url": url, "version": 2}), {})
    return Town(inside, options)


def people(found: Town) -> dict[str, Person]:
    return {s.id: msgspec.structs.replace(s.person, family_id=None) for s in found.inside.stored()}


def compare(found: Town) -> list[str]:
    want = expected("oneroster", truth(found.inside.generated))
    return differences(want, stored(map(shown, found.inside.stored()), "oneroster"))


@pytest.fixture(scope="module")
def plain() -> dict[str, Person]:
    found = town()
    assert found.sync().state == "completed"
    return people(found)


@pytest.mark.parametrize(
    "switches",
    [
        {"settings": {"authentication": "oauth1"}},
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


@pytest.mark.parametrize("error_body", ["top", "wrapped"])
def test_1_2_tells_of_the_same_people(error_body: str) -> None:
    found = town(advertised="1.2", error_body=error_body)
    run = found.sync()
    assert run.state == "completed", run.error
    assert [line for line in compare(found) if "'nonbinary'" not in line] == [], "1.1 has no word for that"


def test_in_1_2_an_employee_may_be_a_parent_too() -> None:
    found = town(advertised="1.2", merged_people=True)
    assert found.sync().state == "completed"
    both = found.inside.persons("staff").keys() & found.inside.persons("contact").keys()
    assert both
    linked = {link.person_id for p in found.inside.persons().values() for link in p.contacts}
    assert linked <= people(found).keys()


@pytest.mark.parametrize("status", ["404", "403", "501"])
def test_demographics_that_are_not_offered_are_a_warning(status: str) -> None:
    found = town(demographics=status)
    run = found.sync()
    assert run.state == "completed", run.error
    assert run.issue_codes["demographics_not_offered"] == 1
    assert {p.birth_date for p in found.inside.persons().values()} == {None}


def test_demographics_that_are_gone_do_not_take_what_is_known() -> None:
    found = town()
    found.sync()
    found.turn(demographics="403")
    assert found.fails() == "empty_pull"


@pytest.mark.parametrize("system", ["schooltool", "oneroster"])
def test_the_next_school_year_is_not_loaded_as_this_one(system: str) -> None:
    """On July 1 SchoolTool turns to the next year by itself."""
    found = town(system)
    found.sync()
    found.turn(next_year=True)
    assert found.fails() == "academic_year_not_available"


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
    found.turn(**switches)
    assert found.fails() == code


def test_a_token_from_another_address() -> None:
    found = town(token_path="/oauth2/token", settings={"token_url": "https://sis.example.org/oauth2/token"})
    assert found.sync().state == "completed"
    assert "/oauth2/token" in found.asked


@pytest.mark.parametrize("deleted", ["tobedeleted", "inactive", "absent"])
def test_who_is_gone_leaves(deleted: str) -> None:
    found = town(deleted=deleted)
    found.sync()
    found.inside.generated.change_some(10, seed=3)
    assert found.sync().state == "completed"
    assert compare(found) == []
