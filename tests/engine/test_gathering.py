"""People are mapped from all their records however these lie, and however little of them fits into memory."""

from __future__ import annotations

import pytest

from rollcall.engine import gather, pull
from rollcall.engine.blobs import RunFolder
from tests.engine.world import D, World

PEOPLE = 30


def world(slice_seconds: int) -> World:
    found = World(slice_seconds=slice_seconds)
    for number in range(PEOPLE):
        school = ("north", "south")[number % 2]
        found.sis.students[str(number)] = {"school": school, "first": f"First{number}", "phone": None}
        # each of these parents has children at both schools
        found.sis.contacts[str(number)] = [{"id": f"c{number // 3}", "first": "Jo"}]
    return found


@pytest.mark.parametrize("slice_seconds", [0, 300], ids=["a slice a step", "in one slice"])
@pytest.mark.parametrize("most", [1, 500, 10**9], ids=["every chunk put down", "some", "nothing put down"])
def test_everybody_is_mapped_from_all_their_records(
    most: int, slice_seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name, value in (
        (gather, "MOST_BYTES", most),
        (gather, "GROUP", 8),
        (gather, "BATCH", 4),
        (pull, "CHUNK_PAGES", 1),
    ):
        monkeypatch.setattr(module, name, value)
    small = world(slice_seconds)
    run = small.sync()
    assert run.state == "completed"
    stored = {s.person.source_id: s.person for s in small.people.all(D) if s.person.type == "student"}
    assert {i: person.first_name for i, person in stored.items()} == {
        str(number): f"First{number}" for number in range(PEOPLE)
    }
    assert all(len(person.contacts) == 1 for person in stored.values())
    assert run.counts["contact"]["add"] == PEOPLE // 3
    assert small.blobs.keys(RunFolder(run).part("gathered")) == [], "what was put down is taken away again"
