"""What the stories on the local stack share: runs watched to where they go no further, and what they did, shown."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from local.api import Api
from local.tenants import Client

RUN_SECONDS = 300.0
COUNTED = ("add", "update", "inactivate", "reactivate", "unchanged", "reject", "held")
ENDED = frozenset({"completed", "failed", "rejected", "cancelled", "skipped", "held"})
"""States in which a run goes no further by itself."""


def run_now(api: Api, client: Client, mode: str = "sync") -> dict[str, Any]:
    """Ask for a run; it is queued."""
    asked: dict[str, Any] = api.post(
        f"{client.path}/integrations/{client.integration_id}/runs", {"mode": mode}
    )
    return asked


def follow(
    api: Api, clients: Sequence[Client], started: Sequence[dict[str, Any]], console: Console
) -> list[dict[str, Any]]:
    """Show where a run of each client stands until all go no further, then what they did."""
    latest = {run["id"]: run for run in started}
    shown: dict[str, str] = {}
    give_up = time.monotonic() + RUN_SECONDS
    while not all(run["state"] in ENDED for run in latest.values()) and time.monotonic() < give_up:
        time.sleep(0.25)
        for client, run in zip(clients, started, strict=True):
            current = latest[run["id"]] = api.get(f"{client.path}/runs/{run['id']}")
            line = f"  {client.tenant.name}: {_standing(current)}"
            if shown.get(run["id"]) != line:
                shown[run["id"]] = line
                console.print(line)
    runs = [latest[run["id"]] for run in started]
    for client, run in zip(clients, runs, strict=True):
        _show_summary(api, client, run, console)
    return runs


def everything(api: Api, path: str) -> Iterator[dict[str, Any]]:
    """Every item of a list, page by page."""
    page = api.get(path, limit="200")
    yield from page["items"]
    while page["next"]:
        page = api.get(path, limit="200", cursor=page["next"])
        yield from page["items"]


def told(change: dict[str, Any]) -> str:
    """A change in a line."""
    person = change.get("after") or change.get("before") or {}
    name = f"{person.get('first_name', '')} {person.get('last_name', '')}".strip()
    return f"{change['kind']} {name}: {', '.join(change.get('fields') or [])}"


def _standing(run: dict[str, Any]) -> str:
    progress = run.get("progress") or {}
    if run["state"] in ENDED or not progress.get("done"):
        return str(run["state"])
    of = f" of {progress['total']}" if progress.get("total") else ""
    return f"{run['state']}: {progress['stage']} {progress['done']}{of}"


def _show_summary(api: Api, client: Client, run: dict[str, Any], console: Console) -> None:
    seconds = f"{_seconds(run):.1f} s" if run.get("ended_at") else "not ended"
    what = " · ".join((client.tenant.name, client.tenant.system, run["mode"], run["state"], seconds))
    table = Table(title=what, title_justify="left")
    table.add_column("people")
    for kind in COUNTED:
        table.add_column(kind, justify="right")
    for person_type, counts in run["counts"].items():
        table.add_row(person_type, *(str(counts.get(kind, 0)) for kind in COUNTED))
    console.print(table)
    issues = Counter(
        f"{issue['severity']} {issue['code']}"
        for issue in everything(api, f"{client.path}/runs/{run['id']}/issues")
    )
    for what, how_many in issues.most_common():
        console.print(f"  {how_many} × {what}")
    for hold in run.get("holds") or []:
        console.print(f"  held: {hold['reason']}: {hold['detail']}")
    if run.get("error"):
        console.print(f"  {run['error']['code']}: {run['error']['message']}")


def _seconds(run: dict[str, Any]) -> float:
    began = datetime.fromisoformat(run["started_at"] or run["queued_at"])
    return (datetime.fromisoformat(run["ended_at"]) - began).total_seconds()
