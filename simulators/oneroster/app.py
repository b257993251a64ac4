"""Routes, authorization, paging and errors of the OneRoster simulator."""

from __future__ import annotations

import hashlib
from datetime import UTC
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.control import PREFIX, Simulator
from simulators.district import District
from simulators.faults import ASKED_QUERY
from simulators.oneroster.auth import SignatureDesk, TokenDesk, allowed, basic
from simulators.oneroster.catalog import COLLECTIONS, FIELDS, Catalog, NotThere
from simulators.oneroster.options import PATHS, V1P1, Options
from simulators.oneroster.package import csv_zip, made_at
from simulators.oneroster.query import Refused, Rows, filtered, ordered, whole


class OneRoster:
    """One OneRoster service. It is itself the ASGI app; see `create_app`."""

    def __init__(self, district: District, options: Options) -> None:
        self.options = options
        self.district = district
        self.tokens = TokenDesk(options)
        self.signatures = SignatureDesk(options)
        self._catalogs: dict[str, tuple[str, Catalog]] = {}

    def use(self, district: District) -> None:
        self.district = district
        self._catalogs.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refused as refused:
            response = self._error(refused)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path
        if self._is_token_path(path):
            return await self._token(request)
        for version in sorted(self.options.versions):
            base = self.options.prefix + PATHS[version]
            if self._folded(path).startswith(f"{self._folded(base)}/"):
                return self._resource(request, version, path[len(base) + 1 :])
        if path == self.options.csv_path:
            return self._export(request)
        page = b"<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head></html>"
        return Response(page, 404, media_type="text/html")

    def _folded(self, path: str) -> str:
        return path.lower() if self.options.ignore_case else path

    # Tokens -----------------------------------------------------------------------------------------------------

    def _is_token_path(self, path: str) -> bool:
        options = self.options
        paths = [options.token_path] if options.token_path else []
        paths = paths or [f"{options.prefix}{PATHS[version]}/token" for version in options.versions]
        return self._folded(path.rstrip("/")) in {self._folded(known) for known in paths}

    async def _token(self, request: Request) -> Response:
        if request.method != "POST":
            raise Refused(405, "unsupported", "POST a form")
        status, body = self.tokens.issue(dict(request.headers), await request.body())
        if isinstance(body, str):
            return Response(body, status, media_type="text/plain")
        headers = {"Cache-Control": "no-store"}
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="OneRoster"'
        return _json(body, status, headers)

    def _authorize(self, request: Request, version: str, collection: str, *, nested: bool) -> None:
        options = self.options
        if options.url_token and request.query_params.get("token") == options.url_token:
            return
        authorization = request.headers.get("authorization", "")
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "oauth" and version == V1P1 and "oauth1" in options.auth:
            url = f"{_origin(request)}{request.url.path}"
            query = request.scope.get(ASKED_QUERY, request.scope["query_string"]).decode()
            if self.signatures.accepts(request.method, f"{url}?{query}" if query else url, authorization):
                return
        elif scheme.lower() == "bearer" and (version != V1P1 or "oauth2" in options.auth):
            granted = self.tokens.scopes(rest.strip())
            if granted is not None:
                if not allowed(version, granted, collection, nested=nested):
                    raise Refused(403, "forbidden", "the token's scopes do not cover this")
                return
        raise Refused(401, "unauthorisedrequest", "the request is not authorized")

    # Resources --------------------------------------------------------------------------------------------------

    def _resource(self, request: Request, version: str, path: str) -> Response:
        parts = [part for part in path.split("/") if part]
        if self.options.ignore_case:
            names = {name.lower(): name for name in COLLECTIONS}
            parts = [
                names.get(part.lower(), part) if turn % 2 == 0 else part for turn, part in enumerate(parts)
            ]
        last = parts[-1 if len(parts) % 2 else -2] if parts else ""
        self._authorize(request, version, last, nested=len(parts) > 2)
        if request.method != "GET":
            raise Refused(405, "unsupported", "this service can only be read")
        self._refuse_unoffered(parts)
        catalog = self.catalog(version, _origin(request))
        try:
            if len(parts) == 2:
                return _json({COLLECTIONS[parts[0]].single: catalog.one(parts[0], parts[1])})
            rows = catalog.rows(parts)
        except (NotThere, KeyError) as error:
            raise Refused(404, "unknownobject", "no such object") from error
        return self._page(request, last, rows)

    def _refuse_unoffered(self, parts: list[str]) -> None:
        demographics = self.options.demographics
        if parts[:1] == ["demographics"] and demographics != "offered":
            minor = {"403": "forbidden", "501": "unsupported"}.get(demographics, "unknownobject")
            raise Refused(int(demographics), minor, "demographics are not offered")
        if parts[:1] == ["schools"] and not self.options.schools_offered:
            raise Refused(404, "unknownobject", "schools are not offered")

    def _export(self, request: Request) -> Response:
        """The CSV package, as a district drops it on a web server."""
        client = (self.options.client_id, self.options.client_secret)
        if not self.options.csv_open and basic(request.headers.get("authorization", "")) != client:
            return Response(b"", 401, {"WWW-Authenticate": 'Basic realm="exports"'})
        if request.method != "GET":
            return Response(b"", 405, {"Allow": "GET"})
        body = csv_zip(self.district, self.options)
        tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
        modified = format_datetime(made_at(self.district).astimezone(UTC), usegmt=True)
        headers = {"ETag": tag, "Last-Modified": modified}
        if request.headers.get("if-none-match") == tag:
            return Response(b"", 304, headers)
        return Response(body, 200, headers, media_type="application/zip")

    def catalog(self, version: str, origin: str) -> Catalog:
        """The records of a version, made again after an edit, a turned switch, or under another host name."""
        key = f"{origin} {self.district.version} {self.options!r}"
        known, catalog = self._catalogs.get(version, ("", None))
        if catalog is None or known != key:
            catalog = Catalog(self.district, self.options, version, origin)
            self._catalogs[version] = (key, catalog)
        return catalog

    def _page(self, request: Request, collection: str, rows: Rows) -> Response:
        options, asked = self.options, request.query_params
        fields = FIELDS[COLLECTIONS[collection].kind]
        warnings = []
        if "filter" in asked and options.filtering != "ignored":
            if options.filtering == "refused":
                raise Refused(400, "invalid_filter_field", "this service does not filter")
            rows = filtered(rows, asked["filter"], fields)
        if "sort" in asked:
            if asked["sort"].partition(".")[0] in fields:
                rows = ordered(rows, asked["sort"], asked.get("orderBy", ""))
            else:
                warnings.append(_status("warning", "invalid_sort_field", f"no field {asked['sort']}"))
        limit = whole(asked.get("limit"), "limit", options.default_limit, 1)
        limit = min(limit, options.max_limit) if options.max_limit else limit
        offset = whole(asked.get("offset"), "offset", 0, 0)
        total = len(rows)
        if options.paging != "all":
            first = 0 if options.paging == "ignores_offset" else offset
            rows = rows[first : first + limit]
        if "fields" in asked:
            chosen = [name.strip() for name in asked["fields"].split(",")]
            if "" in chosen:
                raise Refused(400, "invalid_selection_field", "a field without a name")
            if set(chosen) <= fields:
                rows = [{name: row[name] for name in chosen if name in row} for row in rows]
            else:
                message = f"no field {', '.join(sorted(set(chosen) - fields))}"
                warnings.append(_status("warning", "invalid_selection_field", message))
        document: dict[str, Any] = {COLLECTIONS[collection].many: rows}
        if warnings:
            document["statusInfoSet"] = warnings
        return _json(document, 200, self._paging(request, total, limit, offset))

    def _paging(self, request: Request, total: int, limit: int, offset: int) -> dict[str, str]:
        headers, options = {}, self.options
        if "total" in options.paging_headers:
            headers["X-Total-Count"] = str(total + options.total_extra)
        if "link" in options.paging_headers:
            last = max(0, total - 1) // limit * limit
            pages = {"next": offset + limit if offset + limit < total else None,
                     "prev": max(0, offset - limit) if offset else None, "first": 0, "last": last}  # fmt: skip
            form = '{}; rel="{}"' if options.link_form == "bare" else '<{}>; rel="{}"'
            headers["Link"] = ", ".join(
                form.format(self._link(request, limit, start), name)
                for name, start in pages.items()
                if start is not None
            )
        return headers

    def _link(self, request: Request, limit: int, offset: int) -> str:
        kept = [
            (name, value)
            for name, value in parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True)
            if name not in ("limit", "offset")
        ]
        query = urlencode([*kept, ("limit", limit), ("offset", offset)], quote_via=quote)
        return f"{self.options.link_origin or _origin(request)}{request.url.path}?{query}"

    def _error(self, refused: Refused) -> Response:
        body: Any = _status("error", refused.minor, refused.message)
        match self.options.error_body:
            case "wrapped":
                body = {"imsx_StatusInfo": body}
            case "array":
                minor = {"unknownobject": "unknown object", "unauthorisedrequest": "unauthorized"}
                minor |= {"invaliddata": "invalid data"}
                body = [
                    {
                        "CodeMajor": "failure",
                        "Severity": "error",
                        "CodeMinor": minor.get(refused.minor, refused.minor),
                        "Description": refused.message,
                    }
                ]
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'} if refused.status == 401 else {}
        return _json(body, refused.status, headers)


