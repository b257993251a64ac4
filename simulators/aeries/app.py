"""Routes, certificate and area checks, paging and errors of the Aeries simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from simulators.aeries import feed, people, render
from simulators.aeries.code_tables import lookup
from simulators.aeries.options import Options
from simulators.aeries.rows import Row, StudentTable
from simulators.control import Simulator
from simulators.district import District, School, Student

Answer = Callable[[Request], Any]
VERSIONS = ("/v5", "/v3", "/v2", "")

LAST_SCHOOL_CODE = 999


class Refused(Exception):
    """Ends a request with a status and `{"Message": …}`."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message


class Aeries:
    """One Aeries server. It is itself the ASGI app; see `create_app`."""

    def __init__(self, district: District, options: Options) -> None:
        self.options = options
        self.use(district)
        routes = [Route(path, self._checked(area, answer)) for path, area, answer in self._table()]
        self._app = Starlette(routes=routes)
        self._prefixes = [f"{options.base_path}/api{version}".lower() for version in VERSIONS]

    def use(self, district: District) -> None:
        self.district = district
        self.table = StudentTable(district, blank_holding_status=self.options.blank_holding_status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Routes ignore case and trailing slashes; what is not under the base path is the web site's own 404 page."""
        path = scope["path"].lower().rstrip("/")
        for prefix, version in zip(self._prefixes, VERSIONS, strict=True):
            if path.startswith(f"{prefix}/"):
                inner = {**scope, "path": path[len(prefix) :], "raw_path": b"", "aeries.version": version}
                await self._app(inner, receive, send)
                return
        page = b"<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head></html>"
        await Response(page, 404, media_type="text/html")(scope, receive, send)

    def _table(self) -> list[tuple[str, str, Answer]]:
        """`(path, area, answer)`; an empty area needs only a valid certificate."""
        student, extended = "Student Data", "Student Data"
        one = "/schools/{school:int}"
        date = "{year:int}/{month:int}/{day:int}/{hour:int}/{minute:int}"
        return [
            ("/systeminfo", "", self._system),
            ("/schools", "", self._schools),
            (one, "", self._school),
            (f"{one}/terms", "", self._terms),
            ("/codes/{table}/{field}", "", self._codes),
            (f"{one}/students", student, self._students),
            (f"{one}/students/grade/{{grade}}", student, self._students),
            (f"{one}/students/sn/{{number:int}}", student, self._students),
            (f"{one}/students/grade/{{grade}}/extended", extended, self._extended),
            (f"{one}/students/sn/{{number:int}}/extended", extended, self._extended),
            (f"{one}/students/{{student:int}}", student, self._students),
            (f"{one}/students/{{student:int}}/extended", extended, self._extended),
            (f"{one}/students/{{student:int}}/programs", "Student Programs", self._programs),
            (f"{one}/contacts", "Contacts", self._contacts),
            (f"{one}/contacts/{{student:int}}", "Contacts", self._contacts),
            (f"{one}/studentpictures", "Student Pictures", self._pictures),
            (f"{one}/studentpictures/{{student:int}}", "Student Pictures", self._pictures),
            ("/enrollment/{student:int}", "Enrollment History", self._history),
            ("/enrollment/{student:int}/year/{year:int}", "Enrollment History", self._history),
            (f"{one}/enrollment/{{student:int}}", "Enrollment History", self._history),
            (f"{one}/enrollment/{{student:int}}/year/{{year:int}}", "Enrollment History", self._history),
            ("/staff", "Staff Data", self._staff),
            ("/staff/hrid/{hrid}", "Staff Data", self._staff_member),
            ("/staff/{staff:int}", "Staff Data", self._staff_member),
            (f"{one}/teachers", "Teacher Data", self._teachers),
            (f"{one}/teachers/{{teacher:int}}", "Teacher Data", self._teachers),
            (f"/studentdatachanges/{{area}}/{date}", student, self._changes),
        ]

    def _checked(self, area: str, answer: Answer) -> Callable[[Request], Any]:
        @wraps(answer)
        async def checked(request: Request) -> Response:
            denied = "Authorization has been denied for this request."
            if request.headers.get("aeries-cert", "") != self.options.certificate:
                return _json({"Message": denied}, 401)
            if area and area not in self.options.areas:
                return _json({"Message": denied}, 401)
            try:
                return _json(self._dialect(request, answer(request)))
            except Refused as refused:
                return _json({"Message": refused.message}, refused.status)

        return checked

    def _dialect(self, request: Request, document: Any) -> Any:
        """Blanks what the certificate may not read, and names the student's id as the asked version does."""
        old = request.scope["aeries.version"] != "/v5"
        hidden = self.options.blank_fields
        if not isinstance(document, list) or not (old or hidden):
            return document
        for row in document:
            for name in hidden & row.keys():
                row[name] = "" if isinstance(row[name], str) else 0 if isinstance(row[name], int) else None
        if old:
            return [_permanent(row) for row in document]
        return document

    # Year, paging, selection ------------------------------------------------------------------------------------

    def _year(self, request: Request) -> int:
        """`DatabaseYear`; anything unusable silently means the current year."""
        asked = _parameter(request, "databaseyear")
        current = self.district.start_year
        return current - 1 if asked == str(current - 1) else current

    def _rows(self, request: Request) -> Sequence[Row]:
        """The STU rows a path asks for, before paging."""
        year, school = self._year(request), request.path_params["school"]
        self._known_school(school)
        person = request.path_params.get("student", 0)
        if person:
            # School 0 with a student id means any school.
            own = self.table.of(self._student(person), year) if self._known(person) else []
            return [row for row in own if school in (0, row.enrollment.school_code)]
        rows = self.table.school(school, year)
        if "grade" in request.path_params:
            try:
                grade = int(request.path_params["grade"])
            except ValueError as error:
                raise Refused(400, "Invalid Grade") from error
            return [row for row in rows if render.grade_number(row.enrollment.grade) == grade]
        if "number" in request.path_params:
            return [row for row in rows if row.enrollment.row_number == request.path_params["number"]]
        return rows

    def _known_school(self, code: int) -> School:
        school = self.district.school(code)
        if school is None or code > LAST_SCHOOL_CODE:
            raise Refused(404, "Invalid School Code")
        return school

    def _known(self, student_id: int) -> bool:
        known = self.district.student_by_local_id(str(student_id)) is not None
        if not known and self.options.unknown_student == "missing":
            raise Refused(404, "Invalid Student ID")
        return known

    def _student(self, student_id: int) -> Student:
        student = self.district.student_by_local_id(str(student_id))
        if student is None:
            raise Refused(404, "Invalid Student ID")
        return student

    def _page(self, request: Request, rows: Sequence[Row]) -> Sequence[Row]:
        """StartingRecord and EndingRecord: positions from 1, both inclusive; past the end is empty."""
        start, end = _parameter(request, "startingrecord"), _parameter(request, "endingrecord")
        first = max(1, int(start)) if start.isdigit() else 1
        last = int(end) if end.isdigit() else len(rows)
        return rows[first - 1 : last]

    # Answers ----------------------------------------------------------------------------------------------------

    def _system(self, request: Request) -> Any:
        year = self.district.start_year
        now = self.district.now().astimezone(ZoneInfo(self.district.time_zone))
        return {
            "AeriesVersion": "9.26.2.11",
            "DatabaseYear": f"{year}-{year + 1}",
            "AvailableDatabaseYears": [f"{year}-{year + 1}", f"{year - 1}-{year}"],
            "LocalTimeZoneName": "(UTC-08:00) Pacific Time (US & Canada)",
            "CurrentDateTime": now.isoformat(timespec="milliseconds"),
        }

    def _schools(self, request: Request) -> Any:
        shown = [school for school in self.district.schools if school.code <= LAST_SCHOOL_CODE]
        return [people.school(self.district, school) for school in shown]

    def _school(self, request: Request) -> Any:
        body = people.school(self.district, self._known_school(request.path_params["school"]))
        return [body] if self.options.single_school == "array" else body

    def _terms(self, request: Request) -> Any:
        self._known_school(request.path_params["school"])
        return people.terms(self.district)

    def _codes(self, request: Request) -> Any:
        found = lookup(request.path_params["table"], request.path_params["field"])
        if found is None:
            raise Refused(404, "Invalid table or field")
        return found

    def _students(self, request: Request) -> Any:
        rows = self._page(request, self._rows(request))
        found = [render.student(self.district, row, self.options.program_field) for row in rows]
        return self._spelt(found)

    def _spelt(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.options.misspelt_language:
            for row in rows:
                row["CorrespondanceLanguageCode"] = row.pop("CorrespondenceLanguageCode")
        return rows

    def _extended(self, request: Request) -> Any:
        return [render.extended(self.district, row) for row in self._page(request, self._any_school(request))]

    def _any_school(self, request: Request) -> Sequence[Row]:
        """Where the sheet says that school 0 works: every school's rows."""
        if request.path_params["school"] == 0 and not request.path_params.get("student"):
            return [row for rows in self.table.schools(self._year(request)).values() for row in rows]
        return self._rows(request)

    def _programs(self, request: Request) -> Any:
        code = _parameter(request, "code")
        found = [p for row in self._one_per_student(request) for p in render.programs(self.district, row)]
        return [program for program in found if code in ("", program["ProgramCode"])]

    def _one_per_student(self, request: Request) -> list[Row]:
        """Rows of the path, without the repeats of a student who has several; the school is ignored with an id."""
        person = request.path_params.get("student", 0)
        if person:
            rows: Sequence[Row] = (
                self.table.of(self._student(person), self._year(request)) if self._known(person) else []
            )
        else:
            rows = self._any_school(request)
        return list({row.student.id: row for row in reversed(rows)}.values())[::-1]

    def _contacts(self, request: Request) -> Any:
        found = [
            contact
            for row in self._one_per_student(request)
            for contact in people.contacts(self.district, row.student, row.enrollment.school_code)
        ]
        return self._spelt(found)

    def _pictures(self, request: Request) -> Any:
        found = [
            people.pictures(self.district, row.student, row.enrollment.school_code, self.options)
            for row in self._page(request, self._one_per_student(request))
        ]
        return [row for row in found if row["Pictures"] or self.options.no_photo == "empty"]

    def _history(self, request: Request) -> Any:
        current = self.district.start_year
        school, person = request.path_params.get("school", 0), request.path_params["student"]
        years = [request.path_params["year"]] if "year" in request.path_params else [current, current - 1]
        found = []
        for year in years:
            if year not in (current, current - 1):
                continue
            if person:
                rows = self.table.of(self._student(person), year) if self._known(person) else []
            else:
                rows = [row for group in self.table.schools(year).values() for row in group]
            found += [
                render.history(self.district, row, year)
                for row in rows
                if row.tag != "*" and school in (0, row.enrollment.school_code)
            ]
        return found

    def _staff(self, request: Request) -> Any:
        """All staff; any field name as a query parameter narrows the list."""
        found = [people.staff(self.district, member) for member in self.district.staff]
        wanted = {
            name.lower(): value
            for name, value in request.query_params.items()
            if name.lower() != "databaseyear"
        }
        if not wanted:
            return found
        return [
            row
            for row in found
            if all(
                str(value).lower() == wanted[key.lower()].lower()
                for key, value in row.items()
                if key.lower() in wanted
            )
        ]

    def _staff_member(self, request: Request) -> Any:
        hrid = request.path_params.get("hrid")
        if hrid is not None:
            member = next((m for m in self.district.staff if m.local_id == hrid), None)
        else:
            member = self.district.staff_member(request.path_params["staff"])
        if member is None:
            raise Refused(404, "Invalid Staff ID")
        return people.staff(self.district, member)

    def _teachers(self, request: Request) -> Any:
        school, number = request.path_params["school"], request.path_params.get("teacher")
        return [
            people.teacher(member, school)
            for member in self.district.staff
            if member.role == "teacher" and school in member.school_codes and number in (None, member.id)
        ]

    def _changes(self, request: Request) -> Any:
        refusal = feed.REFUSALS.get(self.options.feed)
        if refusal:
            raise Refused(*refusal)
        try:
            return feed.changed(self.district, self.table, self.options.feed_rows, request.path_params)
        except ValueError as error:
            raise Refused(400, str(error)) from error


def _permanent(row: dict[str, Any]) -> dict[str, Any]:
    """Before v5 the district's number was called PermanentID."""
    names = {"StudentID": "PermanentID", "OldStudentID": "OldPermanentID"}
    return {names.get(name, name): value for name, value in row.items()}


def _parameter(request: Request, name: str) -> str:
    """A query parameter, whatever the case of its name."""
    for key, value in request.query_params.items():
        if key.lower() == name:
            return str(value)
    return ""


def _json(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json; charset=utf-8")


def create_app(district: District, options: Options | None = None) -> Simulator:
    """The Aeries simulator over `district`, under `options.base_path`."""
    options = options or Options()
    system = Aeries(district, options)
    credentials = {"token": options.certificate}
    # A certificate has no life of its own, so there is nothing to expire.
    return Simulator("aeries", district, system, credentials, system.use, lambda: False, options.base_path)
