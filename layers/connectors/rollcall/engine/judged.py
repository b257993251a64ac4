"""Plan, between its halves: what mapping left, with the verdicts that no single person's records can give.

A POS ID may be somebody else's already. And a contact is loaded for the sake of students: Aeries lists the contacts of
everybody who ever was at a school, so a contact none of whose students is loaded is left out, whatever system they come
from.
"""

from __future__ import annotations

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
    """The mapped batches of a run, read twice when it is made and once more by :meth:`batch`.

    ``left`` are people whose records are there but say that they are not to be loaded, and who are known, with the day
    on which to look again; but for who has not come yet. ``homes`` are the households of students who are to be active,
    ``ended`` those who are to be ended.
    """

    def __init__(self, job: Job, work: Work) -> None:
        self._job = job
        self.pins = Pins(job)
        self._loaded: dict[str, bool] = {}
        self.roster = Roster(job)
        self.left: dict[str, date | None] = {}
        self.homes: dict[str, bytes] = {}
        self.ended: list[str] = []
        self._gone = {k for k in work.gone if not job.protections.stays(k)} if job.dropping else set()
        self.count = batches(len(work.again))
        for number in range(self.count):
            for person in mapped_batch(job, number):
                self.pins.note(person)
        for number in range(self.count):
            # Students come before contacts, of whom it must be known whether theirs are loaded.
            for person in self.pins.judge(mapped_batch(job, number)):
                self._note(person)

    def batch(self, number: int) -> list[MappedPerson]:
        """One batch: who asks for another's POS ID rejected, contacts without a loaded student turned away."""
        people = self.pins.settle(mapped_batch(self._job, number))
        return [self._turned_away(p) if self._is_childless(p) else p for p in people]

    def _note(self, person: MappedPerson) -> None:
        key, verdict = person.key, person.verdict
        if is_student(key):
            loads = verdict == "load" and person.active
            kept = verdict == "reject" or self._job.protections.stays(key)
            self._loaded[key] = loads or (kept and self._was_loaded(key))
            if loads:
                self.homes[key] = person.row.household
            elif verdict == "load":
                self.ended.append(key)
        if verdict == "leave" or self._is_childless(person):
            self._note_left(person)
        elif person.member and verdict == "load":
            self.roster.note(key, person.member)

    def _note_left(self, person: MappedPerson) -> None:
        known = self._job.snapshot.people.get(person.key)
        comes = bool(person.row.flags & COMING)
        if known is not None and not (comes and known.mapped == NOTHING):
            self.left[person.key] = person.row.revisit_on if comes else None

    def _turned_away(self, person: MappedPerson) -> MappedPerson:
        """A contact without a loaded student: nothing to tell, unless the media application expects the parent."""
        key = split_person_key(person.key)
        issues = (blocked("parent_without_child", key, None),) if person.member else ()
        return replace(person, verdict="leave", issues=issues)

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
