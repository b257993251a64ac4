"""Aeries behind the connector interface: what is asked for, and in which order.

Student lists are cut by record position without a total, so a list ends only with an empty page; contacts and staff
come in one answer. Every call names the school year: without it Aeries answers with the current one and says nothing.

Where the change feed is used, the students it names are asked for one by one, and staff as always.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from itertools import count
from typing import Any

import msgspec

from rollcall.connectors.aeries import changes, contacts, people
from rollcall.connectors.aeries.calls import AREAS, School, open_schools, request, to_map
from rollcall.connectors.aeries.people import Options
from rollcall.connectors.aeries.rows import ContactIds, StaffIds, StudentIds
from rollcall.connectors.auth import HeaderAuth
from rollcall.connectors.base import Delta, LastPull, Page, Part, Record, Stream, Survey
from rollcall.connectors.mapping import Context, in_scope, malformed
from rollcall.connectors.paging import LoopGuard
from rollcall.connectors.records import RawRow, Rows, Scalar, Shape, decode, identifier, raw_rows, text
from rollcall.connectors.transport import AHEAD, Client, Transport
from rollcall.connectors.wire import Request
from rollcall.domain.errors import NeedsAttention, SourceContract, SyncError
from rollcall.domain.person import Mapped, person_key, split_person_key

__all__ = ["Aeries", "Options", "connect"]

log = logging.getLogger(__name__)

PAGE_SIZE = 500
MAX_PAGES = 400
_YEAR = re.compile(r"(\d{4})(?:\s*[-/]\s*(?:\d{2}|\d{4}))?")

_student_ids = Rows(StudentIds)


class SystemInfo(msgspec.Struct):
    """What ``/systeminfo`` tells."""

    AeriesVersion: Scalar = None
    DatabaseYear: Scalar = None
    AvailableDatabaseYears: list[Scalar] | None = None
    CurrentDateTime: Scalar = None


class Aeries:
    """One Aeries server as one integration sees it."""

    version = "1"

    def __init__(self, client: Client, context: Context, options: Options) -> None:
        self._client = client
        self._context = context
        self._options = options
        types = context.member_types
        names = []
        if "student" in types:
            names.append("students")
        if "contact" in types or ("student" in types and options.use_contact_record):
            names.append("contacts")
        if "staff" in types:
            names.append("staff")
        self.streams: tuple[Stream, ...] = tuple(
            Stream(name=name, own="staff" if name == "staff" else "") for name in names
        )
        self._shapes: dict[str, Shape[Any]] = {
            "students": Shape(StudentIds, _student),
            "contacts": Shape(ContactIds, self._contact),
            "staff": Shape(StaffIds, _staff),
        }

    # ------------------------------------------------------------------------------------------------ asking

    def survey(self, last: LastPull | None = None) -> Survey:
        """The year, the schools, and whom to ask for: everybody, after one small call of each kind to see that it is
        permitted, or who changed since ``last``.
        """
        info = self.info()
        year = self.year(info)
        mapped, issues = in_scope(to_map(self.schools(year), self._context), self._context)
        scope = [school for school, _ in mapped]
        found = Survey(
            parts=[],
            # A school that opens or closes changes who is in scope, of which the feed says nothing.
            reference={"year": year, "schools": sorted(scope)},
            issues=issues,
            marker=changes.marker(info.CurrentDateTime),
        )
        stays = self._changed(last, year, scope) if last else None
        if stays is None:
            student = "0"
            for stream in self.streams:
                student = self.probe(stream.name, scope[0], year, student)
            found.parts = self._everybody(mapped, year)
        else:
            found.parts, found.delta = self._some(stays, year)
        return found

    def _everybody(self, mapped: Sequence[tuple[str, str]], year: str) -> list[Part]:
        parts = []
        for name in (stream.name for stream in self.streams):
            if name == "staff":
                parts.append(_staff_part(year))
                continue
            parts += (
                Part(
                    stream=name,
                    label=f"{name} of school {school}",
                    params={"year": year, "school": school},
                    building=building if name == "students" else None,
                )
                for school, building in mapped
            )
        return parts

    def _some(self, stays: list[changes.Stay], year: str) -> tuple[list[Part], Delta]:
        """Parts that ask for these students alone, in each of their schools; contacts are the same in all of them."""
        students = dict(reversed(stays))
        asks = {"students": stays, "contacts": sorted(students.items())}
        names = [stream.name for stream in self.streams]
        parts = [
            Part(stream=name, label=f"{name} of changed students", params={"year": year, "stays": asks[name]})
            for name in names
            if name in asks and stays
        ]
        parts += [_staff_part(year) for name in names if name == "staff"]
        keys = [person_key("student", student) for student in sorted(students)]
        return parts, Delta(people=keys, streams=tuple(name for name in names if name in asks))

    def _changed(self, last: LastPull, year: str, schools: Sequence[str]) -> list[changes.Stay] | None:
        """Who changed, by the feed; None when everybody must be read. The feed saves time and is owed nothing more, so
        whatever is wrong with it only costs that.
        """
        names = [stream.name for stream in self.streams]
        if not self._options.use_change_feed or "students" not in names:
            return None
        named: list[changes.Stay] = []
        try:
            for area in changes.AREAS if "contacts" in names else changes.AREAS[:-1]:
                named += changes.named(self._client.send(_feed_request(area, last.marker, year)).body)
        except SyncError as error:
            log.info("change feed not used", extra={"reason": error.code})
            return None
        stays = changes.stays(named, last, schools)
        if stays is None:
            log.info("change feed not used", extra={"reason": "too_many_changes"})
        return stays

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        """Students one by one, a school's by position, or the one answer that holds everything."""
        if "stays" in part.params:
            return self._one_by_one(part, int(cursor or 0))
        if part.stream == "students":
            return self._positions(part, int(cursor or 1))
        return self._whole(part)

    def info(self) -> SystemInfo:
        """The server and the years that it has; needs a certificate and no permission."""
        return decode(self._client.send(request("/systeminfo")).body, SystemInfo)

    def year(self, info: SystemInfo) -> str:
        """The starting year that stands for the district's school year and that the server has."""
        lookup = self._context.lookups.get("academic_year")
        externals = lookup.reverse(self._context.school_year) if lookup else []
        wanted = {year for year in map(_starting_year, externals) if year}
        if not wanted:
            raise NeedsAttention(
                "academic_year_unmapped",
                f"The academic year mapping has no Aeries year for {self._context.school_year}.",
            )
        offered = map(_starting_year, (info.DatabaseYear, *(info.AvailableDatabaseYears or ())))
        usable = wanted & {year for year in offered if year}
        if not usable:
            raise NeedsAttention(
                "academic_year_not_available", f"Aeries has no database for the year {max(wanted)}."
            )
        return max(usable)

    def schools(self, year: str) -> list[School]:
        """Every school that is open."""
        return open_schools(self._client, {"DatabaseYear": year})

    def probe(self, stream: str, school: str, year: str, student: str) -> str:
        """One small call to see that a stream is permitted; the id of a student to ask for, as far as one is known."""
        base: dict[str, str | int] = {"DatabaseYear": year}
        if stream == "students":
            path = f"/schools/{school}/students"
            params = {**base, "StartingRecord": 1, "EndingRecord": 1}
            answer = self._client.send(request(path, params, "/schools/{code}/students", AREAS[stream]))
            return next((identifier(ids.StudentID) for ids, _ in _student_ids.split(answer.body)), student)
        if stream == "contacts":
            path, template = f"/schools/{school}/contacts/{student}", "/schools/{code}/contacts/{id}"
            self._client.send(request(path, base, template, AREAS[stream], (200, 404)))
        else:
            # Any field filters the list; nobody has the id 0.
            self._client.send(request("/staff", {**base, "ID": 0}, "/staff", AREAS[stream], (200, 404)))
        return student

    def code_table(self, path: str) -> bytes | None:
        """The rows of a code table, such as ``student/Gender``; None where the server has none of that name."""
        answer = self._client.send(
            request(f"/codes/{path}", template="/codes/{table}/{field}", expect=(200, 400, 404))
        )
        return answer.body if answer.status == 200 else None

    def _positions(self, part: Part, start: int) -> Iterator[Page]:
        """Pages until an empty one.

        Those that the last pull found are asked for together; without one the first page is asked for alone, so that
        a small school costs no calls beyond its end. A page that is not of the size asked for may be the last one or
        cut short by the server: the next begins right after it.
        """
        guard = LoopGuard(MAX_PAGES)
        ahead = start <= part.likely
        while True:
            known = range(start, part.likely + 1, PAGE_SIZE)
            starts = (known or count(start, PAGE_SIZE)) if ahead else [start]
            requests = (_students_request(part, position) for position in starts)
            with closing(self._client.fetch_ordered(requests, AHEAD)) as answers:
                for answer in answers:
                    received = len(answer.rows)
                    guard.check(answer.body, received)
                    # A row that comes twice makes a page longer, but the next position is the one asked for.
                    start += min(received, PAGE_SIZE)
                    yield Page(answer.body, str(start) if received else None, rows=answer.rows)
                    if not received:
                        return
                    ahead = received >= PAGE_SIZE
                    if not ahead:
                        break

    def _one_by_one(self, part: Part, start: int) -> Iterator[Page]:
        """One answer for each stay from ``start`` on. Some servers say 404 where others have an empty list."""
        stays: list[changes.Stay] = part.params["stays"]
        requests = (_single_request(part, student, school) for student, school in stays[start:])
        with closing(self._client.fetch_ordered(requests)) as answers:
            for at, answer in enumerate(answers, start + 1):
                body = answer.body if answer.status == 200 else b"[]"
                yield Page(body, str(at) if at < len(stays) else None, subject=stays[at - 1][0])

    def _whole(self, part: Part) -> Iterator[Page]:
        params: dict[str, str | int] = {"DatabaseYear": part.params["year"]}
        path = template = "/staff"
        if part.stream == "contacts":
            path, template = f"/schools/{part.params['school']}/contacts", "/schools/{code}/contacts"
        answer = self._client.send(request(path, params, template, AREAS[part.stream], split=raw_rows))
        yield Page(body=answer.body, cursor=None, rows=answer.rows)

    # ----------------------------------------------------------------------------------------------- reading

    def split(self, stream: str, page: Page) -> Sequence[RawRow]:
        """The raw records of a page."""
        return self._shapes[stream].split(page)

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
                    source_id, records["students"], records.get("contacts", ()), self._context, self._options
                )
            if person_type == "staff" and records.get("staff"):
                return people.map_staff(source_id, records["staff"], self._context, today)
            if person_type == "contact" and records.get("contacts"):
                return contacts.map_contact(source_id, records["contacts"], self._context)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, SourceContract):
            return malformed(person_type, source_id)
        return Mapped(person=None)

    def _contact(self, ids: ContactIds, raw: RawRow) -> Record:
        """A contact row speaks of its student and of the person it means."""
        student_id = identifier(ids.StudentID)
        named = [person_key("student", student_id)]
        if "contact" in self._context.member_types:
            named.append(person_key("contact", contacts.contact_key(ids)))
        # With the school, because a student of two schools has their contacts listed by both.
        record_id = f"{student_id}-{identifier(ids.SequenceNumber)}-{text(ids.SchoolCode) or 0}"
        return Record(record_id, tuple(named), raw)


