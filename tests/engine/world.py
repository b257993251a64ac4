"""A district, an integration, a small SIS, and the queue's manners, over stores in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from rollcall.connectors.base import Connector
from rollcall.domain.blackout import Blackout
from rollcall.domain.district import District
from rollcall.domain.family_change import FamilyChange
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Entry, Lookup
from rollcall.domain.person import Issue, Person
from rollcall.domain.plan import Change
from rollcall.domain.ports import Clock
from rollcall.domain.run import Run, RunMessage
from rollcall.domain.thresholds import UNLIMITED
from rollcall.engine.blobs import RunFolder, unpack_lines
from rollcall.engine.engine import Busy, Engine
from rollcall.store.memory import MemoryBlobs, MemoryClock, MemoryPeople, MemoryQueue, MemoryRuns
from rollcall.store.memory_config import MemoryConfig
from tests.engine.faults import Faults, Faulty, Killed
from tests.engine.sis import PhotoConnector, Sis, SisConnector

NOON = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
D = "lakeview"
BUILDINGS = tuple(Entry(external=school, value=school) for school in ("north", "south"))
ENTITIES = ("building", "ethnicity", "gender", "grade_level", "language", "race", "relationship", "state")


class NoSecrets:
    def credentials(self, district_id: str, integration_id: str) -> dict[str, str]:
        return {}


class TickingPeople(MemoryPeople):
    """Counts the people and photos written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def put_many(self, people: Any, before: Any = None) -> None:
        self.written += [person.id for person in people]
        super().put_many(people, before)

    def put_photos(self, district_id: str, photos: Mapping[str, str | None]) -> None:
        self.written += photos
        super().put_photos(district_id, photos)


