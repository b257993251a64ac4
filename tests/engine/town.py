"""A town large enough for limits, and what people do about a held run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from rollcall.domain.family_change import Review
from rollcall.domain.run import CHECK_AFTER, Approval, Run
from rollcall.domain.thresholds import UNLIMITED
from tests.engine.world import NOON, D, World, student

NORTH, SOUTH = 60, 40


def town(grades: dict[int, str] | None = None, review: Review = "over_limit", **thresholds: Any) -> World:
    """100 students in two schools, of households of their own, and limits that only the test sets."""
    world = World()
    limits = UNLIMITED.model_copy(update={"floor": 0, **thresholds})
    district = world.config.district(D)
    world.config.put_district(
        district.model_copy(update={"thresholds": limits, "review_families": review, "version": 2})
    )
    world.sis.page_size = 50
    world.sis.students = {
        f"{n:03d}": student("north" if n < NORTH else "south", last=f"L{n}", phone=f"555555{n:04d}")
        for n in range(NORTH + SOUTH)
    }
    for number, grade in (grades or {}).items():
        world.sis.students[f"{number:03d}"]["grade"] = grade
    world.sis.staff = {"1": {"first": "Orla"}}
    assert world.sync().state == "completed"
    world.write_count()
    return world


def leave(world: World, *numbers: int) -> None:
    for number in numbers:
        del world.sis.students[f"{number:03d}"]


def ended(world: World) -> set[int]:
    return {int(i) for i, p in world.persons().items() if p.status == "ended"}


def reasons(run: Run) -> list[str]:
    return [hold.reason for hold in run.holds]


def approve(world: World, run: Run, by: str = "user@example.org", leave_out: Iterable[str] = ()) -> Run:
    """What the API does, and then the queue."""
    held = world.runs.get(D, run.id)
    assert held is not None
    after = replace(
        held,
        approvals=[*held.approvals, Approval(by, NOON, "checked", tuple(leave_out))],
        state="applying",
        slice=held.slice + 1,
        check_at=world.clock.now() + CHECK_AFTER,
    )
    world.runs.decide(held, after)
    world.queue.send(after.message(), dedup=f"{after.id}#{after.slice}")
    world.drain()
    found = world.runs.get(D, run.id)
    assert found is not None
    return found
