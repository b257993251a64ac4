"""The engine alone: real connector, simulator and stores in memory, one process. CPU seconds and peak memory, by stage.

    make bench BENCH="--people 100000 --system aeries"

Serving the simulator's pages is counted too, since it happens in the same process; the line says how much of it
there was. Peak memory includes the generated district and everybody stored.
"""

from __future__ import annotations

import argparse
import resource
import time

from local.inprocess import InProcess
from rollcall.connectors.wire import Answer


def main() -> None:
    """Generate, load, then a second night without a change and a third with one in a hundred changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--system", choices=("powerschool", "powerschool_query", "aeries"), default="aeries")
    chosen = parser.parse_args()
    town = InProcess(chosen.system, chosen.people)
    served = _Served(town)
    print(f"{'night':<28}{'people':>9}{'changes':>9}{'CPU s':>8}{'of it SIS':>11}{'peak MB':>9}")
    _night(town, served, "first load")
    _night(town, served, "second, nothing changed")
    town.generated.change_some(chosen.people // 100, seed=3)
    _night(town, served, "third, 1 % changed")


class _Served:
    """CPU seconds spent inside the simulator."""

    def __init__(self, town: InProcess) -> None:
        self.seconds = 0.0
        exchange = town.sender.exchange

        def timed(*call: object) -> Answer:
            began = time.thread_time()
            try:
                return exchange(*call)  # type: ignore[arg-type]
            finally:
                self.seconds += time.thread_time() - began

        town.sender.exchange = timed  # type: ignore[method-assign, assignment]


def _night(town: InProcess, served: _Served, name: str) -> None:
    began, served.seconds = time.process_time(), 0.0
    run = town.sync()
    seconds = time.process_time() - began
    if run.state != "completed":
        raise SystemExit(f"{name}: {run.state}, {run.error}")
    changes = sum(
        c[kind] for c in run.counts.values() for kind in ("add", "update", "inactivate", "reactivate")
    )
    people = changes + sum(c["unchanged"] for c in run.counts.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<28}{people:>9,}{changes:>9,}{seconds:>8.1f}{served.seconds:>11.1f}{peak:>9.0f}", flush=True
    )


if __name__ == "__main__":
    main()
