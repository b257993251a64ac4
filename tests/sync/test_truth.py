"""Real connectors against the simulators: the store must hold what the generator says, person by person, field by
field.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from local.inprocess import InProcess
from simulators.district.truth import truth
from tests.support.truth import ROSTERS, differences, expected, shown, stored

SYSTEMS = ("powerschool", "powerschool_query", "aeries", "illuminate", "schooltool", "oneroster")
systems = pytest.mark.parametrize("system", SYSTEMS)


def compare(town: InProcess) -> list[str]:
    return differences(
        expected(town.system, truth(town.generated)), stored(map(shown, town.stored()), town.system)
    )


@systems
@pytest.mark.parametrize("seed", [7, 21])
def test_everybody_is_stored_once_and_rightly(system: str, seed: int) -> None:
    town = InProcess(system, people=400, seed=seed)
    run = town.sync()
    assert run.state == "completed", run.error
    assert compare(town) == []
    assert sum(c["reject"] for c in run.counts.values()) == 0


def test_a_student_enrolled_for_later_comes_with_their_contacts_on_the_day() -> None:
    """Guards: a record that names a day and does not move on it, forgotten until somebody edits it."""
    town = InProcess("illuminate", people=60)
    newcomer = next(student for student in town.generated.students if student.active and student.links)
    newcomer.enrollments[:] = [replace(stay, entry=date(2026, 11, 24)) for stay in newcomer.enrollments]
    added = []
    for _ in range(4):
        run = town.sync()
        assert run.state == "completed", run.error
        added.append((run.counts["student"]["add"], run.counts["contact"]["add"]))
        town.clock.advance(days=1)
    assert added[0][0] > 1
    assert added[1:] == [(0, 0), (1, len(newcomer.links)), (0, 0)]


@systems
def test_a_run_that_stops_wherever_it_can_stores_the_same(system: str) -> None:
    """Guards: slices after the pull were opened without credentials, and no connector can be made without."""
    town = InProcess(system, people=100)
    run = town.sync(slice_seconds=0)
    assert run.state == "completed", run.error
    assert run.slice > 5
    assert compare(town) == []


@systems
def test_a_second_sync_writes_nobody_and_asks_little(system: str) -> None:
    town = InProcess(system, people=300)
    town.sync()
    town.people.written.clear()
    run = town.sync()
    assert run.state == "completed"
    assert town.people.written == []
    assert sum(c["unchanged"] for c in run.counts.values()) == len(town.people.items)


@systems
def test_ten_changed_records_write_those_and_the_families_they_touch(system: str) -> None:
    town = InProcess(system, people=300)
    town.sync()
    before = {s.id: s for s in town.stored()}
    town.people.written.clear()
    changed = town.generated.change_some(10, seed=3)
    assert len(set(changed.student_ids)) == 10
    town.sync()
    assert compare(town) == []
    written = set(town.people.written)
    after = {s.id: s for s in town.stored()}
    assert written == {i for i in after if after[i] != before.get(i)}, "nobody is written who did not change"
    numbers = {
        s.id: str(s.local_id if system in ("aeries", *ROSTERS) else s.id) for s in town.generated.students
    }
    if system in ROSTERS:
        sourced = {p.local_id: p.source_id for p in town.persons().values()}
        numbers = {i: sourced.get(number, number) for i, number in numbers.items()}
    named = {numbers[i] for i in changed.student_ids}
    touched = {s.person.source_id for s in after.values() if s.id in written and s.person.type == "student"}
    families = {p.family_id for i, p in town.persons().items() if i in named}
    families |= {s.person.family_id for s in before.values() if s.person.source_id in named}
    assert all(i in named or town.persons()[i].family_id in families for i in touched)
    assert 0 < len(touched) <= 30


def partition(pairs: list[tuple[str, Any]]) -> set[frozenset[str]]:
    groups: dict[Any, set[str]] = defaultdict(set)
    for member, key in pairs:
        groups[member if key is None else key].add(member)
    return {frozenset(group) for group in groups.values()}


def test_aeries_families_are_those_of_the_family_key() -> None:
    town = InProcess("aeries", people=600)
    town.sync()
    want = {
        str(s["local_id"]): s["family_key"] or None
        for s in truth(town.generated)["students"]
        if str(s["local_id"]) in town.persons()
    }
    have = [(i, p.family_id) for i, p in town.persons().items()]
    assert partition(have) == partition(list(want.items()))
    assert any(len(group) > 1 for group in partition(have))


@pytest.mark.parametrize("system", ["powerschool", "illuminate"])
def test_families_are_those_of_head_and_address(system: str) -> None:
    town = InProcess(system, people=600)
    town.sync()
    facts = truth(town.generated)
    guardians = {g["id"]: g for g in facts["guardians"]}
    want = []
    for s in facts["students"]:
        if str(s["id"]) not in town.persons():
            continue
        heads = [k for k in s["guardians"] if k["current"] and k["lives_with"]]
        heads += [k for k in s["guardians"] if k["current"] and k["custodial"] and not k["lives_with"]]
        heads.sort(key=lambda k: (not k["custodial"], k["priority"]))
        last = guardians[heads[0]["guardian_id"]]["last_name"].casefold() if heads else None
        street = s["address"]["street"]
        key = (last, street.casefold(), s["address"]["zip"]) if last and street else None
        want.append((str(s["id"]), key))
    have = [(i, p.family_id) for i, p in town.persons().items()]
    assert partition(have) == partition(want)
    assert any(len(group) > 1 for group in partition(have))
