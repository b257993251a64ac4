"""The last pull planned again: its records and settings, with the mappings as they are now. The SIS is not asked.

To the stages after it, such a run is a delta that asks for nobody: every record is carried over from the snapshot. It
ends nobody, since it has seen nothing new of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from msgspec.structs import replace

from rollcall.connectors.base import Delta, Survey
from rollcall.domain.errors import NeedsAttention, NotFound
from rollcall.domain.inspection import covers
from rollcall.domain.mapping import Lookup
from rollcall.domain.person import Issue
from rollcall.domain.ports import Blobs, Runs
from rollcall.domain.run import Run
from rollcall.domain.unmapped import SCHOOL
from rollcall.engine.blobs import RunFolder, run_of, unpack
from rollcall.engine.frozen import Frozen, digest
from rollcall.engine.job import Job
from rollcall.engine.pull import KEEP_DAYS

NO_CREDENTIALS: Mapping[str, str] = defaultdict(str)
"""A connector that only splits and maps signs nothing, so whatever it asks for is blank."""


def settings_of(run: Run, now: Frozen, runs: Runs, blobs: Blobs) -> Frozen:
    """The settings of the last pull, with the mappings and decisions of ``now``; for the sake of a protection with
    nothing of now but the protections, so that it brings no edit of a mapping before its time.

    Any other setting that was edited since waits for the next pull, which alone can follow it whole. Raises
    ``NeedsAttention``.
    """
    then = settings_then(
        last_pull(run, runs.state(run.district_id, run.integration_id).snapshot, runs), blobs
    )
    if run.trigger == "protect":
        return replace(then, protections=now.protections)
    chosen = then.integration.model_copy(update={"mappings": now.integration.mappings})
    return replace(
        then, integration=chosen, mappings=now.mappings, twins=now.twins, protections=now.protections
    )


def restore(job: Job) -> None:
    """Survey the stored pull in place of the SIS. Raises ``NeedsAttention`` where it cannot be planned again."""
    last = last_pull(job.run, job.at.base, job.runs)
    then = settings_then(last, job.blobs)
    try:
        survey = unpack(job.blobs.get(RunFolder(last).survey()), Survey)
    except NotFound:
        raise _expired() from None
    oldest = job.today - timedelta(days=KEEP_DAYS)
    if any(day <= oldest for day in job.snapshot.days):
        raise _expired()
    if digest(job, then.integration, then.lookups(), survey.reference) != job.snapshot.settings.hex():
        raise NeedsAttention(
            "pull_outdated",
            "Rollcall was updated, or the school year changed, since the last pull. Run a sync; it reads everything "
            "and uses the mappings as they are now.",
        )
    building = job.lookups.get("building")
    job.survey = Survey(
        parts=[],
        reference=survey.reference,
        issues=[_as_of_now(issue, building) for issue in survey.issues],
        # No marker: a school that was mapped since is one that a feed of changes says nothing of.
        delta=Delta(people=[], streams=tuple(job.snapshot.tables)),
    )
    job.at.unproven = True


def last_pull(run: Run, base: str | None, runs: Runs) -> Run:
    """The run whose pull the snapshot ``base`` tells of. Raises ``NeedsAttention`` where there is none."""
    last = runs.get(run.district_id, run_of(base)) if base else None
    if last is None:
        raise NeedsAttention(
            "nothing_pulled", "No sync of this integration has completed yet. Run one; it uses the mappings."
        )
    return last


def settings_then(last: Run, blobs: Blobs) -> Frozen:
    """The settings of a run. Raises ``NeedsAttention`` when they are no longer kept."""
    try:
        return Frozen.load(blobs, last)
    except NotFound:
        raise _expired() from None


def _expired() -> NeedsAttention:
    return NeedsAttention(
        "pull_expired",
        "The pages of the last pull are no longer kept. Run a sync; it reads everything and uses the mappings as they "
        "are now.",
    )


def _as_of_now(issue: Issue, building: Lookup | None) -> Issue:
    """A school that has been mapped since the pull is not unmapped any more, but its people need not be there."""
    if issue.code != SCHOOL or building is None or issue.value is None or not covers(building, issue.value):
        return issue
    return replace(
        issue,
        code="school_not_pulled",
        message=f"School {issue.value} was added to the building mapping after the last pull, which may have left "
        "out its people.",
        fix="Run a sync; it reads the school.",
    )
