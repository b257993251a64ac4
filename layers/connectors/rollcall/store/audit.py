"""The audit in DynamoDB, and in memory for tests.

Partitioned by district and month, so that no partition grows for ever. Records are written by whoever writes the
change they speak of, in the same transaction (:func:`audit_op`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from ulid import ULID

from rollcall.domain.audit import AuditRecord
from rollcall.store.dynamo import Item, Table, TransactionFailed, text

_PREFIX = "aud_"
_TIME = 10  # characters of an id that tell its time
_ROUNDS = 24
_LOOKED_AT = 200
Keep = Callable[[AuditRecord], bool]


class AuditLog(Protocol):
    """Reads the audit, and adds to it what is done outside the table that it lives in."""

    def write(self, record: AuditRecord) -> None:
        """Keep a record; once, however often it is written."""

    def history(
        self,
        district_id: str,
        since: datetime,
        until: datetime,
        keep: Keep,
        limit: int,
        before: str | None = None,
    ) -> tuple[list[AuditRecord], str | None]:
        """Records from ``since`` to before ``until``, newest first, that ``keep`` wants, and where to go on as
        ``before`` (None: the end).

        A page may be short, even empty, and still have a next one: each call does a bounded amount of work.
        """


def audit_op(table: Table, record: AuditRecord) -> dict[str, Any]:
    """The write of a record, for a transaction: never over another one."""
    return table.put_op(audit_item(record), "attribute_not_exists(pk)")


def audit_item(record: AuditRecord) -> Item:
    """A record as stored."""
    pk = _partition(record.district_id, _month(record.at))
    return {"pk": pk, "sk": record.id, "doc": record.model_dump_json()}


class DynamoAudit:
    """:class:`AuditLog` over the config table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def write(self, record: AuditRecord) -> None:
        try:
            self._table.transact(audit_op(self._table, record))
        except TransactionFailed as failed:
            if 0 not in failed.failed:
                raise

    def history(
        self,
        district_id: str,
        since: datetime,
        until: datetime,
        keep: Keep,
        limit: int,
        before: str | None = None,
    ) -> tuple[list[AuditRecord], str | None]:
        found: list[AuditRecord] = []
        first, last, oldest = _bound(since), before or _bound(until), _month(since)
        month = _month(_when(last))
        for _ in range(_ROUNDS):
            if month < oldest or first > last:
                return found, None
            items, more = self._table.query(
                "pk = :pk AND sk BETWEEN :first AND :last",
                {":pk": _partition(district_id, month), ":first": first, ":last": last},
                limit=_LOOKED_AT,
                newest_first=True,
            )
            for item in items:
                last = text(item, "sk")
                record = AuditRecord.model_validate_json(text(item, "doc"))
                if last != before and keep(record):
                    found.append(record)
                if len(found) == limit:
                    return found, last
            if more:
                return found, last
            last = _bound(_begins(month))
            month = _month(_begins(month) - timedelta(days=1))
        return found, last


@dataclass
class MemoryAudit:
    """:class:`AuditLog`; ``records`` by district and id."""

    records: dict[tuple[str, str], AuditRecord] = field(default_factory=dict)

    def write(self, record: AuditRecord | None) -> None:
        """Keep a record."""
        if record:
            self.records[record.district_id, record.id] = record

    def history(
        self,
        district_id: str,
        since: datetime,
        until: datetime,
        keep: Keep,
        limit: int,
        before: str | None = None,
    ) -> tuple[list[AuditRecord], str | None]:
        wanted = [
            record
            for _, record in sorted(self.records.items(), reverse=True)
            if record.district_id == district_id
            and since <= record.at < until
            and (before is None or record.id < before)
            and keep(record)
        ]
        return wanted[:limit], wanted[limit - 1].id if len(wanted) > limit else None


def _partition(district_id: str, month: str) -> str:
    return f"{district_id}#AUDIT#{month}"


def _month(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m")


def _begins(month: str) -> datetime:
    return datetime.fromisoformat(f"{month}-01T00:00:00+00:00")


def _bound(when: datetime) -> str:
    """What stands before every id of this millisecond and behind every older one."""
    return f"{_PREFIX}{str(ULID.from_datetime(when))[:_TIME]}"


def _when(bound: str) -> datetime:
    """The time in an id or a bound."""
    return ULID.from_str(bound.removeprefix(_PREFIX)[:_TIME].ljust(26, "0")).datetime
