"""Configuration as items of the table, and when one may take another's place."""

from __future__ import annotations

from pydantic import TypeAdapter

from rollcall.domain.errors import Conflict
from rollcall.domain.mapping import CodeMapping, Entry
from rollcall.domain.notification import Notifications
from rollcall.domain.schedule import Schedule
from rollcall.store.due import due_shard, moment
from rollcall.store.dynamo import Item, number, text

_entries = TypeAdapter(tuple[Entry, ...])


def record(pk: str, sk: str, version: int, doc: str) -> Item:
    """A document with what every condition needs."""
    return {"pk": pk, "sk": sk, "version": version, "doc": doc}


def schedule_item(schedule: Schedule) -> Item:
    """A schedule as stored, where it is found once it is due."""
    pk = f"{schedule.district_id}#SCHEDULE"
    item = record(pk, schedule.id, schedule.version, schedule.model_dump_json())
    if schedule.next_run_at:
        item |= {"due_pk": due_shard("SCHEDULE", schedule.id), "due_at": moment(schedule.next_run_at)}
    return item


def mapping_item(mapping: CodeMapping) -> Item:
    """A mapping as stored, its rows beside its head."""
    head = mapping.model_dump_json(exclude={"entries"})
    item = record(f"{mapping.district_id}#MAPPING", mapping.id, mapping.version, head)
    entries = _entries.dump_json(mapping.entries).decode()
    return {**item, "entries": entries, "entry_count": len(mapping.entries)}


def notifications_item(notifications: Notifications) -> Item:
    """Who is told of what, as stored, where it is found once a digest is due."""
    district_id, planned = notifications.district_id, notifications.next_digest_at
    item = record(district_id, "NOTIFICATIONS", notifications.version, notifications.model_dump_json())
    if planned:
        item |= {"due_pk": due_shard("DIGEST", district_id), "due_at": moment(planned)}
    return item


def notifications_of(item: Item) -> Notifications:
    """The inverse of :func:`notifications_item`."""
    return Notifications.model_validate_json(text(item, "doc"))


def mapping_of(item: Item) -> CodeMapping:
    """The inverse of :func:`mapping_item`."""
    head = CodeMapping.model_validate_json(text(item, "doc"))
    return head.model_copy(update={"entries": _entries.validate_json(text(item, "entries"))})


def follows(item: Item) -> tuple[str, Item | None]:
    """The condition under which an item follows the version before it, and that condition's values."""
    version = number(item, "version")
    return (
        ("attribute_not_exists(pk)", None)
        if version == 1
        else ("version = :before", {":before": version - 1})
    )


def unless_repeated(item: Item, old: Item | None) -> None:
    """Raise ``Conflict`` for what stands in the way, unless it is that very write: of a retry after a lost reply."""
    if old is None or old.get("doc") != item["doc"] or old.get("entries") != item.get("entries"):
        raise Conflict("stale_version", "Somebody else changed this in the meantime; read it again.")
