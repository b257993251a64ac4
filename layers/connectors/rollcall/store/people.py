"""The people table in DynamoDB.

An item is one person: a JSON document, its hash, and keys for the indexes. A person is a partition of their
own, and the index by name is spread over shards, so that no partition grows with a district. What only one person of a
district can have, such as a POS ID, has an item of its own that names them, and a photo one that names the photo.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from rollcall.domain.person import decode_person, encode_person, fingerprint
from rollcall.domain.plan import Claim, StoredPerson, new_claims
from rollcall.store.dynamo import Item, Table, text

NAME_SHARDS = 16
_MAX_KEY = 200


class DynamoPeople:
    """The ``People`` port over the people table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get_many(self, district_id: str, person_ids: Sequence[str]) -> dict[str, StoredPerson]:
        people = load(self._table, (f"{district_id}#{person_id}" for person_id in person_ids))
        return {person.id: person for person in people}

    def put_many(
        self, people: Sequence[StoredPerson], before: Mapping[str, StoredPerson] | None = None
    ) -> None:
        # A batch may not name one item twice; the last word counts.
        latest = {(person.district_id, person.id): person for person in people}
        claimed = {
            _claim(person.district_id, *claim): person.id
            for person in latest.values()
            for claim in new_claims(person, (before or {}).get(person.id))
        }
        # Claims first: a person who stands there without theirs would never be found to lack it.
        self._table.put_many([{"pk": key, "claimant": person_id} for key, person_id in claimed.items()])
        self._table.put_many([item_of(person) for person in latest.values()])

    def put_photos(self, district_id: str, photos: Mapping[str, str | None]) -> None:
        self._table.put_many(
            [{"pk": _photo(f"{district_id}#{i}"), "photo": photo or ""} for i, photo in photos.items()]
        )

    def claimants(self, district_id: str, kind: Claim, values: Sequence[str]) -> dict[str, str]:
        keys = {_claim(district_id, kind, value): value for value in values}
        items = self._table.get_many({"pk": key} for key in keys)
        return {keys[text(item, "pk")]: text(item, "claimant") for item in items}


def _claim(district_id: str, kind: Claim, value: str) -> str:
    """The key of a claim's own item: an index could not be read consistently."""
    return f"{district_id}#{kind.upper()}#{value}"


def _photo(key: str) -> str:
    """The key of a photo's own item, by that of its person."""
    return f"{key}#PHOTO"


def load(table: Table, keys: Iterable[str]) -> list[StoredPerson]:
    """The people under these keys, with their photos; a key of anything else finds nobody."""
    found = table.get_many({"pk": pk} for key in keys for pk in (key, _photo(key)))
    items = {text(item, "pk"): item for item in found}
    return [person_of(item, items.get(_photo(key))) for key, item in items.items() if "doc" in item]


def item_of(stored: StoredPerson) -> Item:
    """A person as stored, all but the photo."""
    person = replace(stored.person, photo=None)
    doc = encode_person(person)
    district_id = stored.district_id
    return {
        "pk": f"{district_id}#{stored.id}",
        "integration_id": stored.integration_id,
        "type": person.type,
        "status": person.status,
        "schools": list(person.buildings()),
        "hash": fingerprint(doc).hex(),
        "doc": doc.decode(),
        "name_pk": f"{district_id}#{name_shard(stored.id)}",
        "name_sk": name_sort(stored),
        **_keys(district_id, local_pk=person.local_id, state_pk=person.state_id, family_pk=person.family_id),
    }


def person_of(item: Item, photo: Item | None = None) -> StoredPerson:
    """The inverse of :func:`item_of`."""
    district_id, _, person_id = text(item, "pk").partition("#")
    person = decode_person(text(item, "doc"))
    return StoredPerson(
        id=person_id,
        district_id=district_id,
        integration_id=text(item, "integration_id"),
        person=replace(person, photo=text(photo, "photo") or None) if photo else person,
    )


def name_shard(person_id: str) -> int:
    """The shard of the index by name that a person is in, 0 to 15."""
    return hashlib.blake2b(person_id.encode(), digest_size=1).digest()[0] % NAME_SHARDS


def name_sort(stored: StoredPerson) -> str:
    """Where a person stands among all by name; two of one name by their ids."""
    return f"{name_key(stored.person.last_name, stored.person.first_name)}#{stored.id}"


def name_key(*names: str | None) -> str:
    """Last and first name as they sort and are searched: case folded, single spaces, cut where a key must
    end.
    """
    return " ".join(" ".join(name or "" for name in names).casefold().split())[:_MAX_KEY]


def _keys(district_id: str, **ids: str | None) -> dict[str, str]:
    # A key may not be blank, and an absurdly long id cannot be one; such a person is found by name.
    return {name: f"{district_id}#{value}" for name, value in ids.items() if value and len(value) <= _MAX_KEY}
