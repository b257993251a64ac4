"""What each row of the integration form does to the people who are synced.

Settings are changed as an administrator would, between two syncs or instead of the defaults, and the store is
looked at. The rows that only one system has stand at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.domain.person import Person
from simulators.codes import code_tables

SYSTEMS = ("powerschool", "powerschool_query", "aeries", "illuminate", "schooltool", "oneroster")
systems = pytest.mark.parametrize("system", SYSTEMS)
NOT_CARRIED = {
    "oneroster": {"state", "language"},
    "schooltool": {"state", "language", "gender", "ethnicity", "race"},
}
CARRIERS: dict[str, Callable[[Person], Iterable[str | None]]] = {
    "building": lambda p: (e.school for e in p.enrollments),
    "ethnicity": lambda p: (p.ethnicity,),
    "grade_level": lambda p: (p.grade, *(e.grade for e in p.enrollments)),
    "race": lambda p: p.races,
    "state": lambda p: (a.state for a in p.addresses),
    "gender": lambda p: (p.gender,),
    "language": lambda p: (p.language,),
    "relationship": lambda p: (c.relationship for c in p.contacts),
}


def town(system: str, people: int = 120, **settings: Any) -> InProcess:
    return InProcess(system, people, **settings)


def synced(system: str, people: int = 120, **settings: Any) -> InProcess:
    made = town(system, people, **settings)
    run = made.sync()
    assert run.state == "completed", run.error
    return made


def write(made: InProcess, **changes: Any) -> None:
    stored = made.config.integration(DISTRICT, INTEGRATION)
    made.config.put_integration(stored.model_copy(update={**changes, "version": stored.version + 1}), {})


def values(made: InProcess, entity: str) -> set[str]:
    carried = (v for p in made.persons().values() if p.status == "active" for v in CARRIERS[entity](p))
    return {value for value in carried if value is not None}


def families(made: InProcess) -> set[frozenset[str]]:
    """Families of two and more."""
    groups: dict[str, set[str]] = defaultdict(set)
    for number, person in made.persons().items():
        if person.family_id:
            groups[person.family_id].add(number)
    return {frozenset(group) for group in groups.values() if len(group) > 1}


# Mappings --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def towns() -> dict[str, InProcess]:
    return {}


@systems
@pytest.mark.parametrize("entity", CARRIERS)
def test_a_mapping_says_what_is_stored(system: str, entity: str, towns: dict[str, InProcess]) -> None:
    """Guards against a value that reaches the store as the SIS wrote it."""
    made = towns.setdefault(system, towns.get(system) or synced(system))
    before = values(made, entity)
    if entity in NOT_CARRIED.get(system, ()):
        assert before == set(), "the form asks for the mapping, but this SIS does not tell"
        return
    rows = code_tables(system, made.generated)[entity]
    assert before
    assert before <= {ours for _, ours in rows}
    offices = {school.site_code for school in made.generated.schools if school.holding}
    rows = [row for row in rows if entity != "building" or row[1] not in offices]
    made.map_codes(entity, [(external, f"new {ours}") for external, ours in rows])
    run = made.sync()
    assert run.state == "completed", run.error
    assert values(made, entity) == {f"new {value}" for value in before}
    made.map_codes(entity, rows)
    made.sync()


@systems
@pytest.mark.parametrize("entity", ["building", "grade_level"])
def test_who_cannot_be_placed_is_not_loaded(system: str, entity: str) -> None:
    made = town(system)
    offices = {school.site_code for school in made.generated.schools if school.holding}
    rows = [row for row in code_tables(system, made.generated)[entity] if row[1] not in offices]
    taken = rows[-1][1]
    made.map_codes(entity, [row for row in rows if row[1] != taken])
    assert made.sync().state == "completed"
    assert taken not in values(made, entity)
    assert values(made, entity)


@pytest.mark.parametrize(("year", "state"), [("2026-2027", "completed"), ("2019-2020", "failed")])
def test_the_academic_year_says_which_database_is_read(year: str, state: str) -> None:
    made = town("aeries")
    made.map_codes("academic_year", [(year, "2026-27")])
    run = made.sync()
    assert run.state == state
    if state == "failed":
        assert run.error is not None
        assert run.error.code == "academic_year_not_available"
        assert made.stored() == []
    else:
        assert {e.school_year for p in made.persons().values() for e in p.enrollments} == {"2026-27"}


def test_the_allergy_mapping_is_optional_and_translates() -> None:
    typed = synced("powerschool_query", people=400)
    mappings = {
        k: v for k, v in typed.config.integration(DISTRICT, INTEGRATION).mappings.items() if k != "allergy"
    }
    mapped = {a for p in typed.persons().values() for a in p.allergies}
    assert mapped
    assert mapped <= {ours for _, ours in code_tables("powerschool_query", typed.generated)["allergy"]}
    write(typed, mappings=mappings)
    assert typed.sync().state == "completed"
    raw = {a for p in typed.persons().values() for a in p.allergies}
    assert raw
    assert raw.isdisjoint(mapped - raw)
    assert raw != mapped


# Where it is, and how it is signed in to ---------------------------------------------------------------------------


@systems
def test_a_name_changes_nobody(system: str) -> None:
    made = synced(system)
    made.people.written.clear()
    write(made, name="Another name")
    assert made.sync().state == "completed"
    assert made.people.written == []


@systems
def test_the_url_says_where_people_come_from(system: str) -> None:
    made = synced(system)
    before = dict(made.people.items)
    write(made, url="http://127.0.0.1/elsewhere")
    run = made.sync()
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.code in ("endpoint_wrong", "endpoint_not_json", "credentials_rejected")
    assert made.people.items == before


@pytest.mark.parametrize(
    ("system", "key"),
    [
        ("powerschool", "consumer_token"),
        ("powerschool", "consumer_secret"),
        ("powerschool_query", "consumer_token"),
        ("powerschool_query", "consumer_secret"),
        ("aeries", "token"),
        ("illuminate", "consumer_token"),
        ("illuminate", "consumer_secret"),
        ("illuminate", "user_token"),
        ("illuminate", "user_secret"),
        ("schooltool", "consumer_token"),
        ("schooltool", "consumer_secret"),
        ("oneroster", "consumer_token"),
        ("oneroster", "consumer_secret"),
    ],
)
def test_every_credential_counts(system: str, key: str) -> None:
    made = town(system)
    kept = dict(made.simulator.credentials)
    made.credentials = lambda *_: {**kept, key: "wrong"}  # type: ignore[method-assign]
    run = made.sync()
    assert run.error is not None
    assert (run.state, run.error.code) == ("failed", "credentials_rejected")
    made.credentials = lambda *_: kept  # type: ignore[method-assign]
    assert made.sync().state == "completed"
    assert made.stored()


# Families, drops, member types -------------------------------------------------------------------------------------

FAMILY_FIELDS = ("hoh_first_name", "hoh_last_name", "hoh_home_phone", "household_home_address")


@systems
@pytest.mark.parametrize("field", FAMILY_FIELDS)
def test_each_family_field_groups_students_and_more_fields_group_finer(system: str, field: str) -> None:
    one = synced(system, people=300, family_identifier=(field,))
    if field == "household_home_address" and system in ("oneroster", "schooltool"):
        assert families(one) == set(), "OneRoster carries no addresses, and a blank never matches"
        return
    assert families(one)
    others = tuple(
        name for name in FAMILY_FIELDS if name != field and (name[0:3] == "hoh" or system[0] in "pai")
    )
    finer = families(synced(system, people=300, family_identifier=(field, *others)))
    assert all(any(group <= whole for whole in families(one)) for group in finer)
    assert finer != families(one), "no other field parts anybody"


@systems
def test_without_a_family_field_nobody_shares_a_family(system: str) -> None:
    assert families(synced(system, family_identifier=())) == set()


def test_the_family_key_groups_by_the_sis_own_word() -> None:
    made = synced("aeries", people=300, family_identifier=("family_key",))
    keys = {s.local_id: made.generated.household(s.household_id).family_key for s in made.generated.students}
    assert families(made)
    assert all(len({keys[number] for number in group}) == 1 for group in families(made))


@systems
@pytest.mark.parametrize("drop", [True, False])
def test_dropping_ends_the_enrollment_of_who_is_not_sent(system: str, drop: bool) -> None:
    made = synced(system, drop_students_not_in_file=drop)
    student = next(s for s in made.generated.students if s.active and _key(made, s) in made.persons())
    made.generated.delete_student(student.id)
    run = made.sync()
    assert run.state == "completed", run.error
    person = made.persons()[_key(made, student)]
    assert person.status == ("ended" if drop else "active")
    assert all((e.drop_date is not None) == drop for e in person.enrollments)


@systems
@pytest.mark.parametrize("kind", ["student", "staff", "contact"])
def test_only_the_chosen_member_types_are_loaded(system: str, kind: str) -> None:
    made = synced(system, member_types=(kind,) if kind != "contact" else ("student", "contact"))
    assert {s.person.type for s in made.stored()} == ({kind} if kind != "contact" else {"student", "contact"})


def _key(made: InProcess, student: Any) -> str:
    """The key of a student in the store."""
    for number, person in made.persons().items():
        if person.local_id == str(student.local_id):
            return number
    return ""


# Aeries only ---------------------------------------------------------------------------------------------------------


def test_the_local_id_becomes_the_pos_id_only_when_asked_for() -> None:
    assert {p.pos_id for p in synced("aeries").persons().values()} == {None}
    pins = synced("aeries", use_local_id_as_pin=True).persons().values()
    assert all(p.pos_id == p.local_id for p in pins)


def test_primary_and_alternate_codes_choose_the_home_building() -> None:
    """The concurrent row carries the code C; as the primary code it makes that school the home building."""
    plain = synced("aeries", people=400).persons()
    both = {n for n, p in plain.items() if len(p.enrollments) > 1}
    assert both
    homes = {n: plain[n].enrollments[0].school for n in both}
    swapped = synced(
        "aeries", people=400, primary_enrollment_codes=("C",), alternate_enrollment_codes=("",)
    ).persons()
    assert all(swapped[n].enrollments[0].school != homes[n] for n in both)
    assert all(
        {e.school for e in swapped[n].enrollments} == {e.school for e in plain[n].enrollments} for n in both
    )
    only = synced("aeries", people=400, primary_enrollment_codes=("",)).persons()
    assert all([e.school for e in only[n].enrollments] == [homes[n]] for n in both), (
        "rows in neither list are ignored"
    )


def test_the_contact_record_names_the_head_of_household() -> None:
    fields = ("hoh_first_name", "hoh_last_name")
    line = synced("aeries", people=300, family_identifier=fields)
    record = synced(
        "aeries", people=300, family_identifier=fields, use_contact_record=True, member_types=("student",)
    )
    assert families(line) != families(record)
    assert any("contacts" in asked for asked in record.sender.requests)
