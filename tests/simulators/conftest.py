"""Simulators over invented districts: in-process callers, and one that listens on a port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulators import aeries, serve
from simulators.control import Simulator
from simulators.district import District, generate
from tests.simulators.calls import Caller, aeries_caller, power_caller


@pytest.fixture(scope="session")
def shared() -> District:
    """A district that no test edits."""
    return generate(7, 3000)


@pytest.fixture
def district() -> District:
    """A small district of the test's own."""
    return generate(7, 300)


@pytest.fixture(scope="session")
def power(shared: District) -> Caller:
    return power_caller(shared)


@pytest.fixture(scope="session")
def eagle(shared: District) -> Caller:
    return aeries_caller(shared)


@pytest.fixture
def served(district: District) -> Iterator[tuple[Simulator, str]]:
    app = aeries.create_app(district)
    with serve(app) as url:
        yield app, url
