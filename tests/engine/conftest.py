"""A small district that most tests begin with."""

from __future__ import annotations

import pytest

from tests.engine.world import World, student


@pytest.fixture
def world() -> World:
    world = World()
    for n in range(1, 12):
        world.sis.students[str(n)] = student(
            "north" if n <= 6 else "south", last=f"Name{n // 2}", phone=f"555555{n // 2:04d}"
        )
        world.sis.contacts[str(n)] = [{"id": f"c{n // 2}", "first": "Tamsin"}]
    world.sis.staff = {"1": {"first": "Orla"}, "2": {"first": "Ilan"}}
    return world
