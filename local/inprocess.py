"""A district without servers or AWS: simulator, real connector, engine and stores in memory, all in this process.

For the benchmark, and for tests that compare the store with the generator's truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.district import DISTRICT, FAMILY_FIELDS, INTEGRATION, LocalDistrict
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import SourceTransient
from rollcall.domain.person import Person
from rollcall.domain.plan import StoredPerson
from rollcall.store.memory import MemoryBlobs, MemoryPeople
from simulators import aeries, illuminate, oneroster, powerschool
from simulators import district as generated
from simulators.codes import code_tables
from simulators.control import Simulator
from simulators.inprocess import call

__all__ = ["DISTRICT", "FAMILY_FIELDS", "INTEGRATION", "InProcess", "Insider"]


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


class InProcess(LocalDistrict):
    """One district with one integration, ready to sync; more may be added."""

    people: CountingPeople
    blobs: MemoryBlobs

    def __init__(self, system: str, people: int, seed: int = 7, options: Any = None, **settings: Any) -> None:
        self.generated = generated.generate(seed, people)
        self.simulator = simulate(system, self.generated, options)
        self.sender = Insider(self.simulator)
        # The address that ``call`` names to the simulator: signatures are made over it.
        url = f"http://127.0.0.1{self.simulator.base_path}"
        transport = Transport(self.sender, sleep=lambda _: None)
        credentials = self.simulator.credentials
        super().__init__(system, url, credentials, transport, CountingPeople(), MemoryBlobs())
        self.set_up(sensible_mappings(system, self.generated), settings)

    def credentials(self, district_id: str, integration_id: str) -> Mapping[str, str]:
        """The ``Secrets`` port: what the simulator takes, also where another has taken its place."""
        return self.simulator.credentials

    def stored(self) -> list[StoredPerson]:
        """Everybody in the store."""
        return self.people.all(DISTRICT)

    def persons(self, kind: str = "student") -> dict[str, Person]:
        """People of one type, by the SIS's id."""
        return {s.person.source_id: s.person for s in self.stored() if s.person.type == kind}


def sensible_mappings(system: str, town: generated.District) -> dict[str, list[tuple[str, str]]]:
    """The code tables of a generated district as an administrator would map them: offices are no schools."""
    tables = code_tables(system, town)
    offices = {school.site_code for school in town.schools if school.holding}
    return {
        entity: [row for row in rows if entity != "building" or row[1] not in offices]
        for entity, rows in tables.items()
    }


def simulate(system: str, town: generated.District, options: Any) -> Simulator:
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
