"""What the writer of people costs: CPU of the client alone, items and write units.

    make bench-writer BENCH="--people 10000"

A table of its own, in a process of its own, takes what it is sent and keeps nothing but counts; it also hands back a
part of some batches. The people are of a generated district, mapped by a connector and planned by the engine, and
everybody has a POS ID, which is an item of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from bench.aside import Server, aside
from bench.items import index_units, item_units
from local.inprocess import InProcess
from rollcall.domain.plan import StoredPerson
from rollcall.store.aws import client
from rollcall.store.dynamo import Table, decode
from rollcall.store.people import DynamoPeople, item_of

FILE = 1000
"""People whom the engine hands to the store at once."""


@dataclass
class Told:
    """What the table was sent: requests, items that it took, and their write units."""

    requests: int = 0
    items: int = 0
    units: int = 0
    handed_back: int = 0


@dataclass
class NullTable(Server[Told]):
    """Takes every batch; of each ``every``-th it hands back the last item."""

    every: int | None = None

    def begin(self) -> Told:
        """Nothing sent."""
        return Told()

    async def answer(
        self, told: Told, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """What of a batch is still to be done."""
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        answer = json.dumps(self._take(told, json.loads(await reader.readexactly(length)))).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)

    def _take(self, told: Told, request: dict[str, Any]) -> dict[str, Any]:
        ((name, wanted),) = request["RequestItems"].items()
        told.requests += 1
        back = wanted[-1:] if self.every and told.requests % self.every == 0 else []
        taken = wanted[: len(wanted) - len(back)]
        told.items += len(taken)
        told.units += sum(item_units(decode(put["PutRequest"]["Item"])) for put in taken)
        told.handed_back += len(back)
        return {"UnprocessedItems": {name: back}} if back else {}


@dataclass
class Write:
    """What the engine once handed to the store."""

    people: list[StoredPerson]
    before: dict[str, StoredPerson]


def planned(count: int) -> tuple[list[Write], list[Write]]:
    """The writes of a first load of a district, and of a night on which one in a hundred has changed."""
    town = InProcess("powerschool", count)
    written: list[Write] = []
    put_many = town.people.put_many

    def remember(people: Sequence[StoredPerson], before: Mapping[str, StoredPerson] | None = None) -> None:
        written.append(
            Write([_with_pos(p) for p in people], {i: _with_pos(p) for i, p in (before or {}).items()})
        )
        put_many(people, before)

    town.people.put_many = remember  # type: ignore[method-assign]
    if town.sync().state != "completed":
        raise SystemExit("the first load did not complete")
    first, written = written, []
    town.generated.change_some(count // 100, seed=3)
    if town.sync().state != "completed":
        raise SystemExit("the second night did not complete")
    return first, written


def _with_pos(stored: StoredPerson) -> StoredPerson:
    return replace(stored, person=replace(stored.person, pos_id=stored.id))


def measure(table: NullTable, writes: Sequence[Write]) -> tuple[float, Told]:
    """CPU seconds of this process, and what the table was sent."""
    with aside(table) as (url, end):
        os.environ["AWS_ENDPOINT_URL"] = url
        people = DynamoPeople(Table(client("dynamodb"), "PeopleTable"))
        began = time.process_time()
        for write in writes:
            people.put_many(write.people, write.before)
        seconds = time.process_time() - began
        return seconds, end()


def main() -> None:
    """A table of both nights against both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--people", type=int, default=10_000, help="students, to whom contacts and staff are added"
    )
    chosen = parser.parse_args()
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1",
    }  # fmt: skip
    first, second = planned(chosen.people)
    print(
        f"{'night':<34}{'people':>8}{'CPU s':>8}{'people/CPU s':>14}{'requests':>10}{'items':>8}{'units':>8}",
        end="",
    )
    print(f"{'own size':>10}{'indexes':>9}")
    for name, table, writes in (
        ("first load", NullTable(), first),
        ("first load, 1 in 10 handed back", NullTable(every=10), first),
        ("1 % changed", NullTable(), second),
        ("1 % changed, 1 in 2 handed back", NullTable(every=2), second),
    ):
        seconds, told = measure(table, writes)
        everybody = [(person, write.before.get(person.id)) for write in writes for person in write.people]
        own = sum(item_units(item_of(person)) for person, _ in everybody)
        indexes = sum(index_units(before, person) for person, before in everybody)
        print(
            f"{name:<34}{len(everybody):>8,}{seconds:>8.2f}{len(everybody) / seconds:>14,.0f}{told.requests:>10,}"
            f"{told.items:>8,}{told.units:>8,}{own:>10,}{indexes:>9,}",
            flush=True,
        )


if __name__ == "__main__":
    main()
