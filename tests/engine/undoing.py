"""Undoing runs of a :class:`World`, as the API asks for it and the queue delivers it."""

from __future__ import annotations

from msgspec.structs import replace

from rollcall.domain.run import CHECK_AFTER, Run
from rollcall.engine.blobs import snapshot_key, unpack
from rollcall.engine.people_table import UNDONE
from rollcall.engine.snapshot import Snapshot
from tests.engine.world import D, World


def undo(world: World, run: Run, mode: str = "sync") -> Run:
    """What the API does, and then the queue."""
    made = ask(world, run, mode)
    world.sis.requests.clear()
    world.drain()
    assert world.sis.requests == []
    return stored_run(world, made)


def ask(world: World, run: Run, mode: str = "sync") -> Run:
    now = world.clock.now()
    before = stored_run(world, run)
    made = Run(
        id=f"{run.id}-undo-{now:%d%H%M%S}",
        district_id=D,
        integration_id=run.integration_id,
        trigger="undo",
        mode=mode,  # type: ignore[arg-type]
        undoes=run.id,
        queued_at=now,
        check_at=now + CHECK_AFTER,
    )
    if mode == "sync":
        world.runs.decide(before, replace(before, undone_by=made.id))
    world.runs.create(made)
    world.queue.send(made.message(), dedup=f"{made.id}#0")
    return made


def stored_run(world: World, run: Run) -> Run:
    found = world.runs.get(D, run.id)
    assert found is not None
    return found


def flagged(world: World, integration_id: str = "int_1") -> set[str]:
    """Who must wait for a person before anything is made of them again."""
    state = world.runs.state(D, integration_id)
    assert state.snapshot
    snapshot = unpack(world.blobs.get(snapshot_key(D, integration_id, state.snapshot)), Snapshot)
    return {key for key, row in snapshot.people.items() if row.flags & UNDONE}
