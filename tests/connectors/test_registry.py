"""From an integration to its connector."""

from __future__ import annotations

import pytest

from rollcall.connectors import registry
from rollcall.connectors.mapping import ISSUES
from rollcall.domain.errors import NeedsAttention
from rollcall.domain.systems import SYSTEMS
from tests.connectors.build import CREDENTIALS, Sis, connector, integration, lookups, transport

ROSTERS = ("schooltool", "oneroster")


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_has_a_connector(system: str) -> None:
    sis = Sis(lambda request: b"{}")
    found = connector(system, sis)
    assert found.version
    kinds = {"students", "users", "demographics"} if system in ROSTERS else {"students", "staff", "contacts"}
    assert {s.name for s in found.streams} >= kinds
    assert sis.requests == []


@pytest.mark.parametrize("entity", ["building", "grade_level"])
def test_without_an_indispensable_mapping(entity: str) -> None:
    codes = lookups()
    del codes[entity]
    with pytest.raises(NeedsAttention) as caught:
        connector("powerschool", codes=codes)
    assert caught.value.code == "mapping_missing"


@pytest.mark.parametrize("system", SYSTEMS)
def test_without_credentials(system: str) -> None:
    with pytest.raises(NeedsAttention) as caught:
        registry.connect(integration(system), "2026-27", lookups(), {}, transport(None))
    assert caught.value.code == "credentials_missing"
    assert not any(secret in str(caught.value) for secret in CREDENTIALS.values())


def test_every_issue_says_what_to_do() -> None:
    for code, kind in ISSUES.items():
        assert kind.message.endswith("."), code
        assert kind.fix.endswith("."), code
