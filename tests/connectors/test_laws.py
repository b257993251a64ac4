"""Every real connector keeps every law, and every connector that is broken on purpose is rejected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local.inprocess import DISTRICT, INTEGRATION, InProcess
from rollcall.connectors.base import Connector
from rollcall.connectors.gate import Gates
from rollcall.connectors.powerschool_query.plugin import NAME, build_plugin, version
from rollcall.connectors.registry import connect
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.mapping import Lookup
from simulators import powerschool
from simulators.district.truth import truth
from tests.connectors.broken import BROKEN, Wrapper
from tests.connectors.fault_table import SYSTEMS
from tests.connectors.laws import LAWS, Bench, read

LAW = {law.__name__: law for law in LAWS}


def bench(system: str, wrapper: type[Wrapper] | None = None) -> Bench:
    options = None
    if system.startswith("powerschool"):
        plugin = build_plugin(NAME, version()) if system == "powerschool_query" else None
        resources = (*powerschool.RESOURCES, "schema_table_query")
        options = powerschool.Options(plugin=plugin, max_page_sizes=dict.fromkeys(resources, 10))
    town = InProcess(system, people=150, options=options)
    integration = town.config.integration(DISTRICT, INTEGRATION)
    ids = integration.mappings
    lookups = {entity: Lookup(town.config.mappings(DISTRICT, [i])[i]) for entity, i in ids.items()}
    urls: list[str] = []

    class Listening:
        def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
            urls.append(url)
            return town.sender.exchange(url, request, headers, seconds)

    def made() -> Connector:
        # One request after another: which of them a fault meets is then the same each time.
        transport = Transport(Listening(), gates=Gates(1), sleep=lambda _: None)
        real = connect(integration, "2026-27", lookups, town.simulator.credentials, transport)
        return wrapper(real, urls.append) if wrapper else real

    people = [s for s in truth(town.generated)["students"] if s["active"]]
    return Bench(
        system,
        made,
        town.simulator.faults,
        urls,
        frozenset(town.simulator.credentials.values())
        | {s["last_name"] for s in people if len(s["last_name"]) > 6},
        len(people),
    )


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("aeries.connector", "illuminate.field_map", "oneroster_core.paging"):
        monkeypatch.setattr(f"rollcall.connectors.{module}.PAGE_SIZE", 10)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_connector_keeps_the_law(system: str, law: Callable[[Bench], Any]) -> None:
    law(bench(system))


@pytest.mark.parametrize(
    ("wrapper", "law"), BROKEN.items(), ids=lambda value: getattr(value, "__name__", value)
)
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_broken_connector_is_rejected(system: str, wrapper: type[Wrapper], law: str) -> None:
    with pytest.raises(AssertionError):
        LAW[law](bench(system, wrapper))


def test_a_wrapper_that_breaks_nothing_is_accepted() -> None:
    """Guards: broken connectors being rejected for the wrapping."""
    for law in LAWS:
        law(bench("illuminate", Wrapper))
    assert read(bench("illuminate", Wrapper).connect()).ids("students")