def connect(
    url: str, credentials: Mapping[str, str], context: Context, options: Options, transport: Transport
) -> Aeries:
    """The connector for one integration; the credential ``token`` is the certificate."""
    client = transport.client(url, HeaderAuth("AERIES-CERT", credentials["token"]))
    return Aeries(client, context, options)


def _students_request(part: Part, start: int) -> Request:
    params: dict[str, str | int] = {
        "DatabaseYear": part.params["year"],
        "StartingRecord": start,
        "EndingRecord": start + PAGE_SIZE - 1,
    }
    path = f"/schools/{part.params['school']}/students"
    return request(path, params, "/schools/{code}/students", AREAS["students"], split=raw_rows)


def _feed_request(area: str, since: str, year: str) -> Request:
    path = f"/StudentDataChanges/{area}"
    return request(f"{path}/{since}", {"DatabaseYear": year}, f"{path}/{{since}}", AREAS["students"])


def _single_request(part: Part, student: str, school: str) -> Request:
    path = f"/schools/{school}/{part.stream}/{student}"
    template = f"/schools/{{code}}/{part.stream}/{{id}}"
    params: dict[str, str | int] = {"DatabaseYear": part.params["year"]}
    return request(path, params, template, AREAS[part.stream], (200, 404))


def _staff_part(year: str) -> Part:
    return Part(stream="staff", label="staff", params={"year": year})


def _student(ids: StudentIds, raw: RawRow) -> Record:
    student_id = identifier(ids.StudentID)
    record_id = f"{student_id}-{identifier(ids.SchoolCode)}-{identifier(ids.StudentNumber)}"
    return Record(record_id, (person_key("student", student_id),), raw)


def _staff(ids: StaffIds, raw: RawRow) -> Record:
    staff_id = identifier(ids.ID)
    return Record(staff_id, (person_key("staff", staff_id),), raw)


def _starting_year(value: Scalar) -> str | None:
    """``2026`` from ``2026-2027``, ``2026-27`` or ``2026``."""
    match = _YEAR.fullmatch(text(value) or "")
    return match[1] if match else None
