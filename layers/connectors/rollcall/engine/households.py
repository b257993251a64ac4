"""Plan, between its halves: which students' families change. Only households that somebody joined or left are
looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollcall.domain.family import assign, whole
from rollcall.domain.ids import hashed_id
from rollcall.engine.compare import is_student
from rollcall.engine.job import Job
from rollcall.engine.people_table import UNSETTLED, PeopleTable, PersonRow, takes_part


def regroup(job: Job, now: Mapping[str, bytes], leavers: Iterable[str]) -> dict[str, str]:
    """Family ids of all students in households that moved, including students who did not move themselves. ``now`` are
    the households of students who were looked at.
    """
    rows = job.snapshot.people
    gone = set(filter(is_student, leavers))
    moved = {key for key, household in now.items() if not _lives_at(rows.get(key), household)}
    if not moved and not gone:
        return {}
    touched = {now[key] for key in moved} | {rows[key].household for key in moved | gone if key in rows}
    touched = {household for household in touched if whole(household) and household != UNSETTLED}

    identifiers: dict[str, bytes | None] = {key: now[key] if whole(now[key]) else None for key in moved}
    neighbours = rows.living_at(touched)
    identifiers |= {key: home for key, home in neighbours if key not in gone and key not in moved}
    prior = {key: family for key in identifiers if key in rows and (family := rows[key].family) is not None}
    held = _held_elsewhere(rows, identifiers, gone, set(prior.values()))
    prior = {key: family for key, family in prior.items() if family not in held}
    return assign(identifiers, prior, moved, lambda head: _mint(job, head))


def _lives_at(row: PersonRow | None, household: bytes) -> bool:
    """True when the student stays in the family they are in."""
    return row is not None and takes_part(row) and row.household == household and row.family is not None


def _held_elsewhere(
    rows: PeopleTable, regrouped: dict[str, bytes | None], gone: set[str], families: set[str]
) -> set[str]:
    """Families that a student outside these households has: who comes back must not take theirs."""
    return {family for key, family in rows.members(families) if key not in regrouped and key not in gone}


def _mint(job: Job, head: str) -> str:
    return hashed_id("fam", job.run.district_id, job.run.integration_id, head, job.run.id)
