"""Endpoints, signatures, paging and errors of the Illuminate simulator."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.control import Simulator
from simulators.district import District
from simulators.fault_kinds import LOGIN_PAGE
from simulators.illuminate import people, places
from simulators.illuminate.oauth import Verifier
from simulators.illuminate.options import Options
from simulators.illuminate.rows import Rows

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is listed on a day, and how one of these is written: only a page's own rows are."""

    items: Callable[[date], Sequence[Any]]
    render: Callable[[Any], Record]
    array: bool = False


class Refused(Exception):
    """Ends a request with a status."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message


class Illuminate:
    """One Illuminate tenant. It is itself the ASGI app; see `create_app`."""

    def __init__(self, district: District, options: Options) -> None:
        self.options = options
        self._verifier = Verifier(options)
        self._root = f"/{options.root_dir}/rest_server.php/Api/"
        self.use(district)

    def use(self, district: District) -> None:
        self.district = district
        self.rows = Rows(district, self.options)
        self._endpoints = self._table()
        self._items: dict[str, tuple[int, date, Sequence[Any]]] = {}
        self._frozen: dict[tuple[str, date], tuple[datetime, Sequence[Record]]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = self._answer(request)
        except Refused as refused:
            answer = self._error(refused.status, refused.message)
        await answer(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        path = request.scope["path"]
        # Whatever is not the API is the web site, and that shows its login page: no 404, no redirect.
        if not path.startswith(self._root):
            return _login_page()
        if request.method != "GET":
            raise Refused(405, "Method not allowed")
        objection = self._verifier.objection(request.scope)
        if objection:
            raise Refused(401, objection)
        name = path[len(self._root) :].removesuffix("/")
        endpoint = self._endpoints.get(name)
        if endpoint is None or name in self.options.missing:
            if self.options.missing_as == "html":
                return _login_page()
            raise Refused(404, f"Unknown endpoint {name}")
        return self._list(request, name, endpoint)

    def _error(self, status: int, message: str) -> Response:
        headers = {"WWW-Authenticate": 'OAuth realm="Illuminate"'} if status == 401 else {}
        match self.options.error_body:
            case "html":
                return Response(f"<html><body><h1>{status}</h1></body></html>", status, headers, "text/html")
            case "empty":
                return Response(b"", status, headers)
        return _json({"error": message}, status, headers)

    # Endpoints --------------------------------------------------------------------------------------------------

    def _table(self) -> dict[str, Endpoint]:
        district, options, rows = self.district, self.options, self.rows
        return {
            "Sites": Endpoint(self._sites, _itself, array=True),
            "GradeLevels": Endpoint(
                lambda day: places.grade_levels(options.grade_id_offset), _itself, array=True
            ),
            "Students": Endpoint(rows.students, lambda person: people.student(district, options, person)),
            "Enrollment": Endpoint(rows.enrollments, lambda row: people.enrollment(district, options, row)),
            "Users": Endpoint(self._users, people.user),
            "Roster": Endpoint(self._roster, lambda row: people.roster(options, row)),
            "Contacts": Endpoint(self._contacts, lambda row: people.contact(district, options, row)),
            "Sessions": Endpoint(self._sessions, _itself),
            "Terms": Endpoint(self._terms, _itself),
            "Codes": Endpoint(lambda day: places.code_rows(), _itself),
            "Roles": Endpoint(lambda day: places.ROLES, _itself),
        }

    def _sites(self, day: date) -> list[Record]:
        """The district's own row is among them; the sites that are no schools only where a tenant has them."""
        offset = self.options.grade_id_offset
        found = [
            places.site(school, offset)
            for school in self.district.schools
            if self.rows.visible(school.code)
            and (self.options.pseudo_sites or not school.holding or not school.code)
        ]
        if self.options.pseudo_sites and not self.options.visible_sites:
            found.append(places.private_site(self.district, offset))
        return found

    def _users(self, day: date) -> Sequence[Any]:
        visible = self.rows.visible
        return [
            member for member in self.district.staff if any(visible(code) for code in member.school_codes)
        ]

    def _roster(self, day: date) -> Sequence[Any]:
        return [row for row in self.rows.enrollments(day) if row.enrollment.teacher_id]

    def _contacts(self, day: date) -> Sequence[Any]:
        found = (people.contacts(self.district, self.options, person) for person in self.rows.students(day))
        return [contact for group in found for contact in group]

    def _sessions(self, day: date) -> list[Record]:
        return self._per_school(lambda school: places.session_rows(self.district, school))

    def _terms(self, day: date) -> list[Record]:
        year = self.rows.session(day).year
        return self._per_school(lambda school: places.term_rows(self.district, school, year))

    def _per_school(self, make: Callable[[Any], Iterable[Record]]) -> list[Record]:
        schools = [s for s in self.district.schools if not s.holding and self.rows.visible(s.code)]
        return [row for school in schools for row in make(school)]

    # Answers ----------------------------------------------------------------------------------------------------

    def _list(self, request: Request, name: str, endpoint: Endpoint) -> Response:
        day = self._day(request)
        render: Callable[[Any], Record] = endpoint.render
        if self.options.cache_seconds:
            items, render = self._remembered(name, endpoint, day), _itself
        else:
            items = self._current(name, endpoint, day)
        array = {"array": True, "paged": False}.get(self.options.shape, endpoint.array)
        if array:
            return _json(self._spelt([render(item) for item in items]))
        limit = min(_number(request, "limit") or self.options.default_limit, self.options.max_limit)
        page = _number(request, "page") or 1
        pages = -(-len(items) // limit) or self.options.empty_num_pages
        if page > max(1, pages) and self.options.past_end == "missing":
            raise Refused(404, "No such page")
        found = [render(item) for item in items[(page - 1) * limit : page * limit]]
        # The envelope's own numbers are numbers in every spelling.
        return _json(
            {"page": page, "num_pages": pages, "num_results": len(items), "results": self._spelt(found)}
        )

    def _day(self, request: Request) -> date:
        """`date` or `start_date`; without one, the district's today."""
        asked = request.query_params.get("date") or request.query_params.get("start_date")
        try:
            for text in filter(None, (request.query_params.get("end_date"), asked)):
                date.fromisoformat(text)
            return date.fromisoformat(asked) if asked else self.district.today
        except ValueError as error:
            raise Refused(400, "Dates are YYYY-MM-DD") from error

    def _current(self, name: str, endpoint: Endpoint, day: date) -> Sequence[Any]:
        """What there is to list, found once for all pages and found again after an edit."""
        version, of, found = self._items.get(name, (-1, day, []))
        if (version, of) != (self.district.version, day):
            found = endpoint.items(day)
            self._items[name] = (self.district.version, day, found)
        return found

    def _remembered(self, name: str, endpoint: Endpoint, day: date) -> Sequence[Record]:
        """Rows as they were when they were first asked for, until that is too long ago."""
        now, life = self.district.now(), timedelta(seconds=self.options.cache_seconds)
        when, found = self._frozen.get((name, day), (now - 2 * life, []))
        if now - when > life:
            found = [endpoint.render(item) for item in endpoint.items(day)]
            self._frozen[name, day] = (now, found)
        return found

    def _spelt(self, rows: list[Record]) -> Any:
        spell = {"text": _as_text, "numeric": _as_number}.get(self.options.scalars)
        return _each_scalar(rows, spell) if spell else rows


def _each_scalar(value: Any, spell: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {key: _each_scalar(one, spell) for key, one in value.items()}
    if isinstance(value, list):
        return [_each_scalar(one, spell) for one in value]
    return spell(value)


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _as_number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value) else value


def _itself(record: Record) -> Record:
    return record


def _number(request: Request, name: str) -> int:
    """A positive query parameter; 0 when it is absent or makes no sense."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _login_page() -> Response:
    return Response(LOGIN_PAGE, media_type="text/html; charset=UTF-8")


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(document), status, headers, "application/json")


def create_app(district: District, options: Options | None = None) -> Simulator:
    """The Illuminate simulator over `district`, under `/{options.root_dir}`."""
    options = options or Options()
    system = Illuminate(district, options)
    names = ("consumer_token", "consumer_secret", "user_token", "user_secret")
    credentials = {name: getattr(options, name) for name in names}
    # A user token has no life of its own, so there is nothing to expire.
    return Simulator(
        "illuminate", district, system, credentials, system.use, lambda: False, f"/{options.root_dir}"
    )
