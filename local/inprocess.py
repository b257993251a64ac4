"""A district without servers or AWS: simulator, real connector, engine and stores in memory, all in this process.

For the benchmark, and for tests that compare the store with the generator's truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from urllib.parse import urlencode, urlsplit

from rollcall.connectors.base import Connector
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.connectors.registry import connect
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.district import District
from rollcall.domain.errors import SourceTransient
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Entity, Entry, Lookup
from rollcall.domain.person import Person
from rollcall.domain.plan import StoredPerson
from rollcall.domain.run import Run, RunMessage, Trigger
from rollcall.domain.thresholds import UNLIMITED
from rollcall.engine.engine import Engine
from rollcall.store.memory import MemoryBlobs, MemoryClock, MemoryPeople, MemoryQueue, MemoryRuns
from rollcall.store.memory_config import MemoryConfig
from simulators import aeries, illuminate, oneroster, powerschool
from simulators import district as generated
from simulators.codes import code_tables
from simulators.control import Simulator
from simulators.inprocess import call

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


@dataclass
class Insider:
    """A ``Sender`` that calls the simulator directly. ``requests`` holds the path templates asked for."""

    app: Any
    requests: list[str] = field(default_factory=list)

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        """One request; nothing here can be slow."""
        self.requests.append(request.template)
        address, query = urlsplit(url), urlencode(request.params)
        sent = {"Host": address.netloc, **headers}
        try:
            answer = call(self.app, request.method, address.path, query, sent, request.body or b"")
        except ConnectionResetError:
            raise SourceTransient("source_interrupted", "The connection was torn off.") from None
        return Answer(*answer)


@dataclass
class CountingPeople(MemoryPeople):
    """Remembers who was written, with all they are or with a photo."""

    written: list[str] = field(default_factory=list)

    def put_many(self, people: Any, before: Any = None) -> None:
        """Count, then store."""
        self.written += [person.id for person in people]
        super().put_many(people, before)

    def put_photos(self, district_id: str, photos: Mapping[str, str | None]) -> None:
        """Count, then store."""
        self.written += photos
        super().put_photos(district_id, photos)


class InProcess:
    """One district with one integration, ready to sync; more may be added."""

    def __init__(self, system: str, people: int, seed: int = 7, options: Any = None, **settings: Any) -> None:
        self.system = system
        self.generated = generated.generate(seed, people)
        self.simulator = _simulator(system, self.generated, options)
        self.sender = Insider(self.simulator)
        self.clock = MemoryClock(NOON)
        self.config, self.people, self.blobs = MemoryConfig(), CountingPeople(), MemoryBlobs()
        self.queue, self.runs = MemoryQueue(), MemoryRuns(self.clock)
        self._configure(settings)

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
        """What the simulator asks for."""
        return self.simulator.credentials

    def map_codes(self, entity: str, rows: list[tuple[str, str]]) -> None:
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
            # The address that ``call`` names to the simulator: signatures are made over it.
            url=f"http://127.0.0.1{self.simulator.base_path}",
            mappings={entity: f"map_{entity}" for entity in entities},
            source="generated:1",
            created_at=NOON,
            updated_at=NOON,
            **settings,
        )
        self.config.put_integration(integration, {})

    def stored(self) -> list[StoredPerson]:
        """Everybody in the store."""
        return self.people.all(DISTRICT)

    def persons(self, kind: str = "student") -> dict[str, Person]:
        """People of one type, by the SIS's id."""
        return {s.person.source_id: s.person for s in self.stored() if s.person.type == kind}

    def _configure(self, settings: Mapping[str, Any]) -> None:
        district = District(
            id=DISTRICT,
            name="Lakeview",
            time_zone="America/Los_Angeles",
            # Whoever works with it turns whole districts over in one night.
            thresholds=UNLIMITED,
            created_at=NOON,
            updated_at=NOON,
        )
        self.config.put_district(district)
        tables = code_tables(self.system, self.generated)
        offices = {school.site_code for school in self.generated.schools if school.holding}
        for entity, rows in tables.items():
            self.map_codes(entity, [row for row in rows if entity != "building" or row[1] not in offices])
        self.integrate(
            INTEGRATION,
            tables,
            **{
                "family_identifier": FAMILY_FIELDS[self.system],
                "drop_students_not_in_file": True,
                **settings,
            },
        )

    def _connect(
        self,
        integration: Integration,
        year: str,
        lookups: Mapping[str, Lookup],
        credentials: Mapping[str, str],
    ) -> Connector:
        return connect(integration, year, lookups, credentials, Transport(self.sender, sleep=lambda _: None))


def _simulator(system: str, town: generated.District, options: Any) -> Simulator:
    """The SIS with these switches; without any, as an administrator would have set it up for us."""
    if system == "aeries":
        return aeries.create_app(town, options)
    if system == "illuminate":
        return illuminate.create_app(town, options)
    if system == "schooltool":
        return oneroster.create_app(town, options or oneroster.schooltool())
    if system == "oneroster":
        return oneroster.create_app(town, options)
    if system == "powerschool_query" and options is None:
        options = powerschool.Options(plugin=build_plugin(NAME, version()))
    return powerschool.create_app(town, options)
