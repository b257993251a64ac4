"""The tools that are compared, and how each is run for one night."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

import msgspec

from local.bootstrap import BENCH, DEV
from local.paths import ROOT, STATE

WORK = STATE / "bench" / "work"
"""Where tools keep what they store, on the disk of the checkout: /tmp may be memory."""


MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "268435456",
}
"""How the sync runner of ``template.yaml`` has its memory managed. For all tools: it slows down none of them."""


@dataclass(frozen=True)
class Tool:
    """``ours`` run in the project's own environment, the others in that of the peers. ``options`` are its own."""

    name: str
    title: str
    module: str
    ours: bool = False
    options: tuple[str, ...] = ()

    def command(self, recording: Path, url: str, state: Path) -> list[str]:
        """What to run for a night that leaves ``state``."""
        if self.name == "singer":
            return _pipe(recording, url, state)
        python = DEV.python if self.ours else BENCH.python
        command = [str(python), "-m", self.module, str(recording), "--url", url, "--state", str(state)]
        return [*command, *self.options]

    def environment(self) -> dict[str, str]:
        """Variables for it: those of whoever started us, without what would change a peer."""
        paths = [ROOT, *((ROOT / "layers/connectors", ROOT / "functions") if self.ours else ())]
        mine = {"PYTHONPATH": ":".join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": ""}
        return {**os.environ, **MEMORY, **mine}


def _pipe(recording: Path, url: str, state: Path) -> list[str]:
    """A tap and its target. The shell waits for both, so their CPU is counted."""
    state.mkdir(parents=True, exist_ok=True)
    tap, target = state / "tap.json", state / "target.json"
    tap.write_bytes(msgspec.json.encode({"recording": str(recording), "url": url}))
    database = str(state / "students.duckdb")
    target.write_bytes(
        msgspec.json.encode({"filepath": database, "path": database, "default_target_schema": "sis"})
    )
    left = shlex.join([str(BENCH.python), "-m", "bench.peers.singer_tap", "--config", str(tap)])
    right = shlex.join([BENCH.script("target-duckdb"), "--config", str(target)])
    return ["bash", "-c", f"set -o pipefail; {left} | {right}"]


ROLLCALL = Tool("rollcall", "Rollcall", "bench.rollcall", ours=True)
FLOOR = Tool("floor", "hand-written floor", "bench.floor", ours=True)
PEERS = (
    Tool("dlt_arrow", "dlt, Arrow parses pages", "bench.peers.dlt_arrow", options=("--parse", "arrow")),
    Tool("dlt_rows", "dlt, Arrow tables of rows", "bench.peers.dlt_arrow", options=("--parse", "rows")),
    Tool("dlt_json", "dlt, JSON rows", "bench.peers.dlt_json"),
    Tool("singer", "Singer tap and target-duckdb", "bench.peers.singer_tap"),
)
TOOLS = {tool.name: tool for tool in (FLOOR, ROLLCALL, *PEERS)}


def _without(name: str, title: str, settings: dict[str, object], *, codes: bool = True) -> Tool:
    """Rollcall with settings of the integration; without ``codes`` only the mappings that it cannot do without."""
    options = ["--settings", msgspec.json.encode(settings).decode()]
    if not codes:
        options += ["--entities", "academic_year,building,grade_level"]
    return Tool(name, title, "bench.rollcall", ours=True, options=tuple(options))


_NO_FAMILIES: dict[str, object] = {"family_identifier": []}
_NO_DROPS: dict[str, object] = {"drop_students_not_in_file": False}
WITHOUT = (
    _without("no_families", "without families", _NO_FAMILIES),
    _without("no_drops", "without drops", _NO_DROPS),
    _without("no_codes", "without mapped codes", {}, codes=False),
    _without("bare", "without any of these", {**_NO_FAMILIES, **_NO_DROPS}, codes=False),
)
"""Rollcall with extras switched off, by settings that a district has too."""
