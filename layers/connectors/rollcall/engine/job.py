"""One slice of one run: what the stages share, and the only way they checkpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

import msgspec

from rollcall.connectors.base import Connector, Survey
from rollcall.domain.district import District
from rollcall.domain.errors import LeaseLost, OutOfTime
from rollcall.domain.integration import Integration
from rollcall.domain.mapping import Lookup
from rollcall.domain.person import Issue
from rollcall.domain.ports import Blobs, Clock, Lease, People, Runs, Settings
from rollcall.domain.protection import Protection
from rollcall.domain.reconciliation import Accounts
from rollcall.domain.run import CHECK_AFTER, Progress, Run, RunState
from rollcall.domain.twins import Twin
from rollcall.engine.blobs import RunFolder
from rollcall.engine.protections import Protections
from rollcall.engine.record_table import RecordTable
from rollcall.engine.snapshot import Snapshot

SAFETY = timedelta(seconds=90)
"""A slice stops this long before its deadline: one request may be tried for a minute before it answers or fails,
and then there is a chunk to write and a checkpoint to make.
"""

Stage = Literal["survey", "pull", "map", "diff", "apply", "approved"]
_STATES: dict[Stage, RunState] = {
    "survey": "pulling",
    "pull": "pulling",
    "map": "planning",
    "diff": "planning",
    "apply": "applying",
    "approved": "applying",
}


class PartState(msgspec.Struct, kw_only=True):
    """Where the pull stands in its current part. ``again`` is set while a part is read a second time. ``repeated``
    counts records that an earlier page of the part had already.
    """

    part: int = 0
    cursor: str | None = None
    first_chunk: int = 0
    next_chunk: int = 0
    rows: int = 0
    repeated: int = 0
    announced: int | None = None
    again: str | None = None


class Gathering(msgspec.Struct, kw_only=True):
    """How far the records of the people to map were gathered: how many chunks were opened, and by group of people how
    many files of records were put down.
    """

    sources: int = 0
    files: list[int] = []


class Checkpoint(msgspec.Struct, kw_only=True):
    """Everything a later slice needs besides the blobs. Saved only after the data it speaks of.

    ``parts`` holds, for each part that is complete, its first chunk, the chunk after its last, and its distinct
    records. ``unproven``: of some part nobody can say whether all of it came, so nobody may be ended. ``batches`` is
    how many the plan had, ``held`` how many of its changes wait for a person, ``kept`` names the file
    that says who waits on though they were approved, ``dropped`` whom it had ended when the
    rest was held, and ``unmapped`` how many values the run left for the queue. ``announced``: how many records the SIS
    said there are; None when it did not say so of every part.
    """

    stage: Stage = "survey"
    base: str | None = None
    settings: str = ""
    pull: PartState = msgspec.field(default_factory=PartState)
    parts: list[tuple[int, int, int]] = []
    issues: list[Issue] = []
    unproven: bool = False
    announced: int | None = 0
    gathering: Gathering = msgspec.field(default_factory=Gathering)
    batch: int = 0
    plan_files: int = 0
    issue_files: int = 0
    family_files: int = 0
    batches: int = 0
    held: int = 0
    kept: int = 0
    dropped: dict[str, int] = {}
    unmapped: int = 0


@dataclass
class Job:
    """A run in the hands of this slice. ``chunks`` caches the record tables of chunks written or read by this slice.

    ``parts_ahead``: how many parts are read before their turn.

    ``decided`` is the member of staff that a parent was decided to be, by the parent's id; blank for nobody.
    """

    run: Run
    lease: Lease
    district: District
    integration: Integration
    connector: Connector
    lookups: Mapping[str, Lookup]
    twins: Sequence[Twin]
    blobs: Blobs
    people: People
    runs: Runs
    settings: Settings
    clock: Clock
    deadline: datetime
    accounts: Accounts = field(default_factory=Accounts)
    protected: Sequence[Protection] = ()
    survey: Survey = field(default_factory=lambda: Survey(parts=[]))
    snapshot: Snapshot = field(default_factory=Snapshot)
    chunks: dict[int, RecordTable] = field(default_factory=dict)
    cohorts: dict[str, int] = field(default_factory=dict)
    parts_ahead: int = 0

    def __post_init__(self) -> None:
        self.folder = RunFolder(self.run)
        self.at = msgspec.convert(self.run.checkpoint, Checkpoint)
        self.decided = {twin.contact_id: twin.staff_id or "" for twin in self.twins}
        self.protections = Protections(self.protected, self.integration, self.today)
        self.streams = {stream.name: stream for stream in self.connector.streams}

    @property
    def dropping(self) -> bool:
        """Whether who is gone is ended: as the switch says, after a pull that is proven complete."""
        return self.integration.drop_students_not_in_file and not self.at.unproven

    @cached_property
    def adds_only(self) -> bool:
        """Whether the run began in a time in which nobody is changed or ended. See ``domain.blackout``."""
        blackout = self.district.blackout_at(self.started_at)
        return blackout is not None and blackout.kind == "adds_only" and not self.run.override

    @cached_property
    def today(self) -> date:
        """The run's date in the district's zone: fixed when the run starts, however long it takes."""
        return self.started_at.astimezone(self.district.zone).date()

    @cached_property
    def school_year(self) -> str:
        """Such as ``2026-27``."""
        return self.district.school_year_at(self.started_at)

    @property
    def started_at(self) -> datetime:
        """When the first slice began."""
        return self.run.started_at or self.clock.now()

    def enter(self, stage: Stage) -> None:
        """Move on; the first checkpoint of the new stage makes it known."""
        self.at.stage, self.at.batch = stage, 0
        self.run.enter(stage, self.clock.now())
        self.run.state = _STATES[stage]

    def checkpoint(self, done: int, total: int | None) -> None:
        """Save progress, then stop the slice if its time is up. Call it only when the data is safe."""
        self.run.progress = Progress(stage=self.at.stage, done=done, total=total)
        self.save()
        if self.late():
            raise OutOfTime

    def late(self) -> bool:
        """True when the slice must stop at its next checkpoint."""
        return self.clock.now() >= self.deadline - SAFETY

    def save(self) -> None:
        """Store the run under this slice's lease. Raises ``CancelRequested``; never once it applies, see ``cancel``."""
        self.still_ours()
        self.run.checkpoint = msgspec.to_builtins(self.at)
        self.run.sweeps = 0
        self.run.check_at = self.clock.now() + CHECK_AFTER
        self.runs.save(self.run, self.lease, unless_cancelled=True)

    def still_ours(self) -> None:
        """Raise ``LeaseLost`` before a write that the store could not refuse by itself."""
        if self.clock.now() >= self.lease.expires_at:
            raise LeaseLost
