"""Parts that are read before their turn: faster, and otherwise as if each had waited."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from rollcall.connectors.base import Page, Part
from rollcall.domain.errors import NeedsAttention, SourceTransient
from rollcall.domain.mapping import Entry
from rollcall.engine.ahead import PAGES
from tests.engine.sis import SisConnector
from tests.engine.world import BUILDINGS, D, World, student

SCHOOLS = ("north", "south", "east", "west", "middle")


def town(**fields: Any) -> World:
    """Five schools of a few students each, so that most lists are a page or two."""
    world = World(**fields)
    world.sis.schools = SCHOOLS
    buildings = world.config.mappings(D, ["map_building"])["map_building"]
    entries = (*BUILDINGS, *(Entry(external=school, value=school) for school in SCHOOLS[2:]))
    world.config.put_mapping(buildings.model_copy(update={"entries": entries, "version": 2}))
    for n in range(40):
        world.sis.students[str(n)] = student(SCHOOLS[n % 5], phone=f"555-555-01{n % 20:02}")
        world.sis.contacts[str(n)] = [{"id": str(n // 2), "first": "Ana"}]
    world.sis.staff = {str(n): {"first": "Orla"} for n in range(7)}
    return world


def outcome(world: World) -> Any:
    """Everything that a run leaves which does not hold its own name."""
    run = world.sync()
    assert run.state == "completed", run.error
    people = {key: doc for key, (_, doc) in world.people.items.items()}
    return people, run.counts, run.issue_codes, run.checkpoint["parts"], run.plan_hash


@pytest.mark.parametrize("parts_ahead", [1, 3, 9])
@pytest.mark.parametrize("fields", [{}, {"page_size": 50}, {"announce": None}, {"unsorted": True}])
def test_a_run_is_the_same_as_part_after_part(parts_ahead: int, fields: dict[str, Any]) -> None:
    worlds = town(), town(parts_ahead=parts_ahead)
    nights = []
    for world in worlds:
        for name, value in fields.items():
            setattr(world.sis, name, value)
        first = outcome(world)
        world.sis.students["3"]["first"] = "Nori"
        del world.sis.students["4"]
        nights.append((first, outcome(world)))
    assert nights[0] == nights[1]
    assert sorted(worlds[0].sis.requests) == sorted(worlds[1].sis.requests)


@dataclass
class Together(SisConnector):
    """Answers for the first page of a school once three have been asked for."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        if part.stream == "students" and part.params["school"] in ("south", "east", "west"):
            _meeting.wait(10)
        yield from super().pages(part, cursor, subjects)


_meeting = threading.Barrier(3)


def test_parts_are_read_at_the_same_time() -> None:
    _meeting.reset()
    run = town(parts_ahead=3, connector=Together).sync()
    assert run.state == "completed"


@dataclass
class Held(SisConnector):
    """The first school comes once the second was read as far as it may be before its turn."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        school = part.params.get("school")
        if school == "north":
            _far.wait(10)
            time.sleep(0.05)
            _read_ahead.append(len(_begun))
        for page in super().pages(part, cursor, subjects):
            if school == "south":
                _begun.append(page)
                if len(_begun) > PAGES:
                    _far.set()
            yield page


_far = threading.Event()
_begun: list[Page] = []
_read_ahead: list[int] = []


def test_of_a_part_that_waits_a_dozen_pages_are_read_and_no_more() -> None:
    """Guards: three of four places idle while the empty page behind a list is waited for; and memory without end."""
    _far.clear()
    _begun.clear()
    _read_ahead.clear()
    world = town(parts_ahead=1, connector=Held)
    for n in range(100, 200):
        world.sis.students[str(n)] = student("south")
    assert world.sync().state == "completed"
    assert _read_ahead == [PAGES + 1]
    assert len(_begun) > 2 * PAGES


@dataclass
class Listening(SisConnector):
    """Notes what it is told of the last pull."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        _told.append((part.stream, part.building, part.likely))
        yield from super().pages(part, cursor, subjects)


_told: list[tuple[str, str | None, int]] = []


def test_a_part_is_asked_for_with_what_the_last_pull_found() -> None:
    world = town(connector=Listening)
    nights = []
    for _ in range(2):
        _told.clear()
        world.sync()
        nights.append(list(_told))
    assert {likely for *_, likely in nights[0]} == {0}
    assert [told for told in nights[1] if told[0] == "students"] == [("students", s, 8) for s in SCHOOLS]
    assert {likely for stream, _, likely in nights[1] if stream != "students"} == {0}


@dataclass
class Broken(SisConnector):
    """The fourth school cannot be read, which is known before the others have been."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        if part.params.get("school") == "west":
            raise NeedsAttention("permission_missing", "The credentials lack the permission.")
        if part.params.get("school") == "north":
            time.sleep(0.05)
        yield from super().pages(part, cursor, subjects)


def test_an_error_comes_when_it_is_the_turn_of_its_part() -> None:
    world = town(parts_ahead=3, connector=Broken)
    run = world.sync()
    assert (run.state, run.error and run.error.code) == ("failed", "permission_missing")
    assert run.checkpoint["pull"]["part"] == 3
    assert len(run.checkpoint["parts"]) == 3
    assert "staff" not in world.sis.requests or world.sis.requests.count("staff") <= 3


@dataclass
class Flaky(SisConnector):
    """Every list breaks off once."""

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        for count, page in enumerate(super().pages(part, cursor, subjects)):
            if count == 1 and part.label not in _broken_off:
                _broken_off.add(part.label)
                raise SourceTransient("source_interrupted", "The connection to the SIS broke off.")
            yield page


_broken_off: set[str] = set()


def test_a_run_that_is_interrupted_goes_on_from_where_it_stood() -> None:
    _broken_off.clear()
    world = town(parts_ahead=3, connector=Flaky)
    world.post(trigger="schedule")
    for _ in range(20):
        world.drain()
        world.clock.advance(minutes=40)
        for run in world.runs.due(world.clock.now(), 10):
            world.queue.send(run.message(), f"sweep-{run.slice}-{world.clock.now()}")
    (run_id,) = world.run_ids()
    run = world.runs.get(D, run_id)
    assert run is not None
    assert run.state == "completed", run.error
    assert len(world.persons()) == 40


def test_slices_end_and_begin_with_parts_half_read() -> None:
    plain = outcome(town())[:3]
    # Shorter than what a slice keeps for its end: each makes one checkpoint.
    assert outcome(town(parts_ahead=3, slice_seconds=30))[:3] == plain


@pytest.mark.parametrize("k", [4, 12, 20])
def test_no_thread_outlives_its_slice(k: int) -> None:
    world = town(parts_ahead=3)
    world.faults.k, world.faults.mode = k, "before"
    before = threading.active_count()
    world.post()
    message = world.queue.messages.pop()
    assert not world.deliver(message, "message-1", world.clock.now())
    for _ in range(200):
        if threading.active_count() <= before:
            break
        time.sleep(0.01)
    assert threading.active_count() <= before
