"""PowerSchool Query: the same people as over REST, in either shape of row, and only with the plugin installed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from local.inprocess import InProcess
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.domain.plan import StoredPerson
from simulators.codes import code_tables
from simulators.powerschool import Options

QUERY_ONLY = {"language", "allergies"}
REST_ONLY = {"grad_year"}
REST_ONLY_OF_STAFF = {"phones", "addresses"}


def installed(**switches: Any) -> Options:
    return Options(plugin=build_plugin(NAME, version()), **switches)


def common(stored: StoredPerson) -> dict[str, Any]:
    """What both ways carry, in the form that both can: REST loses the zeros that an id or a room begins with."""
    person = msgspec.to_builtins(stored.person)
    for name in QUERY_ONLY | REST_ONLY | (REST_ONLY_OF_STAFF if stored.person.type == "staff" else set()):
        person.pop(name, None)
    for name in ("local_id", "state_id"):
        if person.get(name):
            person[name] = person[name].lstrip("0")
    for stay in person.get("enrollments", ()):
        stay["homeroom"] = stay.get("homeroom", "").lstrip("0")
    return person


@pytest.mark.parametrize("seed", [7, 33])
def test_both_ways_give_the_same_people(seed: int) -> None:
    rest, query = (InProcess(s, people=400, seed=seed) for s in ("powerschool", "powerschool_query"))
    assert (rest.sync().state, query.sync().state) == ("completed", "completed")
    one, two = ({s.id: common(s) for s in town.stored()} for town in (rest, query))
    assert one.keys() == two.keys()
    assert [(one[i], two[i]) for i in one if one[i] != two[i]] == []
    assert {person["type"] for person in one.values()} == {"student", "staff", "contact"}
    assert any(p.language for p in query.persons().values())


@pytest.mark.parametrize(
    "switches",
    [{"query_shape": "nested"}, {"empty_record_list": True}, {"max_page_sizes": {"schema_table_query": 7}}],
    ids=str,
)
def test_neither_shape_nor_page_size_changes_anybody(switches: dict[str, Any]) -> None:
    plain = InProcess("powerschool_query", people=200)
    other = InProcess("powerschool_query", people=200, options=installed(**switches))
    assert (plain.sync().state, other.sync().state) == ("completed", "completed")
    assert {s.id: s.person for s in plain.stored()} == {s.id: s.person for s in other.stored()}


def test_a_server_that_changes_its_shape_over_night_changes_nobody() -> None:
    options = installed()
    town = InProcess("powerschool_query", people=200, options=options)
    town.sync()
    town.people.written.clear()
    options.query_shape = "nested"
    assert town.sync().state == "completed"
    assert town.people.written == []


def test_without_the_plugin_nothing_is_read() -> None:
    town = InProcess("powerschool_query", people=100, options=Options())
    run = town.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "plugin_not_installed")
    assert run.error is not None
    assert "Install the Rollcall plugin" in run.error.message
    assert town.stored() == []


@pytest.mark.parametrize("field", ["students.zip", "personaddress.postalcode", "studentrace.racecd"])
def test_a_field_that_is_not_granted_is_named_and_nobody_changes(field: str) -> None:
    options = installed()
    town = InProcess("powerschool_query", people=200, options=options)
    assert town.sync().state == "completed"
    before = dict(town.people.items)
    options.ungranted = frozenset({field})
    run = town.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "field_not_granted")
    assert run.error is not None
    assert field in run.error.message
    assert town.people.items == before


def test_calls_do_not_grow_with_students() -> None:
    """Contacts come in lists, unlike over REST."""
    asked = []
    for people in (200, 500):
        options = installed(max_page_sizes={"schema_table_query": 1000})
        town = InProcess("powerschool_query", people=people, options=options)
        assert town.sync().state == "completed"
        asked.append(len(town.sender.requests))
    assert asked[0] == asked[1]


def test_an_allergy_that_is_not_mapped_is_a_warning_and_only_that_value_is_lost() -> None:
    town = InProcess("powerschool_query", people=300)
    rows = code_tables("powerschool_query", town.generated)["allergy"]
    town.map_codes("allergy", [row for row in rows if row[0] != "Milk"])
    run = town.sync()
    assert run.state == "completed"
    assert run.issue_codes["allergy_unmapped"] > 0
    found = {allergy for p in town.persons().values() for allergy in p.allergies}
    assert "egg" in found
    assert "milk" not in found
