"""Records a simulated district: every answer that a full pull asks for, in the first night and in second nights.

    python -m bench.record --system aeries --people 20000 --member-types student

The real connector asks, so pages are of the size and in the order that it asks for them.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bench.recording import (
    FIRST,
    NIGHTS,
    RECORDINGS,
    About,
    Moves,
    Recording,
    Shift,
    Writer,
    folder_of,
    request_key,
)
from local.district import LocalDistrict
from local.inprocess import Insider, sensible_mappings, simulate
from rollcall.connectors.base import Connector, records_of
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.person import PERSON_TYPES
from rollcall.store.memory import MemoryBlobs, MemoryPeople
from simulators.control import Simulator
from simulators.district import District, generate

SEED = 7
PEOPLE_PER_SCHOOL_ROUND = 35_000
"""Large schools, so that most pages of a school are full: we measure pages, not ends of lists."""


class _Tape:
    """A ``Sender`` that keeps what the simulator answers, by the request's key."""

    def __init__(self, simulator: Simulator) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self._inside = Insider(simulator)

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        answer = self._inside.exchange(url, request, headers, seconds)
        path = url.partition("://")[2].partition("/")[2]
        key = request_key(request.method, f"/{path}", request.params, request.body)
        self.answers[key] = (answer.status, answer.headers, answer.body)
        return answer


def recording(system: str, people: int, member_types: tuple[str, ...] = PERSON_TYPES) -> Recording:
    """The recording of such a district, made now unless it is there."""
    folder = folder_of(system, people, member_types)
    if not (folder / "about.json").is_file():
        RECORDINGS.mkdir(parents=True, exist_ok=True)
        # Whole or not at all, and two processes may record the same.
        with tempfile.TemporaryDirectory(dir=RECORDINGS) as unfinished:
            _record(Path(unfinished), system, people, member_types)
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(unfinished, folder)
    return Recording(folder)


def _record(folder: Path, system: str, people: int, member_types: tuple[str, ...]) -> None:
    writer = Writer(folder)
    nights = {}
    records: dict[str, dict[str, int]] = {}
    first: Simulator | None = None
    for name, shift in {FIRST: None, **NIGHTS}.items():
        town, nights[name] = _town(people, shift)
        simulator = simulate(system, town, None)
        tape = _Tape(simulator)
        records[name] = _crawl(system, simulator, tape, member_types)
        # A copy: pages asked for ahead of the end of a list may still come.
        writer.night(name, dict(tape.answers))
        first = first or simulator
    assert first is not None
    writer.about(
        About(
            system=system,
            people=people,
            member_types=member_types,
            base_path=first.base_path,
            credentials=first.credentials,
            mappings=sensible_mappings(system, first.district),
            records=records,
            nights=nights,
        )
    )


def _town(people: int, shift: Shift | None) -> tuple[District, Moves]:
    """The district of a night, and whom it moved against the first.

    Students that a night adds are left out of the first night, so that the same people are generated for all.
    """
    town = generate(SEED, people, school_rounds=max(1, people // PEOPLE_PER_SCHOOL_ROUND))
    rng = random.Random(SEED)
    active = [student.id for student in town.students if student.active]
    spread = max(night.added + night.removed for night in NIGHTS.values())
    chosen = rng.sample(active, round(len(active) * spread))
    most_added = round(len(active) * max(night.added for night in NIGHTS.values()))
    newcomers, leavers = chosen[:most_added], chosen[most_added:]
    added = newcomers[: round(len(active) * shift.added)] if shift else []
    removed = leavers[: round(len(active) * shift.removed)] if shift else []
    town.delete_students(sorted({*newcomers} - {*added} | {*removed}))
    changed: list[int] = []
    if shift and shift.changed:
        # A newcomer may be chosen too, and is no change of somebody known.
        edited = town.change_some(round(len(active) * shift.changed), SEED)
        changed = sorted({*edited.student_ids} - {*added})
    return town, Moves(changed=changed, added=sorted(added), removed=sorted(removed))


def _crawl(system: str, simulator: Simulator, tape: _Tape, member_types: tuple[str, ...]) -> dict[str, int]:
    """Ask for everything that a full pull may ask for; the number of records by stream."""
    connector = _connector(system, simulator, tape, member_types)
    streams = {stream.name: stream for stream in connector.streams}
    found: dict[str, dict[str, None]] = {name: {} for name in streams}
    for part in connector.survey().parts:
        parent = streams[part.stream].per
        subjects = list(found[parent]) if parent else []
        for page in connector.pages(part, None, subjects):
            found[part.stream].update(
                (record.id, None) for record in records_of(connector, part.stream, page)
            )
            if page.cursor is None:
                break
    return {name: len(ids) for name, ids in found.items()}


def _connector(system: str, simulator: Simulator, tape: _Tape, member_types: tuple[str, ...]) -> Connector:
    transport = Transport(tape, sleep=lambda _: None)
    url = f"http://127.0.0.1{simulator.base_path}"
    here = LocalDistrict(system, url, simulator.credentials, transport, MemoryPeople(), MemoryBlobs())
    here.set_up(sensible_mappings(system, simulator.district), {"member_types": member_types})
    return here.connector()


def main() -> None:
    """Record one district."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--system", required=True)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--member-types", default=",".join(PERSON_TYPES), help="student,staff,contact")
    chosen = parser.parse_args()
    made = recording(chosen.system, chosen.people, tuple(chosen.member_types.split(",")))
    print(f"{made.folder}: {made.about.records[FIRST]}")


if __name__ == "__main__":
    main()
