"""What the connector tests are made of: settings, lookups, and a SIS that answers in the same process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from rollcall.connectors import registry
from rollcall.connectors.base import Connector, Survey
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import SyncError
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import CodeMapping, Entry, Lookup
from rollcall.domain.person import Mapped

NOW = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 2)
CREDENTIALS = {
    "consumer_token": "id-1",
    "consumer_secret": "s3cret",
    "user_token": "user-1",
    "user_secret": "user&s3cret",
    "token": "CERT7",
}

EXTERNALS: dict[str, dict[str, str]] = {
    "building": {"101": "LMS", "102": "LHS", "410": "LES", "420": "RES"},
    "grade_level": {"K": "K", "0": "K", "-1": "PK4", "-2": "PK3", "3": "03", "6": "06"},
    "gender": {"F": "Female", "M": "Male"},
    "ethnicity": {
        "YES": "Hispanic",
        "NO": "Not Hispanic",
        "Y": "Hispanic",
        "N": "Not Hispanic",
        "1": "Hispanic",
        "0": "Not Hispanic",
        "true": "Hispanic",
    },
    "race": {"WH": "White", "AS": "Asian", "700": "White", "201": "Asian"},
    "state": {"CA": "CA"},
    "relationship": {"Mother": "Mother", "Father": "Father", "10": "Mother", "11": "Father"},
    "language": {"00": "English", "01": "Spanish"},
    "academic_year": {"2026-2027": "2026-27"},
}


def lookup(entity: str, entries: Mapping[str, str], **options: bool) -> Lookup:
    return Lookup(
        CodeMapping(
            id=f"map_{entity}",
            district_id="lakeview",
            entity=entity,  # type: ignore[arg-type]
            name=entity,
            entries=tuple(Entry(external=e, value=v) for e, v in entries.items()),
            created_at=NOW,
            updated_at=NOW,
            **options,
        )
    )


def lookups(**replaced: Mapping[str, str]) -> dict[str, Lookup]:
    return {entity: lookup(entity, entries) for entity, entries in {**EXTERNALS, **replaced}.items()}


def integration(system: str, **fields: Any) -> Integration:
    return Integration(
        id="int_1",
        district_id="lakeview",
        name="Nightly",
        system=system,  # type: ignore[arg-type]
        mappings={},
        source=f"{system}:1",
        created_at=NOW,
        updated_at=NOW,
        **{"url": "https://sis.example.org", **fields},
    )


class Sis:
    """A sender whose answers come from ``reply(request)``: a body, a status, an ``Answer`` or an error to raise."""

    def __init__(self, reply: Callable[[Request], Any]) -> None:
        self._reply = reply
        self.requests: list[Request] = []
        self.headers: list[dict[str, str]] = []

    def exchange(self, url: str, request: Request, headers: Mapping[str, str], seconds: float) -> Answer:
        self.requests.append(request)
        self.headers.append(dict(headers))
        reply = self._reply(request)
        if isinstance(reply, SyncError):
            raise reply
        if isinstance(reply, Answer):
            return reply
        if isinstance(reply, int):
            return Answer(reply, {}, b"")
        return Answer(200, {}, reply if isinstance(reply, bytes) else encoded(reply))

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


def transport(sender: Any, **options: Any) -> Transport:
    """A transport that never sleeps; what it would have slept is in ``slept`` when given."""
    slept: list[float] = options.pop("slept", [])
    return Transport(sender, **{"sleep": slept.append, "rng": lambda: 1.0, "now": lambda: NOW, **options})


def connector(
    system: str,
    sender: Any = None,
    *,
    codes: Mapping[str, Lookup] | None = None,
    options: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Connector:
    return registry.connect(
        integration(system, **fields),
        "2026-27",
        lookups() if codes is None else codes,
        CREDENTIALS,
        transport(sender, **(options or {})),
    )


def encoded(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def survey() -> Survey:
    return Survey(parts=[], reference={"schools": {"53": "101", "54": "102", "99": "777"}, "year": "2026"})


def mapped(found: Connector, key: str, **records: Iterable[Any]) -> Mapped:
    """What ``found`` makes of records given as JSON values or bytes."""
    raw = {name: [r if isinstance(r, bytes) else encoded(r) for r in rows] for name, rows in records.items()}
    return found.map(key, raw, survey(), TODAY)


def codes_of(result: Mapped) -> list[str]:
    return [issue.code for issue in result.issues]
