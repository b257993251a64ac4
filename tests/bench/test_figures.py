"""Measuring a process, and what is made of the measurements."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from bench.compare import Measured, check_nights
from bench.figures import figures, paired
from bench.measure import Cost, Failed, measure
from bench.recording import FIRST
from bench.report import fill, plot, stores, table
from bench.server import Counts
from bench.told import StoreCounts, Told
from bench.tools import FLOOR, MEMORY, ROLLCALL
from tests.template.expansion import source

HERE = Path(__file__).parent


def run(code: str) -> tuple[str, Cost]:
    return measure([sys.executable, "-c", code], os.environ, HERE)


def test_cpu_of_children_is_counted() -> None:
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    _, alone = run(burn)
    output, parent = run(
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}], check=True); print('done')"
    )
    assert output == "done\n"
    assert 0.5 <= alone.cpu < 1.5
    assert parent.cpu >= 0.5
    assert parent.wall >= 0.4


def test_memory_is_of_the_command_and_not_of_whoever_started_it() -> None:
    wait = "import time; time.sleep(0.4)"
    mine = bytearray(200_000_000)
    _, small = run(wait)
    assert len(mine) == 200_000_000
    assert small.largest < 60_000_000
    _, large = run(f"kept = bytearray(90_000_000); {wait}")
    assert large.largest > 90_000_000
    _, two = run(
        "import subprocess, sys; kept = bytearray(90_000_000);"
        f"subprocess.run([sys.executable, '-c', 'kept = bytearray(90_000_000); {wait}'], check=True)"
    )
    assert two.together > 180_000_000 > two.largest


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(Failed, match="no such night"):
        run("raise SystemExit('no such night')")


def measured(tool: str, cpu: float, *, night: str = "1", small: bool = False) -> Measured:
    cost = Cost(cpu=cpu, wall=2 * cpu, largest=1, together=2)
    sis = Counts(requests=10, bytes=1000)
    return Measured(tool=tool, night=night, small=small, cost=cost, sis=sis, told=None, rows=None)


RUNS = [
    *(measured("rollcall", cpu) for cpu in (3.0, 2.0, 9.0)),
    *(measured("floor", cpu) for cpu in (1.0, 2.0, 3.0)),
    *(measured("rollcall", cpu, night="0", small=True) for cpu in (1.0, 1.0, 4.0)),
    measured("rollcall", 7.0, night=FIRST, small=True),
    measured("floor", 0.5, night="0", small=True),
]


def test_rates_are_medians_beyond_what_a_small_district_costs() -> None:
    (ours, floor) = figures(RUNS, {"1": 10_300}, {"1": 300})
    assert (ours.cpu, ours.start, ours.wall) == (3.0, 1.0, 6.0)
    assert ours.rate == 10_000 / 2
    assert ours.gross == pytest.approx(10_300 / 3)
    assert floor.rate == 10_000 / 1.5


def test_pairs_are_compared_repetition_by_repetition() -> None:
    assert paired(RUNS, "1", "rollcall", "floor") == [0.5 / 2, 1.5 / 1, 2.5 / 8]


def test_an_unknown_night_is_refused() -> None:
    assert check_nights("0,20") == ["0", "20"]
    with pytest.raises(ValueError, match="no night 2; known: 0, 1, 20"):
        check_nights("0,2")


def test_documents_are_filled_between_their_marks(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("before\n<!-- one -->\nold\n<!-- /one -->\nafter\n")
    fill(document, "one", r"new \1")
    fill(document, "one", r"newer \1")
    assert document.read_text() == "before\n<!-- one -->\n\nnewer \\1\n<!-- /one -->\nafter\n"
    with pytest.raises(ValueError, match="no place for two"):
        fill(document, "two", "")


def test_tables_and_plots_hold_every_figure() -> None:
    assert table(["a", "b"], [["c", "1"]]) == "| a | b |\n| --- | ---: |\n| c | 1 |\n"
    drawn = plot(figures(RUNS, {"1": 10_300}, {"1": 300}), [FLOOR, ROLLCALL], ["1"], "a & b")
    assert drawn.count("<rect") == 2
    assert "a &amp; b" in drawn
    assert "Rollcall: 5.0 k" in drawn
    assert "hand-written floor: 6.7 k" in drawn


def test_what_rollcall_stored_is_told_by_night() -> None:
    counts = StoreCounts(people_written=1300, blob_puts=9, page_puts=7, blob_gets=4, bytes_put=2_500_000)
    told = Told(added=300, changed=1000, dropped=0, known=1300, stores=counts)
    night = replace(measured("rollcall", 2.0), told=told)
    text = stores(figures([night], {"1": 10_300}, {"1": 300}), ["1"])
    assert "| people written | 1,300 |" in text
    assert "| files written: all others | 2 |" in text
    assert "| MB written to files | 2.5 |" in text


def test_memory_is_managed_as_in_the_runner() -> None:
    """Guards: a benchmark of a Rollcall that nobody deploys."""
    variables = source()["Resources"]["SyncRunner"]["Properties"]["Environment"]["Variables"]
    assert variables.items() >= MEMORY.items()
