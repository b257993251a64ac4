"""PowerSchool behind the connector interface: what is asked for, and in which order.

Lists are read school by school, contacts student by student.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from itertools import count
from typing import Any
from urllib.parse import quote

import msgspec

from rollcall.connectors.base import LastPull, Page, Part, Record, Stream, Survey
from rollcall.connectors.mapping import Context, in_scope, malformed
from rollcall.connectors.paging import LoopGuard
from rollcall.connectors.powerschool import contacts, people
from rollcall.connectors.powerschool.lists import listed
from rollcall.connectors.powerschool.rows import ContactsIds, StaffIds, StudentIds
from rollcall.connectors.powerschool_common.access import ACCEPT, NOT_SCHOOLS, client
from rollcall.connectors.powerschool_common.codes import code_tables
from rollcall.connectors.powerschool_common.contacts import map_contact
from rollcall.connectors.powerschool_common.paging import MAX_PAGES, Listing, largest_page, listed_pages
from rollcall.connectors.records import (
    RawRow,
    Rows,
    Scalar,
    Shape,
    as_list,
    decode,
    identifier,
    number,
    text,
    unexpected_shape,
)
from rollcall.connectors.transport import Client, Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import SourceContract
from rollcall.domain.inspection import CodeTable
from rollcall.domain.person import Mapped, person_key, split_person_key

_ACTIVE = "school_enrollment.enroll_status==A"
_RESOURCES: Mapping[str, tuple[str, dict[str, str | int]]] = {
    "students": (
        "student",
        {
            "q": _ACTIVE,
            "expansions": "demographics,addresses,phones,school_enrollment,ethnicity_race,contact_info,schedule_setup",
            # the core resource itself has no language
            "extensions": people.CORE_FIELDS,
        },
    ),
    "staff": ("staff", {"expansions": "addresses,emails,phones,school_affiliations"}),
}

_student_ids = Rows(StudentIds)


class Sizes(msgspec.Struct):
    """The largest page of each list."""

    school_max_page_size: Scalar = None
    student_max_page_size: Scalar = None
    staff_max_page_size: Scalar = None
    schema_table_query_max_page_size: Scalar = None

    def of(self, stream: str) -> int:
        """Rows in a page of a school's list."""
        return largest_page(self.staff_max_page_size if stream == "staff" else self.student_max_page_size)


class _MetadataAnswer(msgspec.Struct):
    metadata: Sizes


class School(msgspec.Struct):
    """``id`` is Schools.DCID; people and mappings know the school by its number."""

    id: int | str
    school_number: int | str
    name: Scalar = None
    low_grade: Scalar = None
    high_grade: Scalar = None


class _Schools(msgspec.Struct):
    school: School | list[School] | str | None = None


class _SchoolsAnswer(msgspec.Struct):
    schools: _Schools | str


class _Count(msgspec.Struct):
    count: int | str


class _CountAnswer(msgspec.Struct):
    resource: _Count


