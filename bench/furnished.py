"""A district of any size in the middle of its work, on a stack that is up: what the console has to show."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.api import Api
from local.process import LocalError
from local.stack import Stack
from local.tenants import Client, Tenant, form, set_up
from local.watching import ENDED, everything, run_now

UNKNOWN_CODES = 5
RUN_SECONDS = 1800.0
ACCOUNTS = 10_000
"""A list of more would pass what an upload may hold."""


@dataclass(frozen=True)
class Furnished:
    """What a district has of each thing that has a screen of its own: ids."""

    path: str
    integration: str
    mapping: str
    loaded: str
    held: str
    student: str
    contact: str


@contextmanager
def furnished(stack: Stack, tenant: Tenant, home: Path, people: int) -> Iterator[Furnished]:
    """A district after its first sync and a rollover that waits for somebody, with a job and a returning school."""
    api = stack.api()
    with set_up(api, tenant, home, people, UNKNOWN_CODES) as client:
        base = client.path
        integration = api.get(f"{base}/integrations/{client.integration_id}")
        media = {"destinations": ["nutrition", "media"], "version": integration["version"]}
        api.call("PATCH", f"{base}/integrations/{integration['id']}", json=media)
        loaded = _ended(api, client, run_now(api, client))
        job = {"name": "Every night", "frequency": {"every": "year", "month": 7, "date": 1, "at": "02:00"}}
        who = {"integration_ids": [integration["id"]], "run_as": "pat@lakeview.example.org"}
        api.post(f"{base}/schedules", {**job, **who})
        client.simulator.change("rollover")
        held = _ended(api, client, run_now(api, client))
        _reconcile(api, client, integration["mappings"])
        students = api.get(f"{base}/people", type="student", status="active", limit="200")["items"]
        student = next(one for one in students if one["contacts"] and one["family_id"])
        yield Furnished(
            path=base,
            integration=integration["id"],
            mapping=integration["mappings"]["language"],
            loaded=loaded["id"],
            held=held["id"],
            student=student["id"],
            contact=student["contacts"][0]["person_id"],
        )


def _reconcile(api: Api, client: Client, mappings: dict[str, str]) -> None:
    """A returning school whose accounts are uploaded, all of them right but for a few."""
    whole = form(client.tenant, client.simulator, mappings)
    media = {"destinations": ["media"], "returning_school": True}
    school = api.post(f"{client.path}/integrations", {**whole, **media, "name": "Returning school"})
    preview = api.post(f"{client.path}/integrations/{school['id']}/runs", {"mode": "preview"})
    _ended(api, client, preview)
    rows = ["type,host_id,first_name,last_name", "staff,LOST,Xanthippe,Quull"]
    for change in everything(api, f"{client.path}/runs/{preview['id']}/changes"):
        person = change["after"]
        account = person["media"]
        if account["status"] == "invited" and not account["same_as"] and len(rows) < ACCOUNTS:
            kind = {"contact": "parent"}.get(person["type"], person["type"])
            rows.append(f"{kind},{person['host_id']},{person['first_name']},{person['last_name']}")
    path = f"{client.path}/integrations/{school['id']}/reconciliation"
    api.put(path, {"csv": "\n".join(rows), "pairs": ""})


def _ended(api: Api, client: Client, run: dict[str, Any]) -> dict[str, Any]:
    """Wait until a run goes no further by itself. Raises :class:`LocalError` when it failed."""
    give_up = time.monotonic() + RUN_SECONDS
    while run["state"] not in ENDED and time.monotonic() < give_up:
        time.sleep(0.5)
        run = api.get(f"{client.path}/runs/{run['id']}")
    if run["state"] not in ("completed", "held"):
        raise LocalError(f"{client.tenant.name}: the run is {run['state']}: {run['error']}")
    return run
