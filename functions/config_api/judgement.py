"""How a run's changes were judged: what waited, what became of it, and what proves the drops."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, TypeVar

import msgspec

from config_api.run_files import kept
from rollcall.domain.family_change import FamilyChange
from rollcall.domain.person import person_key
from rollcall.domain.plan import Change
from rollcall.domain.ports import Blobs
from rollcall.domain.proofs import DropFacts, DropProofs, proofs_of
from rollcall.domain.run import Run
from rollcall.engine.blobs import RunFolder, unpack
from rollcall.engine.hold import Held
from rollcall.engine.job import Checkpoint

T = TypeVar("T")
HeldAs = Literal["waits", "approved", "left_out", "rejected", "cancelled", "superseded"]
"""What became of what waited: nobody has decided; a person let it go, or not; or a newer run has overtaken it."""


class Judgement:
    """The judgement on one run; a file is read when it is needed. Raises ``Problem`` when they are not kept."""

    def __init__(self, blobs: Blobs, run: Run) -> None:
        self._blobs = blobs
        self._run = run
        self._folder = RunFolder(run)
        self._at = msgspec.convert(run.checkpoint, Checkpoint, strict=False)

    @cached_property
    def held(self) -> Mapping[str, str]:
        """Keys of the people whose change waited, with the family change that it was part of, blank for none."""
        return self._read(self._folder.held(), Held) if self._at.held else {}

    def held_as(self, change: Change) -> HeldAs | None:
        """What became of a change; None when it did not wait."""
        key = _key(change)
        return self._became(key in self._kept_back) if key in self.held else None

    def family_held_as(self, change: FamilyChange) -> HeldAs | None:
        """What became of a family change; None when it did not wait."""
        keys = self._students.get(change.id)
        return None if keys is None else self._became(not keys.isdisjoint(self._kept_back))

    def proofs(self, change: Change) -> DropProofs | None:
        """What proves a drop; None for any other change."""
        if not change.dropped:
            return None
        approved = self.held_as(change) == "approved"
        return proofs_of(change, self._facts, self._run.approvals if approved else ())

    def _became(self, kept_back: bool) -> HeldAs:
        run = self._run
        if run.state == "rejected":
            return "rejected"
        if run.state == "cancelled":
            return "cancelled" if run.cancellation else "superseded"
        if self._at.stage != "approved" or run.state == "held":
            return "waits"
        return "left_out" if kept_back else "approved"

    @cached_property
    def _students(self) -> Mapping[str, set[str]]:
        """Keys of those who waited, by family change."""
        found: dict[str, set[str]] = {}
        for key, part_of in self.held.items():
            found.setdefault(part_of, set()).add(key)
        return found

    @cached_property
    def _kept_back(self) -> set[str]:
        if self._at.stage == "approved" and self._at.batch > 0:
            return self._read(self._folder.kept_back(self._at.kept), set[str])
        return {key for key, part_of in self.held.items() if part_of in self._run.left_out}

    @cached_property
    def _facts(self) -> DropFacts:
        return self._read(self._folder.drops(), DropFacts)

    def _read(self, key: str, kind: type[T]) -> T:
        return unpack(kept(lambda: self._blobs.get(key)), kind)


def _key(change: Change) -> str:
    return person_key(change.type, change.after.person.source_id)
