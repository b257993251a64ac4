"""Random nights with random protections: what is protected never changes, and all else is as if nothing were."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rollcall.domain.person import Person
from rollcall.domain.protection import PROTECTABLE
from tests.engine.faults import MODES, Mode
from tests.engine.protecting import protect, release, stored
from tests.engine.test_laws import load, rosters
from tests.engine.world import D, World

PLAIN = [name for name in PROTECTABLE if name not in ("photo", "media", "host_id", "status")]
fields = st.lists(st.sampled_from(PLAIN), max_size=3, unique=True)
people = st.sampled_from([str(n) for n in range(8)] + ["anchor-north"])
guarded = st.dictionaries(people, st.tuples(fields, st.sampled_from([None, "Leonora"])), max_size=4)
KEPT_APART = ("family_id", "photo", "media")


def guard(world: World, chosen: dict[str, tuple[list[str], str | None]]) -> dict[str, dict[str, Any]]:
    """Protect those of the chosen who are stored; what each of them must keep. Without a field it is everything."""
    kept = {}
    for source_id, (names, written) in chosen.items():
        if source_id in world.persons():
            values = {"first_name": written} if written else {}
            made = protect(world, source_id, *names, **values)
            held = made.over(world.persons()[source_id])
            kept[source_id] = {name: getattr(held, name) for name in made.fields or PROTECTABLE}
    return kept


def families(world: World, without: set[str]) -> set[frozenset[str]]:
    """Who lives with whom, of those who are not ``without``."""
    found: dict[str | None, set[str]] = {}
    for source_id, person in world.persons().items():
        if source_id not in without and person.status == "active":
            found.setdefault(person.family_id, set()).add(source_id)
    return {frozenset(group) for group in found.values()}


def shown(person: Person, without: set[str]) -> Person:
    """A person without what is compared otherwise, and without these fields."""
    blank = Person(type="student", source_id=person.source_id)
    return replace(person, **{name: getattr(blank, name) for name in {*KEPT_APART, *without}})


def everybody(world: World) -> dict[str, Person]:
    return {f"{s.person.type} {s.person.source_id}": s.person for s in world.people.all(D)}


def nights(histories: list[Any], world: World, truth: World) -> None:
    for roster in histories:
        for each in (world, truth):
            load(each.sis, copy.deepcopy(roster))
            assert each.sync().state == "completed"
            each.clock.advance(days=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(rosters, min_size=2, max_size=4), guarded, st.sampled_from([0, 300]), st.booleans())
def test_what_is_protected_never_changes_and_the_rest_is_as_ever(
    history: list[Any], chosen: dict[str, Any], slice_seconds: int, drop: bool
) -> None:
    world, truth = World(slice_seconds=slice_seconds), World()
    for each in (world, truth):
        each.integrate("int_1", drop_students_not_in_file=drop)
    nights(history[:1], world, truth)
    kept = guard(world, chosen)
    if any("status" in fields for fields in kept.values()):
        # Who stays although they left keeps their parents, so only the protected themselves are compared.
        nights(history[1:], world, truth)
    else:
        for roster in history[1:]:
            nights([roster], world, truth)
            compared(world, truth, kept)
    for source_id, values in kept.items():
        person = world.persons()[source_id]
        assert {name: getattr(person, name) for name in values} == values
    for source_id in kept:
        release(world, source_id)
    for _ in range(3):  # contacts of students who did not move are read in turn
        nights(history[-1:], world, truth)
    compared(world, truth, {i: kept[i] for i in kept if not readable(world, i)})
    assert {i: p.status for i, p in world.persons().items()} == {
        i: p.status for i, p in truth.persons().items()
    }
    for each in (world, truth):
        each.write_count()
        each.sync()
        assert each.write_count() == 0


def readable(world: World, source_id: str) -> bool:
    """Whether the SIS says anything of a person by now that could take the place of what was protected."""
    row = world.sis.students.get(source_id)
    return row is not None and "reject" not in row


def compared(world: World, truth: World, kept: dict[str, dict[str, Any]]) -> None:
    """The same people, but for what is kept; and the same families, but for those whose family is kept."""
    mine, theirs = everybody(world), everybody(truth)
    assert mine.keys() == theirs.keys()
    for name, person in mine.items():
        without = set(kept.get(person.source_id, ())) if person.type == "student" else set()
        assert shown(person, without) == shown(theirs[name], without)
    apart = {i for i, values in kept.items() if "family_id" in values}
    assert families(world, apart) == families(truth, apart)


def small_night() -> World:
    """A night with a change for everybody, and protections of a name, of whole people, and of one just released."""
    world = World()
    world.sis.page_size = 2
    for n in range(1, 6):
        world.sis.students[str(n)] = {
            "school": "north", "first": "Noor", "last": f"N{n // 2}", "phone": "555-555-0148"
        }  # fmt: skip
    world.sis.students["6"] = {"school": "south", "first": "Ann", "last": "Reed", "phone": "555-555-0149"}
    world.sis.staff = {"1": {"first": "Orla"}}
    world.sync()
    protect(world, "3", first_name="Leonora")
    protect(world, "1", first_name="Leonora")
    protect(world, "2")
    protect(world, "4")
    world.sync()
    release(world, "3")
    world.clock.advance(days=1)
    for row in world.sis.students.values():
        row["first"] = "Nori"
    del world.sis.students["4"]
    return world


def left(world: World) -> Any:
    run = world.runs.get(D, world.run_ids()[0])
    assert run
    named = {i: (p.first_name, p.status) for i, p in world.persons().items()}
    return named, run.state, run.counts, run.protected, run.issue_codes


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("trigger", ["manual", "protect"])
def test_a_run_killed_at_any_call_keeps_to_it_all_the_same(trigger: str, mode: Mode) -> None:
    clean = small_night()
    clean.faults.calls.clear()
    clean.sync(trigger=trigger)
    expected, calls = left(clean), list(clean.faults.calls)
    assert calls.count("config.protections") > 1
    failures = []
    for k in range(1, len(calls) + 1):
        world = small_night()
        world.faults.calls.clear()
        world.faults.k, world.faults.mode = k, mode
        world.sync(trigger=trigger)
        if left(world) != expected:
            failures.append((k, calls[k - 1]))
    assert failures == []


def test_the_night_holds_what_it_says() -> None:
    world = small_night()
    before = stored(world, "2")
    run = world.sync()
    assert {i: (p.first_name, p.status) for i, p in world.persons().items()} == {
        "1": ("Leonora", "active"),
        "2": ("Noor", "active"),
        "3": ("Nori", "active"),
        "4": ("Noor", "active"),
        "5": ("Nori", "active"),
        "6": ("Nori", "active"),
    }
    assert stored(world, "2") == before
    assert (run.protected, run.issue_codes) == (3, {"protected_person_missing": 1})
