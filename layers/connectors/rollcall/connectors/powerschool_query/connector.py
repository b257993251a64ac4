"""PowerSchool over the PowerQueries of our plugin: every stream is read in full, school by school.

Contacts come in lists too, so nothing is asked for one student at a time, and all of it is as fresh as the run.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import msgspec

from rollcall.connectors.base import LastPull, Page, Part, Record, Stream, Survey
from rollcall.connectors.mapping import Context, in_scope, malformed
from rollcall.connectors.powerschool_common.access import ACCEPT, NOT_SCHOOLS, client
from rollcall.connectors.powerschool_common.codes import code_tables
from rollcall.connectors.powerschool_common.contacts import map_contact
from rollcall.connectors.powerschool_common.paging import Listing, largest_page, listed_pages
from rollcall.connectors.powerschool_query import contacts, people
from rollcall.connectors.powerschool_query.queries import SCHOOLS, STREAMS, Query, streams_of
from rollcall.connectors.powerschool_query.rows import Keys, School, listed
from rollcall.connectors.records import (
    RawRow,
    Scalar,
    Shape,
    decode,
    identifier,
    number,
    text,
    unexpected_shape,
)
from rollcall.connectors.transport import Client, Transport
from rollcall.connectors.wire import Answer, Request, Split
from rollcall.domain.errors import NeedsAttention, SourceContract
from rollcall.domain.inspection import CodeTable
from rollcall.domain.person import Mapped, split_person_key

_HEADERS = {**ACCEPT, "Content-Type": "application/json"}
_FIELD = re.compile(r"[A-Za-z0-9_]{1,30}\.[A-Za-z0-9_]{1,30}")


class _Metadata(msgspec.Struct):
    schema_table_query_max_page_size: Scalar = None


class _MetadataAnswer(msgspec.Struct):
    metadata: _Metadata


class _Count(msgspec.Struct):
    count: int | str


class _Fault(msgspec.Struct):
    field: str = ""
    code: str = ""


class _Refusal(msgspec.Struct):
    errors: list[_Fault] = []


class PowerSchoolQuery:
    """One PowerSchool server with our plugin, as one integration sees it."""

    version = "1"

    def __init__(self, client: Client, context: Context, family_identifier: Iterable[str]) -> None:
        self._client = client
        self._context = context
        self.streams: tuple[Stream, ...] = tuple(
            Stream(name=name, own="student" if name == "students" else "")
            for name in streams_of(context.member_types, family_identifier)
        )

    # ------------------------------------------------------------------------------------------------ asking

    def survey(self, last: LastPull | None = None) -> Survey:
        """The largest page, the schools, and one row of each query to see that it is installed and permitted."""
        size = self.page_size()
        mapped, issues = in_scope(self.schools(size), self._context)
        for stream in self.streams:
            self.probe(stream.name, mapped[0][0])
        parts = [
            Part(
                stream=stream.name,
                label=f"{stream.name} of school {school}",
                params={"school": school, "page_size": size},
                building=building,
            )
            for stream in self.streams
            for school, building in mapped
        ]
        return Survey(parts=parts, issues=issues)

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        """The pages of one query for one school."""
        arguments = {"school": part.params["school"]}
        return self._listed(STREAMS[part.stream], arguments, part.params["page_size"], cursor)

    def page_size(self) -> int:
        """The largest page of a query."""
        path = "/ws/v1/metadata"
        answer = self._client.send(Request(path=path, template=path, headers={**ACCEPT}))
        return largest_page(decode(answer.body, _MetadataAnswer).metadata.schema_table_query_max_page_size)

    def probe(self, stream: str, school: str) -> None:
        """Ask a query for one row, to see that it is installed and permitted."""
        query = STREAMS[stream]
        params: dict[str, str | int] = {"page": 1, "pagesize": 1}
        _permitted(query, self._client.send(_request(query, {"school": school}, params=params)))

    def schools(self, page_size: int) -> list[tuple[str, str | None]]:
        """Number and name of every school, without the district office and the school of the graduated."""
        found = []
        for page in self._listed(SCHOOLS, {}, page_size, None):
            for raw in listed(page.body):
                school = decode(raw, School)
                school_number = identifier(school.school_number)
                if school_number not in NOT_SCHOOLS:
                    found.append((school_number, text(school.name)))
        return found

    def code_tables(self, page_size: int) -> Iterator[CodeTable]:
        """The code tables that the plugin may read."""
        return code_tables(self._client, page_size)

    def _listed(
        self, query: Query, arguments: Mapping[str, str], page_size: int, cursor: str | None
    ) -> Iterator[Page]:
        def count() -> int:
            answer = self._client.send(_request(query, arguments, "/count"))
            found = number(decode(_permitted(query, answer).body, _Count).count)
            if found is None or found < 0:
                raise unexpected_shape()
            return found

        listing = Listing(
            request=lambda page: _request(
                query, arguments, params={"page": page, "pagesize": page_size}, split=listed
            ),
            read=lambda answer: _permitted(query, answer),
            count=count,
            page_size=page_size,
        )
        return listed_pages(self._client, listing, cursor)

    # ----------------------------------------------------------------------------------------------- reading

    def split(self, stream: str, page: Page) -> Sequence[RawRow]:
        """The raw rows of a page."""
        return _SHAPES[stream].split(page)

    def read(self, stream: str, raws: Sequence[RawRow]) -> list[Record]:
        """Id and people of raw rows."""
        return _SHAPES[stream].read(raws)

    def map(self, key: str, records: Mapping[str, Sequence[bytes]], survey: Survey, today: date) -> Mapped:
        """One person. A key whose type is not wanted, or without a row of its own, is nobody."""
        person_type, source_id = split_person_key(key)
        if person_type not in self._context.member_types:
            return Mapped(person=None)
        rows = defaultdict[str, Sequence[bytes]](tuple, records)
        try:
            if person_type == "student" and rows["students"]:
                asked = contacts.read(rows["contacts"], rows["phones"])
                return people.map_student(
                    source_id, rows["students"], rows["races"], asked, self._context, today
                )
            if person_type == "staff" and rows["staff"]:
                return people.map_staff(source_id, rows["staff"], self._context)
            if person_type == "contact" and rows["contacts"]:
                asked = contacts.read(rows["contacts"], rows["phones"], rows["addresses"])
                return map_contact(source_id, asked, self._context, today)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, SourceContract):
            return malformed(person_type, source_id)
        return Mapped(person=None)


def _record(query: Query, keys: Keys, raw: RawRow) -> Record:
    return Record(keys.record_id(query), keys.people(query), raw)


_SHAPES: Mapping[str, Shape[Keys]] = {
    stream: Shape(Keys, partial(_record, query), listed) for stream, query in STREAMS.items()
}


def connect(
    url: str,
    credentials: Mapping[str, str],
    context: Context,
    family_identifier: Iterable[str],
    transport: Transport,
) -> PowerSchoolQuery:
    """The connector for one integration; ``credentials`` are the plugin's client id and secret."""
    return PowerSchoolQuery(client(url, credentials, transport), context, family_identifier)