class RosterSimulator(Simulator):
    """The control API, with the CSV package of the same district beside it."""

    roster: OneRoster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == f"{PREFIX}/csv.zip":
            await self._package(scope)(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def _package(self, scope: Scope) -> Response:
        version = Request(scope).query_params.get("version", self.roster.options.advertised)
        if version not in PATHS:
            return _json({"message": f"no version {version}"}, 404)
        return Response(csv_zip(self.district, self.roster.options, version), media_type="application/zip")


def create_app(district: District, options: Options | None = None) -> RosterSimulator:
    """A OneRoster service, or with `schooltool()` as options a SchoolTool."""
    options = options or Options()
    roster = OneRoster(district, options)
    app = RosterSimulator(
        options.system,
        district,
        roster,
        {"consumer_token": options.client_id, "consumer_secret": options.client_secret},
        roster.use,
        roster.tokens.expire,
        options.base_path,
    )
    app.roster = roster
    return app


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host') or request.url.netloc}"


def _status(severity: str, minor: str, message: str) -> dict[str, Any]:
    field = {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}
    return {
        "imsx_codeMajor": "success" if severity == "warning" else "failure",
        "imsx_severity": severity,
        "imsx_description": message,
        "imsx_CodeMinor": {"imsx_codeMinorField": [field]},
    }


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(document), status, headers, media_type="application/json")
