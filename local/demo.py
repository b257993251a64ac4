"""The story of `make demo`: six districts, each with another SIS, synced for the first time and once more.

It stays up until interrupted, so that the console and other programs can use what it made; with DEMO_EXIT=1 it ends
after the summary. Its status says whether every run completed. DEMO_SVG=docs/demo.svg draws what it printed, for the
README.
"""

import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from local.api import Api
from local.paths import HANDOVER, STATE
from local.served import served
from local.stack import Stack
from local.tenants import Client, Tenant, set_up
from local.watching import everything, follow, run_now, told

PEOPLE = 300
UNKNOWN_CODES = 3
"""Students with a code that no mapping holds, so that there is something to report."""
CHANGES = 5
HANDOVER_SECONDS = 1800.0
"""How often the hand-over file is written anew: its token is good for an hour."""


TENANTS = (
    Tenant("lakeview", "Lakeview Unified", "powerschool", 7),
    Tenant("riverbend", "Riverbend Unified", "aeries", 11),
    Tenant("marsh-point", "Marsh Point Unified", "powerschool_query", 13),
    Tenant("cedar-hollow", "Cedar Hollow Unified", "illuminate", 17),
    Tenant("heron-bay", "Heron Bay Central", "schooltool", 19),
    Tenant("quarry-hill", "Quarry Hill District", "oneroster", 23),
)


def main() -> int:
    """Run the demo."""
    picture = os.environ.get("DEMO_SVG")
    console = Console(highlight=False, record=bool(picture), width=100 if picture else None)
    HANDOVER.unlink(missing_ok=True)
    with ExitStack() as cleanup:
        console.rule("Rollcall on this machine")
        stack = cleanup.enter_context(Stack("demo", console.print))
        cleanup.callback(HANDOVER.unlink, missing_ok=True)
        clients = [_open(stack, tenant, cleanup, console) for tenant in TENANTS]
        names = {tenant.district_id: tenant.name for tenant in TENANTS}
        ui_url = cleanup.enter_context(served(stack, names))
        console.print(f"  console: {ui_url}")

        def hand_over() -> None:
            stack.hand_over(HANDOVER, {client.tenant.system: _facts(client) for client in clients}, ui_url)

        hand_over()
        api = stack.api()
        runs = _sync(api, clients, "First sync", console)
        if _all_completed(runs):
            _change(clients, console)
            runs += _sync(api, clients, "Second sync", console)
            _show_changes(api, clients, runs[len(clients) :], console)
        completed = _all_completed(runs)
        console.rule("every run completed" if completed else "NOT every run completed")
        if picture:
            # without the web fonts that rich names: a picture should not call anybody
            drawn = re.sub(
                r"@font-face \{.*?\}\s*", "", console.export_svg(title="make demo"), flags=re.DOTALL
            )
            Path(picture).write_text(drawn)
        if os.environ.get("DEMO_EXIT") != "1":
            _stay(stack, ui_url, hand_over, console)
    return 0 if completed else 1


def _open(stack: Stack, tenant: Tenant, cleanup: ExitStack, console: Console) -> Client:
    client = cleanup.enter_context(set_up(stack.api(), tenant, STATE / "demo", PEOPLE, UNKNOWN_CODES))
    console.print(f"  {tenant.name}: {tenant.system} at {client.simulator.url}")
    return client


def _facts(client: Client) -> dict[str, Any]:
    """What stack.json tells of a system."""
    return {
        **client.simulator.hand_over(),
        "district_id": client.tenant.district_id,
        "integration_id": client.integration_id,
    }


def _sync(api: Api, clients: Sequence[Client], title: str, console: Console) -> list[dict[str, Any]]:
    """Run every integration, at the same time."""
    console.rule(title)
    return follow(api, clients, [run_now(api, client) for client in clients], console)


def _change(clients: Sequence[Client], console: Console) -> None:
    console.rule("Meanwhile, at the schools")
    for client in clients:
        touched = client.simulator.change("some", n=CHANGES, seed=client.tenant.seed)
        fields = ", ".join(sorted(set(touched["detail"]["fields"].values())))
        console.print(f"  {client.tenant.name}: {len(touched['student_ids'])} students changed ({fields})")


def _show_changes(
    api: Api, clients: Sequence[Client], runs: Sequence[dict[str, Any]], console: Console
) -> None:
    console.rule("What the second sync changed")
    for client, run in zip(clients, runs, strict=True):
        for change in everything(api, f"{client.path}/runs/{run['id']}/changes"):
            console.print(f"  {client.tenant.name}: {told(change)}")


def _all_completed(runs: Sequence[dict[str, Any]]) -> bool:
    return all(run["state"] == "completed" for run in runs)


def _stay(stack: Stack, ui_url: str, hand_over: Callable[[], None], console: Console) -> None:
    handover: Path = HANDOVER.relative_to(Path.cwd()) if HANDOVER.is_relative_to(Path.cwd()) else HANDOVER
    console.print(f"Console   {ui_url}")
    console.print(f"API       {stack.api_url}/v1")
    console.print(f"AWS       {stack.endpoint_url}")
    console.print(f"Hand-over {handover} (addresses and a token)")
    console.print("Up until you press Ctrl-C.")
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(HANDOVER_SECONDS)
            hand_over()
