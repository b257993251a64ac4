"""A SIS small enough to hold in the hand, and a connector for it: what the engine's tests pull from.

It stands where a vendor's server and connector stand, so it may misbehave: every field of ``Sis`` that is not a record
is a way to do so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from rollcall.connectors.base import LastPull, Page, Part, Record, Stream, Survey
from rollcall.domain.errors import SourceContract
from rollcall.domain.ids import person_id
from rollcall.domain.person import (
    ContactLink,
    Enrollment,
    Household,
    Issue,
    Mapped,
    Person,
    PersonType,
    fingerprint,
)
from rollcall.domain.photo import photo_id


@dataclass
class Sis:
    """``students``: id → {school, first, phone, …}; ``contacts``: student id → [{id, first, …}]; ``staff``: id →
    {first, …}.
    """

    students: dict[str, dict[str, Any]] = field(default_factory=dict)
    contacts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    staff: dict[str, dict[str, Any]] = field(default_factory=dict)
    photos: dict[str, bytes] = field(default_factory=dict)
    schools: tuple[str, ...] = ("north", "south")
    page_size: int = 3
    order: int = 0  # rows come in another order for each
    announce: int | None = 0  # added to every announced count; None: nothing is announced
    unsorted: bool = False  # pages of students repeat a row in place of another, always the same
    moving: int = 0  # so many readings of students repeat a row on the next page, in place of another
    endless: bool = False
    requests: list[str] = field(default_factory=list)

    def fetch(self, name: str) -> None:
        self.requests.append(name)


@dataclass
class SisConnector:
    sis: Sis
    district_id: str
    source: str
    version: str = "1"
    streams: tuple[Stream, ...] = (
        Stream(name="students", own="student"),
        Stream(name="contacts", per="students", refresh_nights=3),
        Stream(name="staff", own="staff"),
    )

    def survey(self, last: LastPull | None = None) -> Survey:
        self.sis.fetch("survey")
        parts = [
            Part(stream="students", label=f"students of {s}", params={"school": s}, building=s)
            for s in self.sis.schools
        ]
        return Survey(
            parts=[*parts, Part(stream="staff", label="staff"), Part(stream="contacts", label="contacts")]
        )

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        if part.stream == "contacts":
            for at, subject in list(enumerate(subjects))[int(cursor or 0) :]:
                self.sis.fetch("contacts")
                body = msgspec.json.encode(self.sis.contacts.get(subject, []))
                yield Page(body, str(at + 1) if at + 1 < len(subjects) else None, subject=subject)
            return
        rows = [{"id": i, **row} for i, row in sorted(getattr(self.sis, part.stream).items())]
        if part.stream == "students":
            rows = [row for row in rows if row["school"] == part.params["school"]]
        if self.sis.order:
            rows.sort(key=lambda row: fingerprint(f"{self.sis.order}{row['id']}".encode()))
        at, size = int(cursor or 0), self.sis.page_size
        moving = part.stream == "students" and (self.sis.moving > 0 or self.sis.unsorted)
        self.sis.moving -= self.sis.moving > 0 and moving
        announced = None if self.sis.announce is None else len(rows) + self.sis.announce
        while True:
            self.sis.fetch(part.stream)
            last = at + size >= len(rows) and not self.sis.endless
            page = rows[at % max(len(rows), 1) :][:size]
            if moving and at:
                page[self.sis.moving % len(page)] = rows[at - 1]
            yield Page(msgspec.json.encode(page), None if last else str(at + size), announced=announced)
            if last:
                return
            at += size

    def split(self, stream: str, page: Page) -> Sequence[bytes | msgspec.Raw]:
        if stream == "contacts":
            return [b"[%s,%s]" % (msgspec.json.encode(page.subject), page.body)]
        try:
            return msgspec.json.decode(page.body, type=list[msgspec.Raw])
        except msgspec.DecodeError:
            raise SourceContract("unexpected_shape", "not a list") from None

    def read(self, stream: str, raws: Sequence[bytes | msgspec.Raw]) -> list[Record]:
        rows = [msgspec.json.decode(raw) for raw in raws]
        if stream == "contacts":
            return [
                Record(
                    subject, (f"student:{subject}", *(f"contact:{contact['id']}" for contact in linked)), raw
                )
                for (subject, linked), raw in zip(rows, raws, strict=True)
            ]
        own = {"students": "student", "staff": "staff"}[stream]
        return [Record(row["id"], (f"{own}:{row['id']}",), raw) for row, raw in zip(rows, raws, strict=True)]

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        kind, _, source_id = key.partition(":")
        contacts = [c for raw in records.get("contacts", ()) for c in msgspec.json.decode(raw)[1]]
        if kind == "contact":
            me = next(c for c in contacts if c["id"] == source_id)
            return Mapped(person=_adult("contact", source_id, me))
        stream = "students" if kind == "student" else "staff"
        row = msgspec.json.decode(records[stream][0])
        comes_on = date.fromisoformat(row["from"]) if row.get("from") else None
        if comes_on and today < comes_on:
            return Mapped(person=None, revisit_on=comes_on)
        if row.get("reject"):
            issue = Issue(
                severity="error",
                code="grade_level_unmapped",
                message="m",
                fix="f",
                person_type="student",
                source_id=source_id,
            )
            return Mapped(person=None, issues=(issue,))
        if row.get("out"):
            return Mapped(person=None, issues=(_warning("program_not_listed", source_id),))
        if kind == "staff":
            return Mapped(person=_adult("staff", source_id, row))
        links = tuple(
            ContactLink(priority=n, person_id=person_id(self.district_id, self.source, "contact", c["id"]))
            for n, c in enumerate(sorted(contacts, key=lambda c: c["id"]), start=1)
        )
        ended = bool(row.get("ended"))
        person = Person(
            type="student",
            source_id=source_id,
            status="ended" if ended else "active",
            local_id=row.get("number", source_id),
            pos_id=row.get("pin"),
            first_name=row["first"],
            last_name=row.get("last", "X"),
            email=row.get("email"),
            grade=row.get("grade", "3"),
            enrollments=(
                Enrollment(
                    school=row["school"],
                    grade=row.get("grade", "3"),
                    drop_date="2026-09-01" if ended else None,
                ),
            ),
            contacts=links,
        )
        warned = (_warning("gender_unmapped", source_id, row["warn"]),) if row.get("warn") else ()
        household = Household(hoh_last_name=row.get("last", "X"), hoh_home_phone=row.get("phone"))
        return Mapped(person=person, household=household, issues=warned)


def _warning(code: str, source_id: str, value: object = None) -> Issue:
    return Issue(
        severity="warning",
        code=code,
        message="m",
        fix="f",
        person_type="student",
        source_id=source_id,
        value=str(value) if value else None,
    )


def _adult(kind: PersonType, source_id: str, row: dict[str, Any]) -> Person:
    return Person(
        type=kind,
        source_id=source_id,
        first_name=row["first"],
        last_name=row.get("last", "X"),
        email=row.get("email"),
    )


@dataclass
class PhotoConnector:
    """The photos of the same SIS, and nothing else; of bytes that are no photo it says so."""

    sis: Sis
    version: str = "1"
    streams: tuple[Stream, ...] = (Stream(name="photos"),)

    def survey(self, last: LastPull | None = None) -> Survey:
        self.sis.fetch("survey")
        return Survey(parts=[Part(stream="photos", label="photos")])

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        rows = sorted(self.sis.photos.items())
        at, size = int(cursor or 0), self.sis.page_size
        while True:
            self.sis.fetch("photos")
            files = {photo_id(data): data for _, data in rows[at : at + size] if data != b"broken"}
            named = [[i, photo_id(data) if data != b"broken" else None] for i, data in rows[at : at + size]]
            at += size
            yield Page(msgspec.json.encode(named), str(at) if at < len(rows) else None, files=files)
            if at >= len(rows):
                return

    def split(self, stream: str, page: Page) -> Sequence[bytes | msgspec.Raw]:
        return msgspec.json.decode(page.body, type=list[msgspec.Raw])

    def read(self, stream: str, raws: Sequence[bytes | msgspec.Raw]) -> list[Record]:
        rows = (msgspec.json.decode(raw) for raw in raws)
        return [Record(i, (f"student:{i}",), raw, name) for (i, name), raw in zip(rows, raws, strict=True)]

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        source_id, name = msgspec.json.decode(records["photos"][0])
        issue = _warning("photo_not_an_image", source_id)
        person = Person(type="student", source_id=source_id, photo=name)
        return Mapped(person=person, issues=() if name else (issue,))


def content(sis: Sis) -> bytes:
    """A digest of what the SIS holds."""
    return fingerprint(msgspec.json.encode([sis.students, sis.contacts, sis.staff], order="sorted"))
