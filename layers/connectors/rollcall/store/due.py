"""What becomes due: the ``due`` index, in which schedules, digests, runs and events stand until their time has come.

It is spread over shards, so that no minute is bound to one partition; whoever looks for what is due asks all of them.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from itertools import islice

from rollcall.store.dynamo import Item, Table, text

SHARDS = 8


def moment(when: datetime) -> str:
    """A time as text that sorts, e.g. ``2026-11-22T02:00:00.000Z``."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def due_shard(kind: str, item_id: str) -> str:
    """The partition of the ``due`` index for an id: spread, so that no minute is bound to one partition."""
    return f"{kind}#{hashlib.blake2b(item_id.encode(), digest_size=1).digest()[0] % SHARDS}"


def due_keys(table: Table, kind: str, now: datetime, limit: int) -> list[Item]:
    """Keys of the ``limit`` items of a kind that have been due the longest."""
    found: list[Item] = []
    for shard in range(SHARDS):
        items, _ = table.query(
            "due_pk = :pk AND due_at <= :now",
            {":pk": f"{kind}#{shard}", ":now": moment(now)},
            index="due",
            limit=limit,
        )
        found += items
    found.sort(key=lambda item: text(item, "due_at"))
    return [{"pk": item["pk"], "sk": item["sk"]} for item in islice(found, limit)]
