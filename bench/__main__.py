"""``make bench``: Rollcall against its peers and the hand-written floor, on the same recorded district.

    make bench BENCH="--people 100000 --repetitions 5"

Prints tables. With WRITE_DOCS=1 they go into docs/performance.md, with its plot. What was measured is kept in
.local/bench/results.json.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

import msgspec

from bench import report
from bench.compare import Measured, check_nights, compare
from bench.figures import Figure, figures
from bench.record import recording
from bench.recording import FIRST, NIGHTS, Recording
from bench.tools import FLOOR, ROLLCALL, TOOLS, WITHOUT, Tool
from bench.units import measured_costs
from local.bootstrap import BENCH, ensure
from local.paths import ROOT, STATE

DOCUMENT = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"
RESULTS = STATE / "bench" / "results.json"
SMALL = 300
PEOPLE_PER_STUDENT = 1.93
"""Of a generated district, staff and guardians included."""
SYSTEMS = {
    "aeries": "Aeries",
    "illuminate": "Illuminate",
    "powerschool": "PowerSchool",
    "powerschool_query": "PowerSchool Query",
    "schooltool": "SchoolTool",
    "oneroster": "OneRoster",
}


def main() -> None:
    """Measure what was chosen."""
    chosen = _arguments()
    nights = [FIRST, *check_nights(chosen.nights)]
    ensure([BENCH], _say)
    kept: dict[str, list[Measured]] = {}
    parts = chosen.only.split(",")
    if "compare" in parts:
        kept["compare"] = _compare(chosen, [TOOLS[name] for name in chosen.tools.split(",")], nights)
    if "extras" in parts:
        kept["extras"] = _extras(chosen, nights)
    if "shapes" in parts:
        kept.update(_shapes(chosen, nights))
    if "cost" in parts:
        _tell("cost", measured_costs(2 * chosen.people))
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_bytes(msgspec.json.encode(kept))


def _compare(chosen: argparse.Namespace, tools: Sequence[Tool], nights: Sequence[str]) -> list[Measured]:
    """The tools side by side, over Aeries' students: one stream, so that a peer needs no join."""
    district, small = _students(chosen.people), _students(SMALL)
    measured = compare(district, tools, nights[1:], chosen.repetitions, _say, small)
    found = _figures(measured, district, small)
    text = report.rates(found, tools, nights)
    if ROLLCALL in tools:
        text += "\n" + report.ratios(measured, tools, nights)
        text += "\n" + report.stores(found, nights)
    if "1" in nights:
        text += "\n" + report.kept(found, tools, district)
    students = sum(district.about.records[FIRST].values())
    _tell("compare", f"{students:,} student records, {chosen.repetitions} repetitions.\n\n{text}")
    if _writing():
        PLOT.write_text(report.plot(found, tools, nights, f"Records per CPU second, {students:,} students"))
    return measured


def _extras(chosen: argparse.Namespace, nights: Sequence[str]) -> list[Measured]:
    """Rollcall with one thing and another switched off."""
    tools = (FLOOR, ROLLCALL, *WITHOUT)
    district, small = _students(chosen.people), _students(SMALL)
    measured = compare(district, tools, nights[1:], chosen.repetitions, _say, small)
    _tell("extras", report.extras(_figures(measured, district, small), tools, nights))
    return measured


def _shapes(chosen: argparse.Namespace, nights: Sequence[str]) -> dict[str, list[Measured]]:
    """Rollcall over every system, with all its people and streams."""
    kept, rows = {}, []
    for system, title in SYSTEMS.items():
        district, small = recording(system, chosen.people), recording(system, SMALL)
        _say(f"{title}: {district.about.records[FIRST]}")
        measured = compare(district, [ROLLCALL], nights[1:], chosen.repetitions, _say, small)
        kept[system] = measured
        rows.append((title, district, {f.night: f for f in _figures(measured, district, small)}))
    _tell("shapes", report.shapes(rows, nights))
    return kept


def _students(count: int) -> Recording:
    return recording("aeries", round(count * PEOPLE_PER_STUDENT), ("student",))


def _figures(measured: Sequence[Measured], district: Recording, small: Recording) -> list[Figure]:
    return figures(measured, _totals(district), _totals(small))


def _totals(district: Recording) -> dict[str, int]:
    return {night: sum(streams.values()) for night, streams in district.about.records.items()}


def _tell(name: str, text: str) -> None:
    print(f"\n{text}", flush=True)
    if _writing():
        report.fill(DOCUMENT, name, text)


def _writing() -> bool:
    return os.environ.get("WRITE_DOCS") == "1"


def _say(line: str) -> None:
    print(line, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--people", type=int, default=10_000, help="students, and people for the table of systems"
    )
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--tools", default=",".join(TOOLS), help=f"of {', '.join(TOOLS)}")
    parser.add_argument("--nights", default=",".join(NIGHTS), help="second nights, by the percentage changed")
    parser.add_argument(
        "--only", default="compare,extras,shapes,cost", help="of compare, extras, shapes, cost"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
