"""Nights in which records do not move: who comes on a day that their records name, and what is wrong all the while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from rollcall.connectors.base import Survey
from rollcall.domain.person import Mapped
from tests.engine.sis import SisConnector
from tests.engine.test_delta import feeding
from tests.engine.town import approve, town
from tests.engine.undoing import undo
from tests.engine.world import D, World, student

LOOKED_AT: list[str] = []


@dataclass
class WatchedConnector(SisConnector):
    """Notes whose records are mapped."""

    streams: Any = field(default_factory=lambda: SisConnector.streams)

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        LOOKED_AT.append(key)
        return super().map(key, records, survey, today)


def looked_at(world: World, **options: Any) -> set[str]:
    """Of whom the next run maps the records."""
    LOOKED_AT.clear()
    assert world.sync(**options).state == "completed"
    world.clock.advance(days=1)
    return set(LOOKED_AT)


@pytest.fixture
def world() -> World:
    made = World(connector=WatchedConnector)
    for n in range(1, 8):
        made.sis.students[str(n)] = student("north" if n < 4 else "south", last=f"Name{n}")
    return made


def codes(world: World, key: str = "gender_unmapped") -> int:
    run = world.sync()
    world.clock.advance(days=1)
    return run.issue_codes.get(key, 0)


def status(world: World, number: str = "7") -> str | None:
    found = world.persons().get(number)
    return found.status if found else None


# Who comes later ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("feed", [False, True], ids=["full pulls", "a feed of changes"])
def test_who_is_to_come_is_loaded_on_the_day_though_no_record_moves(feed: bool) -> None:
    """Guards: a student enrolled for January, who got no lunch until somebody edited their record."""
    world = feeding() if feed else World()
    world.sis.students["1"] = student("south")
    world.sis.students["2"] = student(first="Ilan")
    world.sis.students["7"] = student(**{"from": "2026-11-24"})
    found = []
    for _ in range(4):
        run = world.sync()
        found.append((world.clock.now().date().isoformat(), run.counts["student"]["add"], status(world)))
        world.clock.advance(days=1)
    assert found == [
        ("2026-11-22", 2, None),
        ("2026-11-23", 0, None),
        ("2026-11-24", 1, "active"),
        ("2026-11-25", 0, "active"),
    ]


@pytest.mark.parametrize("drops", [True, False])
def test_who_is_out_until_a_day_is_back_on_it(world: World, drops: bool) -> None:
    world.integrate("int_1", drop_students_not_in_file=drops)
    world.sync()
    world.sis.students["7"]["from"] = "2026-11-24"
    world.sync()
    assert status(world) == ("ended" if drops else "active")
    world.clock.advance(days=1)
    world.sync()
    assert status(world) == ("ended" if drops else "active")
    world.clock.advance(days=1)
    run = world.sync()
    assert (status(world), run.counts["student"]["reactivate"]) == ("active", int(drops))


def test_who_has_been_ended_may_be_told_to_come_later(world: World) -> None:
    world.sync()
    gone = world.sis.students.pop("7")
    world.sync()
    assert status(world) == "ended"
    world.sis.students["7"] = {**gone, "from": "2026-11-24"}
    for expected in ("ended", "ended", "active"):
        world.sync()
        assert status(world) == expected
        world.clock.advance(days=1)


def test_who_was_to_come_and_is_not_any_more_does_not(world: World) -> None:
    world.sis.students["7"]["from"] = "2026-11-24"
    world.sis.students["6"]["from"] = "2026-11-24"
    world.sync()
    del world.sis.students["7"]
    world.sis.students["6"]["from"] = "2027-01-11"
    for _ in range(4):
        run = world.sync()
        assert (run.counts["student"]["inactivate"], run.issues["error"]) == (0, 0)
        world.clock.advance(days=1)
    assert {"6", "7"}.isdisjoint(world.persons())


def test_before_their_day_nobody_looks_at_who_is_to_come(world: World) -> None:
    world.sis.students["7"]["from"] = "2026-11-24"
    assert "student:7" in looked_at(world)
    assert looked_at(world) == set()
    assert looked_at(world) == {"student:7"}
    assert looked_at(world) == set()


# What is wrong with records that do not move ------------------------------------------------------------------------


def test_who_has_an_issue_is_reported_every_night_and_not_looked_at(world: World) -> None:
    """Guards: a district with a value unmapped in every record, in which every night mapped everybody anew."""
    for n in range(1, 5):
        world.sis.students[str(n)]["warn"] = f"U{n}"
    world.sis.students["5"]["reject"] = True
    assert len(looked_at(world)) == 7
    first = world.runs.get(D, world.run_ids()[0])
    assert first is not None
    for _ in range(2):
        assert looked_at(world) == set()
        run = world.runs.get(D, world.run_ids()[0])
        assert run is not None
        assert run.id != first.id
        assert sorted(world.issues(run), key=str) == sorted(world.issues(first), key=str)
        assert (run.issues, run.counts["student"]["reject"]) == (first.issues, 1)
        assert run.trend is not None
        assert (run.trend.new, run.trend.persisting, run.trend.fixed) == (0, 5, 0)
    del world.sis.students["1"]["warn"], world.sis.students["2"]
    assert looked_at(world) == {"student:1"}
    assert codes(world) == 2


def test_who_asks_for_another_s_pin_is_looked_at_until_it_is_free(world: World) -> None:
    """Guards: issues that are not of the records alone, kept as if they were."""
    world.sis.students["1"]["pin"] = world.sis.students["2"]["pin"] = "400"
    looked_at(world)
    assert looked_at(world) == {"student:2"}
    world.sis.students["1"]["pin"] = "401"
    looked_at(world)
    assert world.persons()["2"].pos_id == "400"


def test_what_was_said_is_said_again_after_an_undo(world: World) -> None:
    world.sis.students["1"]["warn"] = "U"
    assert codes(world) == 1
    world.sis.students["7"]["first"] = "Nori"
    run = world.sync()
    undo(world, run)
    assert codes(world) == 1
    assert codes(world) == 1


def test_what_was_said_of_who_waited_is_said_again_once_they_are_let_go() -> None:
    world = town(drop_percent=10)
    for n in range(20):
        world.sis.students[f"{n:03d}"] |= {"ended": True, "warn": "U"}
    held = world.sync()
    assert held.state == "held"
    assert approve(world, held).state == "completed"
    assert codes(world) == 20
    assert codes(world) == 20
