"""What runs did to one person: looked up in their plans, a bounded number of files a request."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from config_api.bootstrap import Parts
from config_api.judgement import Judgement
from config_api.lineage_views import HistoryView, Outcome, history_view
from config_api.run_files import plan_files
from rollcall.domain.errors import NotFound
from rollcall.domain.person import person_key
from rollcall.domain.plan import Change, StoredPerson
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, decompress, unpack
from rollcall.engine.hold import Held

FILES_PER_REQUEST = 50
RUNS_PER_REQUEST = 200
_AT_ONCE = 50
_decoder = msgspec.json.Decoder(Change)

Position = tuple[str, int]
"""A run and one of its plan files: where to go on."""


def history(
    parts: Parts, stored: StoredPerson, limit: int, position: Position | None
) -> tuple[list[HistoryView], Position | None]:
    """A page of a person's history, newest first, and where to go on (None: the end). A page may be short, even empty,
    and still have a next one. It ends where the files of runs are no longer kept.
    """
    integrations = parts.config.integrations(stored.district_id)
    source = {i.id: i.source for i in integrations}
    found: list[HistoryView] = []
    opened = 0
    for looked, (run, first) in enumerate(_runs(parts, stored.district_id, position), 1):
        same_sis = source.get(run.integration_id) == source.get(stored.integration_id)
        files = plan_files(run) if same_sis and stores(run) else []
        for number in range(first, len(files)):
            if opened == FILES_PER_REQUEST or len(found) == limit:
                return found, (run.id, number)
            opened += 1
            try:
                change = _change(decompress(parts.blobs.get(files[number])), stored.id)
            except NotFound:
                return found, None
            if change is not None:
                found.append(history_view(run, change, _outcome(parts, run, change)))
                break
        if looked > RUNS_PER_REQUEST:
            return found, (run.id, len(files))
    return found, None


def stores(run: Run) -> bool:
    """Whether a run went so far as to write to the store."""
    return run.mode == "sync" and any(stage.stage == "apply" for stage in run.stages)


def _runs(parts: Parts, district_id: str, position: Position | None) -> Iterator[tuple[Run, int]]:
    before = None
    if position is not None:
        before, first = position
        run = parts.runs.get(district_id, before)
        if run is not None:
            yield run, first
    while True:
        runs, before = parts.runs.history(district_id, None, (), _AT_ONCE, before)
        for run in runs:
            yield run, 0
        if before is None:
            return


def _change(lines: bytes, person_id: str) -> Change | None:
    """The person's change in a plan file. Lines that do not name them are not decoded."""
    name = person_id.encode()
    if name in lines:
        for line in lines.splitlines():
            # A student's change names their contacts too.
            if name in line and (change := _decoder.decode(line)).after.id == person_id:
                return change
    return None


def _outcome(parts: Parts, run: Run, change: Change) -> Outcome:
    if not run.checkpoint.get("held"):
        return "applied"
    if run.state == "completed":
        return "refused" if Judgement(parts.blobs, run).held_as(change) == "left_out" else "applied"
    held = unpack(parts.blobs.get(RunFolder(run).held()), Held)
    if person_key(change.type, change.after.person.source_id) not in held:
        return "applied"
    return "waiting" if run.state in ("held", "applying") else "refused"
