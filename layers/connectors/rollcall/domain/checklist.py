"""How far a school's onboarding is: worked out from what is there, so it cannot disagree with it.

::

    created → plugin_downloaded → registered → configured → validated → reconciled (returning schools)
            → first_sync → summary_reviewed → live
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from rollcall.domain.form import Record
from rollcall.domain.integration import Integration
from rollcall.domain.onboarding import Onboarding
from rollcall.domain.run import Run

StepName = Literal[
    "created",
    "plugin_downloaded",
    "registered",
    "configured",
    "validated",
    "reconciled",
    "first_sync",
    "summary_reviewed",
    "live",
]


class Step(Record):
    """One step. ``detail`` says what to do next, or of a step that is done, how."""

    name: StepName
    label: str
    done: bool
    at: AwareDatetime | None
    detail: str


@dataclass(frozen=True)
class Facts:
    """What is known of a school beside its record.

    ``needed``: the streams that a plugin must let us read; ``reconciled_at``: when its host IDs were confirmed;
    ``tested_at``: the last connection test that passed;
    ``completed``: the newest run that completed, a preview or a sync; ``synced``: a sync that did.
    """

    needed: frozenset[str]
    integration: Integration | None = None
    reconciled_at: datetime | None = None
    tested_at: datetime | None = None
    completed: Run | None = None
    synced: Run | None = None


def steps_of(school: Onboarding, facts: Facts) -> list[Step]:
    """Every step of this school, in order."""
    made = facts.integration
    done_steps = [
        _step("created", school.created_at, ""),
        _plugin(school, facts),
        _step(
            "registered",
            school.registered_at,
            "Have PowerSchool's administrator install the plugin, enable it and press Register; or enter its client id "
            "and secret here by hand.",
            "Entered by hand." if school.registered_by == "hand" else "The plugin sent its credentials.",
        ),
        _step(
            "configured",
            made.created_at if made else None,
            "Choose the mappings, and make the integration.",
        ),
        _step(
            "validated",
            _validated(facts),
            "Test the connection, or run a preview.",
        ),
    ]
    synced_at = facts.synced.ended_at if facts.synced else None
    if made and made.returning_school:
        action = "Upload the host IDs that the school has, reconcile them with the SIS, and confirm."
        done_steps.append(_step("reconciled", facts.reconciled_at, action))
    done_steps.append(_step("first_sync", synced_at, "Run the first sync."))
    done_steps.append(
        _step(
            "summary_reviewed",
            school.reviewed_at,
            "Look at the import summary of the sync, and confirm that you have.",
            f"Confirmed by {school.reviewed_by}.",
        )
    )
    ready = all(step.done for step in done_steps)
    action = "Finish the steps before." if not ready else "Activate the integration."
    live = school.reviewed_at if ready and made and made.active else None
    return [*done_steps, _step("live", live, action)]


def reached(steps: list[Step]) -> tuple[StepName, Step | None]:
    """The last step of those done without a gap, and the one to do next; None when the school is live."""
    state: StepName = "created"
    for step in steps:
        if not step.done:
            return state, step
        state = step.name
    return state, None


_LABELS: dict[StepName, str] = {
    "created": "Portal link and organization ID",
    "plugin_downloaded": "Plugin made for the school",
    "registered": "Plugin installed, credentials received",
    "configured": "Integration made",
    "validated": "Connection validated",
    "reconciled": "Existing host IDs reconciled",
    "first_sync": "First sync",
    "summary_reviewed": "Import summary reviewed",
    "live": "Live",
}


def _step(name: StepName, at: datetime | None, action: str, how: str = "Done.") -> Step:
    return Step(name=name, label=_LABELS[name], done=at is not None, at=at, detail=how if at else action)


def _plugin(school: Onboarding, facts: Facts) -> Step:
    made = school.plugin
    if made is None:
        action = "Download the plugin that is made for this school."
        return _step("plugin_downloaded", school.registered_at, action, "The school has a plugin already.")
    # Until it is installed it can still be mended where it reads too much.
    fits = facts.needed <= set(made.reads) if school.credentials else facts.needed == set(made.reads)
    if not fits:
        action = "The plugin that was handed out does not read what is needed now: download its new version."
        return _step("plugin_downloaded", None, action)
    return _step("plugin_downloaded", made.downloaded_at, "", f"Handed out as {made.name}.")


def _validated(facts: Facts) -> datetime | None:
    """When the credentials that are there now were seen to work."""
    if facts.integration is None:
        return None
    entered = max((info.updated_at for info in facts.integration.credentials.values()), default=None)
    # A run has the credentials that were there when it began.
    proofs = [(facts.tested_at, facts.tested_at)]
    proofs += [(run.started_at, run.ended_at) for run in (facts.completed, facts.synced) if run]
    return min(
        (at for began, at in proofs if began and at and (entered is None or began >= entered)), default=None
    )