class PowerSchool:
    """One PowerSchool server as one integration sees it."""

    version = "1"

    def __init__(self, client: Client, context: Context, family_identifier: Iterable[str]) -> None:
        self._client = client
        self._context = context
        types = context.member_types
        heads = any(field.startswith("hoh_") for field in family_identifier)
        self._with_contacts = "contact" in types or ("student" in types and heads)
        streams = []
        if types & {"student", "contact"}:
            streams.append(Stream(name="students", own="student"))
        if "staff" in types:
            streams.append(Stream(name="staff"))
        if self._with_contacts:
            streams.append(Stream(name="contacts", own="student", per="students"))
        self.streams: tuple[Stream, ...] = tuple(streams)
        self._shapes: Mapping[str, Shape[Any]] = {**_SHAPES, "contacts": Shape(ContactsIds, self._contacts)}

    # ------------------------------------------------------------------------------------------------ asking

    def survey(self, last: LastPull | None = None) -> Survey:
        """Page sizes, schools, and one cheap call of each kind to see that it is permitted."""
        sizes = self.sizes()
        schools = self.schools(sizes)
        dcids = {identifier(s.school_number): identifier(s.id) for s in schools}
        mapped, issues = in_scope(
            ((identifier(s.school_number), text(s.name)) for s in schools), self._context
        )
        parts = [
            Part(
                stream=stream.name,
                label=f"{stream.name} of school {school}",
                params={"school": dcids[school], "page_size": sizes.of(stream.name)},
                building=building,
            )
            for stream in self.streams
            if stream.per is None
            for school, building in mapped
        ]
        for stream in self.streams:
            self.probe(stream.name, parts)
        if self._with_contacts:
            parts.append(Part(stream="contacts", label="contacts"))
        return Survey(
            parts=parts,
            reference={"schools": {dcid: school for school, dcid in sorted(dcids.items())}},
            issues=issues,
        )

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        """Pages of a school's list, or the contacts of one student after another."""
        return (
            self._contact_pages(cursor, subjects) if part.stream == "contacts" else self._listed(part, cursor)
        )

    def sizes(self) -> Sizes:
        """The largest pages that the server gives."""
        return decode(self._get("/ws/v1/metadata", "/ws/v1/metadata").body, _MetadataAnswer).metadata

    def schools(self, sizes: Sizes) -> list[School]:
        """Every school, without the district office and the school of the graduated."""
        found: list[School] = []
        page_size = largest_page(sizes.school_max_page_size)
        guard = LoopGuard(MAX_PAGES)
        for page in count(1):
            path = "/ws/v1/district/school"
            answer = self._get(path, path, {"page": page, "pagesize": page_size})
            listing = _schools_of(answer.body)
            guard.check(answer.body, len(listing))
            found += (s for s in listing if text(s.school_number) not in NOT_SCHOOLS)
            if len(listing) < page_size:
                break
        return found

    def probe(self, stream: str, parts: Sequence[Part]) -> None:
        """One cheap call to see that a stream is permitted; contacts are those of the first student of ``parts``."""
        if stream != "contacts":
            self._count(next(part for part in parts if part.stream == stream))
            return
        for part in parts:
            if part.stream == "students":
                page = self._client.send(_list_request(part, 1, page_size=1)).body
                for ids in _student_ids.read(_students(page)):
                    self._client.send(_contacts_request(identifier(ids.id)))
                    return

    def code_tables(self, sizes: Sizes) -> Iterator[CodeTable]:
        """The code tables that the plugin may read."""
        return code_tables(self._client, largest_page(sizes.schema_table_query_max_page_size))

    def _listed(self, part: Part, cursor: str | None) -> Iterator[Page]:
        listing = Listing(
            request=lambda page: _list_request(part, page),
            read=lambda answer: answer,
            count=lambda: self._count(part),
            page_size=part.params["page_size"],
        )
        return listed_pages(self._client, listing, cursor)

    def _contact_pages(self, cursor: str | None, subjects: Sequence[str]) -> Iterator[Page]:
        first = int(cursor or 0)
        # 404 is a student deleted since the list was read: the survey has seen that the API itself is there
        requests = (_contacts_request(subject, expect=(200, 204, 404)) for subject in subjects[first:])
        with closing(self._client.fetch_ordered(requests)) as answers:
            for position, answer in enumerate(answers, first + 1):
                following = str(position) if position < len(subjects) else None
                body = b"" if answer.status == 404 else answer.body
                yield Page(body=body, cursor=following, subject=subjects[position - 1])

    def _count(self, part: Part) -> int:
        resource, params = _RESOURCES[part.stream]
        asked = {"q": params["q"]} if "q" in params else {}
        path = f"/ws/v1/school/{quote(part.params['school'], safe='')}/{resource}/count"
        answer = self._get(path, f"/ws/v1/school/{{id}}/{resource}/count", asked)
        found = number(decode(answer.body, _CountAnswer).resource.count)
        if found is None or found < 0:
            raise unexpected_shape()
        return found

    def _get(self, path: str, template: str, params: dict[str, str | int] | None = None) -> Answer:
        return self._client.send(
            Request(path=path, template=template, params=params or {}, headers={**ACCEPT})
        )

    # ----------------------------------------------------------------------------------------------- reading

    def split(self, stream: str, page: Page) -> Sequence[RawRow]:
        """The raw records of a page; the contacts answer for one student is one record, also when it is empty."""
        if stream != "contacts":
            return _SHAPES[stream].split(page)
        if page.subject is None:
            raise ValueError("a contacts page has a subject")
        # 204 has no body.
        return [contacts.record(page.subject, page.body.strip() or b"[]")]

    def read(self, stream: str, raws: Sequence[RawRow]) -> list[Record]:
        """Id and people of raw records."""
        return self._shapes[stream].read(raws)

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        """One person. A key whose type is not wanted, or without a row of its own, is nobody."""
        person_type, source_id = split_person_key(key)
        if person_type not in self._context.member_types:
            return Mapped(person=None)
        try:
            if person_type == "student" and records.get("students"):
                return people.map_student(
                    source_id, records["students"], records.get("contacts", ()), self._context, today
                )
            if person_type == "staff" and records.get("staff"):
                return people.map_staff(
                    source_id, records["staff"], survey.reference["schools"], self._context
                )
            if person_type == "contact" and records.get("contacts"):
                return map_contact(source_id, contacts.read(records["contacts"]), self._context, today)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, SourceContract):
            return malformed(person_type, source_id)
        return Mapped(person=None)

    def _contacts(self, ids: ContactsIds, raw: RawRow) -> Record:
        if isinstance(ids.contacts, str) and ids.contacts:
            raise unexpected_shape()
        named = [person_key("student", ids.student)]
        if "contact" in self._context.member_types:
            found = {identifier(contact.contactId) for contact in as_list(ids.contacts)}
            named += (person_key("contact", contact) for contact in sorted(found))
        return Record(ids.student, tuple(named), raw)


