"""People who were protected after the plan was made: their change is left out, and the next sync plans it again."""

from __future__ import annotations

from collections.abc import Iterable

from rollcall.domain.person import Issue, person_key
from rollcall.domain.plan import Change
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.protections import Protections


def protected_since(job: Job, changes: Iterable[Change]) -> set[str]:
    """Ids of those whose change would touch what is protected by now. Ask again before each write."""
    now = Protections(job.settings.protections(job.run.district_id), job.integration, job.today)
    people = ((c.after.id, person_key(c.type, c.after.person.source_id), c.after.person) for c in changes)
    return {i for i, key, person in people if now.over(key, person) != person}


def said_protected(change: Change) -> Issue:
    """What the run says of one of them."""
    return issue("protected_since_plan", person=(change.type, change.after.person.source_id))
