"""A district on the stack with an SIS of its own: everything an administrator would enter, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.api import Api
from local.simulator import Simulator

FAMILY_FIELDS: Mapping[str, Sequence[str]] = {
    "powerschool": ("hoh_last_name", "household_home_address"),
    "powerschool_query": ("hoh_last_name", "household_home_address"),
    "aeries": ("family_key",),
    "illuminate": ("hoh_last_name", "household_home_address"),
    "schooltool": ("hoh_last_name", "hoh_home_phone"),
    "oneroster": ("hoh_last_name", "hoh_home_phone"),
}


@dataclass(frozen=True)
class Tenant:
    """A district of the demo and the system it keeps its records in."""

    district_id: str
    name: str
    system: str
    seed: int


@dataclass
class Client:
    """A district that is set up: its SIS and its integration."""

    tenant: Tenant
    simulator: Simulator
    integration_id: str

    @property
    def path(self) -> str:
        """Where the API keeps the district."""
        return f"/districts/{self.tenant.district_id}"


@contextmanager
def set_up(api: Api, tenant: Tenant, home: Path, people: int, unknown_codes: int = 0) -> Iterator[Client]:
    """Start the SIS, create the district, its mappings and its integration; stop the SIS at the end."""
    simulator = Simulator(
        tenant.system, home, name=tenant.name, seed=tenant.seed, people=people, unknown_codes=unknown_codes
    )
    try:
        base = f"/districts/{tenant.district_id}"
        api.put(base, {"name": tenant.name, "time_zone": "America/Los_Angeles"})
        mappings = {
            entity: api.post(f"{base}/mappings", _mapping(entity, codes))["id"]
            for entity, codes in simulator.codes().items()
        }
        integration = api.post(f"{base}/integrations", form(tenant, simulator, mappings))
        yield Client(tenant, simulator, integration["id"])
    finally:
        simulator.stop()


def form(tenant: Tenant, simulator: Simulator, mappings: Mapping[str, str]) -> dict[str, Any]:
    """The integration form as the administrator fills it in."""
    return {
        "name": f"{tenant.name} nightly",
        "system": tenant.system,
        "url": simulator.url,
        "credentials": simulator.credentials,
        "mappings": dict(mappings),
        "family_identifier": list(FAMILY_FIELDS[tenant.system]),
        "drop_students_not_in_file": True,
        "member_types": ["student", "staff", "contact"],
    }


def _mapping(entity: str, codes: Sequence[tuple[str, str]]) -> dict[str, Any]:
    entries = [{"external": external, "value": value} for external, value in codes]
    return {"entity": entity, "name": entity.replace("_", " ").capitalize(), "entries": entries}
