"""Configuration in DynamoDB: districts, integrations and their sealed credentials, mappings, schedules.

A record is one JSON document beside the attributes that conditions and indexes need. The rows of a mapping
stand in an attribute of their own, so that a list of mappings need not carry them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from rollcall.domain.audit import AuditRecord
from rollcall.domain.district import District
from rollcall.domain.errors import NotFound
from rollcall.domain.export import ExportTemplate
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping
from rollcall.domain.notification import Notifications
from rollcall.domain.onboarding import Onboarding
from rollcall.domain.ports import Settings
from rollcall.domain.protection import Protection
from rollcall.domain.reconciliation import ReconciliationHead
from rollcall.domain.schedule import Schedule
from rollcall.domain.twins import Twin
from rollcall.store.audit import audit_op
from rollcall.store.config_items import (
    follows,
    mapping_item,
    mapping_of,
    notifications_item,
    notifications_of,
    record,
    schedule_item,
    unless_repeated,
)
from rollcall.store.due import due_keys
from rollcall.store.dynamo import ConditionFailed, Item, Table, TransactionFailed, number, text

_sealed = msgspec.json.Decoder(dict[str, str])


class ConfigStore(Settings, Protocol):
    """What the API and the scheduler do with configuration, beyond what the engine reads.

    Every ``put_…`` writes version n over version n - 1, or version 1 where nothing is; else it raises
    ``Conflict``. Writing the same record again is harmless. The audit record is written with it or not at all, and
    once however often the write is repeated.
    """

    def put_district(self, district: District, audit: AuditRecord | None = None) -> None: ...

    def put_integration(
        self, integration: Integration, sealed: Mapping[str, str], audit: AuditRecord | None = None
    ) -> None:
        """Store an integration and, in the same transaction, the sealed secrets given; others stay as they
        are.
        """

    def sealed(self, district_id: str, integration_id: str) -> dict[str, str]:
        """The sealed credentials, by key."""

    def mapping_heads(self, district_id: str) -> list[tuple[CodeMapping, int]]:
        """Every mapping without its rows, and how many rows it has."""

    def put_mapping(self, mapping: CodeMapping, audit: AuditRecord | None = None) -> None: ...

    def put_mappings(self, mappings: Sequence[CodeMapping], audits: Sequence[AuditRecord] = ()) -> None:
        """Store all of a few mappings, or none; with an audit record for each."""

    def put_twin(self, twin: Twin, audit: AuditRecord | None = None) -> None:
        """Store a decision over any earlier one about the same parent."""

    def protection(self, district_id: str, person_id: str) -> Protection | None:
        """What of a person is protected, or was; None when nothing ever was."""

    def put_protection(self, protection: Protection, audit: AuditRecord | None = None) -> None: ...

    def export_template(self, district_id: str) -> ExportTemplate | None:
        """The district's own nutrition template; None while it uses the default."""

    def put_export_template(self, template: ExportTemplate, audit: AuditRecord | None = None) -> None: ...
    def put_reconciliation(self, head: ReconciliationHead, audit: AuditRecord | None = None) -> None: ...
    def onboarding(self, district_id: str, onboarding_id: str) -> Onboarding: ...
    def onboardings(self, district_id: str) -> list[Onboarding]: ...

    def registering(self, onboarding_id: str) -> Onboarding:
        """The onboarding of this id in whichever district: its plugin does not know where it belongs."""

    def put_onboarding(
        self,
        onboarding: Onboarding,
        sealed: Mapping[str, str] | None = None,
        integration: Integration | None = None,
        audits: Sequence[AuditRecord] = (),
    ) -> None:
        """Store an onboarding and, in the same transaction, the sealed secrets of the integration that is reserved for
        it, and that integration itself.
        """

    def note_validated(self, district_id: str, integration_id: str, at: datetime) -> None:
        """Remember that the connection of an integration, as it is stored, was tested and found good."""

    def validations(self, district_id: str) -> dict[str, datetime]:
        """When each integration's connection was last found good, by integration."""

    def schedule(self, district_id: str, schedule_id: str) -> Schedule: ...
    def schedules(self, district_id: str) -> list[Schedule]: ...
    def put_schedule(self, schedule: Schedule, audit: AuditRecord | None = None) -> None: ...

    def due_schedules(self, now: datetime, limit: int) -> list[Schedule]:
        """Active schedules whose time has come, oldest first."""

    def advance(self, schedule: Schedule, next_run_at: datetime) -> None:
        """Note that ``schedule`` ran at its ``next_run_at`` and runs again at the new one.

        Does nothing when the schedule has changed since it was read: it has new times then.
        """

    def active_schedules(self, shard: int) -> list[Schedule]:
        """All active schedules of every district, one of ``SHARDS`` parts of them."""

    def notifications(self, district_id: str) -> Notifications:
        """Who is told of what; version 0 when nobody has said."""

    def put_notifications(self, notifications: Notifications, audit: AuditRecord | None = None) -> None: ...

    def due_digests(self, now: datetime, limit: int) -> list[Notifications]:
        """Districts whose digest's time has come."""

    def advance_digest(self, before: Notifications, after: Notifications) -> None:
        """Note that a digest was sent. Does nothing when the settings have changed since they were read."""


