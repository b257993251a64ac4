"""OneRoster behind the connector interface: what is asked for, and in which order.

Students are asked for school by school where the server can, so that schools without a mapping are never read;
``/users`` has everybody else, and repeats the students, which are passed over there. Demographics are a list of their
own about the same students. Nothing is filtered by the server: what a filter means differs from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from rollcall.connectors.base import LastPull, Page, Part, Record, Stream, Survey
from rollcall.connectors.mapping import Context, in_scope, issue, malformed
from rollcall.connectors.oneroster_core import people
from rollcall.connectors.oneroster_core.paging import Collection, listed_raws
from rollcall.connectors.oneroster_core.roles import agents_of, is_active, people_of
from rollcall.connectors.oneroster_core.rows import ObjectIds, Org, Session, UserIds
from rollcall.connectors.records import RawRow, Rows, Shape, identifier, lenient_date, number, text
from rollcall.domain.errors import NeedsAttention, SourceContract
from rollcall.domain.person import Issue, Mapped, person_key, split_person_key

T = TypeVar("T")

_KEYS = {"students": "users", "users": "users", "demographics": "demographics"}
_NOT_OFFERED = (403, 404, 405, 501)

_orgs = Rows(Org)
_sessions = Rows(Session)


class Conventions(msgspec.Struct, frozen=True, kw_only=True):
    """What is particular to one kind of server.

    ``slash``: paths of collections end with one. ``by_school``: it may offer the students of one school.
    ``state_id_types`` are types of ``userIds`` that hold the state's id, in lower case without punctuation.
    """

    slash: bool = False
    by_school: bool = True
    state_id_types: frozenset[str] = frozenset({"state", "stateid", "ssid", "sasid", "statestudentid"})


class Source(Protocol):
    """Where lists come from: a server (``Paging``) or exported files (``Export``)."""

    def edition(self) -> str:
        """Which export this is; blank for a server, whose lists are of the moment they are asked for."""

    def pages(self, collection: Collection, cursor: str | None) -> Iterator[Page]:
        """Pages from ``cursor`` on, in a repeatable order. Raises ``SourceContract`` where they prove nothing."""

    def all(self, collection: Collection, rows: Rows[T]) -> list[T]:
        """Every object of a small collection."""

    def offers(self, collection: Collection, refusals: tuple[int, ...] = ()) -> bool:
        """Whether there is such a collection; False only when ``refusals``, statuses, says that there need not be."""


class OneRoster:
    """One server, or one set of files, as one integration sees it."""

    version = "1"

    def __init__(
        self, source: Source, context: Context, conventions: Conventions, family_identifier: Iterable[str]
    ) -> None:
        self._source = source
        self._context = context
        self._conventions = conventions
        types = context.member_types
        heads = "student" in types and any(field.startswith("hoh_") for field in family_identifier)
        streams = []
        if types & {"student", "contact"}:
            streams.append(Stream(name="students", own="student"))
        if heads or types & {"staff", "contact"}:
            streams.append(Stream(name="users"))
        if "student" in types:
            streams.append(Stream(name="demographics", own="student"))
        self.streams: tuple[Stream, ...] = tuple(streams)

    # ------------------------------------------------------------------------------------------------ asking

    def survey(self, last: LastPull | None = None) -> Survey:
        """The schools and the year, and one small call of each kind to see that it is permitted."""
        places = [org for org in self.orgs() if self._is_place(org)]
        externals = {identifier(org.sourcedId): self.external(org) for org in places}
        names = {identifier(org.sourcedId): text(org.name) for org in places}
        mapped, issues = in_scope(((externals[i], names[i]) for i in sorted(externals)), self._context)
        issues += self.year_issues()
        buildings = dict(mapped)
        schools = sorted(identifier(org.sourcedId) for org in places if is_school(org))
        ids = {i: buildings[externals[i]] for i in schools if externals[i] in buildings}
        parts: list[Part] = []
        for stream in self.streams:
            if stream.name == "students":
                parts += self._student_parts(ids, externals)
            elif stream.name == "users":
                self.offers("users")
                parts.append(Part(stream="users", label="users", params=self._read_from()))
            else:
                offered = self.offers("demographics")
                # Read as an empty list: where there were demographics before, that stops the run.
                params = {"offered": offered, **self._read_from()}
                parts.append(Part(stream="demographics", label="demographics", params=params))
                issues += [] if offered else [issue("demographics_not_offered")]
        return Survey(parts=parts, reference={"schools": externals}, issues=issues)

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        """Pages of one list, in the order of ids or of the file. Raises ``SourceContract`` when the export is not the
        one that was surveyed.
        """
        if not part.params.get("offered", True):
            return iter([Page(body=b'{"demographics":[]}', cursor=None)])
        if self._source.edition() != part.params.get("edition", ""):
            raise SourceContract(
                "export_changed",
                "The export was replaced while it was being read. Nothing was changed; the next run reads the new one.",
            )
        school = part.params.get("school")
        found = self._students_of(school) if school else self._collection(part.stream, _KEYS[part.stream])
        return self._source.pages(found, cursor)

    def orgs(self) -> list[Org]:
        """Every organisation that is active."""
        return [o for o in self._source.all(self._collection("orgs", "orgs"), _orgs) if is_active(o.status)]

    def offers(self, stream: str) -> bool:
        """Ask for one object of a list. False when there are no demographics for us; nothing else may be missing."""
        refusals = _NOT_OFFERED if stream == "demographics" else ()
        return self._source.offers(self._collection(stream, _KEYS[stream]), refusals)

    def _student_parts(self, buildings: Mapping[str, str], externals: Mapping[str, str]) -> list[Part]:
        first = next(iter(buildings), None)
        if (
            first
            and self._conventions.by_school
            and self._source.offers(self._students_of(first), _NOT_OFFERED)
        ):
            return [
                Part(
                    stream="students",
                    label=f"students of school {externals[school]}",
                    params={"school": school, **self._read_from()},
                    building=building,
                )
                for school, building in buildings.items()
            ]
        self.offers("students")
        return [Part(stream="students", label="students", params=self._read_from())]

    def _read_from(self) -> dict[str, str]:
        edition = self._source.edition()
        return {"edition": edition} if edition else {}

    def year_issues(self) -> list[Issue]:
        """Checks that the SIS has the district's school year.

        Between the SIS's rollover and ours the people are those of another year, and not to be loaded as this one's.
        """
        found = self._source.all(self._collection("academicSessions", "academicSessions"), _sessions)
        said = [_is_of_year(s, self._context.school_year) for s in found if is_active(s.status)]
        if True in said:
            return []
        if False in said:
            raise NeedsAttention(
                "academic_year_not_available",
                f"The SIS has no academic session in the school year {self._context.school_year}.",
            )
        return [issue("school_year_unconfirmed")]

    def _is_place(self, org: Org) -> bool:
        """A school, or whatever else the district has put into its building mapping, such as its office."""
        return is_school(org) or self._context.building(self.external(org)) is not None

    def external(self, org: Org) -> str:
        """What the building mapping calls a school: its identifier, or its id where only that is mapped."""
        school, org_id = text(org.identifier), identifier(org.sourcedId)
        if school is None or (
            self._context.building(school) is None and self._context.building(org_id) is not None
        ):
            return org_id
        return school

    def _collection(self, name: str, key: str) -> Collection:
        path = f"/{name}/" if self._conventions.slash else f"/{name}"
        return Collection(name=name, path=path, template=path, key=key)

    def _students_of(self, school: str) -> Collection:
        return Collection(
            name="students",
            school=school,
            path=f"/schools/{quote(school, safe='')}/students",
            template="/schools/{id}/students",
            key="users",
        )

    # ----------------------------------------------------------------------------------------------- reading

    def split(self, stream: str, page: Page) -> Sequence[RawRow]:
        """The raw records of a page."""
        return _SHAPES[stream].split(page)

    def read(self, stream: str, raws: Sequence[RawRow]) -> list[Record]:
        """Id and people of raw records. Students and guardians speak of each other."""
        return _SHAPES[stream].read(raws)

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        """One person. A key whose type is not wanted, or without a row of its own, is nobody."""
        person_type, source_id = split_person_key(key)
        if person_type not in self._context.member_types:
            return Mapped(person=None)
        schools: Mapping[str, str] = survey.reference["schools"]
        try:
            if person_type == "student" and records.get("students"):
                return people.map_student(
                    source_id, records, schools, self._conventions.state_id_types, self._context, today
                )
            if person_type == "staff" and records.get("users"):
                return people.map_staff(source_id, records["users"], schools, self._context, today)
            if person_type == "contact" and records.get("users"):
                return people.map_contact(source_id, records["users"], self._context, today)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, SourceContract):
            return malformed(person_type, source_id)
        return Mapped(person=None)


def _student(ids: UserIds, raw: RawRow) -> Record:
    student_id = identifier(ids.sourcedId)
    agents = (person_key("contact", agent) for agent in agents_of(ids.agents))
    return Record(student_id, (person_key("student", student_id), *agents), raw)


def _user(ids: UserIds, raw: RawRow) -> Record:
    return Record(identifier(ids.sourcedId), people_of(ids), raw)


def _demographics(ids: ObjectIds, raw: RawRow) -> Record:
    student_id = identifier(ids.sourcedId)
    return Record(student_id, (person_key("student", student_id),), raw)


_SHAPES: Mapping[str, Shape[Any]] = {
    "students": Shape(UserIds, _student, partial(listed_raws, key=_KEYS["students"])),
    "users": Shape(UserIds, _user, partial(listed_raws, key=_KEYS["users"])),
    "demographics": Shape(ObjectIds, _demographics, partial(listed_raws, key=_KEYS["demographics"])),
}


def is_school(org: Org) -> bool:
    """Not the district, a department or a region."""
    return (text(org.type) or "").lower() == "school"


def _is_of_year(session: Session, school_year: str) -> bool | None:
    """Whether a session lies in ``2026-27``; None when it does not say."""
    start = int(school_year[:4])
    ends_in = number(session.schoolYear)
    begins, ends = lenient_date(session.startDate), lenient_date(session.endDate)
    if ends_in is None and (begins is None or ends is None):
        return None
    # Some write the year in which it begins; the dates are the better witness then.
    if begins is not None and ends is not None:
        return begins < date(start + 1, 6, 1) and ends > date(start, 9, 1)
    return ends_in == start + 1
