"""Plan, between its halves: what mapping left, with the verdicts that no single person's records can give.

A POS ID may be somebody else's already. And a contact is loaded for the sake of students: Aeries lists the contacts of
everybody who ever was at a school, so a contact none of whose students is loaded is left out, whatever system they come
from.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from rollcall.domain.media import blocked
from rollcall.domain.person import split_person_key
from rollcall.engine.compare import Work, is_contact, is_student
from rollcall.engine.gather import batches
from rollcall.engine.job import Job
from rollcall.engine.mapping import MappedPerson, mapped_batch
from rollcall.engine.people_table import COMING, ENDED, NOTHING
from rollcall.engine.pins import Pins
from rollcall.engine.roster import Roster


class Judged:
    """The mapped batches of a run. Reads one at a time; remembers of students only whether they are loaded."""

    def __init__(self, job: Job, work: Work) -> None:
        self._job = job
        self.pins = Pins(job)
        self._loaded: dict[str, bool] = {}
        self.roster = Roster(job)
        self._gone = {k for k in work.gone if not job.protections.stays(k)} if job.dropping else set()
        self.count = batches(len(work.again))
        for number in range(self.count):
            for person in mapped_batch(job, number):
                self.pins.note(person)
        for number in range(self.count):
            for person in filter(lambda p: is_student(p.key), self._settled(number)):
                loads = person.verdict == "load" and person.active
                kept = person.verdict == "reject" or job.protections.stays(person.key)
                self._loaded[person.key] = loads or (kept and self._was_loaded(person.key))
        if "media" in job.integration.destinations:
            for person in self:
                if person.member and person.verdict == "load":
                    self.roster.note(person.key, person.member)

    def batch(self, number: int) -> list[MappedPerson]:
        """One batch: who asks for another's POS ID rejected, contacts without a loaded student turned away."""
        return [self._turned_away(p) if self._is_childless(p) else p for p in self._settled(number)]

    def _turned_away(self, person: MappedPerson) -> MappedPerson:
        """A contact without a loaded student: nothing to tell, unless the media application expects the parent."""
        key = split_person_key(person.key)
        issues = (blocked("parent_without_child", key, None),) if person.member else ()
        return replace(person, verdict="leave", issues=issues)

    def _settled(self, number: int) -> list[MappedPerson]:
        return self.pins.settle(mapped_batch(self._job, number))

    def __iter__(self) -> Iterator[MappedPerson]:
        for number in range(self.count):
            yield from self.batch(number)

    def left(self) -> dict[str, date | None]:
        """People whose records are there but say that they are not to be loaded, and who are known, with the day on
        which to look again; but for who has not come yet.
        """
        known = self._job.snapshot.people
        leaving = ((p.key, p.row) for p in self if p.verdict == "leave" and p.key in known)
        return {
            key: row.revisit_on if row.flags & COMING else None
            for key, row in leaving
            if not (row.flags & COMING and known[key].mapped == NOTHING)
        }

    def _is_childless(self, person: MappedPerson) -> bool:
        if person.verdict != "load" or not is_contact(person.key):
            return False
        if self._job.protections.stays(person.key) and self._was_loaded(person.key):
            return False
        if "student" not in self._job.integration.member_types:
            return False
        return not any(self._is_loaded(key) for key in person.students)

    def _is_loaded(self, student: str) -> bool:
        if student in self._loaded:
            return self._loaded[student]
        return student not in self._gone and self._was_loaded(student)

    def _was_loaded(self, student: str) -> bool:
        row = self._job.snapshot.people.get(student)
        return row is not None and row.mapped != NOTHING and not row.flags & ENDED
