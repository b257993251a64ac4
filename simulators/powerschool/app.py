"""Routes, paging, access checks and errors of the PowerSchool simulator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.control import Simulator
from simulators.district import District, StaffMember, Student
from simulators.powerschool import contacts, fiql, render
from simulators.powerschool.auth import CHALLENGE, TokenDesk
from simulators.powerschool.options import Options
from simulators.powerschool.schema import SchemaApi
from simulators.powerschool.wire import Block, children, to_xml

Handler = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """Ends a request with an error answer."""

    def __init__(self, status: int, message: str = "") -> None:
        self.status = status
        self.message = message


class PowerSchool:
    """One PowerSchool server. `asgi` is its app; see `create_app`."""

    def __init__(self, district: District, options: Options) -> None:
        self.options = options
        self.desk = TokenDesk(options)
        self.schema = SchemaApi(options)
        self.use(district)
        v1 = "/ws/v1"
        self.asgi = Starlette(
            routes=[
                Route("/oauth/access_token", self._token, methods=["POST"]),
                Route("/oauth/access_token/", self._token, methods=["POST"]),
                Route(f"{v1}/time", self._time),
                Route(f"{v1}/metadata", self._metadata),
                Route(f"{v1}/district", self._core(self._district, "district")),
                Route(f"{v1}/district/school", self._core(self._schools, "school")),
                Route(f"{v1}/school", self._core(self._schools, "school")),
                Route(f"{v1}/district/school/count", self._core(self._school_count, "school")),
                Route(f"{v1}/school/count", self._core(self._school_count, "school")),
                Route(f"{v1}/school/{{id:int}}", self._core(self._school, "school")),
                Route(f"{v1}/district/student", self._core(self._students, "student")),
                Route(f"{v1}/district/student/count", self._core(self._student_count, "student")),
                Route(f"{v1}/school/{{id:int}}/student", self._core(self._students, "student")),
                Route(f"{v1}/school/{{id:int}}/student/count", self._core(self._student_count, "student")),
                Route(f"{v1}/school/{{id:int}}/staff", self._core(self._staff_list, "staff")),
                Route(f"{v1}/school/{{id:int}}/staff/count", self._core(self._staff_count, "staff")),
                Route(f"{v1}/student/{{id:int}}", self._core(self._student, "student")),
                Route(f"{v1}/staff/{{id:int}}", self._core(self._staff, "staff")),
                Route("/ws/contacts/student/{id:int}", self._guarded(self._contacts_of)),
                Route("/ws/contacts/contact/{id:int}", self._guarded(self._contact)),
                Route("/ws/contacts/contacts", self._guarded(self._contact_list)),
                Route("/ws/contacts/{id:int}/{part}", self._guarded(self._contact_part)),
                *(
                    Route(path, self._guarded(handler), methods=methods)
                    for path, handler, methods in self.schema.routes
                ),
            ]
        )

    def use(self, district: District) -> None:
        self.district = district
        self.schema.use(district)
        self._lists: dict[tuple[int, str], Sequence[Student]] = {}
        self._lists_version = district.version

    # Access -----------------------------------------------------------------------------------------------------

    def _guarded(self, handler: Handler) -> Handler:
        @wraps(handler)
        async def checked(request: Request) -> Response:
            if not self.desk.accepts(request.headers.get("authorization", "")):
                return Response(b"", 401, {"WWW-Authenticate": CHALLENGE})
            try:
                return await handler(request)
            except Refused as refused:
                body = {"message": refused.message} if refused.message else None
                return json_response(body, refused.status) if body else Response(b"", refused.status)

        return checked

    def _core(self, make: Callable[[Request], Block], resource: str) -> Handler:
        """A `/ws/v1` resource: access to it may be missing, and it speaks XML unless JSON is asked for."""

        async def answer(request: Request) -> Response:
            if resource in self.options.forbidden:
                raise Refused(403)
            return core_response(request, make(request))

        return self._guarded(answer)

    # Token, time, metadata --------------------------------------------------------------------------------------

    async def _token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        status, body = self.desk.issue(
            request.headers.get("authorization", ""), form.get("grant_type", [""])[0]
        )
        return json_response(body, status)

    async def _time(self, request: Request) -> Response:
        return core_response(request, {"time": {"time": self.district.now().isoformat()}})

    async def _metadata(self, request: Request) -> Response:
        known = self.desk.accepts(request.headers.get("authorization", ""))
        return core_response(
            request, {"metadata": render.metadata(self.district, self.options, known_plugin=known)}
        )

    def _district(self, request: Request) -> Block:
        return {"district": render.district(self.district, names(request, "expansions"))}

    # Schools ----------------------------------------------------------------------------------------------------

    def _schools(self, request: Request) -> Block:
        kinds = ("transfer", "inactive")
        shown = [school for school in self.district.schools if school.kind not in kinds]
        page = self._page(request, shown, "school")
        head: Block = {"@expansions": render.SCHOOL_EXPANSIONS, "@extensions": "s_sch_crdc_x"}
        return wrap("schools", "school", head, [render.school(school) for school in page])

    def _school_count(self, request: Request) -> Block:
        counted = [
            school for school in self.district.schools if not school.holding or school.kind == "office"
        ]
        return count(len(counted))

    def _school(self, request: Request) -> Block:
        school = self.district.school_by_id(request.path_params["id"])
        if school is None:
            raise Refused(404)
        return {"school": {"@expansions": render.SCHOOL_EXPANSIONS, **render.school(school)}}

    # Students ---------------------------------------------------------------------------------------------------

    def _matching(self, request: Request) -> Sequence[Student]:
        """The students a list or a count is about; kept until the district changes."""
        if self._lists_version != self.district.version or len(self._lists) > 64:
            self._lists.clear()
            self._lists_version = self.district.version
        key = (int(request.path_params.get("id", 0)), request.query_params.get("q", ""))
        if key not in self._lists:
            self._lists[key] = self._select(*key)
        return self._lists[key]

    def _select(self, school_id: int, query: str) -> Sequence[Student]:
        try:
            test = fiql.parse(query, render.STUDENT_FIELDS)
        except ValueError as error:
            raise Refused(400, str(error)) from error
        students: Sequence[Student] = self.district.students
        if school_id:
            school = self.district.school_by_id(school_id)
            if school is None:
                raise Refused(404)
            students = [s for s in students if render.school_number(s.home) == school.code]
            if not query and self.options.school_students == "active":
                students = [s for s in students if s.active]
        return [s for s in students if test(s)] if query else students

    def _students(self, request: Request) -> Block:
        page = self._page(request, self._matching(request), "student")
        expansions, extensions = names(request, "expansions"), names(request, "extensions")
        head: Block = {"@expansions": render.STUDENT_EXPANSIONS, "@extensions": render.STUDENT_EXTENSIONS}
        rows = [render.student(self.district, student, expansions, extensions) for student in page]
        return wrap("students", "student", head, rows)

    def _student_count(self, request: Request) -> Block:
        return count(len(self._matching(request)))

    def _student(self, request: Request) -> Block:
        student = self.district.student(request.path_params["id"])
        if student is None:
            raise Refused(404)
        body = render.student(
            self.district, student, names(request, "expansions"), names(request, "extensions")
        )
        head = {"@expansions": render.STUDENT_EXPANSIONS, "@extensions": render.STUDENT_EXTENSIONS}
        return {"student": {**head, **body}}

    # Staff ------------------------------------------------------------------------------------------------------

    def _at_school(self, request: Request) -> list[tuple[StaffMember, int]]:
        school = self.district.school_by_id(request.path_params["id"])
        if school is None:
            raise Refused(404)
        return [
            (member, member.school_codes.index(school.code))
            for member in self.district.staff
            if member.active and school.code in member.school_codes
        ]

    def _staff_list(self, request: Request) -> Block:
        page = self._page(request, self._at_school(request), "staff")
        expansions = names(request, "expansions")
        rows = [render.staff(self.district, member, place, expansions) for member, place in page]
        head: Block = {"@expansions": render.STAFF_EXPANSIONS, "@extensions": "s_ssf_ncea_x"}
        return wrap(self.options.staff_wrapper, "staff", head, rows)

    def _staff_count(self, request: Request) -> Block:
        return count(len(self._at_school(request)))

    def _staff(self, request: Request) -> Block:
        person, place = divmod(request.path_params["id"], 2)
        member = self.district.staff_member(person)
        if member is None or place >= len(member.school_codes):
            raise Refused(404)
        body = render.staff(self.district, member, place, names(request, "expansions"))
        return {"staff": {"@expansions": render.STAFF_EXPANSIONS, **body}}

    # Contacts ---------------------------------------------------------------------------------------------------

    async def _contacts_of(self, request: Request) -> Response:
        student = self.district.student(request.path_params["id"])
        if student is None:
            raise Refused(404, "Student not found")
        found = contacts.of_student(self.district, student)
        return json_response(found) if found else Response(b"", 204)

    async def _contact(self, request: Request) -> Response:
        guardian = self.district.guardian(request.path_params["id"])
        if guardian is None:
            raise Refused(404, "Contact not found")
        return json_response(contacts.contact(self.district, guardian))

    async def _contact_list(self, request: Request) -> Response:
        try:
            ids = [int(text) for text in request.query_params.get("contactids", "").split(",")]
        except ValueError as error:
            raise Refused(400, "contactids must be numbers") from error
        found = [guardian for contact_id in ids if (guardian := self.district.guardian(contact_id))]
        return json_response([contacts.contact(self.district, guardian) for guardian in found])

    async def _contact_part(self, request: Request) -> Response:
        guardian = self.district.guardian(request.path_params["id"])
        if guardian is None:
            raise Refused(404, "Contact not found")
        try:
            return json_response(contacts.part(self.district, guardian, request.path_params["part"]))
        except KeyError as error:
            raise Refused(404) from error

    # Paging -----------------------------------------------------------------------------------------------------

    def _page(self, request: Request, rows: Sequence[Any], resource: str) -> Sequence[Any]:
        most = self.options.max_page_size(resource)
        try:
            number = int(request.query_params.get("page", "1"))
            size = int(request.query_params.get("pagesize", str(most)))
        except ValueError as error:
            raise Refused(400, "page and pagesize must be numbers") from error
        if number < 1 or size < 1 or (size > most and self.options.oversize == "reject"):
            raise Refused(400, "invalid page or pagesize")
        size = min(size, most)
        return rows[(number - 1) * size : number * size]


def names(request: Request, parameter: str) -> frozenset[str]:
    """A comma list of expansions or extensions; unknown ones do no harm."""
    return frozenset(
        name.strip() for name in request.query_params.get(parameter, "").split(",") if name.strip()
    )


def wrap(outer: str, inner: str, head: Block, rows: list[Block]) -> Block:
    """`{outer: {…, inner: object or list}}`; no `inner` at all when there are no rows."""
    return {outer: {**head, inner: children(rows)} if rows else head}


def count(number: int) -> Block:
    return {"resource": {"count": number}}


def json_response(document: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json;charset=UTF-8")


def core_response(request: Request, document: Block) -> Response:
    if "json" in request.headers.get("accept", ""):
        return json_response(document)
    return Response(to_xml(document), media_type="application/xml;charset=UTF-8")


def create_app(district: District, options: Options | None = None) -> Simulator:
    """The PowerSchool simulator over `district`."""
    options = options or Options()
    system = PowerSchool(district, options)
    credentials = {"consumer_token": options.client_id, "consumer_secret": options.client_secret}
    return Simulator("powerschool", district, system.asgi, credentials, system.use, system.desk.expire)
