"""Reading the people table by name, id, family or school.

No partition holds a district, so a list by name asks every shard of the index and merges what they answer. Each
request looks at a bounded number of items: a page may be short and still have a next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rollcall.domain.ids import person_id
from rollcall.domain.person import PERSON_TYPES, PersonType, Status
from rollcall.domain.plan import StoredPerson
from rollcall.store.dynamo import Item, Table, text
from rollcall.store.people import NAME_SHARDS, load, name_key

_LOOKED_AT = 200
_ROUNDS = 5
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class PeopleFilter:
    """What people must be to be listed; None stands for any."""

    type: PersonType | None = None
    status: Status | None = None
    school: str | None = None


@dataclass(frozen=True)
class _Shard:
    """What one shard answered: matching items in order of name, and the name up to which it has looked."""

    items: list[Item]
    looked_to: str | None


class DynamoPeopleSearch:
    """What the API reads of people."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, district_id: str, wanted: str) -> StoredPerson | None:
        """One person by id."""
        return next(iter(load(self._table, [f"{district_id}#{wanted}"])), None)

    def get_many(self, district_id: str, wanted: Sequence[str]) -> dict[str, StoredPerson]:
        """Those of the people who exist, by id."""
        keys = [f"{district_id}#{item}" for item in wanted]
        return {person.id: person for person in load(self._table, keys)}

    def family(self, district_id: str, family_id: str) -> list[StoredPerson]:
        """The members of a family, in the order of their ids; empty when there is no such family."""
        found = self._ids("by_family", "family_pk", f"{district_id}#{family_id}")
        return sorted(load(self._table, found), key=lambda person: person.id)

    def by_id(
        self, district_id: str, wanted: str, sources: Iterable[str], keep: PeopleFilter
    ) -> list[StoredPerson]:
        """People who have ``wanted`` as local id, state id, id in one of the ``sources``, or as our own id."""
        found = {
            f"{district_id}#{wanted}",
            *self._ids("by_local_id", "local_pk", f"{district_id}#{wanted}"),
            *self._ids("by_state_id", "state_pk", f"{district_id}#{wanted}"),
            *(
                f"{district_id}#{person_id(district_id, source, kind, wanted)}"
                for source in set(sources)
                for kind in PERSON_TYPES
            ),
        }
        people = [person for person in load(self._table, found) if _matches(person, keep)]
        return sorted(people, key=lambda person: person.id)

    def by_name(
        self, district_id: str, prefix: str, keep: PeopleFilter, limit: int, after: str | None
    ) -> tuple[list[StoredPerson], str | None]:
        """People whose "last first" name begins with ``prefix``, by name, and where to go on from (None: the end).

        ``after`` is what the page before said.
        """
        start = name_key(prefix.replace(",", " "))
        low = f"{after}\0" if after else start or "\0"
        with ThreadPoolExecutor(max_workers=NAME_SHARDS) as pool:
            shards = list(
                pool.map(
                    lambda shard: self._shard(f"{district_id}#{shard}", low, start + _LAST, keep, limit),
                    range(NAME_SHARDS),
                )
            )
        # Beyond the name up to which every shard has looked, the order is not known yet.
        horizon = min((shard.looked_to for shard in shards if shard.looked_to), default=None)
        items = sorted(
            (item for shard in shards for item in shard.items), key=lambda item: text(item, "name_sk")
        )
        known = [item for item in items if horizon is None or text(item, "name_sk") <= horizon]
        page = known[:limit]
        more = text(page[-1], "name_sk") if len(known) > limit else horizon
        people = {
            f"{person.district_id}#{person.id}": person
            for person in load(self._table, (text(i, "pk") for i in page))
        }
        return [people[text(item, "pk")] for item in page if text(item, "pk") in people], more

    def _shard(self, partition: str, low: str, high: str, keep: PeopleFilter, limit: int) -> _Shard:
        conditions, values = _conditions(keep)
        items: list[Item] = []
        start: Item | None = None
        for _ in range(_ROUNDS):
            found, start = self._table.query(
                "name_pk = :pk AND name_sk BETWEEN :low AND :high",
                {":pk": partition, ":low": low, ":high": high, **values},
                index="by_name",
                keep=conditions,
                start=start,
                limit=_LOOKED_AT if conditions else limit,
            )
            items += found
            if start is None or len(items) >= limit:
                break
        if len(items) > limit:
            items = items[:limit]
            return _Shard(items, text(items[-1], "name_sk"))
        return _Shard(items, text(start, "name_sk") if start else None)

    def _ids(self, index: str, key: str, value: str) -> list[str]:
        items, _ = self._table.query(f"{key} = :value", {":value": value}, index=index, limit=_LOOKED_AT)
        return [text(item, "pk") for item in items]


def _conditions(keep: PeopleFilter) -> tuple[str | None, Item]:
    parts: list[str] = []
    values: Item = {}
    if keep.type:
        parts.append("#type = :type")
        values[":type"] = keep.type
    if keep.status:
        parts.append("#status = :status")
        values[":status"] = keep.status
    if keep.school:
        parts.append("contains(schools, :school)")
        values[":school"] = keep.school
    return " AND ".join(parts) or None, values


def _matches(stored: StoredPerson, keep: PeopleFilter) -> bool:
    person = stored.person
    return (
        keep.type in (None, person.type)
        and keep.status in (None, person.status)
        and (keep.school is None or keep.school in person.buildings())
    )
