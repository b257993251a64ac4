"""What is measured is what the simulators say, and the floor finds what Rollcall finds."""

from __future__ import annotations

import http.client
import json
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench import floor, record, rollcall
from bench import recording as recorded
from bench.record import recording
from bench.recording import FIRST, NIGHTS, Recording
from bench.replay import Replay
from bench.server import Night
from bench.serving import Server, serve
from bench.stores import stored_people
from local.district import LocalDistrict
from local.inprocess import Insider, simulate
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import HttpSender, Request, Sender
from rollcall.domain.plan import StoredPerson
from rollcall.store.memory import MemoryBlobs, MemoryPeople

PEOPLE = 600
FEW = 300
SYSTEMS = ("aeries", "illuminate", "powerschool", "powerschool_query", "schooltool", "oneroster")


@pytest.fixture(autouse=True, scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):
    """Recordings of these tests, made anew."""
    here = tmp_path_factory.mktemp("recordings")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded, "RECORDINGS", here)
        patch.setattr(record, "RECORDINGS", here)
        yield here


class Town:
    """A recorded district that is synced from one sender after another."""

    def __init__(self, made: Recording, sender: Sender, url: str) -> None:
        about = made.about
        self.people = MemoryPeople()
        self.here = LocalDistrict(
            about.system,
            url + about.base_path,
            about.credentials,
            Transport(sender),
            self.people,
            MemoryBlobs(),
        )
        self.here.set_up(about.mappings, {"member_types": about.member_types})

    def night(self) -> dict[str, StoredPerson]:
        """Everybody after one more sync."""
        self.here.clock.advance(days=1)
        run = self.here.sync()
        assert run.state == "completed", run.error
        return {person.id: person for person in self.people.all("lakeview")}


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_recording_leaves_the_people_that_the_simulator_leaves(system: str) -> None:
    made = recording(system, FEW)
    replay = Replay(made)
    simulators = {
        night: simulate(system, record._town(FEW, NIGHTS.get(night))[0], None) for night in (FIRST, "1")
    }
    inside = Insider(simulators[FIRST])
    with serve(made.folder) as server:
        towns = [
            Town(made, replay, "http://127.0.0.1:80"),
            Town(made, inside, "http://127.0.0.1:80"),
            Town(made, HttpSender("loopback", 4), server.address),
        ]
        for night in (FIRST, "1"):
            replay.play(night)
            inside.app = simulators[night]
            server.begin(Night(night))
            played, simulated, served = (town.night() for town in towns)
            assert played == simulated == served
            assert len(played) > FEW / 2
            assert server.counts().unknown == 0
            assert (server.counts().requests, server.counts().bytes) == (replay.requests, replay.bytes)


def test_a_recording_is_made_once() -> None:
    made = recording("aeries", PEOPLE)
    stamp = (made.folder / "about.json").stat().st_mtime_ns
    assert recording("aeries", PEOPLE).folder == made.folder
    assert (made.folder / "about.json").stat().st_mtime_ns == stamp


def test_what_was_not_recorded_is_not_answered() -> None:
    made = recording("aeries", PEOPLE)
    with pytest.raises(LookupError):
        Replay(made).exchange("http://127.0.0.1/elsewhere", Request(path="", template=""), {}, 1)
    with serve(made.folder) as server:
        assert ask(server, "/elsewhere")[0] == 404
        assert server.counts().unknown == 1


def test_floor_and_rollcall_find_the_same_changes(tmp_path: Path) -> None:
    made = recording("aeries", PEOPLE, ("student",))
    with serve(made.folder) as server:
        sender = HttpSender("loopback", 4)
        loaded = tmp_path / "loaded"
        ours = rollcall.night(made, server.address, loaded / "rollcall", sender, {})
        theirs = floor.night(made.about, server.address, loaded / "floor")
        assert (ours.added, ours.known) == (theirs.added, theirs.known)
        assert theirs.added > PEOPLE / 3
        for night in NIGHTS:
            state = tmp_path / night
            shutil.copytree(loaded, state)
            server.begin(Night(night))
            ours = rollcall.night(made, server.address, state / "rollcall", sender, {})
            theirs = floor.night(made.about, server.address, state / "floor")
            moves = made.about.nights[night]
            assert moves_of_rollcall(loaded, state) == moves_of_floor(loaded, state)
            assert [(t.added, t.changed, t.dropped) for t in (ours, theirs)] == [
                (len(moves.added), len(moves.changed), len(moves.removed))
            ] * 2


def moves_of_rollcall(loaded: Path, state: Path) -> tuple[set[str], set[str], set[str]]:
    """Ids of students added, changed and dropped."""
    before, after = ({i: p.person for i, p in people(folder).items()} for folder in (loaded, state))
    active = [{p.source_id for p in found.values() if p.status == "active"} for found in (before, after)]
    changed = {p.source_id for i, p in after.items() if i in before and before[i] != p}
    return active[1] - active[0], changed & active[0] & active[1], active[0] - active[1]


def people(folder: Path) -> dict[str, StoredPerson]:
    return stored_people(folder / "rollcall" / "people.sqlite")


def moves_of_floor(loaded: Path, state: Path) -> tuple[set[str], set[str], set[str]]:
    before, after = (documents(folder / "floor" / "people.sqlite") for folder in (loaded, state))
    changed = {i for i in before.keys() & after.keys() if before[i] != after[i]}
    return after.keys() - before.keys(), changed, before.keys() - after.keys()


def documents(database: Path) -> dict[str, dict[int, bytes]]:
    """Every student's documents, by the school's key."""
    found: dict[str, dict[int, bytes]] = {}
    with closing(sqlite3.connect(database)) as connection:
        for key, document in connection.execute("SELECT id, doc FROM people"):
            found.setdefault(str(key >> 20), {})[key] = document
    return found


def test_a_server_refuses_more_requests_at_once_than_it_was_told_to_bear() -> None:
    made = recording("aeries", PEOPLE)
    with serve(made.folder) as server:
        server.begin(Night(latency=0.5, most=2))
        with ThreadPoolExecutor(5) as pool:
            found = list(pool.map(lambda _: ask(server, schools(made)), range(5)))
        assert sorted(status for status, _ in found) == [200, 200, 429, 429, 429]
        assert all(float(headers["retry-after"]) > 0 for status, headers in found if status == 429)
        counts = server.counts()
        assert (counts.requests, counts.refused, counts.most_at_once) == (5, 3, 3)
        server.begin(Night())
        assert server.counts().requests == 0


def schools(made: Recording) -> str:
    """The target of a request that was recorded."""
    return next(key for key in made.night(FIRST) if "/schools?" in key).split(" ")[1]


def ask(server: Server, target: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=10)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 200:
            assert json.loads(body)
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()