def _request(
    query: Query,
    arguments: Mapping[str, str],
    suffix: str = "",
    params: Mapping[str, Any] | None = None,
    split: Split | None = None,
) -> Request:
    path = f"/ws/schema/query/{query.name}{suffix}"
    return Request(
        method="POST",
        path=path,
        template=path,
        params=dict(params or {}),
        headers=_HEADERS,
        # Always an object: whether an empty body will do is not known.
        body=msgspec.json.encode(arguments),
        expect=(200, 400, 404),
        split=split,
    )


def _permitted(query: Query, answer: Answer) -> Answer:
    """The answer of a query that is there and permitted."""
    if answer.status == 404:
        raise NeedsAttention(
            "plugin_not_installed",
            f"PowerSchool does not know the query {query.name}. Install the Rollcall plugin, or its newest version, "
            "and enable it.",
        )
    if answer.status == 400:
        refused = _refused_fields(answer.body)
        if refused:
            raise NeedsAttention(
                "field_not_granted",
                f"The plugin may not read {', '.join(refused)}. Install its newest version and approve its access.",
            )
        raise SourceContract("request_refused", f"The SIS refused {query.name} with status 400.")
    return answer


def _refused_fields(body: bytes) -> list[str]:
    """Names of fields of the database, which are nobody's data; whatever does not look like one is left out."""
    try:
        faults = msgspec.json.decode(body, type=_Refusal).errors
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return []
    named = {f.field.lower() for f in faults if "no access" in f.code.lower() and _FIELD.fullmatch(f.field)}
    return sorted(named)
