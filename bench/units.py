"""Measures the units of the cost model, and tells dollars and minutes a night.

    python -m bench.units --people 20000

Two districts of a system are synced, pages played in the same process: a first load, and second nights with nothing
and with one in a hundred changed. People are counted as the table on AWS counts them. Beside them stands what writing
every record every night would cost: the same reading of the SIS, a Scan to see who is gone, and a write of everybody.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.cost import Bill, Limits, Line, Prices, Units, bill
from bench.items import read_units, write_units
from bench.record import recording
from bench.recording import FIRST, Recording
from bench.replay import Replay
from bench.report import table
from bench.rollcall import night
from bench.stores import stored_people
from bench.tools import WORK
from rollcall.domain.plan import StoredPerson

SYSTEMS = {"aeries": "Aeries: lists of 500", "powerschool_query": "PowerSchool Query: 100 rows a page"}
"""A SIS that answers with much at a time, and one that does not."""

SIZES = (1_000, 50_000, 700_000)
EVERYTHING = "everything"
NAMES = {FIRST: "first load", "0": "nothing changed", "1": "1 % changed", EVERYTHING: "every record written"}
"""The nights of the model."""


class Counted(NamedTuple):
    """One measured night of one district; the fields are those of ``Units``."""

    requests: float
    cpu: float
    people_written: float
    write_units: float
    read_units: float
    blob_writes: float
    blob_reads: float


def measured_units(small: Recording, large: Recording) -> dict[str, Units]:
    """The units of every night, by name."""
    points = [(students_of(district), counted(district)) for district in (small, large)]
    (x1, one), (x2, other) = points
    return {
        name: Units(
            **{
                field: Line.through((x1, getattr(one[name], field)), (x2, getattr(other[name], field)))
                for field in Counted._fields
            }
        )
        for name in NAMES
    }


def students_of(district: Recording) -> int:
    """Students of the first night."""
    return district.about.records[FIRST]["students"]


def counted(district: Recording) -> dict[str, Counted]:
    """Sync a first night and second nights, and count."""
    found = {}
    WORK.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        loaded, state = Path(folder) / "loaded", Path(folder) / "state"
        found[FIRST] = _night(district, FIRST, loaded, {})
        before = stored_people(loaded / "people.sqlite")
        for name in ("0", "1"):
            shutil.copytree(loaded, state)
            found[name] = _night(district, name, state, before)
            shutil.rmtree(state)
    rewritten = sum(write_units(person, person) for person in before.values())
    found[EVERYTHING] = found[FIRST]._replace(
        people_written=len(before),
        write_units=rewritten,
        read_units=read_units(before.values()),
        blob_writes=0,
        blob_reads=0,
    )
    return found


def _night(district: Recording, name: str, state: Path, before: dict[str, StoredPerson]) -> Counted:
    replay = Replay(district, name)
    began = time.process_time()
    told = night(district, "http://127.0.0.1:80", state, replay, {})
    cpu = time.process_time() - began
    assert told.stores is not None
    after = stored_people(state / "people.sqlite")
    written = [(before.get(i), person) for i, person in after.items() if person != before.get(i)]
    return Counted(
        requests=replay.requests,
        cpu=cpu,
        people_written=told.stores.people_written,
        write_units=sum(write_units(was, now) for was, now in written),
        # a person who may change is read before: consistently, a unit for 4 kB
        read_units=told.stores.people_read,
        blob_writes=told.stores.blob_puts,
        blob_reads=told.stores.blob_gets,
    )


def cost_table(units: dict[str, Units], prices: Prices, limits: Limits) -> str:
    """Dollars, minutes and what binds, for each size and night."""
    rows = []
    for students in SIZES:
        for name, title in NAMES.items():
            found = bill(units[name], students, prices, limits)
            rows.append([f"{students:,}", title, *_cells(units[name], students, found)])
    head = [
        "students",
        "night",
        "write units",
        "S3 writes",
        "requests",
        "DynamoDB $",
        "S3 $",
        "Lambda $",
        "a night $",
    ]
    return table([*head, "minutes", "slices", "binds", "one partition, min"], rows)


def _cells(units: Units, students: int, found: Bill) -> list[str]:
    return [
        f"{units.write_units.at(students):,.0f}",
        f"{units.blob_writes.at(students):,.0f}",
        f"{units.requests.at(students):,.0f}",
        *(f"{dollars:.4f}" for dollars in (found.dynamodb, found.s3, found.compute, found.dollars)),
        f"{found.seconds / 60:.1f}",
        str(found.slices),
        found.binds,
        f"{found.hot_partition_seconds / 60:.1f}",
    ]


def measured_costs(people: int) -> str:
    """A table for each of ``SYSTEMS``, from districts of ``people`` and a tenth of that."""
    tables = []
    for system, title in SYSTEMS.items():
        units = measured_units(recording(system, people // 10), recording(system, people))
        tables.append(f"**{title}**\n\n{cost_table(units, Prices(), Limits())}")
    return "\n".join(tables)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    print(measured_costs(parser.parse_args().people))


if __name__ == "__main__":
    main()
