"""One district with one integration, synced slice by slice as the queue would drive it, over stores of any kind.

Tests and benchmarks differ in the SIS, the stores and the clock; what a district is set up with is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from rollcall.connectors.base import Connector
from rollcall.connectors.registry import connect
from rollcall.connectors.transport import Transport
from rollcall.domain.district import District
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Entity, Entry, Lookup
from rollcall.domain.ports import Blobs, People
from rollcall.domain.run import Run, RunMessage, Trigger
from rollcall.domain.thresholds import UNLIMITED
from rollcall.engine.engine import Engine
from rollcall.store.memory import MemoryClock, MemoryQueue, MemoryRuns
from rollcall.store.memory_config import MemoryConfig

DISTRICT = "lakeview"
INTEGRATION = "int_nightly"
NOON = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
FAMILY_FIELDS = {
    "powerschool": ("hoh_last_name", "household_home_address"),
    "powerschool_query": ("hoh_last_name", "household_home_address"),
    "aeries": ("family_key",),
    "illuminate": ("hoh_last_name", "household_home_address"),
    "schooltool": ("hoh_last_name", "hoh_home_phone"),
    "oneroster": ("hoh_last_name", "hoh_home_phone"),
}


class LocalDistrict:
    """``url`` is the address of the SIS, ``credentials`` what it asks for, by credential key."""

    def __init__(
        self,
        system: str,
        url: str,
        credentials: Mapping[str, str],
        transport: Transport,
        people: People,
        blobs: Blobs,
    ) -> None:
        self.system = system
        self.url = url
        self.clock = MemoryClock(NOON)
        self.config, self.queue, self.runs = MemoryConfig(), MemoryQueue(), MemoryRuns(self.clock)
        self._secrets = credentials
        self.transport = transport
        self.people = people
        self.blobs = blobs
        self.config.put_district(
            District(
                id=DISTRICT,
                name="Lakeview",
                time_zone="America/Los_Angeles",
                # Whoever works with it turns whole districts over in one night.
                thresholds=UNLIMITED,
                created_at=NOON,
                updated_at=NOON,
            )
        )

    def sync(
        self,
        mode: str = "sync",
        integration_id: str = INTEGRATION,
        slice_seconds: float = 300,
        trigger: Trigger = "manual",
    ) -> Run:
        """Run one sync to its end, slice by slice, as the queue would drive it.

        A slice of 0 s stops wherever it can.
        """
        message: RunMessage | None = RunMessage(
            version=1,
            district_id=DISTRICT,
            integration_id=integration_id,
            mode="preview" if mode == "preview" else "sync",
            trigger=trigger,
        )
        deliveries = 0
        while message is not None:
            deliveries += 1
            self.clock.advance(seconds=1)
            now = self.clock.now()
            self.engine().handle(
                message, f"message-{now}", now, f"request-{now}", now + timedelta(seconds=slice_seconds)
            )
            message = self.queue.messages.pop(0) if self.queue.messages else None
        (runs, _) = self.runs.history(DISTRICT, integration_id, (), 1, None)
        return runs[0]

    def engine(self) -> Engine:
        """A fresh engine, as a fresh process would build it."""
        return Engine(
            settings=self.config,
            secrets=self,
            runs=self.runs,
            people=self.people,
            blobs=self.blobs,
            queue=self.queue,
            clock=self.clock,
            connect=self._connect,
        )

    def credentials(self, district_id: str, integration_id: str) -> Mapping[str, str]:
        """The secrets of every integration: they are of one SIS."""
        return self._secrets

    def map_codes(self, entity: str, rows: Sequence[tuple[str, str]]) -> None:
        """Write one mapping, new or anew."""
        known = {mapping.id: mapping.version for mapping, _ in self.config.mapping_heads(DISTRICT)}
        mapping = CodeMapping(
            id=f"map_{entity}",
            district_id=DISTRICT,
            entity=next(name for name in get_args(Entity) if name == entity),
            name=entity,
            entries=tuple(Entry(external=external, value=value) for external, value in rows),
            version=known.get(f"map_{entity}", 0) + 1,
            created_at=NOON,
            updated_at=NOON,
        )
        self.config.put_mapping(mapping)

    def integrate(self, integration_id: str, entities: Iterable[str], **settings: Any) -> None:
        """Add an integration of the same SIS, with the mappings of these entities."""
        integration = Integration(
            id=integration_id,
            district_id=DISTRICT,
            name=integration_id,
            system=self.system,
            url=self.url,
            mappings={entity: f"map_{entity}" for entity in entities},
            source="generated:1",
            created_at=NOON,
            updated_at=NOON,
            **settings,
        )
        self.config.put_integration(integration, {})

    def set_up(self, tables: Mapping[str, Sequence[tuple[str, str]]], settings: Mapping[str, Any]) -> None:
        """One integration over these code tables. It groups families and drops, unless ``settings`` say otherwise."""
        for entity, rows in tables.items():
            self.map_codes(entity, rows)
        defaults = {"family_identifier": FAMILY_FIELDS[self.system], "drop_students_not_in_file": True}
        self.integrate(INTEGRATION, tables, **{**defaults, **settings})

    def connector(self) -> Connector:
        """The connector of the nightly integration, as the engine would make it now."""
        integration = self.config.integration(DISTRICT, INTEGRATION)
        by_id = self.config.mappings(DISTRICT, integration.mappings.values())
        lookups: dict[str, Lookup] = {
            entity: Lookup(by_id[mapping_id]) for entity, mapping_id in integration.mappings.items()
        }
        year = self.config.district(DISTRICT).school_year_at(self.clock.now())
        return self._connect(integration, year, lookups, self._secrets)

    def _connect(
        self,
        integration: Integration,
        year: str,
        lookups: Mapping[str, Lookup],
        credentials: Mapping[str, str],
    ) -> Connector:
        return connect(integration, year, lookups, credentials, self.transport)
