"""The outbox in DynamoDB: events to be told, written in one transaction with what they tell of.

An item is in the ``due`` index under ``EVENT`` until its event has been told, and under ``TOLD`` from then on, so that
adding the same event again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rollcall.domain.events import Event
from rollcall.store.due import due_keys, due_shard, moment
from rollcall.store.dynamo import Item, Table, text

KEPT = timedelta(days=90)
_ADD = (
    "SET doc = if_not_exists(doc, :doc), gsi1pk = if_not_exists(gsi1pk, :pk), gsi1sk = if_not_exists(gsi1sk, :at), "
    "due_pk = if_not_exists(due_pk, :due), due_at = if_not_exists(due_at, :at), #ttl = if_not_exists(#ttl, :ttl)"
)
_decode = msgspec.json.Decoder(Event).decode


class DynamoOutbox:
    """The ``Outbox`` port over the config table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, event: Event) -> None:
        self._table.update(_key(event), _ADD, _values(event))

    def due(self, now: datetime, limit: int) -> list[Event]:
        items = self._table.get_many(due_keys(self._table, "EVENT", now, limit))
        # The index lags behind: what has been told meanwhile is not due.
        return _sorted(item for item in items if text(item, "due_pk").startswith("EVENT#"))

    def told(self, event: Event) -> None:
        shard = due_shard("TOLD", event.id)
        self._table.update(_key(event), "SET due_pk = :shard", {":shard": shard}, "attribute_exists(pk)")

    def between(self, district_id: str, since: datetime, until: datetime) -> list[Event]:
        found: list[Item] = []
        start: Item | None = None
        values: Item = {":pk": f"{district_id}#EVENT", ":since": moment(since), ":until": moment(until)}
        while True:
            items, start = self._table.query(
                "gsi1pk = :pk AND gsi1sk BETWEEN :since AND :until", values, index="gsi1", start=start
            )
            # BETWEEN takes both ends.
            found += [item for item in items if text(item, "gsi1sk") != values[":until"]]
            if start is None:
                return _sorted(found)


def add_op(table: Table, event: Event) -> dict[str, Any]:
    """:meth:`DynamoOutbox.add` as part of a transaction."""
    return table.update_op(_key(event), _ADD, _values(event))


def _key(event: Event) -> Item:
    return {"pk": f"{event.district_id}#EVENT", "sk": event.id}


def _values(event: Event) -> Item:
    return {
        ":doc": msgspec.json.encode(event).decode(),
        ":pk": f"{event.district_id}#EVENT",
        ":at": moment(event.at),
        ":due": due_shard("EVENT", event.id),
        ":ttl": int((event.at + KEPT).timestamp()),
    }


def _sorted(items: Iterable[Item]) -> list[Event]:
    return sorted((_decode(text(item, "doc")) for item in items), key=lambda event: (event.at, event.id))
