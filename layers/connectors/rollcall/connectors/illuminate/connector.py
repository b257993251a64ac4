"""Illuminate behind the connector interface: what is asked for, and in which order.

Lists are of the whole district, as far as the user token may see it: the sheet knows no filter by school. The Building
mapping therefore decides when people are mapped. Illuminate answers for one school year, the one in session.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from rollcall.connectors.auth import OAuth1
from rollcall.connectors.base import LastPull, Page, Part, Record, Stream, Survey
from rollcall.connectors.illuminate import contacts, people
from rollcall.connectors.illuminate import field_map as f
from rollcall.connectors.illuminate.lists import Listing, either, paged, paged_rows
from rollcall.connectors.illuminate.rows import Row, read, value
from rollcall.connectors.mapping import Context, in_scope, issue, malformed
from rollcall.connectors.paging import LoopGuard
from rollcall.connectors.records import RawRow, Rows, Scalar, Shape, identifier, raw_rows, text
from rollcall.connectors.transport import Client, Transport
from rollcall.connectors.wire import Answer, Request
from rollcall.domain.errors import NeedsAttention, SourceContract
from rollcall.domain.person import Issue, Mapped, person_key, split_person_key

MAX_PAGES = 20_000
_ACCEPT = {"Accept": "application/json"}
_API = re.compile(r"(?:/rest_server\.php(?:/Api)?)?/*$", re.IGNORECASE)

_roster_ids = Rows(f.RosterIds)


class _Site(msgspec.Struct):
    site_id: int | str
    site_name: Scalar = None
    site_type_name: Scalar = None


class _GradeLevel(msgspec.Struct):
    grade_level_id: int | str
    short_name: Scalar = None
    long_name: Scalar = None


class Site(NamedTuple):
    """A site as the building mapping knows it: its id, its name, and what kind of place it is."""

    number: str
    name: str | None
    kind: str


_sites = Rows(_Site)
_grade_levels = Rows(_GradeLevel)


class Illuminate:
    """One Illuminate server as one integration sees it."""

    version = "1"

    def __init__(self, client: Client, context: Context, with_family: bool) -> None:
        self._client = client
        self._context = context
        self.year = int(context.school_year[:4]) + 1
        types = context.member_types
        streams = []
        if "student" in types:
            streams += [Stream(name="students", own="student"), Stream(name="enrollment")]
        if "contact" in types or ("student" in types and with_family):
            streams.append(Stream(name="contacts"))
        if "staff" in types:
            streams += [Stream(name="staff", own="staff"), Stream(name="roster")]
        self.streams: tuple[Stream, ...] = tuple(streams)
        self._shapes: Mapping[str, Shape[Any]] = {
            **_SHAPES,
            "contacts": Shape(f.ContactIds, self._contact, paged_rows),
        }

    # ------------------------------------------------------------------------------------------------ asking

    def survey(self, last: LastPull | None = None) -> Survey:
        """Schools, grades, and one row of each list to see that it is there, is permitted and is of the year."""
        listed = [(number, name) for number, name, _ in filter(self._is_school, self.sites())]
        _, issues = in_scope(listed, self._context)
        grades = self.grade_levels()
        parts = []
        for stream in self.streams:
            missing = self.probe(stream.name)
            if missing:
                issues.append(missing)
            else:
                parts.append(Part(stream=stream.name, label=stream.name, proven=stream.name == "roster"))
        return Survey(
            parts=parts,
            reference={
                "year": self.year,
                "grades": {
                    level: name for level, name, _ in sorted(grades, key=itemgetter(0)) if name is not None
                },
                "roster": any(part.stream == "roster" for part in parts),
            },
            issues=issues,
        )

    def pages(self, part: Part, cursor: str | None, subjects: Sequence[str] = ()) -> Iterator[Page]:
        """Pages of a list. Of the roster only who teaches where is kept."""
        return self._roster(part, cursor) if part.stream == "roster" else self._listed(part, cursor)

    def sites(self) -> list[Site]:
        """Every site but the district itself."""
        rows = (site for page in self._reference_list("Sites") for site, _ in _sites.split(page))
        found = (Site(identifier(r.site_id), text(r.site_name), text(r.site_type_name) or "") for r in rows)
        return [s for s in found if s.number != f.DISTRICT_SITE and s.kind.lower() != f.DISTRICT_TYPE]

    def grade_levels(self) -> list[tuple[str, str | None, str | None]]:
        """Id, short name and long name of every grade level."""
        return [
            (identifier(level.grade_level_id), text(level.short_name), text(level.long_name))
            for page in self._reference_list("GradeLevels")
            for level, _ in _grade_levels.split(page)
        ]

    def code_rows(self) -> Iterator[Row]:
        """The rows of all code lists; none where this server does not offer them."""
        try:
            answer = self._client.send(_request(f.CODES, 1, limit=1, expect=(200, 404)))
        except NeedsAttention as error:
            # Some servers show their login page for an endpoint that they do not have.
            if error.code not in ("endpoint_not_json", "permission_missing"):
                raise
            return
        if answer.status != 200:
            return
        for _, _, _, answer in self._answers(f.CODES, None):
            yield from read(bytes(raw) for raw in answer.rows)

    def _is_school(self, site: Site) -> bool:
        return site.number not in f.PSEUDO_SITES or self._context.building(site.number) is not None

    def _reference_list(self, endpoint: str) -> Iterator[msgspec.Raw]:
        """The rows of a list that comes bare or in pages."""
        guard = LoopGuard(MAX_PAGES)
        page = last = 1
        while page <= last:
            body = self._client.send(_request(endpoint, page)).body
            listing = either(body)
            guard.check(body, len(raw_rows(listing.rows)))
            last = listing.pages
            page += 1
            yield listing.rows

    def probe(self, stream: str) -> Issue | None:
        """Ask for one row. An issue when an optional list is missing."""
        optional = stream in f.OPTIONAL
        expect = (200, 404) if optional else (200,)
        answer = self._client.send(_request(f.ENDPOINTS[stream], 1, limit=1, expect=expect))
        if answer.status == 404:
            return issue("endpoint_missing", field="endpoint", value=f.ENDPOINTS[stream])
        paged(answer.body)
        if stream == "enrollment":
            for row in read(bytes(raw) for raw in answer.rows):
                self._check_year(value(row, f.ACADEMIC_YEAR))
        return None

    def _check_year(self, found: Scalar) -> None:
        # Out of session Illuminate answers with the nearest year and says nothing.
        year = people.ending_year(found)
        if year not in (None, self.year):
            raise NeedsAttention(
                "academic_year_not_available",
                f"Illuminate answers for the school year that ends in {year}, not in {self.year}.",
            )

    def _listed(self, part: Part, cursor: str | None) -> Iterator[Page]:
        for number, last, listing, answer in self._answers(f.ENDPOINTS[part.stream], cursor):
            following = f"{number + 1}/{last}" if number < last else None
            yield Page(body=answer.body, cursor=following, announced=listing.total, rows=answer.rows)

    def _roster(self, part: Part, cursor: str | None) -> Iterator[Page]:
        """Pages of new pairs of user and site, made of the rows received.

        A row for every student of every section would be most of what is stored, and says nothing more about staff.
        So the engine cannot count, and the rows are counted here.
        """
        position, _, counted = (cursor or "").partition("#")
        received, least = map(int, counted.split("/")) if counted else (0, -1)
        known: set[tuple[str, str]] = set()
        for number, last, listing, answer in self._answers(f.ENDPOINTS[part.stream], position or None):
            rows = _roster_ids.read(answer.rows)
            received += len(rows)
            least = listing.total or 0 if least < 0 else min(least, listing.total or 0)
            pairs = {(u, s) for u, s in ((text(r.user_id), text(r.site_id)) for r in rows) if u and s}
            body = msgspec.json.encode(
                [{"user_id": user, "site_id": site} for user, site in sorted(pairs - known)]
            )
            known |= pairs
            if number < last:
                yield Page(body=body, cursor=f"{number + 1}/{last}#{received}/{least}")
                continue
            # Sections change during the day: between the lowest and the last count is complete.
            if received < least:
                raise SourceContract(
                    "count_mismatch",
                    f"The SIS announced {least} records for {part.label} but sent {received}. Nothing was changed.",
                )
            yield Page(body=body, cursor=None)

    def _answers(self, endpoint: str, cursor: str | None) -> Iterator[tuple[int, int, Listing, Answer]]:
        """``(page, last page, listing, answer)`` in order; the last answer says how many pages there are."""
        page, last = map(int, cursor.split("/")) if cursor else (1, 1)
        guard = LoopGuard(MAX_PAGES)
        while page <= last:
            requests = (_request(endpoint, number) for number in range(page, last + 1))
            with closing(self._client.fetch_ordered(requests)) as answers:
                for answer in answers:
                    listing = paged(answer.body)
                    guard.check(answer.body, len(answer.rows))
                    if listing.page not in (None, page):
                        raise SourceContract(
                            "paging_loop", "The SIS sent another page than the one asked for."
                        )
                    if listing.pages > MAX_PAGES:
                        raise SourceContract(
                            "too_many_pages", "The SIS announces more pages than a district can have."
                        )
                    last = listing.pages
                    yield page, last, listing, answer
                    page += 1
                    if page > last:
                        break

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
                return people.map_student(source_id, records, survey.reference, self._context, today)
            if person_type == "staff" and records.get("staff"):
                return people.map_staff(source_id, records, survey.reference["roster"], self._context, today)
            if person_type == "contact" and records.get("contacts"):
                return contacts.map_contact(source_id, records["contacts"], self._context)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, SourceContract):
            return malformed(person_type, source_id)
        return Mapped(person=None)

    def _contact(self, ids: f.ContactIds, raw: RawRow) -> Record:
        """A contact row speaks of the student and of the contact."""
        student_id, contact_id = identifier(ids.student_id), text(ids.contact_id)
        named = [person_key("student", student_id)]
        if contact_id is not None and "contact" in self._context.member_types:
            named.append(person_key("contact", contact_id))
        return Record(f"{student_id}-{contact_id}-{text(ids.household_id)}", tuple(named), raw)


def connect(
    url: str,
    credentials: Mapping[str, str],
    context: Context,
    family_identifier: Sequence[str],
    transport: Transport,
) -> Illuminate:
    """The connector for one integration.

    ``url`` may end at the tenant's folder, at ``rest_server.php`` or at ``Api``. ``credentials`` are the application's
    and the user's token and secret.
    """
    auth = OAuth1(
        credentials["consumer_token"],
        credentials["consumer_secret"],
        credentials["user_token"],
        credentials["user_secret"],
    )
    client = transport.client(_API.sub("/rest_server.php/Api", url, count=1), auth)
    return Illuminate(client, context, bool(family_identifier))


def _request(endpoint: str, page: int, limit: int | None = None, expect: tuple[int, ...] = (200,)) -> Request:
    # The reference lists are the first calls: that they are refused says that the credentials are.
    area = endpoint if endpoint in (*f.ENDPOINTS.values(), f.CODES) else None
    params: dict[str, str | int] = {"page": page, "limit": limit or f.PAGE_SIZE} if area or page > 1 else {}
    path = f"/{endpoint}/"
    # The reference lists come in two shapes.
    split = paged_rows if area else None
    return Request(
        path=path, template=path, params=params, headers=_ACCEPT, expect=expect, area=area, split=split
    )


def _student(ids: f.StudentIds, raw: RawRow) -> Record:
    student_id = identifier(ids.student_id)
    return Record(student_id, (person_key("student", student_id),), raw)


def _staff(ids: f.StaffIds, raw: RawRow) -> Record:
    staff_id = identifier(ids.user_id)
    return Record(staff_id, (person_key("staff", staff_id),), raw)


def _enrollment(ids: f.EnrollmentIds, raw: RawRow) -> Record:
    return Record(_enrollment_id(ids), (person_key("student", identifier(ids.student_id)),), raw)


def _roster_pair(ids: f.RosterIds, raw: RawRow) -> Record:
    return Record(f"{ids.user_id}-{ids.site_id}", (f"staff:{ids.user_id}",), raw)


_SHAPES: Mapping[str, Shape[Any]] = {
    "students": Shape(f.StudentIds, _student, paged_rows),
    "enrollment": Shape(f.EnrollmentIds, _enrollment, paged_rows),
    "staff": Shape(f.StaffIds, _staff, paged_rows),
    "roster": Shape(f.RosterIds, _roster_pair),
}


def _enrollment_id(ids: f.EnrollmentIds) -> str:
    own = text(ids.enrollment_id) or text(ids.stu_sess_id)
    if own is not None:
        return own
    facts = (ids.student_id, ids.site_id, ids.session_id, ids.grade_level_id, ids.entry_date, ids.leave_date)
    return "-".join(text(fact) or "" for fact in facts)
