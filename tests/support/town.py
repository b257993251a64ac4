"""A generated district, its simulator, and the engine with the real connector over stores in memory: all in this process."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec

from rollcall.connectors.base import Connector
from rollcall.connectors.registry import connect
from rollcall.connectors.transport import Transport
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Entry, Lookup
from rollcall.engine.engine import Engine
from simulators import aeries, powerschool
from simulators.codes import code_tables
from simulators.district import District, generate
from tests.engine.world import NOON, D, World
from tests.support.insider import Insider

INTEGRATION = "int_town"
FAMILY = {"powerschool": ("hoh_last_name", "household_home_address"), "aeries": ("family_key",)}


class Town(World):
    """``World`` with a real SIS; ``sender.requests`` counts what was asked of it."""

    def __init__(self, system: str, people: int = 300, seed: int = 7, **settings: Any) -> None:
        super().__init__()
        self.system = system
        self.district: District = generate(seed, people, "Lakeview Unified")
        module: Any = {"powerschool": powerschool, "aeries": aeries}[system]
        self.sender = Insider(module.create_app(self.district))
        options = module.Options()
        self.keys = (
            {"token": options.certificate}
            if system == "aeries"
            else {"consumer_token": options.client_id, "consumer_secret": options.client_secret}
        )
        tables = code_tables(system, self.district)
        for entity, rows in tables.items():
            self.map_codes(entity, [row for row in rows if (entity, row[0]) != ("building", "0")])
        self.config.put_integration(
            Integration(
                id=INTEGRATION,
                district_id=D,
                name="Nightly",
                system=system,
                url="https://sis.example.org" + ("/aeries" if system == "aeries" else ""),
                mappings={entity: f"map_town_{entity}" for entity in tables},
                source="town:1",
                created_at=NOON,
                updated_at=NOON,
                **{"family_identifier": FAMILY[system], "drop_students_not_in_file": True, **settings},
            ),
            {},
        )

    def map_codes(self, entity: Any, rows: list[tuple[str, str]]) -> None:
        """Write one mapping, new or anew."""
        known = {m.id: m for m, _ in self.config.mapping_heads(D)}.get(f"map_town_{entity}")
        self.config.put_mapping(
            CodeMapping(
                id=f"map_town_{entity}",
                district_id=D,
                entity=entity,
                name=entity,
                entries=tuple(Entry(external=a, value=b) for a, b in rows),
                version=known.version + 1 if known else 1,
                created_at=NOON,
                updated_at=NOON,
            )
        )

    def credentials(self, district_id: str, integration_id: str) -> Mapping[str, str]:
        return self.keys

    def engine(self) -> Engine:
        def connected(
            integration: Integration, year: str, lookups: Mapping[str, Lookup], keys: Mapping[str, str]
        ) -> Connector:
            return connect(integration, year, lookups, keys, Transport(self.sender, sleep=lambda seconds: None))

        return dataclasses.replace(super().engine(), secrets=self, connect=connected)

    def shown(self) -> list[dict[str, Any]]:
        """Everybody as the API shows them, as far as a comparison needs it."""
        return [{**msgspec.to_builtins(s.person), "id": s.id} for s in self.people.all(D)]
