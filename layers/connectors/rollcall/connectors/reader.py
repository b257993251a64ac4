"""Connectors for whoever reads what was stored of a pull: they split and map, and can ask nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from rollcall.connectors.base import Connector
from rollcall.connectors.registry import connect
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import SourceContract
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Lookup


class _Nobody:
    """A ``Sender`` that sends nothing."""

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        raise SourceContract("sis_not_asked", "Whoever reads a stored pull has no business with the SIS.")


def reader(integration: Integration, school_year: str, lookups: Mapping[str, Lookup]) -> Connector:
    """The connector of an integration, for ``split`` and ``map`` alone: no secret is needed and no address called.

    Raises ``NeedsAttention`` as :func:`~rollcall.connectors.registry.connect` does.
    """
    return connect(integration, school_year, lookups, defaultdict(str), Transport(_Nobody()))
