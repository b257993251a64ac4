"""An integration of pictures only beside the one that owns the people: at any crash, slice and interleaving."""

from __future__ import annotations

from typing import Any

import pytest

from rollcall.domain.photo import photo_id
from rollcall.engine.blobs import photo_key
from tests.engine.faults import MODES
from tests.engine.world import D, World, student

PHOTOS = "int_photos"


@pytest.fixture
def town(world: World) -> World:
    """Eleven students, ten of them with a photo, before the first sync."""
    integrate(world)
    for n in range(1, 11):
        world.sis.photos[str(n)] = f"photo {n}".encode()
    return world


def integrate(world: World) -> None:
    world.integrate(
        PHOTOS,
        pictures_only=True,
        drop_students_not_in_file=False,
        member_types=("student",),
        family_identifier=(),
    )


def shown(world: World) -> dict[str, str | None]:
    return {i: p.photo for i, p in world.persons().items() if p.photo}


def wanted(world: World) -> dict[str, str]:
    return {i: photo_id(data) for i, data in world.sis.photos.items() if i in world.persons()}


def files(world: World) -> set[bytes]:
    start = photo_key(D, "")
    return {data for key, data in world.blobs.files.items() if key.startswith(start)}


def test_a_change_holds_the_photo_alone_and_what_was_there_before(town: World) -> None:
    town.sync()
    town.sync(PHOTOS)
    town.sis.photos["3"] = b"another"
    (change,) = town.changes(town.sync(PHOTOS))
    assert (change.kind, change.fields, change.after.integration_id) == ("update", ("photo",), "int_1")
    assert change.before is not None
    assert change.before.person.photo == photo_id(b"photo 3")
    assert change.after.person.photo == photo_id(b"another")


def test_families_contacts_and_pos_ids_are_left_alone(town: World) -> None:
    town.sis.students["3"]["pin"] = "4711"
    town.sync()
    before = {s.id: s for s in town.people.all(D)}
    run = town.sync(PHOTOS)
    town.people.photos.clear()
    assert {s.id: s for s in town.people.all(D)} == before
    assert run.counts["student"] == dict.fromkeys(run.counts["student"], 0) | {"update": 10}
    assert run.issues == {"error": 0, "warning": 0}


def test_a_photo_that_is_gone_stays_and_one_that_is_broken_costs_nothing(town: World) -> None:
    town.sync()
    town.sync(PHOTOS)
    before = shown(town)
    del town.sis.photos["3"]
    town.sis.photos["4"] = b"broken"
    for _ in range(2):
        run = town.sync(PHOTOS)
        assert run.issue_codes == {"photo_not_an_image": 1}
        assert shown(town) == before
    town.sis.photos |= {"3": b"photo 3", "4": b"mended"}
    town.write_count()
    assert town.sync(PHOTOS).counts["student"]["update"] == town.write_count() == 1
    assert shown(town) == wanted(town)


def test_a_photo_that_changes_back_is_written_again(town: World) -> None:
    town.sync()
    for data in (b"one", b"two", b"one"):
        town.sis.photos["3"] = data
        town.sync(PHOTOS)
        assert town.persons()["3"].photo == photo_id(data)


def test_a_photo_shared_by_many_is_kept_once(town: World) -> None:
    town.sync()
    town.sis.photos = dict.fromkeys(town.sis.photos, b"no photo available")
    town.sync(PHOTOS)
    assert len(shown(town)) == 10
    assert files(town) == {b"no photo available"}


def test_only_who_has_nobody_yet_is_looked_at_again(town: World) -> None:
    """Guards: everybody compared with the store every night for the sake of one."""
    town.sis.photos["99"] = b"of nobody yet"
    town.sync()
    town.sync(PHOTOS)
    looked: list[str] = []
    get_many = town.people.get_many
    town.people.get_many = lambda d, ids: looked.extend(ids) or get_many(d, ids)  # type: ignore[method-assign]
    run = town.sync(PHOTOS)
    assert (len(looked), run.counts["student"]["unchanged"]) == (1, 10)
    town.sis.students["99"] = student()
    town.sync()
    assert town.sync(PHOTOS).counts["student"]["update"] == 1
    assert shown(town) == wanted(town)
    looked.clear()
    town.sync(PHOTOS)
    assert looked == []


def night() -> World:
    """A store with a history; a name, a leaver, a new student and three photos wait in the SIS."""
    world = World()
    integrate(world)
    world.sis.page_size = 2
    for n in range(1, 6):
        world.sis.students[str(n)] = student("north", last=f"N{n}")
        world.sis.photos[str(n)] = f"photo {n}".encode()
    world.sync()
    world.sync(PHOTOS)
    world.clock.advance(days=1)
    world.sis.students["1"]["first"] = "Nori"
    del world.sis.students["2"]
    world.sis.students["6"] = student("north", last="N6")
    world.sis.photos |= {"1": b"new 1", "2": b"new 2", "3": b"new 3"}
    del world.sis.photos["4"]
    return world


def outcome(world: World) -> Any:
    people = {i: (p.status, p.first_name, p.photo) for i, p in world.persons().items()}
    owners = {s.integration_id for s in world.people.all(D)}
    runs = [world.runs.get(D, i) for i in world.run_ids()]
    return people, owners, files(world), [(r.state, r.counts, r.issue_codes) for r in runs if r]


@pytest.mark.parametrize("slice_seconds", [0, 300])
def test_a_run_of_photos_killed_at_any_call_and_delivered_again_ends_the_same(slice_seconds: int) -> None:
    """Guards: a checkpoint before its photos, a photo named that was never stored."""
    clean = night()
    clean.faults.calls.clear()
    clean.slice_seconds = slice_seconds
    clean.sync(PHOTOS)
    expected, calls = outcome(clean), list(clean.faults.calls)
    assert len(calls) > 20
    failures = []
    for mode in MODES:
        for k in range(1, len(calls) + 1):
            world = night()
            world.slice_seconds = slice_seconds
            world.faults.calls.clear()
            world.faults.k, world.faults.mode = k, mode
            world.sync(PHOTOS)
            if outcome(world) != expected:
                failures.append((mode, k, calls[k - 1]))
    assert failures == []


@pytest.mark.parametrize(("first", "second"), [("int_1", PHOTOS), (PHOTOS, "int_1")])
def test_runs_of_people_and_photos_at_the_same_time_undo_nothing_of_each_other(
    first: str, second: str
) -> None:
    """Guards: a person planned before the photo came, and written whole after it; and a photo that brings back who
    has left.
    """
    clean = night()
    clean.sync(first)
    clean.sync(second)
    expected = outcome(clean)[0]
    assert expected["1"][1:] == ("Nori", photo_id(b"new 1"))
    assert expected["2"][0] == "ended"
    for head_start in range(20):
        world = night()
        world.slice_seconds = 0
        world.post(first)
        for n in range(head_start):
            if world.queue.messages:
                world.deliver(world.queue.messages.pop(0), f"early-{n}", world.clock.now())
        world.post(second)
        world.drain()
        assert outcome(world)[0] == expected, head_start
