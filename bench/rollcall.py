"""One night of Rollcall as a process: engine, connector and the real HTTP transport, over stores on disk.

    python -m bench.rollcall RECORDING --url http://127.0.0.1:8000 --state FOLDER

Prints one line of JSON, a :class:`~bench.told.Told`. ``--settings`` are of the integration. ``--night`` plays the
recording in this process instead of asking ``--url``, which leaves the transport out.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from bench.recording import Recording
from bench.replay import Replay
from bench.stores import DiskBlobs, SqlitePeople, load_runs, save_runs
from bench.told import StoreCounts, Told
from local.district import DISTRICT, INTEGRATION, LocalDistrict
from rollcall.connectors.transport import Transport
from rollcall.connectors.wire import HttpSender, Sender
from rollcall.domain.run import Run

CONNECTIONS = 8


def night(
    recording: Recording,
    url: str,
    state: Path,
    sender: Sender,
    settings: Mapping[str, Any],
    entities: Collection[str] = (),
) -> Told:
    """Sync once, from where the last night left ``state``. With ``entities``, only those mappings are set up."""
    state.mkdir(parents=True, exist_ok=True)
    about, counts = recording.about, StoreCounts()
    people, blobs = SqlitePeople(state / "people.sqlite", counts), DiskBlobs(state / "blobs", counts)
    town = LocalDistrict(
        about.system, url + about.base_path, about.credentials, Transport(sender), people, blobs
    )
    tables = {entity: rows for entity, rows in about.mappings.items() if not entities or entity in entities}
    town.set_up(tables, {"member_types": about.member_types, **settings})
    town.runs = load_runs(state / "runs.pickle", town.runs)
    (before, _) = town.runs.history(DISTRICT, INTEGRATION, (), 1000, None)
    town.clock.advance(days=len(before))
    run = town.sync(slice_seconds=3600)
    if run.state != "completed":
        raise SystemExit(f"{run.state}: {run.error}")
    save_runs(state / "runs.pickle", town.runs)
    people.close()
    return _told(run, counts)


def _told(run: Run, counts: StoreCounts) -> Told:
    def total(*kinds: str) -> int:
        return sum(found.get(kind, 0) for found in run.counts.values() for kind in kinds)

    return Told(
        added=total("add", "reactivate"),
        changed=total("update"),
        dropped=total("inactivate"),
        known=total("add", "reactivate", "update", "unchanged"),
        stores=counts,
    )


def main() -> None:
    """One night, told on the standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:80")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--settings", type=msgspec.json.decode, default={})
    parser.add_argument(
        "--entities", default="", help="the mappings to set up, with commas; all unless given"
    )
    parser.add_argument("--night")
    chosen = parser.parse_args()
    recording = Recording(chosen.recording)
    sender = Replay(recording, chosen.night) if chosen.night else HttpSender("loopback", CONNECTIONS)
    entities = [entity for entity in chosen.entities.split(",") if entity]
    told = night(recording, chosen.url, chosen.state, sender, chosen.settings, entities)
    print(msgspec.json.encode(told).decode())


if __name__ == "__main__":
    main()
