"""A district of any size under limits like Lambda's: slices by the clock, and a cap on memory.

    python -m bench.slices --people 700000

A recorded Aeries district answers again and again as other schools (``bench.multiplied``). The clock counts what a
slice would take there: its CPU times ``--slower`` and, for every request, its share of ``--latency`` over
``--connections``. Each night is a process of its own, which the kernel refuses more than ``--memory`` MB of data.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from bench import cost
from bench.multiplied import Multiplied, multiplied_buildings
from bench.record import recording
from bench.recording import FIRST, Recording
from bench.replay import Replay
from bench.stores import DiskBlobs, SqlitePeople, load_runs, save_runs
from bench.told import StoreCounts
from local.district import NOON, LocalDistrict
from local.paths import STATE
from rollcall.connectors.transport import Transport
from rollcall.domain.person import encode_person
from rollcall.domain.plan import StoredPerson
from rollcall.domain.ports import Lease
from rollcall.domain.run import Run
from rollcall.store.memory import MemoryClock, MemoryRuns

TYPES = ("student", "contact")
NIGHTS = (FIRST, "0", "1")
UNIT = 1024
"""Bytes of an item that one write unit pays for."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a slice may take: ``slice_seconds`` of a clock that goes ``slower`` than our CPU and waits ``latency``
    seconds for each answer, on several ``connections``; and ``memory`` MB.
    """

    slice_seconds: float = cost.Limits().slice_seconds
    slower: float = 2.0
    latency: float = 0.15
    connections: int = 4
    memory: int = 1000


class Sliced(msgspec.Struct, kw_only=True):
    """One night: ``minutes``, and those of the ``longest`` slice, by the accounted clock, the rest as measured.
    ``checkpoint`` is the largest that was saved, in bytes.
    """

    night: str
    slices: int
    minutes: float
    longest: float
    cpu: float
    peak_mb: float
    people: int
    written: int
    write_units: int
    requests: int
    stores: StoreCounts
    checkpoint: int


class AccountedClock(MemoryClock):
    """The time it would be: ``start`` and what has been accounted since."""

    def __init__(self, start: datetime, limits: Limits, sis: Multiplied) -> None:
        super().__init__(start)
        self._limits = limits
        self._sis = sis
        self._began = time.process_time()

    @property
    def cpu(self) -> float:
        """CPU seconds of this process, without what the SIS took."""
        return time.process_time() - self._began - self._sis.seconds

    def now(self) -> datetime:
        """Aware UTC."""
        waited = self._sis.requests * self._limits.latency / self._limits.connections
        return self.time + timedelta(seconds=self.cpu * self._limits.slower + waited)


class CountedPeople(SqlitePeople):
    """Counts the write units that people would cost as items of a table."""

    units = 0

    def put_many(
        self, people: Sequence[StoredPerson], before: Mapping[str, StoredPerson] | None = None
    ) -> None:
        self.units += sum(1 + len(encode_person(person.person)) // UNIT for person in people)
        super().put_many(people, before)


class WatchedRuns(MemoryRuns):
    """Remembers the ``largest`` checkpoint, in bytes, and the ``longest`` slice, in seconds."""

    largest = 0
    longest = 0.0

    def acquire(
        self, district_id: str, integration_id: str, owner: str, expires_at: datetime
    ) -> Lease | None:
        self._began = self.clock.now()
        return super().acquire(district_id, integration_id, owner, expires_at)

    def release(self, district_id: str, integration_id: str, lease: Lease) -> None:
        self.longest = max(self.longest, (self.clock.now() - self._began).total_seconds())
        super().release(district_id, integration_id, lease)

    def save(self, run: Run, lease: Lease | None, *, unless_cancelled: bool = False) -> None:
        self.largest = max(self.largest, len(msgspec.json.encode(run.checkpoint)))
        super().save(run, lease, unless_cancelled=unless_cancelled)


def sliced_night(base: Recording, copies: int, night: str, state: Path, limits: Limits) -> Sliced:
    """Sync once, slice by slice, from where the last night left ``state``."""
    state.mkdir(parents=True, exist_ok=True)
    counts, sis = StoreCounts(), Multiplied(Replay(base, night), copies)
    people = CountedPeople(state / "people.sqlite", counts)
    about = base.about
    town = LocalDistrict(
        about.system,
        "http://127.0.0.1:80" + about.base_path,
        about.credentials,
        Transport(sis),
        people,
        DiskBlobs(state / "blobs", counts),
    )
    mappings = {
        **about.mappings,
        "building": multiplied_buildings(about.mappings["building"], copies),
    }
    town.set_up(mappings, {"member_types": TYPES})
    clock = AccountedClock(NOON + timedelta(days=NIGHTS.index(night)), limits, sis)
    runs = WatchedRuns(clock)
    kept = load_runs(state / "runs.pickle", runs)
    vars(runs).update({**vars(kept), "clock": clock, "largest": 0, "longest": 0.0})
    town.clock, town.runs = clock, runs
    began = clock.now()
    run = town.sync(slice_seconds=limits.slice_seconds)
    if run.state != "completed":
        raise SystemExit(f"{night}: {run.state}: {run.error}")
    people.close()
    minutes = (clock.now() - began).total_seconds() / 60
    runs.clock = MemoryClock(clock.now())  # the other looks at this process
    save_runs(state / "runs.pickle", runs)
    loaded = ("add", "update", "reactivate", "unchanged")
    return Sliced(
        night=night,
        slices=run.slice + 1,
        minutes=minutes,
        longest=runs.longest / 60,
        cpu=clock.cpu,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        people=sum(counts_of[kind] for counts_of in run.counts.values() for kind in loaded),
        written=counts.people_written,
        write_units=people.units + counts.claims_written,
        requests=sis.requests,
        stores=counts,
        checkpoint=runs.largest,
    )


def main() -> None:
    """Play all nights, each in a process of its own, and print what they took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=700_000)
    parser.add_argument("--base", type=int, default=20_000, help="people of the district that is multiplied")
    for name in Limits.__struct_fields__:
        default = getattr(Limits(), name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--night", choices=NIGHTS, help="play this one here, from --state")
    parser.add_argument("--state", type=Path, default=STATE / "bench" / "slices")
    chosen = parser.parse_args()
    limits = Limits(**{name: getattr(chosen, name) for name in Limits.__struct_fields__})
    base = recording("aeries", chosen.base, TYPES)
    if chosen.night:
        cap = limits.memory * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (cap, cap))
        found = sliced_night(base, -(-chosen.people // chosen.base), chosen.night, chosen.state, limits)
        print(msgspec.json.encode(found).decode())
        return
    shutil.rmtree(chosen.state, ignore_errors=True)
    print(_HEAD)
    for night in NIGHTS:
        command = [sys.executable, "-m", "bench.slices", *sys.argv[1:], "--night", night]
        played = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        print(_line(msgspec.json.decode(played.stdout, type=Sliced)), flush=True)


_HEAD = (
    f"{'night':<7}{'people':>9}{'written':>9}{'units':>9}{'requests':>10}{'slices':>8}{'minutes':>9}{'longest':>9}"
    f"{'CPU s':>8}{'peak MB':>9}{'puts':>7}{'gets':>7}{'checkpoint':>12}"
)


def _line(night: Sliced) -> str:
    return (
        f"{night.night:<7}{night.people:>9,}{night.written:>9,}{night.write_units:>9,}{night.requests:>10,}"
        f"{night.slices:>8}{night.minutes:>9.1f}{night.longest:>9.1f}{night.cpu:>8.1f}{night.peak_mb:>9.0f}"
        f"{night.stores.blob_puts:>7,}{night.stores.blob_gets:>7,}{night.checkpoint:>12,}"
    )


if __name__ == "__main__":
    main()
