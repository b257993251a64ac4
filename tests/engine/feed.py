"""The small SIS once more, with a feed that names whose records changed since the last survey it answered.

It is as little help as Aeries': ids and nothing else, nothing of who was deleted, and no promise that who is named is
there.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rollcall.connectors.base import Delta, LastPull, Page, Part, Record, Stream, Survey
from tests.engine.sis import Sis, SisConnector


@dataclass
class FeedSis(Sis):
    """``named``: ids that the feed names besides, whether or not they changed. ``feed`` off: nobody is told of it."""

    feed: bool = True
    named: set[str] = field(default_factory=set)
    seen: list[Any] = field(default_factory=list)

    def look(self) -> str:
        self.seen.append(copy.deepcopy((self.students, self.contacts)))
        return str(len(self.seen) - 1)

    def changed(self, marker: str) -> list[str]:
        students, contacts = self.seen[int(marker)]
        return sorted(
            {i for i, row in self.students.items() if students.get(i) != row}
            | {i for i in self.students if contacts.get(i, []) != self.contacts.get(i, [])}
            | self.named
        )


@dataclass
class FeedConnector(SisConnector):
    """Contacts come for everybody at once, or one by one in a delta; a row of contacts is a student's whole list."""

    sis: FeedSis
    streams: tuple[Stream, ...] = (
        Stream(name="students", own="student"),
        Stream(name="contacts"),
        Stream(name="staff", own="staff"),
    )

    def survey(self, last: LastPull | None = None) -> Survey:
        found = super().survey(last)
        found.marker = self.sis.look()
        if last and self.sis.feed:
            changed = self.sis.changed(last.marker)
            parts = [
                Part(stream=name, label=f"changed {name}", params={"ids": changed})
                for name in ("students", "contacts")
            ]
            found.parts = [*(parts if changed else ()), Part(stream="staff", label="staff")]
            people = [f"student:{i}" for i in changed]
            found.delta = Delta(people=people, streams=("students", "contacts"))
        return found

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        if part.stream != "contacts" and "ids" not in part.params:
            yield from super().pages(part, cursor, subjects)
            return
        ids = part.params.get("ids", sorted(self.sis.students))
        for at, i in list(enumerate(ids, start=1))[int(cursor or 0) :]:
            self.sis.fetch(f"one of {part.stream}" if "ids" in part.params else part.stream)
            rows = self._rows(part.stream, i)
            yield Page(msgspec.json.encode(rows), str(at) if at < len(ids) else None, subject=i)

    def _rows(self, stream: str, i: str) -> list[dict[str, Any]]:
        if i not in self.sis.students:
            return []
        if stream == "contacts":
            return [{"student": i, **contact} for contact in self.sis.contacts.get(i, [])]
        return [{"id": i, **self.sis.students[i]}]

    def split(self, stream: str, page: Page) -> Sequence[bytes | msgspec.Raw]:
        if stream != "contacts":
            return super().split(stream, page)
        # as ``map`` reads them: a student and a list
        return [msgspec.json.encode([row["student"], [row]]) for row in msgspec.json.decode(page.body)]

    def read(self, stream: str, raws: Sequence[bytes | msgspec.Raw]) -> list[Record]:
        if stream != "contacts":
            return super().read(stream, raws)
        named = ((raw, *msgspec.json.decode(raw)) for raw in raws)
        return [
            Record(f"{student}-{row['id']}", (f"student:{student}", f"contact:{row['id']}"), raw)
            for raw, student, (row,) in named
        ]
