"""Active students by building and grade, as a snapshot keeps them and as changes move them."""

from __future__ import annotations

from rollcall.domain.plan import Change
from rollcall.domain.thresholds import Scope, cohort
from rollcall.engine.snapshot import Snapshot

Cohorts = dict[Scope, int]


def cohorts_of(snapshot: Snapshot) -> Cohorts:
    """The cohorts that a snapshot knows."""
    return {tuple(key.split("\x1f", 1)): count for key, count in snapshot.cohorts.items()}  # type: ignore[misc]


def packed(cohorts: Cohorts) -> dict[str, int]:
    """As a snapshot keeps them; the inverse of :func:`cohorts_of`."""
    return {
        f"{building or ''}\x1f{grade or ''}": count for (building, grade), count in cohorts.items() if count
    }


def move(cohorts: Cohorts, change: Change) -> None:
    """Count a student out of the cohort they were in, and into the one they are in now."""
    if change.type != "student":
        return
    for stored, step in ((change.before, -1), (change.after, 1)):
        if stored is not None and stored.person.status == "active":
            building, grade = cohort(stored.person)
            scope = (building or "", grade or "")
            cohorts[scope] = cohorts.get(scope, 0) + step
