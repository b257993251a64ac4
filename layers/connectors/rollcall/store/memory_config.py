"""Configuration in memory, for tests. It passes the same contract tests as the adapter on AWS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rollcall.domain.audit import AuditRecord
from rollcall.domain.district import District
from rollcall.domain.errors import Conflict, NotFound
from rollcall.domain.export import ExportTemplate
from rollcall.domain.form import Record
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping
from rollcall.domain.notification import Notifications
from rollcall.domain.onboarding import Onboarding
from rollcall.domain.protection import Protection
from rollcall.domain.reconciliation import ReconciliationHead
from rollcall.domain.schedule import Schedule
from rollcall.domain.twins import Twin
from rollcall.store.audit import MemoryAudit
from rollcall.store.due import due_shard


@dataclass
class MemoryConfig:
    """:class:`~rollcall.store.config.ConfigStore`; records are immutable, so they need no copies."""

    _districts: dict[str, District] = field(default_factory=dict)
    _integrations: dict[tuple[str, str], Integration] = field(default_factory=dict)
    _sealed: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    _mappings: dict[tuple[str, str], CodeMapping] = field(default_factory=dict)
    _schedules: dict[tuple[str, str], Schedule] = field(default_factory=dict)
    _twins: dict[tuple[str, str], Twin] = field(default_factory=dict)
    _protections: dict[tuple[str, str], Protection] = field(default_factory=dict)
    _export_templates: dict[str, ExportTemplate] = field(default_factory=dict)
    _reconciliations: dict[tuple[str, str], ReconciliationHead] = field(default_factory=dict)
    _onboardings: dict[tuple[str, str], Onboarding] = field(default_factory=dict)
    _validated: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _notifications: dict[str, Notifications] = field(default_factory=dict)
    audit: MemoryAudit = field(default_factory=MemoryAudit)

    def district(self, district_id: str) -> District:
        if district_id not in self._districts:
            raise NotFound("district")
        return self._districts[district_id]

    def put_district(self, district: District, audit: AuditRecord | None = None) -> None:
        stored = self._districts.get(district.id)
        _check_version(stored, district, stored.version if stored else 0, district.version)
        self._written(district, stored, audit)
        self._districts[district.id] = district

    def integration(self, district_id: str, integration_id: str) -> Integration:
        if (district_id, integration_id) not in self._integrations:
            raise NotFound("integration")
        return self._integrations[district_id, integration_id]

    def integrations(self, district_id: str) -> list[Integration]:
        return [self._integrations[key] for key in sorted(self._integrations) if key[0] == district_id]

    def put_integration(
        self, integration: Integration, sealed: Mapping[str, str], audit: AuditRecord | None = None
    ) -> None:
        key = (integration.district_id, integration.id)
        stored = self._integrations.get(key)
        _check_version(stored, integration, stored.version if stored else 0, integration.version)
        self._written(integration, stored, audit)
        self._integrations[key] = integration
        self._sealed[key] = {**self._sealed.get(key, {}), **sealed}

    def sealed(self, district_id: str, integration_id: str) -> dict[str, str]:
        return dict(self._sealed.get((district_id, integration_id), {}))

    def mappings(self, district_id: str, mapping_ids: Iterable[str]) -> dict[str, CodeMapping]:
        wanted = set(mapping_ids)
        found = {
            item: self._mappings[district_id, item]
            for item in wanted
            if (district_id, item) in self._mappings
        }
        if len(found) < len(wanted):
            raise NotFound("mapping")
        return found

    def mapping_heads(self, district_id: str) -> list[tuple[CodeMapping, int]]:
        mappings = [self._mappings[key] for key in sorted(self._mappings) if key[0] == district_id]
        return [(mapping.model_copy(update={"entries": ()}), len(mapping.entries)) for mapping in mappings]

    def put_mapping(self, mapping: CodeMapping, audit: AuditRecord | None = None) -> None:
        stored = self._mappings.get((mapping.district_id, mapping.id))
        _check_version(stored, mapping, stored.version if stored else 0, mapping.version)
        self._written(mapping, stored, audit)
        self._mappings[mapping.district_id, mapping.id] = mapping

    def put_mappings(self, mappings: Sequence[CodeMapping], audits: Sequence[AuditRecord] = ()) -> None:
        known = [self._mappings.get((mapping.district_id, mapping.id)) for mapping in mappings]
        for mapping, stored in zip(mappings, known, strict=True):
            _check_version(stored, mapping, stored.version if stored else 0, mapping.version)
        if known != list(mappings):
            for audit in audits:
                self.audit.write(audit)
        self._mappings.update({(mapping.district_id, mapping.id): mapping for mapping in mappings})

    def twins(self, district_id: str) -> list[Twin]:
        return [self._twins[key] for key in sorted(self._twins) if key[0] == district_id]

    def put_twin(self, twin: Twin, audit: AuditRecord | None = None) -> None:
        self._written(twin, self._twins.get((twin.district_id, twin.contact_id)), audit)
        self._twins[twin.district_id, twin.contact_id] = twin

    def protections(self, district_id: str) -> list[Protection]:
        return [self._protections[key] for key in sorted(self._protections) if key[0] == district_id]

    def protection(self, district_id: str, person_id: str) -> Protection | None:
        return self._protections.get((district_id, person_id))

    def put_protection(self, protection: Protection, audit: AuditRecord | None = None) -> None:
        stored = self.protection(protection.district_id, protection.person_id)
        _check_version(stored, protection, stored.version if stored else 0, protection.version)
        self._written(protection, stored, audit)
        self._protections[protection.district_id, protection.person_id] = protection

    def export_template(self, district_id: str) -> ExportTemplate | None:
        return self._export_templates.get(district_id)

    def put_export_template(self, template: ExportTemplate, audit: AuditRecord | None = None) -> None:
        stored = self._export_templates.get(template.district_id)
        _check_version(stored, template, stored.version if stored else 0, template.version)
        self._written(template, stored, audit)
        self._export_templates[template.district_id] = template

    def reconciliation(self, district_id: str, integration_id: str) -> ReconciliationHead | None:
        return self._reconciliations.get((district_id, integration_id))

    def put_reconciliation(self, head: ReconciliationHead, audit: AuditRecord | None = None) -> None:
        stored = self._reconciliations.get((head.district_id, head.integration_id))
        _check_version(stored, head, stored.version if stored else 0, head.version)
        self._written(head, stored, audit)
        self._reconciliations[head.district_id, head.integration_id] = head

    def onboarding(self, district_id: str, onboarding_id: str) -> Onboarding:
        if (district_id, onboarding_id) not in self._onboardings:
            raise NotFound("onboarding")
        return self._onboardings[district_id, onboarding_id]

    def onboardings(self, district_id: str) -> list[Onboarding]:
        return [self._onboardings[key] for key in sorted(self._onboardings) if key[0] == district_id]

    def registering(self, onboarding_id: str) -> Onboarding:
        found = [item for item in self._onboardings.values() if item.id == onboarding_id]
        if not found:
            raise NotFound("onboarding")
        return found[0]

    def put_onboarding(
        self,
        onboarding: Onboarding,
        sealed: Mapping[str, str] | None = None,
        integration: Integration | None = None,
        audits: Sequence[AuditRecord] = (),
    ) -> None:
        key = (onboarding.district_id, onboarding.id)
        stored = self._onboardings.get(key)
        _check_version(stored, onboarding, stored.version if stored else 0, onboarding.version)
        if integration:
            self.put_integration(integration, {})
        for audit in audits:
            self._written(onboarding, stored, audit)
        self._onboardings[key] = onboarding
        if sealed:
            self._sealed[onboarding.district_id, onboarding.integration_id] = dict(sealed)

    def note_validated(self, district_id: str, integration_id: str, at: datetime) -> None:
        self._validated[district_id, integration_id] = at

    def validations(self, district_id: str) -> dict[str, datetime]:
        return {key[1]: at for key, at in self._validated.items() if key[0] == district_id}

    def schedule(self, district_id: str, schedule_id: str) -> Schedule:
        if (district_id, schedule_id) not in self._schedules:
            raise NotFound("schedule")
        return self._schedules[district_id, schedule_id]

    def schedules(self, district_id: str) -> list[Schedule]:
        return [self._schedules[key] for key in sorted(self._schedules) if key[0] == district_id]

    def put_schedule(self, schedule: Schedule, audit: AuditRecord | None = None) -> None:
        stored = self._schedules.get((schedule.district_id, schedule.id))
        _check_version(stored, schedule, stored.version if stored else 0, schedule.version)
        self._written(schedule, stored, audit)
        self._schedules[schedule.district_id, schedule.id] = schedule

    def active_schedules(self, shard: int) -> list[Schedule]:
        found = [self._schedules[key] for key in sorted(self._schedules) if self._schedules[key].next_run_at]
        return [item for item in found if due_shard("SCHEDULE", item.id) == f"SCHEDULE#{shard}"]

    def notifications(self, district_id: str) -> Notifications:
        return self._notifications.get(district_id, Notifications(district_id=district_id))

    def put_notifications(self, notifications: Notifications, audit: AuditRecord | None = None) -> None:
        stored = self._notifications.get(notifications.district_id)
        _check_version(stored, notifications, stored.version if stored else 0, notifications.version)
        self._written(notifications, stored, audit)
        self._notifications[notifications.district_id] = notifications

    def due_digests(self, now: datetime, limit: int) -> list[Notifications]:
        due = [item for item in self._notifications.values() if item.next_digest_at]
        return [item for item in due if item.next_digest_at and item.next_digest_at <= now][:limit]

    def advance_digest(self, before: Notifications, after: Notifications) -> None:
        if self._notifications.get(before.district_id) == before:
            self._notifications[before.district_id] = after

    def due_schedules(self, now: datetime, limit: int) -> list[Schedule]:
        due = [(item.next_run_at, item.id, item) for item in self._schedules.values() if item.next_run_at]
        return [item for at, _, item in sorted(due, key=lambda row: row[:2]) if at <= now][:limit]

    def advance(self, schedule: Schedule, next_run_at: datetime) -> None:
        key = (schedule.district_id, schedule.id)
        stored = self._schedules.get(key)
        if stored and (stored.version, stored.next_run_at) == (schedule.version, schedule.next_run_at):
            times = {"next_run_at": next_run_at, "last_run_at": schedule.next_run_at}
            self._schedules[key] = schedule.model_copy(update=times)

    def _written(self, record: Record, stored: Record | None, audit: AuditRecord | None) -> None:
        if record != stored:
            self.audit.write(audit)


def _check_version(stored: object, record: object, before: int, version: int) -> None:
    if stored != record and version != before + 1:
        raise Conflict("stale_version", "Somebody else changed this in the meantime; read it again.")