@dataclass
class World:
    sis: Sis = field(default_factory=Sis)
    clock: MemoryClock = field(default_factory=lambda: MemoryClock(NOON))
    config: MemoryConfig = field(default_factory=MemoryConfig)
    people: TickingPeople = field(default_factory=TickingPeople)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    queue: MemoryQueue = field(default_factory=MemoryQueue)
    faults: Faults = field(default_factory=Faults)
    slice_seconds: float = 300
    parts_ahead: int = 0
    connector_version: str = "1"
    connector: type[SisConnector] = SisConnector
    others: dict[str, Sis] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.runs = MemoryRuns(self.clock)
        self.config.put_district(
            District(
                id=D,
                name="Lakeview",
                time_zone="America/Los_Angeles",
                thresholds=UNLIMITED,
                created_at=NOON,
                updated_at=NOON,
            )
        )
        for entity in ENTITIES:
            self.config.put_mapping(
                CodeMapping(
                    id=f"map_{entity}",
                    district_id=D,
                    entity=entity,
                    name=entity,
                    entries=BUILDINGS if entity == "building" else (),
                    created_at=NOON,
                    updated_at=NOON,
                )
            )
        self.integrate("int_1")
        self._deliveries = 0

    def black_out(self, *ranges: tuple[str, str, str]) -> None:
        """Write the district's blackouts anew: from, to and kind of each."""
        stored = self.config.district(D)
        blackouts = tuple(Blackout(from_=first, to=to, kind=kind) for first, to, kind in ranges)  # type: ignore[arg-type]
        self.config.put_district(
            stored.model_copy(update={"blackouts": blackouts, "version": stored.version + 1})
        )

    def integrate(self, integration_id: str, **fields: Any) -> Integration:
        """Add the integration, or write it anew with other fields."""
        stored = next((i for i in self.config.integrations(D) if i.id == integration_id), None)
        if stored:
            integration = stored.model_copy(update={**fields, "version": stored.version + 1})
        else:
            values: dict[str, Any] = {
                "family_identifier": ("hoh_last_name", "hoh_home_phone"),
                "source": "powerschool:1",
                "drop_students_not_in_file": True,
                **fields,
            }
            integration = Integration(
                id=integration_id,
                district_id=D,
                name=integration_id,
                system="powerschool",
                url="https://sis.example.org",
                mappings={entity: f"map_{entity}" for entity in ENTITIES},
                created_at=NOON,
                updated_at=NOON,
                **values,
            )
        self.config.put_integration(integration, {})
        return integration

    def engine(self) -> Engine:
        """A fresh process: nothing of an earlier slice survives but what the stores hold."""

        def connect(
            integration: Integration, _: str, lookups: Mapping[str, Lookup], __: Mapping[str, str]
        ) -> Connector:
            sis = self.others.get(integration.id, self.sis)
            connector: Any = self.connector(sis, D, integration.source, self.connector_version)
            if "lookups" in connector.__dataclass_fields__:
                connector.lookups = lookups
            if integration.pictures_only:
                connector = PhotoConnector(sis)
            return Faulty(connector, self.faults, "sis")  # type: ignore[return-value]

        clock: Clock = self.clock
        return Engine(
            settings=self._faulty(self.config, "config"),
            secrets=self._faulty(NoSecrets(), "secrets"),
            runs=self._faulty(self.runs, "runs"),
            people=self._faulty(self.people, "people"),
            blobs=self._faulty(self.blobs, "blobs"),
            queue=self._faulty(self.queue, "queue"),
            clock=clock,
            parts_ahead=self.parts_ahead,
            connect=connect,
        )

    def _faulty(self, port: Any, name: str) -> Any:
        return Faulty(port, self.faults, name)

    def sync(self, integration_id: str = "int_1", mode: str = "sync", trigger: str = "manual") -> Run:
        """Put a message on the queue and drive everything to its end; the run that the message made."""
        known = set(self.run_ids())
        self.post(integration_id, mode, trigger)
        self.drain()
        (run_id,) = set(self.run_ids()) - known
        run = self.runs.get(D, run_id)
        assert run is not None
        return run

    def post(self, integration_id: str = "int_1", mode: str = "sync", trigger: str = "manual") -> None:
        message = RunMessage(
            version=1, district_id=D, integration_id=integration_id, mode=mode, trigger=trigger
        )  # type: ignore[arg-type]
        self._deliveries += 1
        self.queue.send(message, f"external-{self._deliveries}")

    def drain(self, deliveries: int = 200) -> None:
        """Deliver until the queue is empty, redelivering what was not acknowledged, as SQS does."""
        while self.queue.messages:
            message = self.queue.messages.pop(0)
            self._deliveries += 1
            delivery = f"message-{self._deliveries}"
            sent_at = self.clock.now()
            while not self.deliver(message, delivery, sent_at):
                deliveries -= 1
                assert deliveries > 0, "the queue never empties"
                self.clock.advance(minutes=30)
            self.clock.advance(seconds=1)

    def deliver(self, message: RunMessage, delivery: str, sent_at: datetime) -> bool:
        """One delivery to a fresh runner; False when the message must come again."""
        self.faults.revive()
        self._owner = getattr(self, "_owner", 0) + 1
        deadline = self.clock.now() + timedelta(seconds=self.slice_seconds)
        try:
            outcome = self.engine().handle(message, delivery, sent_at, f"request-{self._owner}", deadline)
        except (Killed, Exception):
            if self.faults.k is None:
                raise
            return False
        return not isinstance(outcome, Busy)

    def run_ids(self) -> list[str]:
        return [run.id for run in self.runs.history(D, None, (), 1000, None)[0]]

    def persons(self, kind: str = "student") -> dict[str, Person]:
        """People of one type by source id."""
        return {s.person.source_id: s.person for s in self.people.all(D) if s.person.type == kind}

    def changes(self, run: Run) -> list[Change]:
        folder = RunFolder(run)
        return [
            change
            for n in range(run.checkpoint["plan_files"])
            for change in unpack_lines(self.blobs.get(folder.plan(n)), Change)
        ]

    def families(self, run: Run) -> list[FamilyChange]:
        folder = RunFolder(run)
        return [
            change
            for n in range(run.checkpoint["family_files"])
            for change in unpack_lines(self.blobs.get(folder.families(n)), FamilyChange)
        ]

    def issues(self, run: Run) -> list[Issue]:
        folder = RunFolder(run)
        return [
            issue
            for n in range(run.checkpoint["issue_files"])
            for issue in unpack_lines(self.blobs.get(folder.issues(n)), Issue)
        ]

    def write_count(self) -> int:
        """People written since last asked."""
        count = len(self.people.written)
        self.people.written.clear()
        return count


def student(school: str = "north", **fields: object) -> dict[str, object]:
    return {"school": school, "first": "Noor", "last": "Rivers", "phone": "555-555-0148", **fields}