class DynamoConfig:
    """:class:`ConfigStore` over the config table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def district(self, district_id: str) -> District:
        item = self._found("district", district_id, "DISTRICT")
        return District.model_validate_json(text(item, "doc"))

    def put_district(self, district: District, audit: AuditRecord | None = None) -> None:
        self._put(record(district.id, "DISTRICT", district.version, district.model_dump_json()), audit)

    def integration(self, district_id: str, integration_id: str) -> Integration:
        item = self._found("integration", f"{district_id}#INTEGRATION", integration_id)
        return Integration.model_validate_json(text(item, "doc"))

    def integrations(self, district_id: str) -> list[Integration]:
        items = self._table.query_all("pk = :pk", {":pk": f"{district_id}#INTEGRATION"})
        return [Integration.model_validate_json(text(item, "doc")) for item in items]

    def put_integration(
        self, integration: Integration, sealed: Mapping[str, str], audit: AuditRecord | None = None
    ) -> None:
        pk = f"{integration.district_id}#INTEGRATION"
        item = record(pk, integration.id, integration.version, integration.model_dump_json())
        secrets = []
        if sealed:
            # The condition on the integration guards the secrets too: both are only ever written together.
            kept = self.sealed(integration.district_id, integration.id) if integration.version > 1 else {}
            doc = msgspec.json.encode({**kept, **sealed}).decode()
            secrets.append(
                self._table.put_op(
                    {"pk": f"{integration.district_id}#CREDENTIAL", "sk": integration.id, "doc": doc}
                )
            )
        self._put(item, audit, *secrets)

    def sealed(self, district_id: str, integration_id: str) -> dict[str, str]:
        item = self._table.get({"pk": f"{district_id}#CREDENTIAL", "sk": integration_id})
        return _sealed.decode(text(item, "doc")) if item else {}

    def mappings(self, district_id: str, mapping_ids: Iterable[str]) -> dict[str, CodeMapping]:
        wanted = sorted(set(mapping_ids))
        items = self._table.get_many({"pk": f"{district_id}#MAPPING", "sk": sk} for sk in wanted)
        found = {text(item, "sk"): mapping_of(item) for item in items}
        if len(found) < len(wanted):
            raise NotFound("mapping")
        return found

    def mapping_heads(self, district_id: str) -> list[tuple[CodeMapping, int]]:
        items = self._table.query_all("pk = :pk", {":pk": f"{district_id}#MAPPING"})
        return [
            (CodeMapping.model_validate_json(text(item, "doc")), number(item, "entry_count"))
            for item in items
        ]

    def put_mapping(self, mapping: CodeMapping, audit: AuditRecord | None = None) -> None:
        self._put(mapping_item(mapping), audit)

    def put_mappings(self, mappings: Sequence[CodeMapping], audits: Sequence[AuditRecord] = ()) -> None:
        items = [mapping_item(mapping) for mapping in mappings]
        try:
            self._table.transact(
                *(self._table.put_op(item, *follows(item)) for item in items),
                *(audit_op(self._table, audit) for audit in audits),
            )
        except TransactionFailed as failed:
            for position, item in enumerate(items):
                if position in failed.failed:
                    unless_repeated(item, failed.failed[position])

    def twins(self, district_id: str) -> list[Twin]:
        items = self._table.query_all("pk = :pk", {":pk": f"{district_id}#TWIN"})
        return [Twin.model_validate_json(text(item, "doc")) for item in items]

    def put_twin(self, twin: Twin, audit: AuditRecord | None = None) -> None:
        pk = f"{twin.district_id}#TWIN"
        item: Item = {"pk": pk, "sk": twin.contact_id, "doc": twin.model_dump_json()}
        try:
            self._table.transact(self._table.put_op(item), *self._audited(audit))
        except TransactionFailed:
            # Only the record can be in the way: then the decision stands already, and its reply was lost.
            unless_repeated(item, self._table.get({"pk": pk, "sk": twin.contact_id}))

    def protections(self, district_id: str) -> list[Protection]:
        items = self._table.query_all("pk = :pk", {":pk": f"{district_id}#PROTECTION"})
        return [Protection.model_validate_json(text(item, "doc")) for item in items]

    def protection(self, district_id: str, person_id: str) -> Protection | None:
        item = self._table.get({"pk": f"{district_id}#PROTECTION", "sk": person_id})
        return Protection.model_validate_json(text(item, "doc")) if item else None

    def put_protection(self, protection: Protection, audit: AuditRecord | None = None) -> None:
        pk = f"{protection.district_id}#PROTECTION"
        self._put(record(pk, protection.person_id, protection.version, protection.model_dump_json()), audit)

    def export_template(self, district_id: str) -> ExportTemplate | None:
        item = self._table.get({"pk": f"{district_id}#EXPORT_TEMPLATE", "sk": "nutrition"})
        return ExportTemplate.model_validate_json(text(item, "doc")) if item else None

    def put_export_template(self, template: ExportTemplate, audit: AuditRecord | None = None) -> None:
        pk = f"{template.district_id}#EXPORT_TEMPLATE"
        self._put(record(pk, "nutrition", template.version, template.model_dump_json()), audit)

    def reconciliation(self, district_id: str, integration_id: str) -> ReconciliationHead | None:
        item = self._table.get({"pk": f"{district_id}#RECONCILIATION", "sk": integration_id})
        return ReconciliationHead.model_validate_json(text(item, "doc")) if item else None

    def put_reconciliation(self, head: ReconciliationHead, audit: AuditRecord | None = None) -> None:
        pk = f"{head.district_id}#RECONCILIATION"
        self._put(record(pk, head.integration_id, head.version, head.model_dump_json()), audit)

    def onboarding(self, district_id: str, onboarding_id: str) -> Onboarding:
        item = self._found("onboarding", f"{district_id}#ONBOARDING", onboarding_id)
        return Onboarding.model_validate_json(text(item, "doc"))

    def onboardings(self, district_id: str) -> list[Onboarding]:
        items = self._table.query_all("pk = :pk", {":pk": f"{district_id}#ONBOARDING"})
        return [Onboarding.model_validate_json(text(item, "doc")) for item in items]

    def registering(self, onboarding_id: str) -> Onboarding:
        item = self._found("onboarding", f"REGISTRATION#{onboarding_id}", "DISTRICT")
        return self.onboarding(text(item, "district_id"), onboarding_id)

    def put_onboarding(
        self,
        onboarding: Onboarding,
        sealed: Mapping[str, str] | None = None,
        integration: Integration | None = None,
        audits: Sequence[AuditRecord] = (),
    ) -> None:
        district_id = onboarding.district_id
        doc = onboarding.model_dump_json()
        item = record(f"{district_id}#ONBOARDING", onboarding.id, onboarding.version, doc)
        operations = [self._table.put_op(item, *follows(item))]
        if integration:
            doc = integration.model_dump_json()
            made = record(f"{district_id}#INTEGRATION", integration.id, integration.version, doc)
            operations.append(self._table.put_op(made, *follows(made)))
        if onboarding.version == 1:
            key: Item = {"pk": f"REGISTRATION#{onboarding.id}", "sk": "DISTRICT"}
            operations.append(self._table.put_op({**key, "district_id": district_id}))
        if sealed:
            doc = msgspec.json.encode(sealed).decode()
            key = {"pk": f"{district_id}#CREDENTIAL", "sk": onboarding.integration_id}
            operations.append(self._table.put_op({**key, "doc": doc}))
        try:
            self._table.transact(*operations, *(audit_op(self._table, audit) for audit in audits))
        except TransactionFailed as failed:
            unless_repeated(item, failed.failed.get(0))

    def note_validated(self, district_id: str, integration_id: str, at: datetime) -> None:
        key: Item = {"pk": f"{district_id}#VALIDATED", "sk": integration_id}
        self._table.put({**key, "at": at.isoformat()})

    def validations(self, district_id: str) -> dict[str, datetime]:
        items = self._table.query_all("pk = :pk", {":pk": f"{district_id}#VALIDATED"})
        return {text(item, "sk"): datetime.fromisoformat(text(item, "at")) for item in items}

    def schedule(self, district_id: str, schedule_id: str) -> Schedule:
        item = self._found("schedule", f"{district_id}#SCHEDULE", schedule_id)
        return Schedule.model_validate_json(text(item, "doc"))

    def schedules(self, district_id: str) -> list[Schedule]:
        items = self._table.query_all("pk = :pk", {":pk": f"{district_id}#SCHEDULE"})
        return [Schedule.model_validate_json(text(item, "doc")) for item in items]

    def put_schedule(self, schedule: Schedule, audit: AuditRecord | None = None) -> None:
        self._put(schedule_item(schedule), audit)

    def due_schedules(self, now: datetime, limit: int) -> list[Schedule]:
        items = self._table.get_many(due_keys(self._table, "SCHEDULE", now, limit))
        found = [Schedule.model_validate_json(text(item, "doc")) for item in items]
        # The index lags behind: an item that has moved on meanwhile is not due.
        due = [
            (item.next_run_at, item.id, item)
            for item in found
            if item.next_run_at and item.next_run_at <= now
        ]
        return [schedule for _, _, schedule in sorted(due)]

    def advance(self, schedule: Schedule, next_run_at: datetime) -> None:
        advanced = schedule.model_copy(
            update={"next_run_at": next_run_at, "last_run_at": schedule.next_run_at}
        )
        before = schedule_item(schedule)
        try:
            self._table.put(
                schedule_item(advanced),
                "version = :version AND due_at = :due_at",
                {":version": before["version"], ":due_at": before["due_at"]},
            )
        except ConditionFailed:
            return

    def active_schedules(self, shard: int) -> list[Schedule]:
        found: list[Item] = []
        start: Item | None = None
        while True:
            values: Item = {":pk": f"SCHEDULE#{shard}"}
            items, start = self._table.query("due_pk = :pk", values, index="due", start=start)
            found += [{"pk": item["pk"], "sk": item["sk"]} for item in items]
            if start is None:
                break
        schedules = [Schedule.model_validate_json(text(item, "doc")) for item in self._table.get_many(found)]
        active = [schedule for schedule in schedules if schedule.active]
        return sorted(active, key=lambda item: (item.district_id, item.id))

    def notifications(self, district_id: str) -> Notifications:
        item = self._table.get({"pk": district_id, "sk": "NOTIFICATIONS"})
        return notifications_of(item) if item else Notifications(district_id=district_id)

    def put_notifications(self, notifications: Notifications, audit: AuditRecord | None = None) -> None:
        self._put(notifications_item(notifications), audit)

    def due_digests(self, now: datetime, limit: int) -> list[Notifications]:
        items = self._table.get_many(due_keys(self._table, "DIGEST", now, limit))
        # The index lags behind: a digest that has been sent meanwhile is not due.
        found = [notifications_of(item) for item in items]
        return [item for item in found if item.next_digest_at and item.next_digest_at <= now]

    def advance_digest(self, before: Notifications, after: Notifications) -> None:
        item = notifications_item(before)
        try:
            self._table.put(
                notifications_item(after),
                "version = :version AND due_at = :due_at",
                {":version": item["version"], ":due_at": item["due_at"]},
            )
        except ConditionFailed:
            return

    def _found(self, what: str, pk: str, sk: str) -> Item:
        item = self._table.get({"pk": pk, "sk": sk})
        if item is None:
            raise NotFound(what)
        return item

    def _put(self, item: Item, audit: AuditRecord | None, *others: dict[str, Any]) -> None:
        condition, values = follows(item)
        put = self._table.put_op(item, condition, values)
        try:
            self._table.transact(put, *others, *self._audited(audit))
        except TransactionFailed as failed:
            unless_repeated(item, failed.failed.get(0))

    def _audited(self, audit: AuditRecord | None) -> list[dict[str, Any]]:
        return [audit_op(self._table, audit)] if audit else []
