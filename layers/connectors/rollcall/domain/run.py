"""A run: one pull of one integration, from queued to an end that never changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from rollcall.domain.person import PERSON_TYPES, PersonType

RunState = Literal[
    "queued",
    "pulling",
    "planning",
    "held",
    "applying",
    "completed",
    "failed",
    "rejected",
    "cancelled",
    "skipped",
]
Trigger = Literal["manual", "schedule", "retry", "reapply", "undo", "protect"]
Mode = Literal["sync", "preview"]
PullKind = Literal["full", "delta"]
TERMINAL: frozenset[RunState] = frozenset({"completed", "failed", "rejected", "cancelled", "skipped"})
WORKING: frozenset[RunState] = frozenset({"queued", "pulling", "planning"})
"""States in which a run has changed nobody yet, and its runner can be asked to leave it at that."""

COUNT_KINDS = ("add", "update", "inactivate", "reactivate", "unchanged", "reject", "held")

Counts = dict[str, dict[str, int]]
"""``{"student": {"add": 3, …}, "staff": {…}, "contact": {…}}``"""


def no_counts() -> Counts:
    """Zero of everything, for every person type."""
    return {person_type: dict.fromkeys(COUNT_KINDS, 0) for person_type in PERSON_TYPES}


class RunMessage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The body on the run queue. ``run_id`` and ``slice`` are there only when the run already exists."""

    version: Literal[1]
    district_id: str
    integration_id: str
    trigger: Trigger = "manual"
    mode: Mode = "sync"
    requested_by: str = ""
    run_id: str | None = None
    slice: int = 0


CHECK_AFTER = timedelta(minutes=7)
"""A run that has not been heard of for this long has lost its message, or its runner, which lives five minutes."""


class Progress(msgspec.Struct, kw_only=True):
    """Where a run stands, in units of the stage (pages, people, changes)."""

    stage: str = "queued"
    done: int = 0
    total: int | None = None


class Failure(msgspec.Struct, frozen=True):
    """Why a run ended badly: a stable code and a sentence for the administrator."""

    code: str
    message: str


class Decision(msgspec.Struct, frozen=True):
    """Who decided about a run, when, and what they said."""

    by: str
    at: datetime
    comment: str


class Approval(Decision, frozen=True):
    """That a held plan may go on. ``leave_out`` are the ids of family changes that may not."""

    leave_out: tuple[str, ...] = ()


class Hold(msgspec.Struct, frozen=True):
    """Why part of a plan waits for a person."""

    reason: str
    detail: str


class Coverage(msgspec.Struct, kw_only=True):
    """How much of a stream that is fetched record by record was read this time, and how old the oldest part is."""

    fetched: int
    of: int
    oldest: str | None = None


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """How a run's distinct issues compare with those of the last completed sync. ``persisting`` ones stand although
    nobody has looked at their records again, because nothing about them moved.
    """

    new: int
    persisting: int
    fixed: int


class StageTime(msgspec.Struct, kw_only=True):
    """When a run was in a stage; ``ended_at`` is None while it still is."""

    stage: str
    started_at: datetime
    ended_at: datetime | None = None


