"""The small SIS once more, with codes that mappings translate: a grade and a gender of students, and schools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from rollcall.connectors.base import LastPull, Survey
from rollcall.connectors.mapping import Context, in_scope
from rollcall.domain.mapping import Entry, Lookup
from rollcall.domain.person import Mapped
from tests.engine.feed import FeedConnector, FeedSis
from tests.engine.world import D, World, student

ENTRIES = {
    "building": {"north": "1", "south": "2"},
    "grade_level": {"3": "3", "4": "4"},
    "gender": {"F": "Female", "M": "Male"},
}


@dataclass
class CodedConnector(FeedConnector):
    """Its feed is off unless the SIS says otherwise."""

    lookups: Mapping[str, Lookup] = field(default_factory=dict)

    def survey(self, last: LastPull | None = None) -> Survey:
        found = super().survey(last)
        context = self._context()
        scope, found.issues = in_scope(((s, s.title()) for s in self.sis.schools), context)
        schools = [school for school, _ in scope]
        found.parts = [p for p in found.parts if p.params.get("school", schools[0]) in schools]
        return found

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        if key.startswith("student:") and "students" not in records:
            return Mapped(person=None)  # of a school that is not pulled; contacts come for everybody
        mapped = super().map(key, records, survey, today)
        if mapped.person is None or not key.startswith("student:"):
            return mapped
        row = msgspec.json.decode(records["students"][0])
        draft = self._context().draft("student", mapped.person.source_id)
        if self._context().building(row["school"]) is None:
            return draft.absent()
        grade = draft.place("grade_level", "grade", row.get("grade", "3"))
        gender = draft.code("gender", "gender", row.get("gender"))
        person = msgspec.structs.replace(mapped.person, grade=grade, gender=gender)
        return draft.result(person, mapped.household)

    def _context(self) -> Context:
        return Context(
            district_id=self.district_id,
            source=self.source,
            school_year="2026-27",
            member_types=frozenset({"student", "staff", "contact"}),
            lookups=self.lookups,
        )


def coded(**settings: object) -> World:
    """A district whose mappings know most of its codes, before its first sync: student 9's grade they do not."""
    world = World(sis=FeedSis(feed=False), connector=CodedConnector, **settings)  # type: ignore[arg-type]
    for entity, entries in ENTRIES.items():
        answer(world, entity, entries)
    for n in range(1, 9):
        world.sis.students[str(n)] = student(
            "north" if n <= 4 else "south", last=f"Name{n // 2}", gender="F" if n % 2 else "M"
        )
        world.sis.contacts[str(n)] = [{"id": f"c{n // 2}", "first": "Tamsin"}]
    world.sis.students["9"] = student("south", last="Name4", grade="T")
    world.sis.contacts["9"] = [{"id": "c9", "first": "Robin"}]
    world.sis.students["8"]["gender"] = "U"
    world.sis.staff = {"1": {"first": "Orla"}}
    return world


def answer(world: World, entity: str, entries: Mapping[str, str]) -> None:
    """Add entries to a mapping."""
    stored = world.config.mappings(D, [f"map_{entity}"])[f"map_{entity}"]
    rows = tuple(Entry(external=external, value=value) for external, value in entries.items())
    changes = {"entries": (*stored.entries, *rows), "version": stored.version + 1}
    world.config.put_mapping(stored.model_copy(update=changes))
