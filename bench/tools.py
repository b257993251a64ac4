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


@dataclass(frozen=True)
class Tool:
    """``ours`` run in the project's own environment, the others in that of the peers.

    ``settings`` and ``entities`` are of Rollcall alone: an integration that does without something.
    """

    name: str
    title: str
    module: str
    ours: bool = False
    settings: str = "{}"
    entities: str = ""

    def command(self, recording: Path, url: str, state: Path) -> list[str]:
        """What to run for a night that leaves ``state``."""
        if self.name == "singer":
            return _pipe(recording, url, state)
        python = DEV.python if self.ours else BENCH.python
        command = [str(python), "-m", self.module, str(recording), "--url", url, "--state", str(state)]
        if self.module == "bench.rollcall":
            command += ["--settings", self.settings, "--entities", self.entities]
        return command

    def environment(self) -> dict[str, str]:
        """Variables for it: those of whoever started us, without what would change a peer."""
        paths = [ROOT, *((ROOT / "layers/connectors", ROOT / "functions") if self.ours else ())]
        mine = {"PYTHONPATH": ":".join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": ""}
        return {**os.environ, **mine}

    @property
    def drops(self) -> bool:
        """Whether it ends who is gone, as it is set up here."""
        return self.ours


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
    Tool("dlt_arrow", "dlt, Arrow pages, upsert", "bench.peers.dlt_arrow"),
    Tool("dlt_json", "dlt, JSON rows, tuned", "bench.peers.dlt_json"),
    Tool("singer", "Singer tap and target-duckdb", "bench.peers.singer_tap"),
)
TOOLS = {tool.name: tool for tool in (FLOOR, ROLLCALL, *PEERS)}

_LEAST = "academic_year,building"
WITHOUT = (
    Tool(
        "no_families", "without families", "bench.rollcall", ours=True, settings='{"family_identifier": []}'
    ),
    Tool(
        "no_drops",
        "without drops",
        "bench.rollcall",
        ours=True,
        settings='{"drop_students_not_in_file": false}',
    ),
    Tool("no_codes", "without mapped codes", "bench.rollcall", ours=True, entities=_LEAST),
    Tool(
        "bare",
        "without any of these",
        "bench.rollcall",
        ours=True,
        settings='{"family_identifier": [], "drop_students_not_in_file": false}',
        entities=_LEAST,
    ),
)
"""Rollcall with extras switched off, by settings that a district has too."""