class Run(msgspec.Struct, kw_only=True):
    """One run as stored. ``checkpoint`` belongs to the engine; everything else is what the API shows.

    ``roster`` counts the people in the media application by person type: ``invited``, ``blocked``, and parents who are
    the ``same`` as a member of staff. ``issue_codes`` says why.
    ``pull`` is None until the SIS has been surveyed, and stays so where the last pull is reapplied; a delta pull asks
    only for people who changed, and ends nobody for not being there.
    ``dropped`` counts, by person type, who is ended for not being in the file; ``inactivate`` counts them too.
    ``protected`` counts the people of whom something stays as somebody wants it, whatever the SIS says.
    ``families`` counts what becomes of families by kind (see :mod:`rollcall.domain.family_change`).
    ``override``: an administrator wants this run whatever the district's blackouts say.
    ``retry_of`` is the run that this one tries again.
    ``undoes`` is the run that this one undoes. ``undone_by`` is the last one that was started to undo this one; whether
    it did, its own state says.
    """

    id: str
    district_id: str
    integration_id: str
    system: str = ""
    trigger: Trigger = "manual"
    mode: Mode = "sync"
    requested_by: str = ""
    retry_of: str | None = None
    state: RunState = "queued"
    counts: Counts = msgspec.field(default_factory=no_counts)
    holds: list[Hold] = msgspec.field(default_factory=list)
    approvals: list[Approval] = msgspec.field(default_factory=list)
    rejection: Decision | None = None
    cancellation: Decision | None = None
    issues: dict[str, int] = msgspec.field(default_factory=lambda: {"error": 0, "warning": 0})
    issue_codes: dict[str, int] = msgspec.field(default_factory=dict)
    roster: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    protected: int = 0
    families: dict[str, int] = msgspec.field(default_factory=dict)
    trend: Trend | None = None
    plan_hash: str | None = None
    progress: Progress = msgspec.field(default_factory=Progress)
    pull: PullKind | None = None
    override: bool = False
    undoes: str | None = None
    undone_by: str | None = None
    coverage: dict[str, Coverage] = msgspec.field(default_factory=dict)
    error: Failure | None = None
    queued_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stages: list[StageTime] = msgspec.field(default_factory=list)
    slice: int = 0
    attempts: int = 0
    sweeps: int = 0
    check_at: datetime | None = None
    checkpoint: dict[str, Any] = msgspec.field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """True when nothing will change any more."""
        return self.state in TERMINAL

    def count(self, kind: PersonType, change: str, dropped: bool) -> None:
        """One change more of a kind, such as ``add``."""
        self.counts[kind][change] += 1
        if dropped:
            self.dropped[kind] = self.dropped.get(kind, 0) + 1

    def spare(self, kind: PersonType, change: str, dropped: bool) -> None:
        """What was counted as a change was not made, because the person is protected by now."""
        self.counts[kind][change] -= 1
        self.counts[kind]["unchanged"] += 1
        if dropped:
            self.dropped[kind] -= 1

    def hold(self, kind: PersonType, change: str, dropped: bool) -> None:
        """What was counted as a change waits."""
        self.counts[kind][change] -= 1
        self.counts[kind]["held"] += 1
        if dropped:
            self.dropped[kind] -= 1

    def enter(self, stage: str, now: datetime) -> None:
        """Note that a stage begins, and that the one before is over."""
        self.leave(now)
        self.stages.append(StageTime(stage=stage, started_at=now))

    def end(self, now: datetime) -> None:
        """Note that the run ends, as its state says."""
        self.leave(now)
        self.ended_at, self.check_at = now, None

    def leave(self, now: datetime) -> None:
        """Note that the stage it is in is over."""
        if self.stages and self.stages[-1].ended_at is None:
            self.stages[-1].ended_at = now

    @property
    def reapplies(self) -> bool:
        """True when the run plans the last pull again, with the mappings or the protections as they are now, and never
        asks the SIS.
        """
        return self.trigger in ("reapply", "protect")

    @property
    def left_out(self) -> set[str]:
        """Family changes that somebody who approved left out: nobody's approval lets go what another's does not."""
        return {change for approval in self.approvals for change in approval.leave_out}

    @property
    def pulls(self) -> bool:
        """Whether the run asks the SIS. One that reapplies the last pull, or undoes a run, works with what there is."""
        return self.trigger not in ("reapply", "undo")

    def message(self) -> RunMessage:
        """The queue message for the run's next slice."""
        return RunMessage(
            version=1,
            district_id=self.district_id,
            integration_id=self.integration_id,
            trigger=self.trigger,
            mode=self.mode,
            requested_by=self.requested_by,
            run_id=self.id,
            slice=self.slice,
        )