def _students(body: bytes) -> list[msgspec.Raw]:
    return listed(body, "students", "student")


def _staffs(body: bytes) -> list[msgspec.Raw]:
    return listed(body, "staffs", "staff")


def _student(ids: StudentIds, raw: RawRow) -> Record:
    student_id = identifier(ids.id)
    return Record(student_id, (person_key("student", student_id),), raw)


def _staff(ids: StaffIds, raw: RawRow) -> Record:
    return Record(identifier(ids.id), (person_key("staff", identifier(ids.users_dcid)),), raw)


_SHAPES: Mapping[str, Shape[Any]] = {
    "students": Shape(StudentIds, _student, _students),
    "staff": Shape(StaffIds, _staff, _staffs),
}


def connect(
    url: str,
    credentials: Mapping[str, str],
    context: Context,
    family_identifier: Iterable[str],
    transport: Transport,
) -> PowerSchool:
    """The connector for one integration; ``credentials`` are the plugin's client id and secret."""
    return PowerSchool(client(url, credentials, transport), context, family_identifier)


def _schools_of(body: bytes) -> list[School]:
    wrapper = decode(body, _SchoolsAnswer).schools
    return as_list(wrapper.school) if isinstance(wrapper, _Schools) else []


def _list_request(part: Part, page: int, page_size: int | None = None) -> Request:
    resource, params = _RESOURCES[part.stream]
    return Request(
        path=f"/ws/v1/school/{quote(part.params['school'], safe='')}/{resource}",
        template=f"/ws/v1/school/{{id}}/{resource}",
        params={**params, "page": page, "pagesize": page_size or part.params["page_size"]},
        headers={**ACCEPT},
        split=_SHAPES[part.stream].cut,
    )


def _contacts_request(student_id: str, expect: tuple[int, ...] = (200, 204)) -> Request:
    return Request(
        path=f"/ws/contacts/student/{quote(student_id, safe='')}",
        template="/ws/contacts/student/{id}",
        headers={**ACCEPT},
        expect=expect,
    )
