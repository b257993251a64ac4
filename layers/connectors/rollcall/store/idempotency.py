"""Requests that carry a key of their caller's choice, so that a repeated one does not make a second thing.

The first request with a key claims it, and with it a time and the ids that follow from it. Whoever repeats the request
works under the same claim, so even two at once, or one after a crash half way, make one and the same thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.domain.errors import Conflict
from rollcall.domain.ids import derived_id
from rollcall.store.due import moment
from rollcall.store.dynamo import ConditionFailed, Item, Table, text

KEPT = timedelta(hours=24)
_FREE = ""


@dataclass(frozen=True)
class Claim:
    """The right to carry out one request. ``answer`` is there when that has been done already."""

    district_id: str
    key: str
    now: datetime
    answer: str | None

    def new_id(self, prefix: str) -> str:
        """The id of the thing made under this claim: the same however often it is asked for."""
        return derived_id(prefix, self.now, self.district_id, self.key)


class DynamoIdempotency:
    """Claims in the config table, kept for 24 hours."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, district_id: str, key: str, request: str, now: datetime) -> Claim:
        """Claim ``key`` for a request, given by its digest. Raises ``Conflict`` when it stands for another request."""
        item: Item = {
            **_key(district_id, key),
            "digest": request,
            "claimed_at": moment(now),
            "ttl": int((now + KEPT).timestamp()),
        }
        try:
            self._table.put(
                item,
                "attribute_not_exists(pk) OR digest = :free OR #ttl < :now",
                {":free": _FREE, ":now": int(now.timestamp())},
            )
        except ConditionFailed as failed:
            item = failed.old or item
        if item["digest"] != request:
            raise Conflict(
                "idempotency_key_reused",
                "This Idempotency-Key was used for another request; choose a new one.",
            )
        claimed_at = datetime.fromisoformat(text(item, "claimed_at"))
        return Claim(district_id, key, claimed_at, text(item, "answer") or None)

    def answered(self, claim: Claim, answer: str) -> None:
        """Keep the answer for those who ask again."""
        self._table.update(
            _key(claim.district_id, claim.key),
            "SET answer = :answer",
            {":answer": answer},
            "attribute_exists(pk)",
        )

    def free(self, claim: Claim) -> None:
        """Give the key back after a refused request, so that a corrected one may use it."""
        self._table.update(
            _key(claim.district_id, claim.key),
            "SET digest = :free",
            {":free": _FREE},
            "attribute_exists(pk)",
        )


def _key(district_id: str, key: str) -> Item:
    return {"pk": f"{district_id}#IDEMPOTENCY", "sk": key}
