"""POS IDs are unique in a district: the keypad must not charge one child's lunch to another (domain sheet §5).

Who has one keeps it, unless this very run gives them another; of several who ask for the same in one run the first by
key gets it; everybody else is rejected with an issue that names both. Who comes back without one has their old one
again, unless somebody has had it since.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from rollcall.domain.ids import person_id
from rollcall.domain.person import person_key, split_person_key
from rollcall.domain.plan import Change
from rollcall.engine.issues import issue
from rollcall.engine.job import Job
from rollcall.engine.mapping import MappedPerson, rejected_row
from rollcall.engine.outcome import Outcome, as_change


class Holder(NamedTuple):
    """Who has a POS ID: the id tells people of two SIS apart, the key is for people to read."""

    person_id: str
    key: str


class Pins:
    """The POS IDs that a run's people ask for."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._first: dict[str, str] = {}
        self._asked: dict[str, str] = {}
        self._losers: dict[str, Holder] = {}

    def note(self, person: MappedPerson) -> None:
        """Remember what a person asks for; call it with everybody before :meth:`judge`."""
        if person.pos_id and person.verdict == "load" and person.active:
            self._asked[self._id(person.key)] = person.pos_id
            self._first[person.pos_id] = min(person.key, self._first.get(person.pos_id, person.key))

    def judge(self, people: list[MappedPerson]) -> list[MappedPerson]:
        """Ask the store who has the POS IDs of these people, and settle them."""
        asking = {p.key: p.pos_id for p in people if p.pos_id and p.verdict == "load" and p.active}
        holders = self._holders(set(asking.values())) if asking else {}
        for key, pos_id in asking.items():
            holder = holders[pos_id]
            if holder.person_id != self._id(key):
                self._losers[key] = holder
        return self.settle(people)

    def settle(self, people: list[MappedPerson]) -> list[MappedPerson]:
        """The same people, those whose POS ID is another's rejected. They have been judged before."""
        if not self._losers:
            return people
        return [self._reject(p, self._losers[p.key]) if p.key in self._losers else p for p in people]

    def give_way(self, outcomes: list[Outcome]) -> list[Outcome]:
        """The same outcomes, those who would come back with a POS ID that became another's coming back without."""
        back = {o.key: o.change for o in outcomes if o.change and self._brings_back(o.change)}
        kept = {key: change.after.person.pos_id or "" for key, change in back.items()}
        claims = self._job.people.claimants(self._job.run.district_id, "pos", sorted(set(kept.values())))
        lost = {
            key
            for key, change in back.items()
            if kept[key] in self._first or claims.get(kept[key]) != change.after.id
        }
        return [replace(o, change=_without(o.change)) if o.change and o.key in lost else o for o in outcomes]

    def _brings_back(self, change: Change) -> bool:
        """Whether somebody comes back with a POS ID that only the store knows."""
        asked = self._asked.get(change.after.id)
        return change.kind == "reactivate" and asked is None and change.after.person.pos_id is not None

    def _holders(self, pos_ids: set[str]) -> dict[str, Holder]:
        """Who has each POS ID: in the store and still so after this run, or else first in this run."""
        people, district = self._job.people, self._job.run.district_id
        firsts = {pos_id: self._first[pos_id] for pos_id in pos_ids}
        holders = {pos_id: Holder(self._id(key), key) for pos_id, key in firsts.items()}
        claims = people.claimants(district, "pos", sorted(pos_ids))
        stored = people.get_many(district, sorted(set(claims.values())))
        for pos_id, claimant in claims.items():
            holder = stored.get(claimant)
            if holder is None or holder.person.status != "active":
                continue
            # Where nobody is changed, nobody gives up what they have.
            wanted = pos_id if self._job.adds_only else self._asked.get(claimant, pos_id)
            if holder.person.pos_id == pos_id == wanted:
                key = person_key(holder.person.type, holder.person.source_id)
                holders[pos_id] = Holder(claimant, key)
        return holders

    def _id(self, key: str) -> str:
        return person_id(self._job.run.district_id, self._job.integration.source, *split_person_key(key))

    def _reject(self, person: MappedPerson, holder: Holder) -> MappedPerson:
        taken = issue(
            "pos_id_taken",
            person=split_person_key(person.key),
            field="pos_id",
            value=person.pos_id,
            other=" ".join(split_person_key(holder.key)),
        )
        row = rejected_row(self._job, person.key)
        return replace(
            person, verdict="reject", active=False, row=row, doc=b"", issues=(*person.issues, taken)
        )


def _without(change: Change) -> Change:
    person = replace(change.after.person, pos_id=None)
    return as_change(change.kind, replace(change.after, person=person), change.before)
