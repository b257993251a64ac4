"""Runs the tools on the same recorded district, alternately, and keeps every figure.

A repetition is a first load of each tool, then second nights from copies of what the first load left, tool after tool:
whatever else the machine does meets all of them. Every tool also does two nights of a *small* district, which tell what
it costs before the first record.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from bench.measure import Cost, measure
from bench.recording import FIRST, NIGHTS, Recording
from bench.server import Counts, Night
from bench.serving import Server, serve
from bench.told import Told
from bench.tools import WORK, Tool
from local.bootstrap import BENCH
from local.paths import ROOT

Say = Callable[[str], None]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One night of one tool. ``told`` is None of a peer, which tells nothing; ``rows`` is what it then holds."""

    tool: str
    night: str
    small: bool
    cost: Cost
    sis: Counts
    told: Told | None
    rows: int | None


def compare(
    recording: Recording,
    tools: Sequence[Tool],
    nights: Sequence[str],
    repetitions: int,
    say: Say,
    small: Recording | None = None,
) -> list[Measured]:
    """Measure every night of every tool ``repetitions`` times; of ``small`` a first load and one second night."""
    found: list[Measured] = []
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as workspace:
        for district in (small, recording) if small else (recording,):
            with serve(district.folder) as server:
                for repetition in range(repetitions):
                    bench = _Bench(district, server, Path(workspace), district is small)
                    for measured in bench.repetition(tools, nights[:1] if district is small else nights):
                        found.append(measured)
                        say(_line(measured, repetition))
    return found


class _Bench:
    """One district being served."""

    def __init__(self, recording: Recording, server: Server, workspace: Path, small: bool) -> None:
        self._recording = recording
        self._server = server
        self._workspace = workspace
        self._small = small

    def repetition(self, tools: Sequence[Tool], nights: Sequence[str]) -> Iterator[Measured]:
        """A first load and second nights of every tool, as they are done."""
        for night in (FIRST, *nights):
            for tool in tools:
                state = self._workspace / "state"
                loaded = self._workspace / tool.name
                shutil.rmtree(state, ignore_errors=True)
                if night == FIRST:
                    state.mkdir()
                else:
                    shutil.copytree(loaded, state)
                yield self._run(tool, night, state)
                if night == FIRST:
                    shutil.rmtree(loaded, ignore_errors=True)
                    shutil.move(state, loaded)

    def _run(self, tool: Tool, night: str, state: Path) -> Measured:
        self._server.begin(Night(night))
        command = tool.command(self._recording.folder, self._server.address, state)
        output, cost = measure(command, tool.environment(), ROOT)
        sis = self._server.counts()
        database = state / "students.duckdb"
        return Measured(
            tool=tool.name,
            night=night,
            small=self._small,
            cost=cost,
            sis=sis,
            told=msgspec.json.decode(output, type=Told) if tool.ours else None,
            rows=None if tool.ours else _rows(tool, database),
        )


def _rows(tool: Tool, database: Path) -> int:
    command = [str(BENCH.python), "-m", "bench.peers.count", str(database)]
    done = subprocess.run(
        command, env=tool.environment(), cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def _line(measured: Measured, repetition: int) -> str:
    night = "first load" if measured.night == FIRST else f"{measured.night} % changed"
    cost = measured.cost
    return (
        f"{repetition + 1}  {'small ' if measured.small else ''}{night:<13} {measured.tool:<12}"
        f"{cost.cpu:>8.2f} CPU s {cost.wall:>8.1f} s {cost.together / 1e6:>7.0f} MB"
        f" {measured.sis.requests:>6} requests"
    )


def check_nights(names: str) -> list[str]:
    """Names of second nights from a list with commas; raises ValueError."""
    chosen = [name for name in names.split(",") if name]
    unknown = [name for name in chosen if name not in NIGHTS]
    if unknown:
        raise ValueError(f"no night {', '.join(unknown)}; known: {', '.join(NIGHTS)}")
    return chosen
