"""POS IDs and e-mail addresses that an undo would give back: only one person of a district can have each, and somebody
else may by now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rollcall.domain.plan import Change, Claim, StoredPerson, claims
from rollcall.engine.images import shows
from rollcall.engine.job import Job

_Claim = tuple[Claim, str]


def taken(job: Job, changes: Callable[[], Iterable[Change]]) -> dict[str, str]:
    """Of the people whose changes are to be undone, those who would get what another keeps; and who that is.

    People who swap are both put back, or neither is.
    """
    wants = {c.after.id: lost for c in changes() if (lost := _exclusive(c.before) - _exclusive(c.after))}
    wanted = set().union(*wants.values())
    if not wanted or job.integration.pictures_only:
        return {}
    holders = _holders(job, wanted)
    by_id = {holder.id: holder for holder in holders.values()}
    gives = {
        c.after.id: _exclusive(c.after) - _exclusive(c.before)
        for c in changes()
        if c.after.id in by_id and shows(job, c.after, by_id[c.after.id])
    }
    found: dict[str, str] = {}
    while True:
        more = {
            person: f"{holder.person.type} {holder.person.source_id}"
            for person, claimed in wants.items()
            for claim in claimed
            if person not in found
            and (holder := holders.get(claim)) is not None
            and holder.id != person
            and (holder.id in found or claim not in gives.get(holder.id, ()))
        }
        if not more:
            return found
        found |= more


def _holders(job: Job, wanted: set[_Claim]) -> dict[_Claim, StoredPerson]:
    """Who has each of these now."""
    people, district = job.people, job.run.district_id
    claimed: dict[_Claim, str] = {}
    for kind in sorted({kind for kind, _ in wanted}):
        values = sorted(value for of, value in wanted if of == kind)
        claimed |= {(kind, v): holder for v, holder in people.claimants(district, kind, values).items()}
    stored = people.get_many(district, sorted(set(claimed.values())))
    return {
        claim: stored[holder]
        for claim, holder in claimed.items()
        if holder in stored and claim in _exclusive(stored[holder])
    }


def _exclusive(image: StoredPerson | None) -> set[_Claim]:
    """What nobody else can have meanwhile; a host ID is nobody else's ever."""
    return {claim for claim in claims(image) if claim[0] != "host"} if image else set()
