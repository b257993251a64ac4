"""When a pull may ask only for what changed: the last one is known, of the same settings, and not all too long ago."""

from __future__ import annotations

import logging
from collections.abc import Set
from datetime import timedelta

from msgspec.structs import replace

from rollcall.engine.frozen import settings_digest
from rollcall.engine.job import Job
from rollcall.engine.record_table import RecordTable
from rollcall.engine.snapshot import Snapshot

log = logging.getLogger(__name__)

FULL_EVERY = timedelta(days=7)
"""Only a full pull sees who is gone. Well below ``KEEP_DAYS``, so no page that a delta carries over has expired."""


class _Known:
    """The last pull as its snapshot tells it."""

    def __init__(self, snapshot: Snapshot, marker: str) -> None:
        self._tables = snapshot.tables
        self.marker = marker

    def count(self, stream: str) -> int:
        return len(self._table(stream))

    def records(self, stream: str, people: Set[str]) -> list[str]:
        table = self._table(stream)
        return [
            i for i, named in zip(table.ids, table.all_people(), strict=True) if not people.isdisjoint(named)
        ]

    def _table(self, stream: str) -> RecordTable:
        return self._tables.get(stream) or RecordTable()


def survey(job: Job) -> None:
    """Survey the SIS, for a delta if both it and the snapshot allow one."""
    job.survey = job.connector.survey(_last(job))
    if job.survey.delta and settings_digest(job) != job.snapshot.settings.hex():
        log.info("full pull", extra={"run_id": job.run.id, "reason": "settings_changed"})
        job.survey = job.connector.survey()
    known = job.snapshot.buildings
    job.survey.parts = [
        replace(part, likely=known.get(part.building, 0))
        if part.building and part.stream == "students"
        else part
        for part in job.survey.parts
    ]


def _last(job: Job) -> _Known | None:
    marker, full_on = job.snapshot.marker, job.snapshot.full_on
    if marker is None or full_on is None or job.today - full_on >= FULL_EVERY:
        return None
    return _Known(job.snapshot, marker)
