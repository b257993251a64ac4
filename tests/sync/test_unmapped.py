"""Real connectors: a code that nobody mapped keeps students out until it is answered, and the answer asks no SIS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from local.inprocess import DISTRICT, InProcess
from rollcall.domain.person import Person
from rollcall.domain.unmapped import UnmappedValue
from rollcall.engine.unmapped import read_unmapped
from simulators.codes import code_tables
from tests.sync.test_oneroster_csv import drop

SYSTEMS = ("powerschool", "powerschool_query", "aeries", "illuminate", "schooltool", "oneroster")
PEOPLE = 150


def rows(made: InProcess, entity: str) -> list[tuple[str, str]]:
    return code_tables(made.system, made.generated)[entity]


def people(made: InProcess) -> Mapping[str, Person]:
    """Everybody by id; how a family is called depends on the run that made it."""
    return {s.id: replace(s.person, family_id=None) for s in made.stored()}


def queue(made: InProcess) -> list[UnmappedValue]:
    last = made.runs.state(DISTRICT, "int_nightly").snapshot
    assert last
    run = made.runs.get(DISTRICT, last)
    assert run
    return read_unmapped(made.blobs, run).values


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_grade_that_is_answered_lets_its_students_in_without_a_request(system: str) -> None:
    fresh = InProcess(system, PEOPLE)
    assert fresh.sync().state == "completed"
    grades = Counter(p.grade for p in fresh.persons().values() if p.status == "active")
    grade, students = grades.most_common(1)[0]
    made = InProcess(system, PEOPLE)
    full = rows(made, "grade_level")
    codes = {code for code, value in full if value == grade}
    made.map_codes("grade_level", [row for row in full if row[0] not in codes])
    run = made.sync()
    assert run.state == "completed", run.error
    missing = [value for value in queue(made) if value.entity == "grade_level"]
    assert {value.value for value in missing} <= codes
    assert {value.severity for value in missing} == {"error"}
    assert sum(value.count for value in missing) == run.counts["student"]["reject"] == students
    before, asked = people(made), list(made.sender.requests)
    sampled = {person_id for value in missing for person_id in value.samples}
    assert sampled.isdisjoint(before)
    made.map_codes("grade_level", full)
    made.simulator.credentials.clear()
    run = made.sync(trigger="reapply")
    assert (run.state, run.counts["student"]["reject"]) == ("completed", 0), run.error
    assert made.sender.requests == asked
    assert people(made) == people(fresh)
    assert sampled <= people(made).keys()
    assert [value for value in queue(made) if value.entity == "grade_level"] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_queue_is_the_same_on_a_night_in_which_nobody_moved(system: str) -> None:
    """Guards: a value that counts only on the night in which the records that have it came."""
    made = InProcess(system, PEOPLE)
    for entity in code_tables(system, made.generated):
        if entity not in ("academic_year", "building"):
            made.map_codes(entity, rows(made, entity)[1:])
    assert made.sync().state == "completed"
    first = queue(made)
    assert len({value.entity for value in first}) > 1
    made.clock.advance(days=1)
    assert made.sync().state == "completed"
    assert queue(made) == first


@pytest.mark.parametrize("system", ["powerschool", "powerschool_query", "aeries", "illuminate"])
def test_a_gender_that_is_answered_is_filled_in_and_everything_else_stands(system: str) -> None:
    made = InProcess(system, PEOPLE)
    full = rows(made, "gender")
    code, value = full[0]
    made.map_codes("gender", full[1:])
    made.sync()
    (found,) = (left for left in queue(made) if left.entity == "gender")
    assert (found.value, found.severity) == (code, "warning")
    before, asked = people(made), list(made.sender.requests)
    made.map_codes("gender", full)
    assert made.sync(trigger="reapply").state == "completed"
    assert made.sender.requests == asked
    after = people(made)
    filled = {i for i in after if after[i] != before[i]}
    assert {i: replace(before[i], gender=value) for i in filled} == {i: after[i] for i in filled}
    assert found.count == len(filled) > len(found.samples) == 5
    assert filled.issuperset(found.samples)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_school_outside_the_mapping_is_told_by_its_name(system: str) -> None:
    made = InProcess(system, PEOPLE)
    school = next(school for school in made.generated.schools if not school.holding)
    full = rows(made, "building")
    codes = {code for code, value in full if value == school.site_code}
    made.map_codes("building", [row for row in full if row[0] not in codes])
    assert made.sync().state == "completed"
    (found,) = (left for left in queue(made) if left.value in codes)
    assert (found.entity, found.label, found.whole_school) == ("building", school.name, True)


def test_an_export_of_files_is_planned_again_without_being_fetched() -> None:
    made = drop().inside
    full = rows(made, "grade_level")
    made.map_codes("grade_level", full[:-1])
    assert made.sync().counts["student"]["reject"] > 0
    before, asked = len(made.persons()), list(made.sender.requests)
    made.map_codes("grade_level", full)
    run = made.sync(trigger="reapply")
    assert (run.state, run.counts["student"]["reject"]) == ("completed", 0), run.error
    assert len(made.persons()) == before + run.counts["student"]["add"] > before
    assert made.sender.requests == asked


def test_photos_planned_again_reach_who_has_come_since() -> None:
    """Guards: a run of pictures only, that takes the photos it has for none."""
    made = InProcess("aeries", PEOPLE, member_types=("student",))
    made.integrate("int_photos", ["building"], pictures_only=True, member_types=("student",))
    assert made.sync(integration_id="int_photos").counts["student"]["update"] == 0
    made.sync()
    asked = list(made.sender.requests)
    run = made.sync(integration_id="int_photos", trigger="reapply")
    assert (run.state, run.error) == ("completed", None)
    assert run.counts["student"]["update"] == sum(p.photo is not None for p in made.persons().values()) > 0
    assert made.sender.requests == asked


def test_a_night_told_by_the_change_feed_counts_everybody_and_follows_an_answer_in_full() -> None:
    made = InProcess("aeries", PEOPLE, use_change_feed=True)
    full = rows(made, "grade_level")
    made.map_codes("grade_level", full[:-1])
    assert made.sync().pull == "full"
    first = queue(made)
    made.clock.advance(days=1)
    assert (made.sync().pull, queue(made)) == ("delta", first)
    made.map_codes("grade_level", full)
    asked = list(made.sender.requests)
    run = made.sync(trigger="reapply")
    assert (run.state, run.pull, run.counts["student"]["reject"]) == ("completed", None, 0)
    assert run.counts["student"]["add"] == sum(v.count for v in first if v.entity == "grade_level") > 0
    assert made.sender.requests == asked
    made.clock.advance(days=1)
    assert made.sync().pull == "full"
