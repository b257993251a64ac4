"""The people table from one end to the other, in the order of names.

The index by name lies in shards, each in order; merging them gives the order of all. Each shard is read a page at a
time, so that what is in memory does not grow with the district.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from rollcall.domain.person import PersonType
from rollcall.store.dynamo import Item, text
from rollcall.store.people import NAME_SHARDS, DynamoPeople

_PAGE = 1000


class DynamoEverybody(DynamoPeople):
    """The ``Everybody`` port over the people table. The index lags behind the table by a moment."""

    def ids(self, district_id: str, person_type: PersonType) -> Iterator[str]:
        shards = (self._shard(f"{district_id}#{shard}", person_type) for shard in range(NAME_SHARDS))
        for item in heapq.merge(*shards, key=lambda item: text(item, "name_sk")):
            yield text(item, "pk").partition("#")[2]

    def _shard(self, partition: str, person_type: PersonType) -> Iterator[Item]:
        start: Item | None = None
        while True:
            items, start = self._table.query(
                "name_pk = :pk",
                {":pk": partition, ":type": person_type},
                index="by_name",
                keep="#type = :type",
                start=start,
                limit=_PAGE,
            )
            yield from items
            if start is None:
                return
